"""Candle strategies, what manages them, and the comparison of their signals with a vectorised prototype's."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from quantstrip.clock import Micros
from quantstrip.dialects.candle_data import CandleAggregator, MarketDataClient, MidPriceCandle, ticks_of
from quantstrip.errors import DataError, StrategyError
from quantstrip.model import TIMEFRAMES, Bar, OrderSide, Signal, Tick
from quantstrip.strategy import StrategyBase

Decision = Signal | OrderSide | str | int | None
"""What ``on_candle`` may return, or a list of them: a signal, "BUY" or "SELL", 1 or -1; None or 0 for nothing."""


class SignalAt(NamedTuple):
    """A signal, without its size: the end of its candle, its symbol, its side."""

    ts: Micros
    symbol: str
    side: str


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

    def on_candle(self, candle: MidPriceCandle) -> Any:
        """Called with each candle, after its end; returns what to do (see ``Decision``)."""
        return self.update(candle)

    def update(self, candle: MidPriceCandle) -> Any:
        """The same under another name."""
        raise NotImplementedError

    def position(self, symbol: str) -> float:
        """Units held, negative when short; 0 outside of a run."""
        return self._seat.position(symbol).quantity if self._seat is not None else 0.0

    def decide(self, candle: MidPriceCandle) -> list[Signal]:
        """Show it a candle; its signals."""
        self.candles[candle.symbol].append(candle)
        found = self.on_candle(candle)
        several = isinstance(found, list | tuple) and not isinstance(found, Signal)
        signals = [made for one in (found if several else [found]) if (made := self._signal(one, candle)) is not None]
        self.signals += [SignalAt(candle.ts, one.symbol, str(one.side)) for one in signals if one.cancel is None]
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
        raise StrategyError(
            f"{self.name}.on_candle returned {found!r}", hint='Return a Signal, "BUY", "SELL", 1, -1, or nothing.'
        )


Listener = Callable[[Strategy, Signal, MidPriceCandle], object]


class StrategyManager:
    """Runs strategies over a client's data, outside of an engine: candles go in, signals go to who listens.

    It places no orders. Research listens to it; to trade, give the strategy to a client or a backtest.

    Attributes:
        signals: every signal so far.

    Example:
        >>> manager = StrategyManager([Crossing(symbols=["AAPL"])])  # doctest: +SKIP
        >>> manager.run(ReplayClient(table.bars()))  # doctest: +SKIP

    """

    def __init__(self, strategies: Iterable[Strategy] = ()) -> None:
        self.strategies: list[Strategy] = list(strategies)
        self.signals: list[SignalAt] = []
        self._listeners: list[Listener] = []

    def add(self, strategy: Strategy) -> None:
        """Have one more run."""
        self.strategies.append(strategy)

    def listen(self, listener: Listener) -> None:
        """Have ``listener(strategy, signal, candle)`` called with each signal."""
        self._listeners.append(listener)

    def on_candle(self, candle: MidPriceCandle) -> None:
        """Show a candle to whom it is for: by symbol, and by interval where a strategy names one."""
        for strategy in self.strategies:
            if candle.symbol in strategy.symbols and strategy.interval in ("", candle.interval):
                for signal in strategy.decide(candle):
                    self.on_signal(strategy, signal, candle)

    def on_signal(self, strategy: Strategy, signal: Signal, candle: MidPriceCandle) -> None:
        """Note a signal and tell who listens."""
        if signal.cancel is None:
            self.signals.append(SignalAt(candle.ts, signal.symbol, str(signal.side)))
        for listener in self._listeners:
            listener(strategy, signal, candle)

    def run(self, client: MarketDataClient, interval: str = "") -> None:
        """Run them over all that a client streams.

        Args:
            client: the data.
            interval: of the candles for strategies that name none.

        Raises:
            StrategyError: one names no interval, and none is given.

        """
        aggregators = self._aggregators(interval)
        for strategy in self.strategies:
            strategy.on_init()
            strategy.on_start()
        try:
            until: Micros = 0
            for update in client.stream():
                until = update.ts
                for aggregator in aggregators.get(update.symbol, ()):
                    aggregator.add(update)
            until = max(until, int(getattr(client, "until", 0)))
            for aggregator in (one for several in aggregators.values() for one in several):
                aggregator.flush(until)
        finally:
            for strategy in self.strategies:
                strategy.on_stop()

    def _aggregators(self, interval: str) -> Mapping[str, list[CandleAggregator]]:
        wanted: set[tuple[str, str]] = set()
        for strategy in self.strategies:
            if not (strategy.interval or interval):
                raise StrategyError(
                    f"{strategy.name} names no interval, and ticks have none", hint='Give one: run(client, "1h").'
                )
            wanted |= {(symbol, strategy.interval or interval) for symbol in strategy.symbols}
        found: defaultdict[str, list[CandleAggregator]] = defaultdict(list)
        for symbol, length in sorted(wanted):
            found[symbol].append(CandleAggregator(symbol, length, self.on_candle))
        return found


@dataclass(frozen=True, slots=True)
class SignalReport:
    """Two lists of signals, compared one by one.

    Attributes:
        matched: those that both have, oldest first.
        only_vectorised, only_event: the others.

    """

    matched: tuple[SignalAt, ...]
    only_vectorised: tuple[SignalAt, ...]
    only_event: tuple[SignalAt, ...]

    @property
    def parity(self) -> float | None:
        """Matched signals as a percentage of the longer list; None where both are empty."""
        longer = len(self.matched) + max(len(self.only_vectorised), len(self.only_event))
        return 100.0 * len(self.matched) / longer if longer else None

    def __str__(self) -> str:
        """Return it for people: the parity, and every signal that only one side has."""
        parity = "nothing to compare" if self.parity is None else f"{self.parity:.2f} % parity"
        lines = [f"{parity}: {len(self.matched)} signals on both sides"]
        for where, signals in (("vectorised", self.only_vectorised), ("event-driven", self.only_event)):
            lines += [f"only {where}: {one.side} {one.symbol} at {one.ts} us" for one in signals]
        return "\n".join(lines)


def compare_signals(vectorised: Any, event: Any) -> SignalReport:
    """Compare a vectorised prototype with the event-driven class, signal by signal.

    Args:
        vectorised, event: each a strategy or a manager that ran, a list of ``(ts, symbol, side)``, or the pair
            ``(entries, exits)`` of DataFrames that ``VectorizedStrategy.generate_signals`` gives.

    """
    ours, theirs = Counter(signals_of(vectorised)), Counter(signals_of(event))
    return SignalReport(*(tuple(sorted(part.elements())) for part in (ours & theirs, ours - theirs, theirs - ours)))


def signals_of(source: Any) -> list[SignalAt]:
    """Signals of whatever ``compare_signals`` takes.

    Of DataFrames: an entry counts while nothing is held, an exit while something is, as in a run.
    """
    if isinstance(source, Strategy | StrategyManager):
        return source.signals
    if isinstance(source, tuple) and len(source) == 2 and all(hasattr(one, "columns") for one in source):
        return _of_frames(*source)
    return [SignalAt(int(ts), str(symbol), str(side)) for ts, symbol, side in source]


def _of_frames(entries: Any, exits: Any) -> list[SignalAt]:
    moments = [int(each.timestamp() * 1e6 + 0.5) for each in entries.index]
    found = []
    for symbol in entries.columns:
        held = False
        for ts, enter, leave in zip(moments, entries[symbol], exits[symbol], strict=True):
            if leave if held else enter:
                held = not held
                found.append(SignalAt(ts, str(symbol), "BUY" if held else "SELL"))
    return sorted(found)
