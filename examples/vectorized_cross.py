"""Moving-average cross on whole columns: long while the fast average is above the slow one.

The vectorised form decides every bar of a run at once, so that hundreds of parameters are tried in seconds:

    quantstrip sweep examples/vectorized_cross.py --grid fast=5:30:5 --grid slow=40:120:20 --symbols IBM

One pair of parameters is a backtest like any other, and what is deployed is this very file:

    quantstrip backtest examples/vectorized_cross.py --param fast=10 --param slow=50
"""

from quantstrip.strategy.vectorized import VectorizedStrategy, sma


class VectorizedCross(VectorizedStrategy):
    name = "vectorized_cross"
    author = "Quantstrip"
    # Lowest and highest value of each parameter; a run with others is refused.
    param_schema = {"fast": (2, 100), "slow": (5, 400)}
    defaults = {"fast": 10, "slow": 30}
    symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
    timeframe = "1d"

    def generate_signals(self, prices, volumes, **params):
        """Decide at each close; orders fill at the next open."""
        fast = sma(prices, params["fast"])
        slow = sma(prices, params["slow"])
        # Comparisons with NaN are False: nothing happens before both averages exist.
        return fast > slow, fast < slow
