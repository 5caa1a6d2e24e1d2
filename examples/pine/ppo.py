"""Percentage Price Oscillator: two averages, as a share of the slower one, against their own average.

PPO is 100 x (EMA(fast) - EMA(slow)) / EMA(slow) of the close; its signal line is the EMA(smooth) of it, seeded with
the mean of its first values. Long when PPO crosses above the signal line; out when it crosses below.
"""

from quantstrip import Bar, Signal, StrategyBase


class PpoStrategy(StrategyBase):
    """PPO crossing its signal line."""

    author = "Quantstrip"
    parameters = ["fast", "slow", "smooth"]
    timeframe = "1d"

    def __init__(self, symbols=None, fast=12, slow=26, smooth=9):
        super().__init__(name="pine_ppo", symbols=symbols or ["AAPL"])
        self.fast, self.slow, self.smooth = fast, slow, smooth
        self._first = {}  # the values that seed the signal line
        self._line = {}
        self._above = {}
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        found = self.indicators_for(bar.symbol)
        slow = found.ema(self.slow)[-1]
        if slow != slow:  # NaN: it warms up
            return []
        ppo = 100.0 * (found.ema(self.fast)[-1] - slow) / slow
        line = self._signal(bar.symbol, ppo)
        if line is None:
            return []
        above, self._above[bar.symbol] = self._above.get(bar.symbol), ppo - line
        if above is None:
            return []
        if not self._held.get(bar.symbol) and above <= 0.0 < ppo - line:
            return [Signal(bar.symbol, "BUY", reason="PPO above its line")]
        if self._held.get(bar.symbol) and above >= 0.0 > ppo - line:
            return [Signal(bar.symbol, "SELL", reason="PPO below its line")]
        return []

    def _signal(self, symbol, value):
        line = self._line.get(symbol)
        if line is None:
            first = self._first.setdefault(symbol, [])
            first.append(value)
            if len(first) < self.smooth:
                return None
            line = sum(first) / self.smooth
        else:
            line += 2.0 / (self.smooth + 1) * (value - line)
        self._line[symbol] = line
        return line
