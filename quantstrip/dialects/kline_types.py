"""What kline strategies are handed: klines, their cache, orders, and amounts that calculate with floats."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from quantstrip.clock import Micros, to_datetime
from quantstrip.model import Bar

WINDOW = 50
"""Klines that a cache holds unless ``klineWndSize`` says otherwise."""


class OrderType(StrEnum):
    """What an order does."""

    BUY = "BUY"
    SELL = "SELL"


class OrderSide(StrEnum):
    """Which position an order is for."""

    LONG = "LONG"
    SHORT = "SHORT"


class PositionSide(StrEnum):
    """Which way a position looks."""

    LONG = "LONG"
    SHORT = "SHORT"
    BOTH = "BOTH"


class Amount(Decimal):
    """A ``Decimal`` that calculates with floats too, by the digits they print: ``context.balance / kline.close``."""

    __slots__ = ()

    @classmethod
    def of(cls, value: float) -> "Amount":
        """The number that ``value`` prints as, at most eight decimals of it."""
        return cls(repr(round(value, 8) + 0.0))


def _with_floats(name: str) -> Callable[[Amount, Any], Any]:
    plain: Callable[[Decimal, Any], Any] = getattr(Decimal, name)

    def calculate(self: Amount, other: Any) -> Any:
        found = plain(self, Decimal(repr(other)) if isinstance(other, float) else other)
        return Amount(found) if isinstance(found, Decimal) else found

    calculate.__name__ = name
    return calculate


def _amount(name: str) -> Callable[..., Any]:
    plain: Callable[..., Decimal] = getattr(Decimal, name)

    def calculate(self: Amount, *arguments: Any) -> Any:
        found = plain(self, *arguments)
        return Amount(found) if isinstance(found, Decimal) else found

    calculate.__name__ = name
    return calculate


for _name in ("__neg__", "__pos__", "__abs__", "__round__"):
    setattr(Amount, _name, _amount(_name))
for _operation in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for _name in (f"__{_operation}__", f"__r{_operation}__"):
        setattr(Amount, _name, _with_floats(_name))


class Kline:
    """One candle: prices and volume as floats, times as ISO text in UTC (``2024-01-31T09:00:00Z``)."""

    __slots__ = ("_close_time", "_open_time", "close", "high", "low", "open", "volume")

    def __init__(
        self,
        open_time: str | Micros,
        open: float,  # noqa: A002 - the field's name everywhere
        high: float,
        low: float,
        close: float,
        volume: float = 0.0,
        close_time: str | Micros = "",
    ) -> None:
        self._open_time = open_time
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self._close_time = close_time

    @classmethod
    def of(cls, bar: Bar) -> "Kline":
        """The kline of a bar; its times become text when somebody reads them."""
        _, _, ts_open, ts, first, high, low, last, volume, _ = bar
        return cls(ts_open, first, high, low, last, volume, ts)

    @property
    def open_time(self) -> str:
        """Start of the candle."""
        if isinstance(self._open_time, int):
            self._open_time = iso(self._open_time)
        return self._open_time

    @property
    def close_time(self) -> str:
        """End of the candle."""
        if isinstance(self._close_time, int):
            self._close_time = iso(self._close_time)
        return self._close_time

    def __repr__(self) -> str:
        return (
            f"Kline(open_time={self.open_time!r}, open={self.open!r}, high={self.high!r}, low={self.low!r}, "
            f"close={self.close!r}, volume={self.volume!r}, close_time={self.close_time!r})"
        )


def iso(moment: Micros) -> str:
    """A moment as klines write it."""
    return to_datetime(moment).isoformat().replace("+00:00", "Z")


class KlineCache:
    """The last klines, oldest first: in ``run`` those before the current one."""

    def __init__(self, kline_wnd_size: int = WINDOW) -> None:
        self._klines: deque[Kline] = deque(maxlen=kline_wnd_size)
        self.kline_wnd_size = kline_wnd_size

    def append(self, kline: Kline) -> None:
        """Add a kline; the oldest goes where the cache is full."""
        self._klines.append(kline)

    def get_klines(self) -> list[Kline]:
        """All of them."""
        return list(self._klines)

    def get_closes(self) -> list[float]:
        """Closing prices."""
        return [kline.close for kline in self._klines]

    def get_highs(self) -> list[float]:
        """Highest prices."""
        return [kline.high for kline in self._klines]

    def get_lows(self) -> list[float]:
        """Lowest prices."""
        return [kline.low for kline in self._klines]

    def get_volumes(self) -> list[float]:
        """Volumes."""
        return [kline.volume for kline in self._klines]

    def get_opens(self) -> list[float]:
        """Opening prices."""
        return [kline.open for kline in self._klines]

    def is_full(self) -> bool:
        """Whether it holds as many as it can."""
        return len(self._klines) == self.kline_wnd_size

    def __len__(self) -> int:
        return len(self._klines)


class Order:
    """An order as its strategy sees it."""

    def __init__(
        self,
        timestamp: str,
        order_type: OrderType,
        price: float,
        amount: float,
        fee: float = 0,
        order_side: OrderSide | None = None,
    ) -> None:
        self.timestamp = timestamp
        self.type = order_type
        self.price = price
        self.amount = amount
        self.fee = fee
        self.order_side = order_side

    def __repr__(self) -> str:
        return (
            f"Order({self.timestamp!r}, {self.type!s}, price={self.price!r}, amount={self.amount!r}, fee={self.fee!r})"
        )
