"""The contract with exact decimals, for files written against ``core.models`` and ``strategies.base``.

Such a file sees prices as ``Decimal`` (of the digits that the float prints) and times as ``datetime``, in ``on_bar``,
``on_tick``, ``on_trade`` and ``self._bars``; the engine sees floats as ever. Nothing of it costs a native strategy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from quantstrip.clock import Micros, from_datetime
from quantstrip.indicators import BarWindows
from quantstrip.model import TIMEFRAMES, Number, OrderSide
from quantstrip.model import Bar as NativeBar
from quantstrip.model import Signal as NativeSignal
from quantstrip.model import Tick as NativeTick
from quantstrip.strategy.base import Signals
from quantstrip.strategy.base import StrategyBase as NativeBase


def exact(value: Number) -> Decimal:
    """The number as it prints: 0.1 is ``Decimal("0.1")``."""
    return value if type(value) is Decimal else Decimal(str(value))


@dataclass(slots=True)
class Bar:
    """One candle; ``timestamp`` is its close, UTC (a naive one is taken for UTC).

    Attributes:
        open_time: its start, where it does not begin one timeframe before its close.

    """

    symbol: str
    timeframe: str
    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    source: str = "polygon"
    open_time: datetime | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, bar: NativeBar) -> Self:
        """The view of a bar."""
        symbol, timeframe, _, _, first, high, low, last, volume, source = bar
        return cls(
            symbol, timeframe, bar.timestamp, Decimal(repr(first)), Decimal(repr(high)), Decimal(repr(low)),
            Decimal(repr(last)), Decimal(repr(volume)), source, bar.open_time,
        )  # fmt: skip

    @property
    def ts(self) -> Micros:
        """Its close in microseconds UTC."""
        return from_datetime(self.timestamp)

    def native(self) -> NativeBar:
        """The bar as the engine knows it."""
        ts = self.ts
        ts_open = ts - TIMEFRAMES.get(self.timeframe, 60) * 1_000_000
        if self.open_time is not None:
            ts_open = from_datetime(self.open_time)
        return NativeBar(
            self.symbol, self.timeframe, ts_open, ts, float(self.open), float(self.high), float(self.low),
            float(self.close), float(self.volume), self.source,
        )  # fmt: skip


@dataclass(slots=True)
class Tick:
    """One price seen at one moment."""

    symbol: str
    timestamp: datetime
    price: Decimal
    size: Decimal | None = None
    exchange: str | None = None
    source: str = "polygon"

    @classmethod
    def of(cls, tick: NativeTick) -> Self:
        """The view of a tick."""
        size = exact(tick.size) if tick.size else None
        return cls(tick.symbol, tick.timestamp, exact(tick.price), size, tick.exchange or None, tick.source)


class Signal(NativeSignal):
    """What a strategy wants done; see ``quantstrip.Signal``. Its prices and quantity read as ``Decimal``."""

    __slots__ = ()

    @property
    def limit_price(self) -> Decimal | None:  # type: ignore[override]
        """Limit of LIMIT and STOP_LIMIT orders."""
        return _exact_or_none(self[4])

    @property
    def quantity(self) -> Decimal | None:  # type: ignore[override]
        """Units; None lets the engine size the order."""
        return _exact_or_none(self[5])

    @property
    def stop_price(self) -> Decimal | None:  # type: ignore[override]
        """Trigger of STOP and STOP_LIMIT orders."""
        return _exact_or_none(self[8])


class _Window(list[Any]):
    """Views of the last bars: what is appended becomes one."""

    def append(self, bar: Any) -> None:
        super().append(bar if type(bar) is Bar else Bar.of(bar))


class DecimalWindows(BarWindows):
    """``_bars`` of a strategy that sees decimals."""

    def __missing__(self, symbol: str) -> list[Any]:
        seen = _Window(map(Bar.of, super().__missing__(symbol)))
        self.histories[symbol].window = self[symbol] = seen
        return seen

    def view(self, bar: NativeBar) -> Bar:
        """The view of a bar; that of the window where it is there."""
        window: list[Any] | None = self.get(bar.symbol)
        if window and window[-1].timestamp == bar.timestamp:
            found: Bar = window[-1]
            return found
        return Bar.of(bar)


class StrategyBase(NativeBase):
    """Base of strategies that see decimals; see ``quantstrip.StrategyBase`` for the contract."""

    _bars: DecimalWindows

    def __init__(self, name: str, symbols: Sequence[str]) -> None:
        super().__init__(name, symbols)
        self._bars = DecimalWindows(self._MAX_BAR_HISTORY)
        for symbol in self.symbols:
            self._bars.history(symbol)
        # What the engine calls; a strategy's own methods, and super() in them, stay as they are written.
        self.on_bar = self._engine_bar  # type: ignore[method-assign]
        self.on_trade = self._engine_trade  # type: ignore[method-assign]
        if type(self).on_tick is not NativeBase.on_tick:
            self.on_tick = self._engine_tick  # type: ignore[method-assign]

    def feed_bar(self, bar: Any) -> Any:
        """Add a bar to the history and call ``on_bar``, for a test or a notebook; returns what that returned."""
        native = bar.native() if isinstance(bar, Bar) else bar
        history = self._bars.history(native.symbol)
        window: list[Any] = self._bars[native.symbol]
        history.add(native)
        if isinstance(bar, Bar):
            window[-1] = bar
        return type(self).on_bar(self, window[-1])

    def _engine_bar(self, bar: Any) -> Signals:
        view: Any = bar if type(bar) is Bar else self._bars.view(bar)
        return type(self).on_bar(self, view)

    def _engine_tick(self, tick: Any) -> Signals:
        return type(self).on_tick(self, tick if type(tick) is Tick else Tick.of(tick))  # type: ignore[arg-type]

    def _engine_trade(self, symbol: str, side: OrderSide, price: Any, volume: Any) -> None:
        type(self).on_trade(self, symbol, side, exact(price), exact(volume))  # type: ignore[arg-type]


def _exact_or_none(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))
