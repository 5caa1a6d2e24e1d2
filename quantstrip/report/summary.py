"""All metrics of a run at once."""

from typing import NamedTuple

import numpy.typing as npt

from quantstrip.report import metrics


class Metrics(NamedTuple):
    """The figures of one run; the definitions stand in ``quantstrip.report.metrics``. None where one does not exist."""

    total_return: float | None
    annualised_return: float | None
    sharpe: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    trade_count: int


def measure(equity: npt.ArrayLike, pnl: npt.ArrayLike, periods: int = metrics.TRADING_DAYS) -> Metrics:
    """Compute every metric.

    Args:
        equity: daily closing equity in money, beginning with the capital before the first session.
        pnl: net profit of each round trip, in money.
        periods: daily returns in a year, ``TRADING_DAYS`` or ``CALENDAR_DAYS``.

    """
    return Metrics(
        metrics.total_return(equity),
        metrics.annualised_return(equity, periods),
        metrics.sharpe(equity, periods),
        metrics.max_drawdown(equity),
        metrics.win_rate(pnl),
        metrics.profit_factor(pnl),
        metrics.trade_count(pnl),
    )
