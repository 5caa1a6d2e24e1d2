"""Relative Strength Index: out of oversold, out of overbought.

Long when RSI(length) crosses above low; out when it crosses below high.
"""

from quantstrip import Bar, Signal, StrategyBase


class RsiStrategy(StrategyBase):
    """RSI crossing low upward, then high downward."""

    author = "Quantstrip"
    parameters = ["length", "low", "high"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=14, low=40.0, high=60.0):
        super().__init__(name="pine_rsi", symbols=symbols or ["AAPL"])
        self.length, self.low, self.high = length, low, high
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        values = self.indicators_for(bar.symbol).rsi(self.length)
        if len(values) < 2:
            return []
        before, now = values[-2], values[-1]
        if not self._held.get(bar.symbol) and before <= self.low < now:
            return [Signal(bar.symbol, "BUY", reason="no longer oversold")]
        if self._held.get(bar.symbol) and before >= self.high > now:
            return [Signal(bar.symbol, "SELL", reason="no longer overbought")]
        return []
