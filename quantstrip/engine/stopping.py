"""Ends a blocking feed from another thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from quantstrip.ports import Feed

_LOOK_EVERY = 0.1


@contextmanager
def stopping(feed: Feed, stop: threading.Event | None) -> Iterator[threading.Event]:
    """While inside, setting ``stop`` ends the feed, even one that blocks until its next bar."""
    event = stop or threading.Event()
    if stop is None:
        yield event
        return
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if event.wait(_LOOK_EVERY):
                feed.stop()
                return

    watcher = threading.Thread(target=watch, name="stop-watcher", daemon=True)
    watcher.start()
    try:
        yield event
    finally:
        done.set()
        watcher.join()
