"""Which figures stand where: one choice for the page, the workbook, the text and the picture."""

from typing import Final

import numpy as np

from quantstrip.report.charts import Line
from quantstrip.report.model import Report

TILES: Final = (
    "net_pnl", "total_return", "annualised_return", "sharpe", "max_drawdown", "current_drawdown", "trade_count",
    "win_rate",
)  # fmt: skip
BREAKDOWN: Final = (
    "net_pnl", "total_return", "max_drawdown", "sharpe", "sortino", "trade_count", "win_rate", "profit_factor",
    "average_hold", "exposure",
)  # fmt: skip
GROUPS: Final = {
    "Growth": ("net_pnl", "total_return", "annualised_return", "best_day", "worst_day", "winning_days"),
    "Risk": ("volatility", "value_at_risk", "conditional_value_at_risk", "skewness", "excess_kurtosis", "ulcer_index"),
    "Ratios": ("sharpe", "sortino", "calmar"),
    "Drawdown": (
        "max_drawdown", "max_drawdown_amount", "max_drawdown_length", "max_drawdown_recovery", "longest_drawdown",
        "current_drawdown", "current_drawdown_length",
    ),
    "Round trips": (
        "trade_count", "win_rate", "profit_factor", "payoff", "expectancy", "average_win", "average_loss", "best_trade",
        "worst_trade", "average_hold", "exposure", "turnover",
    ),
    "Benchmark": ("alpha", "beta", "correlation"),
}  # fmt: skip
"""Every metric, as tables group them."""
SIGNED: Final = frozenset({
    "net_pnl", "total_return", "annualised_return", "best_day", "worst_day", "expectancy", "alpha", "best_trade",
    "worst_trade",
})  # fmt: skip
"""Metrics whose sign is coloured."""


def pnl_lines(report: Report) -> list[Line]:
    """The portfolio, and its strategies where there are several, each from its first to its last session."""
    total = report.portfolio
    lines = [Line(total.name, total.cumulative)]
    if len(report.strategies) > 1:
        for number, scope in enumerate(report.strategies, start=1):
            values = np.full(len(total.days), np.nan)
            values[np.searchsorted(total.days, scope.days)] = scope.cumulative
            lines.append(Line(scope.name, values, number))
    return lines
