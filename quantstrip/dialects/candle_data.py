"""Market data as candle strategies take it: quotes and ticks from a client, put together to mid-price candles."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self, runtime_checkable

from quantstrip.bars.ticks import TickBars
from quantstrip.clock import Micros, to_datetime
from quantstrip.errors import DataError
from quantstrip.model import Bar, Pulse, Quote, Tick


@dataclass(frozen=True, slots=True)
class MidPriceCandle:
    """A candle of mid prices.

    Attributes:
        interval: its length, one of ``quantstrip.model.TIMEFRAMES``.
        ts_open, ts: its start and its end, microseconds UTC; it may be known from its end on.
        volume: units traded, 0 where quotes alone were seen.

    """

    symbol: str
    interval: str
    ts_open: Micros
    ts: Micros
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0

    @classmethod
    def of(cls, bar: Bar) -> Self:
        """A bar as a candle."""
        return cls(*bar[:9])

    @property
    def open_time(self) -> datetime:
        """Its start, aware, UTC."""
        return to_datetime(self.ts_open)

    @property
    def timestamp(self) -> datetime:
        """Its end, aware, UTC."""
        return to_datetime(self.ts)


Update = Quote | Tick
"""What a market says."""


@runtime_checkable
class MarketDataClient(Protocol):
    """Streams what a market says, in the order of time."""

    def stream(self) -> Iterator[Update | Pulse]:
        """Quotes and ticks, until there are none or ``stop`` is called; a live one tells the time between them."""
        ...

    def stop(self) -> None:
        """End the stream."""
        ...


class ReplayClient:
    """A ``MarketDataClient`` of stored quotes, ticks or bars.

    A bar becomes four ticks: its open, its low and high (the one nearer to the open first), its close. Candles made of
    them are the bar again, also those of a longer interval.

    Args:
        history: quotes, ticks or bars, oldest first.

    Attributes:
        until: the moment up to which all that was streamed is complete.

    """

    def __init__(self, history: Iterable[Update | Bar]) -> None:
        self._history = history
        self._stopped = False
        self.until: Micros = 0

    def stream(self) -> Iterator[Update]:
        """The history."""
        for one in self._history:
            for update in ticks_of(one) if isinstance(one, Bar) else (one,):
                if self._stopped:
                    return
                if update.ts < self.until and not isinstance(one, Bar):
                    raise DataError(
                        f"{update.symbol}: what is replayed must be in the order of time, {update.timestamp} came late",
                        hint="Sort the history by its moments.",
                    )
                self.until = max(self.until, update.ts)
                yield update
            self.until = max(self.until, one.ts)

    def stop(self) -> None:
        """End the stream."""
        self._stopped = True


class CandleAggregator:
    """Puts the updates of one symbol together to candles.

    A candle is given out by the update, or the ``flush``, that shows its time to be over. Times without an update make
    no candle; an update that comes after its candle was given out is left out and counted in ``late``.

    Args:
        symbol: whose updates.
        interval: shorter than a day; see ``quantstrip.bars.resample`` for longer ones.
        on_candle: is given each candle as well.

    """

    def __init__(self, symbol: str, interval: str, on_candle: Callable[[MidPriceCandle], object] | None = None) -> None:
        self._bars = TickBars(symbol, interval)
        self._on_candle = on_candle

    @property
    def late(self) -> int:
        """Updates that came too late."""
        return self._bars.late

    def add(self, update: Update) -> MidPriceCandle | None:
        """Take an update; the candle it ends, if any.

        Raises:
            DataError: of another symbol, or a price that is no positive number.

        """
        if isinstance(update, Quote):
            update = Tick(update.symbol, update.ts, update.mid, 0.0, "", update.source)
        return self._given(self._bars.add(update))

    def flush(self, now: Micros) -> MidPriceCandle | None:
        """The candle being built, if its time is over at ``now``."""
        return self._given(self._bars.flush(now))

    def _given(self, bar: Bar | None) -> MidPriceCandle | None:
        if bar is None:
            return None
        candle = MidPriceCandle.of(bar)
        if self._on_candle is not None:
            self._on_candle(candle)
        return candle


def ticks_of(bar: Bar) -> tuple[Tick, Tick, Tick, Tick]:
    """Four ticks that make the bar again: within its time, the whole volume at the first."""
    step = (bar.ts - bar.ts_open) // 4
    rising = bar.open - bar.low <= bar.high - bar.open
    inner = (bar.low, bar.high) if rising else (bar.high, bar.low)
    prices = (bar.open, *inner, bar.close)
    first, second, third, fourth = (
        Tick(bar.symbol, bar.ts_open + number * step, price, 0.0 if number else bar.volume, "", bar.source)
        for number, price in enumerate(prices)
    )
    return first, second, third, fourth
