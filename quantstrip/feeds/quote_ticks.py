"""A live market's quotes and trades as pseudo ticks, for a bot in an engine."""

from collections.abc import Iterator
from typing import Protocol

from quantstrip.clock import SECOND, Micros
from quantstrip.errors import DataError
from quantstrip.feeds.timeline import Moment
from quantstrip.model import TIMEFRAMES, Bar, Pulse, Quote, Tick

_APART: Micros = 2
"""Microseconds between two ticks at least: so much the first of a bar lasts, and an order waits for a later one."""


class Updates(Protocol):
    """Streams what a market says, as ``feeds.live.LiveClient`` does."""

    def stream(self) -> Iterator[Quote | Tick | Pulse]:
        """Quotes and ticks in the order of time, until there are none or ``stop`` is called."""
        ...

    def stop(self) -> None:
        """End the stream, from any thread."""
        ...


class QuoteTicks:
    """Feeds each quote's mid, and each trade's price, as a bar of one price (see ``bars.pseudo_ticks``).

    What happened between two updates is not known and not invented: an order fills at the next update of its symbol.

    Args:
        updates: the market.
        timeframe: of the bars that ``ctx.bars`` counts in, shorter than a day; they begin with the clock in UTC.
        name: what runs call this feed.

    Raises:
        DataError: no such timeframe.

    """

    def __init__(self, updates: Updates, timeframe: str, *, name: str = "quotes") -> None:
        if timeframe not in TIMEFRAMES or timeframe in ("1d", "1w"):
            raise DataError(f"ticks cannot be counted in {timeframe!r} bars", hint="For example 1h.")
        self.name = name
        self._updates = updates
        self._timeframe = timeframe
        self._length = TIMEFRAMES[timeframe] * SECOND
        self._last: Micros = 0
        self._begins: dict[str, Micros] = {}

    def slices(self) -> Iterator[Moment]:
        """A slice for each update with a price; an update that is late counts as of now."""
        for update in self._updates.stream():
            if isinstance(update, Pulse):
                continue
            price, size = (update.mid, 0.0) if isinstance(update, Quote) else (update.price, update.size)
            if price > 0.0:  # an empty book has none
                bar = self._tick(update.symbol, update.ts, price, size)
                yield bar.ts, (bar,)

    def stop(self) -> None:
        """End ``slices`` soon, from any thread."""
        self._updates.stop()

    def _tick(self, symbol: str, moment: Micros, price: float, size: float) -> Bar:
        earlier, ts = self._last, max(moment, self._last + _APART)
        self._last = ts
        begin = ts // self._length * self._length
        opened = ts - 1
        if begin != self._begins.get(symbol):
            self._begins[symbol] = begin
            opened = min(max(begin, earlier), ts - _APART)
        return Bar(symbol, self._timeframe, opened, ts, price, price, price, price, size, self.name)
