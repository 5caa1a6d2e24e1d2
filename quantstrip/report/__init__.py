"""Figures that judge a run. Each definition stands once, with its edge cases; renderers join here."""

from quantstrip.report.metrics import (
    CALENDAR_DAYS,
    TRADING_DAYS,
    annualised_return,
    daily_returns,
    max_drawdown,
    profit_factor,
    sharpe,
    total_return,
    trade_count,
    win_rate,
)
from quantstrip.report.summary import Metrics, measure

__all__ = [
    "CALENDAR_DAYS",
    "TRADING_DAYS",
    "Metrics",
    "annualised_return",
    "daily_returns",
    "max_drawdown",
    "measure",
    "profit_factor",
    "sharpe",
    "total_return",
    "trade_count",
    "win_rate",
]
