"""The guide's names for whole columns: ``strategies.vectorized``, averages, true range and volume in one frame each.

Two parameters that are swept together, and one pair of them as a backtest:

    quantstrip sweep examples/vectorized_keltner.py --grid period=10:40:10 --grid width=1,1.5,2 --symbols AAPL,MSFT
    quantstrip backtest examples/vectorized_keltner.py --param width=2
"""

from strategies.vectorized import VectorizedStrategy, atr, ema, sma


class VectorizedKeltner(VectorizedStrategy):
    name = "vectorized_keltner"
    author = "Quantstrip"
    param_schema = {"period": (5, 60), "width": (0.25, 4.0), "busy": (0.0, 3.0), "position_size_ratio": (0.005, 0.2)}
    symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
    timeframe = "1d"
    take_profit = 0.25  # every entry is protected by it
    position_size_ratio = 0.05  # and is worth so much of the equity, where a run names no quantity

    def generate_signals(self, prices, volumes, **params):
        """A close above the channel on more volume than usual; out below its middle."""
        # A default may stand here as well: a run that names no period has 20.
        period = params.get("period", 20)
        middle = ema(prices, period)
        width = params.get("width", 1.5) * atr(self.highs, self.lows, prices, period)
        busy = volumes > params.get("busy", 1.0) * sma(volumes, period)
        entries = (prices > middle + width) & busy
        exits = prices < middle
        return entries.fillna(False), exits.fillna(False)
