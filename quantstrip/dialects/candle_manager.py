"""Runs candle strategies over a client's data, without an engine."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from quantstrip.clock import Micros
from quantstrip.dialects.candle_data import CandleAggregator, MarketDataClient, MidPriceCandle
from quantstrip.dialects.candle_signals import SignalAt
from quantstrip.dialects.candle_strategy import Strategy
from quantstrip.errors import StrategyError
from quantstrip.model import Pulse, Signal

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
            until = 0
            for update in client.stream():
                until = update.ts
                if isinstance(update, Pulse):
                    self._flush(aggregators, until)
                    continue
                for aggregator in aggregators.get(update.symbol, ()):
                    aggregator.add(update)
            self._flush(aggregators, max(until, int(getattr(client, "until", 0))))
        finally:
            for strategy in self.strategies:
                strategy.on_stop()

    def _flush(self, aggregators: Mapping[str, list[CandleAggregator]], now: Micros) -> None:
        for aggregator in (one for several in aggregators.values() for one in several):
            aggregator.flush(now)

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
