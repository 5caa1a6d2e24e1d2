"""A history that tells how far it has been fed."""

from collections.abc import Callable, Iterator

from quantstrip.feeds.history import HistoryFeed
from quantstrip.feeds.timeline import Moment, Tables

_EVERY = 16
"""Bars between two words: a fraction of a microsecond a bar, and a strategy that takes its time is heard of all the
same."""


class WatchedFeed(HistoryFeed):
    """``HistoryFeed`` that says, again and again, which share of its bars the engine is done with.

    Args:
        tables: as for ``HistoryFeed``.
        tell: receives a fraction from 0 to 1. What it raises ends the run.
        steps: as for ``HistoryFeed``.

    """

    def __init__(self, tables: Tables, tell: Callable[[float], None], *, steps: int = 0) -> None:
        super().__init__(tables, steps=steps)
        self._tell = tell

    def slices(self) -> Iterator[Moment]:
        """Every slice, as of ``HistoryFeed``."""
        total = sum(map(len, self._timeline.tables))
        done, due = 0, _EVERY
        for moment in super().slices():
            yield moment
            done += len(moment[1])
            if done >= due:
                due = done + _EVERY
                self._tell(done / total)
