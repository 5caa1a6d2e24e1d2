"""The base of candle strategies: the native contract, with candles for bars."""

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from quantstrip.dialects.candle_data import CandleAggregator, MidPriceCandle, ticks_of
from quantstrip.dialects.candle_signals import SignalAt
from quantstrip.errors import DataError, StrategyError
from quantstrip.model import TIMEFRAMES, Bar, OrderSide, OrderType, Signal, Tick
from quantstrip.strategy import StrategyBase

Decision = Signal | OrderSide | str | int | None
"""What ``on_candle`` may return, or a list of them: a signal, "BUY" or "SELL", 1 or -1; None or 0 for nothing."""


class Strategy(StrategyBase):
    """Base of candle strategies: implement ``on_candle`` (or ``update``).

    It is the native contract with candles instead of bars: sizing, risk, orders and fills are the engine's.

    Attributes:
        interval: candles it wants; they are made of finer bars, or of ticks, where these come. "" takes the bars of
            the run as they are.
        candles: the last 500 candles of each symbol, oldest first, with the one at hand.
        signals: all it decided, for ``compare_signals``.

    Example:
        >>> class Crossing(Strategy):
        ...     interval = "1h"
        ...     def on_candle(self, candle):
        ...         closes = [one.close for one in self.candles[candle.symbol]]
        ...         return "BUY" if len(closes) > 1 and closes[-1] > closes[-2] else None

    """

    interval: str = ""

    def __init__(self, name: str = "", symbols: Sequence[str] | None = None) -> None:
        kind = type(self)
        if kind.on_candle is Strategy.on_candle and kind.update is Strategy.update:
            raise StrategyError(
                f"{kind.__name__} has no on_candle(self, candle)", hint="Add it, or update(self, candle)."
            )
        if self.interval and self.interval not in TIMEFRAMES:
            raise StrategyError(
                f"{kind.__name__} wants candles of {self.interval!r}", hint=f"There are: {', '.join(TIMEFRAMES)}."
            )
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.__name__).lower()
        super().__init__(name or words, list(symbols or ()))
        if self.interval:
            self.timeframe = self.interval
        self.candles: defaultdict[str, deque[MidPriceCandle]] = defaultdict(lambda: deque(maxlen=self._MAX_BAR_HISTORY))
        self.signals: list[SignalAt] = []
        self._aggregators: dict[str, CandleAggregator] = {}
        self._assumed: defaultdict[str, float] = defaultdict(float)

    def on_candle(self, candle: MidPriceCandle) -> Any:
        """Called with each candle, after its end; returns what to do (see ``Decision``)."""
        return self.update(candle)

    def update(self, candle: MidPriceCandle) -> Any:
        """The same under another name."""
        raise NotImplementedError

    def position(self, symbol: str) -> float:
        """Units held, negative when short.

        Outside of a run, under a manager: what its market signals come to if all are filled and nothing is sold short,
        as under the native rules. An entry without a quantity counts as one unit.
        """
        return self._seat.position(symbol).quantity if self._seat is not None else self._assumed[symbol]

    def decide(self, candle: MidPriceCandle) -> list[Signal]:
        """Show it a candle; its signals."""
        self.candles[candle.symbol].append(candle)
        found = self.on_candle(candle)
        several = isinstance(found, list | tuple) and not isinstance(found, Signal)
        signals = [made for one in (found if several else [found]) if (made := self._signal(one, candle)) is not None]
        self.signals += [SignalAt(candle.ts, one.symbol, str(one.side)) for one in signals if one.cancel is None]
        if self._seat is None:
            for one in signals:
                self._assume(one)
        return signals

    def on_start(self) -> None:
        """Take the bars of a warm-up for candles; call this first where you override it."""
        for symbol in self.symbols:
            for bar in self._bars.get(symbol, []):
                self.candles[symbol].extend(self._ended(bar))

    def on_bar(self, bar: Bar) -> list[Signal]:
        """A bar: a candle, or a part of one."""
        return [signal for candle in self._ended(bar) for signal in self.decide(candle)]

    def on_tick(self, tick: Tick) -> list[Signal]:
        """A tick: it may end a candle."""
        if not self.interval:
            return []
        candle = self._aggregator(tick.symbol).add(tick)
        return [] if candle is None else self.decide(candle)

    def _assume(self, signal: Signal) -> None:
        """Take a market signal for filled; what limits and stops would come to is not known here."""
        if signal.cancel is not None or signal.order_type is not OrderType.MARKET:
            return
        held = self._assumed[signal.symbol]
        if signal.side is OrderSide.BUY:
            self._assumed[signal.symbol] = held + float(signal.quantity or 1.0)
        else:
            self._assumed[signal.symbol] = max(0.0, held - float(signal.quantity or held))

    def _ended(self, bar: Bar) -> list[MidPriceCandle]:
        """The candles that a bar ends."""
        if not self.interval or bar.timeframe == self.interval:
            return [MidPriceCandle.of(bar)]
        if TIMEFRAMES.get(bar.timeframe, 0) > TIMEFRAMES[self.interval]:
            raise DataError(
                f"{self.name} wants candles of {self.interval}, which bars of {bar.timeframe} cannot make",
                hint=f"Give it bars of {self.interval} or finer.",
            )
        aggregator = self._aggregator(bar.symbol)
        found = [*map(aggregator.add, ticks_of(bar)), aggregator.flush(bar.ts)]
        return [candle for candle in found if candle is not None]

    def _aggregator(self, symbol: str) -> CandleAggregator:
        if symbol not in self._aggregators:
            self._aggregators[symbol] = CandleAggregator(symbol, self.interval)
        return self._aggregators[symbol]

    def _signal(self, found: Decision, candle: MidPriceCandle) -> Signal | None:
        if isinstance(found, Signal):
            return found
        if found is None or (not isinstance(found, str) and found == 0):
            return None
        if isinstance(found, str) and found in ("BUY", "SELL"):
            return Signal(candle.symbol, found)
        if not isinstance(found, str) and found in (1, -1):
            return Signal(candle.symbol, OrderSide.BUY if found > 0 else OrderSide.SELL)
        hook = type(self).update if type(self).on_candle is Strategy.on_candle else type(self).on_candle
        place = f"{hook.__code__.co_filename}, line {hook.__code__.co_firstlineno}"
        raise StrategyError(
            f"{self.name}.{hook.__name__} returned {found!r}",
            hint=f'Return a Signal, "BUY", "SELL", 1, -1, or nothing. It begins in {place}.',
        )
