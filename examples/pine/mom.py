"""Momentum: with the difference to some bars ago, and never longer than some bars.

Momentum is close - close[length]. Long when it crosses above 0; out when it crosses below 0, or at the close of the
bar that is the hold-th after the one that was bought in, whichever comes first. Bars held are counted from the fill,
not from the signal.
"""

from quantstrip import Bar, Signal, StrategyBase


class MomentumStrategy(StrategyBase):
    """Momentum crossing zero, with a longest holding time."""

    author = "Quantstrip"
    parameters = ["length", "hold"]
    timeframe = "1d"

    def __init__(self, symbols=None, length=10, hold=10):
        super().__init__(name="pine_mom", symbols=symbols or ["AAPL"])
        self.length, self.hold = length, hold
        self._since = {}  # bars after the one of the fill

    def on_trade(self, symbol, side, price, volume):
        if side == "BUY":
            self._since[symbol] = -1  # the bar of the fill itself follows
        else:
            self._since.pop(symbol, None)

    def on_bar(self, bar: Bar) -> list[Signal]:
        bars = self._bars[bar.symbol]
        held = bar.symbol in self._since
        if held:
            self._since[bar.symbol] += 1
        if len(bars) < self.length + 2:
            return []
        now = bar.close - bars[-1 - self.length].close
        before = bars[-2].close - bars[-2 - self.length].close
        if not held and before <= 0.0 < now:
            return [Signal(bar.symbol, "BUY", reason="momentum above 0")]
        if held and (before >= 0.0 > now or self._since[bar.symbol] >= self.hold):
            return [Signal(bar.symbol, "SELL", reason="momentum below 0, or held long enough")]
        return []
