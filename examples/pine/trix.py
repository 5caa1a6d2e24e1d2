"""TRIX: the slope of an average smoothed three times.

TRIX is the change in percent of the EMA(length) of the EMA of the EMA of the close. Long when it crosses above 0; out
when it crosses below 0.
"""

from quantstrip import Bar, Signal, StrategyBase


class TrixStrategy(StrategyBase):
    """TRIX crossing zero."""

    author = "Quantstrip"
    parameters = ["length"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=9):
        super().__init__(name="pine_trix", symbols=symbols or ["AAPL"])
        self.length = length
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        values = self.indicators_for(bar.symbol).talib("TRIX", timeperiod=self.length)
        if len(values) < 2:
            return []
        before, now = values[-2], values[-1]
        if not self._held.get(bar.symbol) and before <= 0.0 < now:
            return [Signal(bar.symbol, "BUY", reason="TRIX above 0")]
        if self._held.get(bar.symbol) and before >= 0.0 > now:
            return [Signal(bar.symbol, "SELL", reason="TRIX below 0")]
        return []
