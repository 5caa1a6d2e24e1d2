"""supervisord's event listener protocol: what happens to processes, read from stdin.

Every event is acknowledged at once and put aside, so that supervisord never waits for a decision.
http://supervisord.org/events.html#event-listener-notification-protocol
"""

import queue
import threading
from typing import BinaryIO, NamedTuple


class Event(NamedTuple):
    """One event: its name, and its payload's fields."""

    name: str
    fields: dict[str, str]


CLOSED = Event("CLOSED", {})
"""supervisord is gone: its end of the pipe was closed."""


class EventReader:
    """Reads events in a thread of its own; ``take`` hands them over in order."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="events", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self, timeout_seconds: float) -> list[Event]:
        """Every event that has arrived; waits up to ``timeout_seconds`` for the first."""
        try:
            events = [self._events.get(timeout=max(0.0, timeout_seconds))]
        except queue.Empty:
            return []
        while not self._events.empty():
            events.append(self._events.get())
        return events

    def _read(self) -> None:
        try:
            while True:
                self._answer(b"READY\n")
                line = self._source.readline()
                if not line:
                    break
                header = parse_fields(line.decode())
                payload = self._source.read(int(header["len"])).decode(errors="replace")
                self._events.put(Event(header["eventname"], parse_fields(payload.partition("\n")[0])))
                self._answer(b"RESULT 2\nOK")
        except BrokenPipeError:
            pass  # the other end closed between two events: the same as the end of the input
        finally:
            self._events.put(CLOSED)

    def _answer(self, words: bytes) -> None:
        self._sink.write(words)
        self._sink.flush()


def parse_fields(line: str) -> dict[str, str]:
    """``key:value`` pairs separated by spaces."""
    return dict(pair.split(":", 1) for pair in line.split() if ":" in pair)
