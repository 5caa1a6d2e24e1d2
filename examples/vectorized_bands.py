"""Mean reversion on Bollinger Bands, on whole columns, with a stop.

It buys what fell below its band and sells it at the middle. Two parameters of the rule and the stop itself are swept
together; 150 points are drawn by chance from 448:

    quantstrip sweep examples/vectorized_bands.py --random 150 --seed 7
        --grid period=10:40:2 --grid width=1.5:3:0.25 --grid stop_loss=0.03:0.12:0.03

The median of a point's neighbourhood is printed beside the best point: what works by chance works there alone.
"""

from quantstrip.strategy.vectorized import VectorizedStrategy, bollinger_bands, rsi


class VectorizedBands(VectorizedStrategy):
    name = "vectorized_bands"
    author = "Quantstrip"
    # A parameter called stop_loss, take_profit or trailing_stop protects every entry of its run: 0.05 is 5 %.
    param_schema = {"period": (5, 60), "width": (0.5, 4.0), "stop_loss": (0.0, 0.5)}
    defaults = {"period": 20, "width": 2.0, "stop_loss": 0.08}
    symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
    timeframe = "1d"

    def generate_signals(self, prices, volumes, **params):
        """Rows are bars, columns are symbols; each symbol is decided on its own."""
        _upper, middle, lower = bollinger_bands(prices, params["period"], params["width"])
        weak = rsi(prices, 14) < 40
        entries = (prices < lower) & weak
        exits = prices > middle
        return entries, exits
