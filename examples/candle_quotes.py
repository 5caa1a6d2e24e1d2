"""A script that runs candle strategies on quotes: recorded ones, or live ones of a broker or an exchange.

    quantstrip python examples/candle_quotes.py                      # quotes made up for the purpose, at once
    quantstrip python examples/candle_quotes.py ibkr AAPL MSFT       # live, until Ctrl-C
    quantstrip python examples/candle_quotes.py ccxt:kraken BTC/USD

It prints every signal and orders nothing. A strategy that has been watched for a while is deployed as a client.
"""

import sys
from collections import Counter

from quantstrip.clock import from_text
from quantstrip.dialects.candle import (
    CandleAggregator,
    MidPriceCandle,
    Quote,
    ReplayClient,
    Strategy,
    StrategyManager,
    compare_signals,
)
from quantstrip.errors import FeedError
from quantstrip.feeds.live import open_quotes
from quantstrip.feeds.synthetic import synthetic


class Breaks(Strategy):
    """Buys a candle that closes above those before it, and sells when one closes below them."""

    interval = "5m"
    parameters = ["window"]

    def __init__(self, symbols=None, window=12):
        super().__init__(symbols=symbols or ["AAPL"])
        self.window = window
        self.holds = {}

    def on_candle(self, candle: MidPriceCandle):
        """Decide at the candle's end; the last of ``self.candles`` is this one."""
        before = list(self.candles[candle.symbol])[-self.window - 1 : -1]
        if len(before) < self.window:
            return None
        holds = self.holds.get(candle.symbol, False)
        if holds and candle.close < min(each.low for each in before):
            self.holds[candle.symbol] = False
            return "SELL"
        if not holds and candle.close > max(each.high for each in before):
            self.holds[candle.symbol] = True
            return "BUY"
        return None


class Desk(StrategyManager):
    """A manager that counts what it was told; every signal comes by its ``on_signal``."""

    def __init__(self, strategies):
        super().__init__(strategies)
        self.counted = Counter()

    def on_signal(self, strategy, signal, candle):
        """Count it, note it, and tell who listens."""
        self.counted[signal.symbol, str(signal.side)] += 1
        super().on_signal(strategy, signal, candle)


def recorded(symbol: str, spread: float = 0.02) -> list[Quote]:
    """A week of quotes around invented prices."""
    bars = synthetic(symbol, "1m", start=from_text("2024-01-08"), end=from_text("2024-01-13")).bars()
    half = spread / 2
    return [Quote(tick.symbol, tick.ts, tick.price - half, tick.price + half) for tick in ReplayClient(bars).stream()]


def watch(client, symbols) -> Desk:
    """Run a strategy over a client's quotes, and print what it says."""
    desk = Desk([Breaks(symbols)])
    desk.listen(
        lambda _strategy, signal, candle: print(f"{candle.timestamp:%Y-%m-%d %H:%M} {signal.side} {signal.symbol}")
    )
    desk.run(client)
    return desk


def main(source: str = "", *symbols: str) -> None:
    """Live where a source is named, else recorded; a recording gives the same each time it is played."""
    if source:
        try:
            watch(open_quotes(source, symbols), list(symbols))
        except FeedError as error:  # nobody answers, nobody is logged in, no such symbol
            sys.exit(str(error))
        return
    quotes = recorded("AAPL")
    builder = CandleAggregator("AAPL", "5m")
    candles = [candle for candle in map(builder.add, quotes) if candle is not None]
    once, again = (watch(ReplayClient(quotes), ["AAPL"]) for _ in range(2))
    print(f"{len(quotes):,} quotes, {len(candles):,} candles, {builder.late} quotes came too late")
    print(f"{dict(once.counted)}: {compare_signals(once, again)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
