"""Figures that judge a run, reports made of them, and the forms that they are shown in.

Each definition stands once, with its edge cases. Importing the room loads numpy, and neither pandas nor a renderer's
library.
"""

from quantstrip.report.catalogue import BY_NAME, METRICS, Metric, Sample, Unit, measure_all
from quantstrip.report.drawdowns import Drawdown, deepest_drawdowns, drawdown_series, max_drawdown
from quantstrip.report.metrics import (
    CALENDAR_DAYS,
    LEAST_SESSIONS,
    TRADING_DAYS,
    annualised_return,
    daily_returns,
    rolling_sharpe,
    sharpe,
    total_return,
)
from quantstrip.report.summary import Metrics, measure
from quantstrip.report.trades import profit_factor, trade_count, win_rate

__all__ = [
    "BY_NAME",
    "CALENDAR_DAYS",
    "LEAST_SESSIONS",
    "METRICS",
    "TRADING_DAYS",
    "Drawdown",
    "Metric",
    "Metrics",
    "Sample",
    "Unit",
    "annualised_return",
    "daily_returns",
    "deepest_drawdowns",
    "drawdown_series",
    "max_drawdown",
    "measure",
    "measure_all",
    "profit_factor",
    "rolling_sharpe",
    "sharpe",
    "total_return",
    "trade_count",
    "win_rate",
]
