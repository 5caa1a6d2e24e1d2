"""History played back at a steady pace, as a live market would have told it."""

import threading
from collections.abc import Iterator, Mapping

from quantstrip.clock import SECOND, Clock, Micros, system_clock
from quantstrip.errors import DataError
from quantstrip.feeds.history import data_digest, in_steps
from quantstrip.feeds.timeline import Moment, Tables, Timeline
from quantstrip.ports import Columns

_LONGEST_WAIT = 1.0
"""Seconds between two looks at the clock, so that a corrected machine clock is noticed."""


class ReplayFeed:
    """Plays tables from the first slice to the last in ``seconds``, then holds until it is stopped.

    How far it is depends only on the time since ``started``: a client that was killed and starts again gets at once
    all it has missed, and goes on at the same pace.

    Args:
        tables: as for ``HistoryFeed``.
        started: when the replay began, wall clock, microseconds UTC. Kept with the run in the ledger.
        seconds: how long the whole history takes; 0 plays it at once.
        clock: whose time counts.
        name: what runs call this feed; by default ``replay:`` and a digest of the bars.
        begin: slices that close before this moment only warm up, and are shown at once.
        steps: as for ``HistoryFeed``.

    """

    def __init__(
        self,
        tables: Tables,
        started: Micros,
        seconds: float,
        clock: Clock = system_clock,
        *,
        name: str = "",
        begin: Micros = 0,
        steps: int = 0,
    ) -> None:
        if not 0.0 <= seconds < float("inf"):
            raise DataError(f"a replay takes zero or more seconds, got {seconds!r}", hint="Set replay_seconds to 60.")
        whole = Timeline(tables)
        self._timeline = in_steps(whole, steps)
        self.name = name or f"replay:{data_digest(whole)[:12]}"
        self.started = started
        self.seconds = seconds
        self._clock = clock
        self._skipped = self._timeline.before(begin)
        self._stop = threading.Event()

    def due(self, index: int) -> Micros:
        """When slice ``index`` is shown: spread evenly behind the warm-up, the last one at ``started + seconds``."""
        shown, every = max(0, index + 1 - self._skipped), max(1, len(self._timeline) - self._skipped)
        return self.started + round(self.seconds * SECOND * shown / every)

    def position(self, now: Micros) -> int:
        """Number of slices shown by ``now``."""
        low, high = 0, len(self._timeline)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.due(middle) <= now else (low, middle)
        return low

    def slices(self) -> Iterator[Moment]:
        """Every slice ``(ts, bars)`` when it is due; blocks after the last one until ``stop``."""
        now = self._clock.now()
        for index, moment in enumerate(self._timeline.slices(self._stop)):
            due = self.due(index)
            while now < due:
                if self._clock.wait(min((due - now) / SECOND, _LONGEST_WAIT), self._stop):
                    return
                now = self._clock.now()
            if self._stop.is_set():
                return
            yield moment
        self._stop.wait()

    def columns(self) -> Mapping[str, Columns]:
        """The history of each symbol, as it will be fed."""
        return self._timeline.columns()

    def stop(self) -> None:
        """End ``slices`` at once, from any thread."""
        self._stop.set()
