"""From a vectorised prototype to the candle strategy that trades it, and the proof that both say the same.

The prototype decides over whole columns, the class candle by candle; ``compare_signals`` puts both side by side.
It runs like any other strategy; ``candle_compare.py`` beside it makes the comparison:

    quantstrip backtest examples/candle_prototype.py
    quantstrip python examples/candle_compare.py
"""

from quantstrip.dialects.candle import MidPriceCandle, Strategy


def prototype(prices, window=20):
    """Entries above the mean of ``window`` closes, exits below it, as two columns of truths."""
    mean = prices.rolling(window).mean()
    return prices > mean, prices < mean


class AboveMean(Strategy):
    """The prototype, candle by candle: +1 to buy, -1 to sell, 0 to do nothing."""

    parameters = ["window"]

    def __init__(self, symbols=None, window=20):
        super().__init__(name="above_mean", symbols=symbols or ["IBM"])
        self.window = window
        self.holds: dict[str, bool] = {}

    def on_candle(self, candle: MidPriceCandle):
        """Decide at the candle's end."""
        closes = [each.close for each in self.candles[candle.symbol]][-self.window :]
        if len(closes) < self.window:
            return 0
        mean, holds = sum(closes) / self.window, self.holds.get(candle.symbol, False)
        if (candle.close < mean) if holds else (candle.close > mean):
            self.holds[candle.symbol] = not holds
            return -1 if holds else 1
        return 0
