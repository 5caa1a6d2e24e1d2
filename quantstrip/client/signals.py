"""SIGTERM and SIGINT: let the running job finish within a limit, then interrupt it."""

import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType

from quantstrip.client.ending import StopTimeout

_AGAIN = 5.0
"""Seconds between two interruptions of user code that does not give up."""


def stop_on_signals(request_stop: Callable[[], None], interruptible: Callable[[], bool], seconds: float) -> None:
    """Handle SIGTERM and SIGINT in the main thread.

    Args:
        request_stop: asks the client to end; called from a thread of its own.
        interruptible: True while user code runs that may be interrupted.
        seconds: how long that code has; a second signal interrupts it at once.

    """
    asked = False
    asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait_for_request() -> None:
        asked_to_stop.get()
        request_stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            on_alarm(number, frame)
            return
        asked = True
        # The main thread may hold the very lock that setting an event takes; SimpleQueue.put is made for handlers.
        asked_to_stop.put(None)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN)

    def on_alarm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if interruptible():
            raise StopTimeout(f"the time to stop, {seconds:g} s, is over")

    threading.Thread(target=wait_for_request, name="stop", daemon=True).start()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
