"""Commodity Channel Index: buy out of the cellar, sell from the roof.

Long when CCI(length) of the typical price crosses above -level; out when it crosses below +level.
"""

from quantstrip import Bar, Signal, StrategyBase


class CciStrategy(StrategyBase):
    """CCI crossing -level upward, then +level downward."""

    author = "Quantstrip"
    parameters = ["length", "level"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=20, level=100.0):
        super().__init__(name="pine_cci", symbols=symbols or ["AAPL"])
        self.length, self.level = length, level
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        values = self.indicators_for(bar.symbol).talib("CCI", timeperiod=self.length)
        if len(values) < 2:
            return []
        before, now = values[-2], values[-1]
        if not self._held.get(bar.symbol) and before <= -self.level < now:
            return [Signal(bar.symbol, "BUY", reason="CCI left the cellar")]
        if self._held.get(bar.symbol) and before >= self.level > now:
            return [Signal(bar.symbol, "SELL", reason="CCI left the roof")]
        return []
