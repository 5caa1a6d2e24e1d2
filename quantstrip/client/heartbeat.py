"""The heartbeat: a thread that tells the ledger that the process is alive, whatever its jobs do."""

import os
import threading
from collections.abc import Callable

from quantstrip.clock import Clock
from quantstrip.errors import LedgerError
from quantstrip.log import logger

_CLOSE_SECONDS = 2.0
LISTEN_SECONDS = 0.5
"""Time between two looks at what a person asks of the client."""


class Heartbeat(threading.Thread):
    """Beats as soon as the client lives and then every ``seconds``; also notices that the parent process has died.

    Args:
        beat: writes one heartbeat, once there is something alive to tell of.
        seconds: time between two beats.
        clock: paces the beats.
        orphaned: called once when the parent is gone.
        listen: looks for what a person asks, every ``LISTEN_SECONDS``.

    """

    def __init__(
        self,
        beat: Callable[[], None],
        seconds: float,
        clock: Clock,
        orphaned: Callable[[], None],
        listen: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._listen = listen
        self._beat = beat
        self._seconds = seconds
        self._clock = clock
        self._orphaned = orphaned
        self._parent = os.getppid()
        self._end = threading.Event()
        self._failing = False

    def run(self) -> None:
        watched = True
        while True:
            self.beat_now()
            if self._pause():
                return
            if watched and os.getppid() != self._parent:
                watched = False
                logger.warning("the parent process is gone: stopping")
                self._orphaned()

    def close(self) -> None:
        """End the thread; a beat that waits for a busy ledger is not waited for."""
        self._end.set()
        self.join(_CLOSE_SECONDS)

    def beat_now(self) -> None:
        """Beat in the calling thread, without waiting for the time between two beats."""
        self._guarded(self._beat)

    def _pause(self) -> bool:
        """Wait for the next beat, and listen meanwhile; True when the thread is to end."""
        deadline = self._clock.monotonic() + self._seconds
        while (left := deadline - self._clock.monotonic()) > 0:
            if self._clock.wait(min(left, LISTEN_SECONDS), self._end):
                return True
            self._guarded(self._listen)
        return self._end.is_set()

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except LedgerError as error:
            # A busy ledger must not silence a healthy process for good; told once, not every two seconds.
            if not self._failing:
                logger.error("heartbeats fail: {}", error)
            self._failing = True
        else:
            if self._failing:
                logger.info("heartbeats are recorded again")
            self._failing = False
