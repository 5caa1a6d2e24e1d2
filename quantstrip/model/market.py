"""What the market is and says: instruments, bars, ticks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import repeat
from typing import NamedTuple, cast

from quantstrip.clock import Micros, from_datetime, to_datetime

Number = float | int | str | Decimal
"""What a price or a quantity may be given as."""

TIMEFRAMES: dict[str, int] = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "12h": 43200,
    "1d": 86400,
    "1w": 604800,
}
"""Length of each timeframe in seconds; ``1d`` and ``1w`` follow the calendar's sessions, not the clock."""

# ISO 4217's minor units where they are not 2, and what exchanges book coins in.
_WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_COINS = ("BTC", "ETH", "USDT", "USDC")
_MINOR_DIGITS = dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THOUSANDTHS, 3) | dict.fromkeys(_COINS, 8)


def minor_digits(currency: str) -> int:
    """Decimal digits of a currency's smallest booked amount: 2 unless it is known to differ."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded, and the grid its prices and quantities lie on.

    Attributes:
        multiplier: money per point and unit (1 for shares, 50 for an ES future).
        tick_size: smallest price step, in price units; 0 where any price is allowed.
        lot_size: smallest quantity step, in units.
        calendar: exchange calendar, by its MIC or a common alias (``NYSE``); ``24/7`` never closes.

    """

    symbol: str
    contract_id: str = ""
    currency: str = "USD"
    multiplier: float = 1.0
    tick_size: float = 0.0
    lot_size: float = 1.0
    calendar: str = "NYSE"
    instrument_type: str = "STK"

    @property
    def digits(self) -> int:
        """Decimal digits of booked amounts in this instrument's currency."""
        return minor_digits(self.currency)


class Bar(NamedTuple):
    """One candle. Prices and volume are floats, times are microseconds UTC.

    ``ts`` is the close: the moment from which the bar may be known. Fast to build from columns with
    ``map(bar_of_row, zip(...))``.
    """

    symbol: str
    timeframe: str
    ts_open: Micros
    ts: Micros
    open: float
    high: float
    low: float
    close: float
    volume: float
    source: str = ""

    @property
    def open_time(self) -> datetime:
        """Start of the bar, aware, UTC."""
        return to_datetime(self.ts_open)

    @property
    def timestamp(self) -> datetime:
        """Close of the bar, aware, UTC."""
        return to_datetime(self.ts)

    @classmethod
    def at(
        cls,
        symbol: str,
        timestamp: datetime,
        open: Number,  # noqa: A002 - the field's name everywhere
        high: Number,
        low: Number,
        close: Number,
        volume: Number = 0.0,
        *,
        timeframe: str = "1d",
        open_time: datetime | None = None,
        source: str = "",
    ) -> "Bar":
        """Build a bar from datetimes; without ``open_time`` it starts one timeframe before its close."""
        end = from_datetime(timestamp)
        begin = from_datetime(open_time) if open_time else end - TIMEFRAMES[timeframe] * 1_000_000
        return cls(
            symbol,
            timeframe,
            begin,
            end,
            float(open),
            float(high),
            float(low),
            float(close),
            float(volume),
            source,
        )


bar_of_row: Callable[[Iterable[object]], Bar] = partial(tuple.__new__, Bar)
"""``Bar._make`` without a Python call: the row must hold all ten fields in their order and types."""


def bars_of_rows(rows: Iterable[Iterable[object]]) -> Iterator[Bar]:
    """``bar_of_row`` of each row: a map over the constructor itself takes a seventh less than one over the partial."""
    return map(_new_bar, repeat(Bar), rows)


_new_bar = cast("Callable[[type[Bar], Iterable[object]], Bar]", tuple.__new__)


class Tick(NamedTuple):
    """One price seen at one moment."""

    symbol: str
    ts: Micros
    price: float
    size: float = 0.0
    exchange: str = ""
    source: str = ""

    @property
    def timestamp(self) -> datetime:
        """The moment, aware, UTC."""
        return to_datetime(self.ts)


class Quote(NamedTuple):
    """The top of an order book at one moment; prices in price units, sizes in units."""

    symbol: str
    ts: Micros
    bid: float
    ask: float
    bid_size: float = 0.0
    ask_size: float = 0.0
    source: str = ""

    @property
    def mid(self) -> float:
        """Midway between bid and ask."""
        return (self.bid + self.ask) / 2.0

    @property
    def timestamp(self) -> datetime:
        """The moment, aware, UTC."""
        return to_datetime(self.ts)


class Pulse(NamedTuple):
    """What time it is in a live market of which nothing was heard meanwhile: candles end without a quote too."""

    ts: Micros
