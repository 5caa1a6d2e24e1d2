"""Rate of change: with the direction of the last bars.

Long when ROC(length) of the close crosses above 0; out when it crosses below 0.
"""

from quantstrip import Bar, Signal, StrategyBase


class RocStrategy(StrategyBase):
    """ROC crossing zero."""

    author = "Quantstrip"
    parameters = ["length"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=9):
        super().__init__(name="pine_roc", symbols=symbols or ["AAPL"])
        self.length = length
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        values = self.indicators_for(bar.symbol).talib("ROC", timeperiod=self.length)
        if len(values) < 2:
            return []
        before, now = values[-2], values[-1]
        if not self._held.get(bar.symbol) and before <= 0.0 < now:
            return [Signal(bar.symbol, "BUY", reason="ROC above 0")]
        if self._held.get(bar.symbol) and before >= 0.0 > now:
            return [Signal(bar.symbol, "SELL", reason="ROC below 0")]
        return []
