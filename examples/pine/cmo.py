"""Chande Momentum Oscillator: gains against losses of the last bars, without smoothing.

CMO is 100 x (sum of gains - sum of losses) / (sum of both) over length bars. Long when it crosses above -level; out
when it crosses below +level. Libraries that smooth the sums as RSI does give another line.
"""

import numpy as np

from quantstrip import Bar, Signal, StrategyBase


class CmoStrategy(StrategyBase):
    """CMO crossing -level upward, then +level downward."""

    author = "Quantstrip"
    parameters = ["length", "level"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=9, level=50.0):
        super().__init__(name="pine_cmo", symbols=symbols or ["AAPL"])
        self.length, self.level = length, level
        self._before = {}
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        closes = np.array([each.close for each in self._bars[bar.symbol][-self.length - 1 :]])
        if len(closes) <= self.length:
            return []
        changes = np.diff(closes)
        gains, losses = changes[changes > 0.0].sum(), -changes[changes < 0.0].sum()
        now = 100.0 * (gains - losses) / (gains + losses) if gains + losses else 0.0
        before = self._before.get(bar.symbol, np.nan)
        self._before[bar.symbol] = now
        if not self._held.get(bar.symbol) and before <= -self.level < now:
            return [Signal(bar.symbol, "BUY", reason="CMO left the cellar")]
        if self._held.get(bar.symbol) and before >= self.level > now:
            return [Signal(bar.symbol, "SELL", reason="CMO left the roof")]
        return []
