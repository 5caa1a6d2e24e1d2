"""The one strategy contract: bars in, signals out."""
# ruff: noqa: B027 - hooks do nothing until a strategy overrides them

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, ClassVar

import numpy as np

from quantstrip.errors import StrategyError
from quantstrip.indicators import BarWindows, Indicators
from quantstrip.indicators.oscillators import Atr
from quantstrip.model import Bar, OrderSide, OrderState, Signal, Tick
from quantstrip.strategy.higher import HigherBars, check_higher
from quantstrip.strategy.parameters import Allowed
from quantstrip.strategy.seat import Seat

Signals = Sequence[Signal] | Signal | None
"""What a hook may return; None and an empty list mean nothing to do."""


class StrategyBase(ABC):
    """Base of every strategy: implement ``on_bar``, return signals, never place orders.

    Sizing, risk rules, orders and fills are the engine's; it tells the strategy what happened through ``on_trade`` and
    ``on_order``. The same object trades in a backtest, in a replay, on paper and live.

    Attributes:
        author: who wrote it.
        parameters: names of the attributes that tune it.
        allowed: bounds, choices and a word of help for parameters that have them. What depends on several of them,
            ``__init__`` checks: it raises a ``ValueError`` that says what was expected.
        variables: names of the attributes worth watching while it runs.
        timeframe: bars it wants, one of ``quantstrip.model.TIMEFRAMES``. A class that names none takes the only one
            that its run's bars have, and this default where they do not tell.
        higher: timeframes above it whose closed bars the strategy reads with ``bars_of``.
        same_bar: does its form fill orders within the bar they are decided on? Only simulated brokers can.
        tick_steps: parts of each of a bar's three moves that it is shown one by one, as pseudo ticks; 0 shows it the
            closed bars alone.
        virtual_legs: may a symbol be held long and short at once, on its LONG and SHORT legs? A broker that nets
            positions refuses that otherwise.
        position_size_ratio: share of its equity that an entry without a quantity is worth: 0.02 is 2 %. It counts as it
            is when the run begins.
        name: unique, ``snake_case``; the class's where none is given.
        symbols: what it watches and trades.

    Example:
        >>> class BuyOnce(StrategyBase):
        ...     def __init__(self, symbols=None):
        ...         super().__init__(name="buy_once", symbols=symbols or ["SPY"])
        ...         self.bought = False
        ...     def on_trade(self, symbol, side, price, volume):
        ...         self.bought = True
        ...     def on_bar(self, bar):
        ...         return [] if self.bought else [Signal(bar.symbol, "BUY", quantity=10)]

    """

    author: ClassVar[str] = ""
    parameters: ClassVar[list[str]] = []
    allowed: ClassVar[Mapping[str, Allowed]] = {}
    variables: ClassVar[list[str]] = []
    timeframe: str = "1m"
    virtual_legs: bool = False
    same_bar: bool = False
    tick_steps: int = 0
    position_size_ratio: float = 0.02
    higher: ClassVar[tuple[str, ...]] = ()

    _seat: Seat | None = None
    """Its view of the run; the engine's to set."""
    _MAX_BAR_HISTORY = 500

    def __init__(self, name: str = "", symbols: Sequence[str] = ()) -> None:
        self.name = name or type(self).__name__
        self.symbols = [symbols] if isinstance(symbols, str) else list(symbols)
        self._bars = BarWindows(self._MAX_BAR_HISTORY)
        self._indicators: dict[str, Indicators] = {}
        self._higher: dict[tuple[str, str], HigherBars] = {}
        for symbol in self.symbols:
            self._bars.history(symbol)

    @abstractmethod
    def on_bar(self, bar: Bar) -> Signals:
        """Called with each new bar of each symbol, after its close; returns what to do."""

    def on_init(self) -> None:
        """Before the first bar: take indicator lines, warm up state."""

    def on_start(self) -> None:
        """After ``on_init``, before the first bar."""

    def on_stop(self) -> None:
        """After the last bar, and when the run is stopped."""

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
        """After each fill, before the ``on_bar`` of the bar it happened in; a flip is one fill and one call."""

    def on_order(self, order_id: str, status: OrderState) -> None:
        """After each change of an order's state; ``order_id`` is the order's reference."""

    def on_tick(self, tick: Tick) -> Signals:
        """Called with each tick where the feed has ticks (live only); returns what to do."""

    def feed_bar(self, bar: Bar) -> Signals:
        """Add a bar to the history and call ``on_bar``: what the engine does, for a test or a notebook."""
        self._bars.history(bar.symbol).add(bar)
        return self.on_bar(bar)

    def indicators_for(self, symbol: str) -> Indicators:
        """Indicators of ``symbol``: arrays as long as ``self._bars[symbol]``, ending with the bar at hand."""
        found = self._indicators.get(symbol)
        if found is None:
            found = self._indicators[symbol] = Indicators(self._bars.history(symbol))
        return found

    def bars_of(self, symbol: str, timeframe: str) -> Sequence[Bar]:
        """Closed bars of a timeframe that ``higher`` names, oldest first; the last 500, made of the bars fed so far.

        Raises:
            StrategyError: the timeframe is not declared, or cannot be made of the strategy's bars.

        """
        found = self._higher.get((symbol, timeframe))
        if found is None:
            history = self._bars.history(symbol)
            if not history.length:
                return []
            check_higher(history.timeframe, timeframe, self.higher)
            calendar = "NYSE" if self._seat is None else self._seat.instrument(symbol).calendar
            found = HigherBars(history, timeframe, calendar, self._MAX_BAR_HISTORY)
            self._higher[symbol, timeframe] = found
        return found.reach()

    @staticmethod
    def _calculate_atr(bars: Sequence[Bar], period: int = 14) -> float:
        """Average True Range of ``bars`` in price units, NaN where there are fewer than ``period + 1``."""
        if not len(bars):
            return float("nan")
        columns = [[float(bar.high), float(bar.low), float(bar.close)] for bar in bars]
        (values,) = Atr(period).extend(*np.array(columns, dtype=np.float64).T)
        return float(values[-1])

    def get_parameters(self) -> dict[str, Any]:
        """The tunable parameters and their values.

        Raises:
            StrategyError: ``parameters`` names something ``__init__`` has not stored.

        """
        return self._named(self.parameters, "parameters")

    def get_variables(self) -> dict[str, Any]:
        """The watched variables and their values at this moment.

        Raises:
            StrategyError: ``variables`` names something ``__init__`` has not stored.

        """
        return self._named(self.variables, "variables")

    def _named(self, names: Sequence[str], listing: str) -> dict[str, Any]:
        missing = [name for name in names if not hasattr(self, name)]
        if missing:
            raise StrategyError(
                f"{type(self).__name__}.{listing} names {', '.join(missing)}, which the strategy has not stored",
                hint=f"Store it in __init__ (self.{missing[0]} = {missing[0]}) or take it out of {listing}.",
            )
        return {name: getattr(self, name) for name in names}


def checked_ratio(strategy: StrategyBase) -> float:
    """The share of equity that an entry without a quantity is worth.

    Raises:
        StrategyError: it is no positive number.

    """
    ratio: Any = strategy.position_size_ratio
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0.0 < ratio < inf:
        raise StrategyError(
            f"{type(strategy).__name__}.position_size_ratio is a share of equity above 0, got {ratio!r}",
            hint="Write 0.02 for 2 %.",
        )
    return float(ratio)


def named_timeframe(strategy: StrategyBase) -> str | None:
    """The timeframe that a strategy's own class, or the object, names; None where it is only the contract's default."""
    own = (vars(kind) for kind in type(strategy).__mro__ if kind is not StrategyBase)
    named = "timeframe" in vars(strategy) or any("timeframe" in names for names in own)
    return strategy.timeframe if named else None
