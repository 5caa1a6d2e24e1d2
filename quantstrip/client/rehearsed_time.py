"""The time of a rehearsal: it stands still but where it is moved, for the platform and for the user's code alike.

``time-machine`` answers ``datetime.now()``, ``time.time()`` and their like with the rehearsed moment. ``time.sleep()``
of the main thread moves that moment on at once; other threads sleep as ever, or a thread that looks around each second
would run the clock away. ``time.monotonic()`` and ``perf_counter()`` go on as they are, so that time-outs hold.
"""

import threading
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, SupportsIndex

import time_machine

from quantstrip.clock import SECOND, Micros, SystemClock, to_datetime

_real_sleep: Final = time.sleep


class RehearsedClock(SystemClock):
    """The machine's clock as it is during a ``Journey``: its waiting is a jump."""

    def monotonic(self) -> float:
        """Seconds of the rehearsed time: a jump is no leap of the machine's clock."""
        return self.now() / SECOND

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if stop is not None and stop.is_set():
            return True
        if threading.current_thread() is not threading.main_thread():
            return super().wait(seconds, stop)
        time.sleep(max(0.0, seconds))
        return False


class Journey:
    """While inside, the process lives at another moment.

    Args:
        start: where it begins, microseconds UTC.

    """

    def __init__(self, start: Micros) -> None:
        self._travel = time_machine.travel(_destination(start), tick=False)
        self._main = threading.main_thread()

    def __enter__(self) -> Self:
        self._traveller = self._travel.start()
        time.sleep = self._sleep
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.sleep = _real_sleep
        self._travel.stop()

    def go(self, moment: Micros) -> None:
        """Be at ``moment``."""
        self._traveller.move_to(_destination(moment))

    def to(self, moment: Micros) -> None:
        """Go on to ``moment``; never back."""
        if moment > time.time_ns() // 1000:
            self.go(moment)

    def _sleep(self, seconds: float | SupportsIndex, /) -> None:
        """What ``time.sleep`` is: the main thread is there at once."""
        if threading.current_thread() is not self._main:
            _real_sleep(seconds)
            return
        length = float(seconds)
        if length < 0:
            raise ValueError("sleep length must be non-negative")
        self._traveller.shift(timedelta(microseconds=round(length * SECOND)))


def _destination(moment: Micros) -> datetime:
    # Without a zone, and so read as UTC: one with a zone would make that zone the machine's.
    return to_datetime(moment).replace(tzinfo=None)
