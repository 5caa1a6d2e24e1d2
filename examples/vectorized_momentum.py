"""Breakout with volume, long and short, as plain arrays: the fastest form to sweep.

``generate_arrays`` gets one symbol's columns and its indicators, each computed once for all parameters that are tried:

    quantstrip sweep examples/vectorized_momentum.py --grid window=10:60:5 --grid surge=1:2:0.25 --symbols AAPL

Four arrays trade both sides; --direction long looks at one of them alone.
"""

import numpy as np

from quantstrip.strategy.vectorized import VectorizedStrategy


class VectorizedMomentum(VectorizedStrategy):
    name = "vectorized_momentum"
    author = "Quantstrip"
    param_schema = {"window": (5, 250), "surge": (0.5, 5.0), "trailing_stop": (0.0, 0.5)}
    defaults = {"window": 20, "surge": 1.25, "trailing_stop": 0.1}
    symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
    timeframe = "1d"

    def generate_arrays(self, bars, **params):
        """A close beyond the range of the window before it, on more volume than usual."""
        window = params["window"]
        # One row later: the bar at hand must not be part of the range that it breaks.
        ceiling, floor = np.full(len(bars), np.nan), np.full(len(bars), np.nan)
        ceiling[1:], floor[1:] = bars.highest(window)[:-1], bars.lowest(window)[:-1]
        busy = bars.volume > params["surge"] * bars.volume_sma(window)
        middle = bars.sma(window)
        up, down = (bars.close > ceiling) & busy, (bars.close < floor) & busy
        return up, bars.close < middle, down, bars.close > middle
