"""SIGTERM and SIGINT: let the running job finish within a limit, then interrupt it."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from quantstrip.client.ending import StopTimeout
from quantstrip.clock import Clock, system_clock

_AGAIN = 5.0
"""Seconds between two interruptions of user code that does not give up."""
_ONE_REQUEST = 0.5
"""Signals within so many seconds are one request: a terminal, a parent and the kernel may all send theirs."""


def stop_on_signals(
    request_stop: Callable[[], None],
    interruptible: Callable[[], bool],
    seconds: float,
    clock: Clock = system_clock,
) -> None:
    """Handle SIGTERM and SIGINT in the main thread.

    Args:
        request_stop: asks the client to end; called from a thread of its own.
        interruptible: True while user code runs that may be interrupted.
        seconds: how long that code has; a second request interrupts it at once.
        clock: tells one request from the next.

    """
    asked: float | None = None
    # The kernel may hand a signal to any thread; the main one, asleep, would run its handler when it wakes, up to half
    # a minute later. Bytes written from the C handler wake the thread that asks the client to end, whoever got it.
    heard, told = socket.socketpair()
    told.setblocking(False)

    def listen(heard: socket.socket, _told: socket.socket) -> None:
        requested = False
        while True:  # for ever: it keeps the sockets open
            if {signal.SIGTERM, signal.SIGINT}.intersection(heard.recv(16)) and not requested:
                requested = True
                request_stop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked is not None:
            if clock.monotonic() - asked > _ONE_REQUEST:
                on_alarm(number, frame)
            return
        asked = clock.monotonic()
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN)

    def on_alarm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if interruptible():
            raise StopTimeout(f"the time to stop, {seconds:g} s, is over")

    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=listen, args=(heard, told), name="stop", daemon=True).start()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
