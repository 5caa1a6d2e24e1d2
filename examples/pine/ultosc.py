"""Ultimate Oscillator: three lengths at once.

Long when the oscillator (fast, middle, slow) crosses above low; out when it crosses below high.
"""

from quantstrip import Bar, Signal, StrategyBase


class UltimateOscillatorStrategy(StrategyBase):
    """The Ultimate Oscillator leaving low upward, then high downward."""

    author = "Quantstrip"
    parameters = ["fast", "middle", "slow", "low", "high"]
    timeframe = "1d"

    def __init__(self, symbols=None, fast=7, middle=14, slow=28, low=40.0, high=60.0):
        super().__init__(name="pine_ultosc", symbols=symbols or ["AAPL"])
        self.fast, self.middle, self.slow = fast, middle, slow
        self.low, self.high = low, high
        self._held = {}

    def on_trade(self, symbol, side, price, volume):
        self._held[symbol] = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        values = self.indicators_for(bar.symbol).talib(
            "ULTOSC", timeperiod1=self.fast, timeperiod2=self.middle, timeperiod3=self.slow
        )
        if len(values) < 2:
            return []
        before, now = values[-2], values[-1]
        if not self._held.get(bar.symbol) and before <= self.low < now:
            return [Signal(bar.symbol, "BUY", reason="out of the low")]
        if self._held.get(bar.symbol) and before >= self.high > now:
            return [Signal(bar.symbol, "SELL", reason="out of the high")]
        return []
