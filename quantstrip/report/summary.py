"""The metrics of a backtest."""

from typing import NamedTuple

import numpy.typing as npt

from quantstrip.report import drawdowns, metrics, trades


class Metrics(NamedTuple):
    """The figures of one run; their definitions stand in docs/metrics.md. None where one does not exist."""

    total_return: float | None
    annualised_return: float | None
    sharpe: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    trade_count: int


def measure(equity: npt.ArrayLike, pnl: npt.ArrayLike, periods: int = metrics.TRADING_DAYS) -> Metrics:
    """Compute them.

    Args:
        equity: daily closing equity in money, beginning with the capital before the first session.
        pnl: net profit of each round trip, in money.
        periods: daily returns in a year, ``TRADING_DAYS`` or ``CALENDAR_DAYS``.

    """
    return Metrics(
        metrics.total_return(equity),
        metrics.annualised_return(equity, periods),
        metrics.sharpe(equity, periods),
        drawdowns.max_drawdown(equity),
        trades.win_rate(pnl),
        trades.profit_factor(pnl),
        trades.trade_count(pnl),
    )
