"""What this strategy buys and sells, and why, in a sentence.

The same file is backtested, replayed and traded. It decides at a bar's close; a market order fills at the next open.
"""

from quantstrip import Bar, OrderSide, Signal, StrategyBase


class MyStrategy(StrategyBase):
    """Long while the close is above its average, flat otherwise; each symbol on its own."""

    parameters = ["period"]  # names of attributes that can be set from outside and swept
    timeframe = "1d"  # of the bars it wants

    def __init__(self, symbols=None, period=20):
        super().__init__(name="my_strategy", symbols=symbols or ["AAPL"])
        self.period = period
        self._holding = set()

    def on_trade(self, symbol, side, price, volume):
        """A fill: only now is a position held. A signal is a wish, and may be refused."""
        if side == OrderSide.BUY:
            self._holding.add(symbol)
        else:
            self._holding.discard(symbol)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Called at each bar's close, with the signals it returns."""
        if len(self._bars[bar.symbol]) < self.period:
            return []  # the average does not exist yet
        average = self.indicators_for(bar.symbol).sma(self.period)[-1]
        if bar.close > average and bar.symbol not in self._holding:
            # No quantity: the engine sizes the entry from the strategy's equity.
            return [Signal(bar.symbol, OrderSide.BUY, reason=f"close above its average of {self.period}")]
        if bar.close < average and bar.symbol in self._holding:
            # No quantity on the way out: the whole position.
            return [Signal(bar.symbol, OrderSide.SELL, reason=f"close below its average of {self.period}")]
        return []
