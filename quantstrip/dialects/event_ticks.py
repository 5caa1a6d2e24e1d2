"""What a bot has seen: whole bars again, from the pseudo ticks that they were shown as."""

from collections.abc import Sequence

from quantstrip.bars import is_first
from quantstrip.model import Bar

_SLACK = 1024
"""Bars kept beyond those asked for, so that the oldest are not thrown away one by one."""


class TickedBars:
    """The bars of one symbol's ticks; one is closed when the first tick of the next comes.

    Args:
        most: bars that can be asked for.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._closed: list[Bar] = []
        self._ticks: list[Bar] = []
        """Of the bar that is not closed yet."""

    def add(self, tick: Bar) -> None:
        """Take the next tick."""
        if self._ticks and is_first(tick):
            self._close()
        self._ticks.append(tick)

    def last(self, count: int) -> Sequence[Bar]:
        """The last ``count - 1`` closed bars, and the tick at hand."""
        earlier = self._closed[-(count - 1) :] if count > 1 else []
        return [*earlier, self._ticks[-1]]

    def _close(self) -> None:
        ticks = self._ticks
        prices = [tick.close for tick in ticks]
        volume = sum(tick.volume for tick in ticks)
        first, last = ticks[0], ticks[-1]
        self._closed.append(
            last._replace(ts_open=first.ts_open, open=first.open, high=max(prices), low=min(prices), volume=volume)
        )
        if len(self._closed) > self._most + _SLACK:
            del self._closed[:_SLACK]
        self._ticks = []
