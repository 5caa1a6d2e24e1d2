"""Bollinger Bands: back inside from below, back inside from above.

Bands are the SMA(length) of the close and width population deviations. Long when the close crosses above the lower
band; out when it crosses below the upper one.
"""

from quantstrip import Bar, Signal, StrategyBase


class BollingerStrategy(StrategyBase):
    """The close coming back inside the bands."""

    author = "Quantstrip"
    parameters = ["length", "width"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=20, width=2.0):
        super().__init__(name="pine_bband", symbols=symbols or ["AAPL"])
        self.length, self.width = length, width
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        bars = self._bars[bar.symbol]
        if len(bars) < 2:
            return []
        upper, _, lower = self.indicators_for(bar.symbol).bbands(self.length, self.width)
        before = bars[-2].close
        if not self._held.get(bar.symbol) and before <= lower[-2] and bar.close > lower[-1]:
            return [Signal(bar.symbol, "BUY", reason="back above the lower band")]
        if self._held.get(bar.symbol) and before >= upper[-2] and bar.close < upper[-1]:
            return [Signal(bar.symbol, "SELL", reason="back below the upper band")]
        return []
