"""Causal indicators: computed once over a run's whole history, shown only up to the bar at hand.

A value never depends on a later bar, and never on how the history arrived: bar by bar or all at once gives the same
numbers, bit for bit. Seeding follows TA-Lib (``ta_EMA.c``, ``ta_RSI.c``, ``ta_ATR.c``, ``ta_MACD.c``,
https://github.com/TA-Lib/ta-lib), so charts and other tools agree from the first value on.
"""

from quantstrip.indicators.history import History, Line
from quantstrip.indicators.library import Indicators
from quantstrip.indicators.windows import BarWindows

__all__ = ["BarWindows", "History", "Indicators", "Line"]
