"""A candle strategy: the average's crossover and its inflection, on candles of mid prices.

The form brings ``Strategy`` and ``MidPriceCandle``; the import below is for editors, and may be left out. Candles are
made of the run's bars, of finer ones, or of ticks and quotes:

    quantstrip backtest examples/candle_sma_crossover.py
"""

from quantstrip.dialects.candle import MidPriceCandle, Strategy


class SmaCrossoverInflection(Strategy):
    """Buys when the fast average crosses above the slow one and both turn up; sells when it crosses back."""

    author = "Quantstrip"
    parameters = ["fast", "slow"]
    interval = "1d"

    def __init__(self, symbols=None, fast=10, slow=40):
        super().__init__(symbols=symbols or ["AAPL", "IBM"])
        self.fast, self.slow = fast, slow

    def on_candle(self, candle: MidPriceCandle):
        """Decide at the candle's end; ``self.candles`` ends with it."""
        closes = [each.close for each in self.candles[candle.symbol]]
        if len(closes) <= self.slow:
            return None
        fast, slow = (sum(closes[-length:]) / length for length in (self.fast, self.slow))
        before = sum(closes[-self.slow - 1 : -1]) / self.slow
        if fast > slow > before and self.position(candle.symbol) == 0:
            return "BUY"
        if fast < slow and self.position(candle.symbol) > 0:
            return "SELL"
        return None
