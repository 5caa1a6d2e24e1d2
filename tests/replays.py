"""Replays that come to an end."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from quantstrip.clock import ManualClock
from quantstrip.feeds import ReplayFeed
from quantstrip.feeds.timeline import Tables


class EndingReplay(ReplayFeed):
    """A replay that ends where it would hold."""

    def __init__(self, tables: Tables, steps: int = 0) -> None:
        super().__init__(tables, started=0, seconds=60.0, clock=ManualClock(), steps=steps)

    def slices(self) -> Iterator[Any]:
        return islice(super().slices(), len(self._timeline))
