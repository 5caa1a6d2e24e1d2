"""Definitions of the metrics, as functions of arrays. Where a figure does not exist: None, never infinity.

Equity is in money, one value a day at the session's close, beginning with the capital before the first session: a run
of ``n`` sessions has ``n + 1`` values and ``n`` daily returns. Returns and drawdowns are fractions (0.05 is 5 %).
"""

import numpy as np
import numpy.typing as npt

TRADING_DAYS = 252
"""Daily returns in a year of an exchange with sessions."""
CALENDAR_DAYS = 365
"""Daily returns in a year of a market that never closes."""

_NOISE = 1e-12
"""Deviation, relative to the largest return, below which returns are equal but for the rounding of floats."""


def daily_returns(equity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Relative change from each value to the next: ``equity[i + 1] / equity[i] - 1``.

    They end before the first day that begins without capital, since nothing can be earned on nothing.
    """
    values = np.asarray(equity, dtype=np.float64)
    ruined = np.flatnonzero(values[:-1] <= 0.0)
    values = values[: int(ruined[0]) + 1] if ruined.size else values
    changes: npt.NDArray[np.float64] = values[1:] / values[:-1] - 1.0
    return changes


def total_return(equity: npt.ArrayLike) -> float | None:
    """``(last - first) / first``; None without two values or without initial capital."""
    values = np.asarray(equity, dtype=np.float64)
    if len(values) < 2 or values[0] <= 0.0:
        return None
    return float((values[-1] - values[0]) / values[0])


def annualised_return(equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Compound yearly return ``(1 + total_return) ** (periods / n) - 1`` over ``n`` daily returns.

    None where ``total_return`` is None; -1 where all capital, or more, was lost.
    """
    total = total_return(equity)
    if total is None:
        return None
    if total <= -1.0:
        return -1.0
    years = (len(np.asarray(equity)) - 1) / periods
    with np.errstate(over="ignore"):
        result = float(np.float64(1.0 + total) ** (1.0 / years) - 1.0)
    return result if np.isfinite(result) else None


def sharpe(equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Sharpe ratio: mean daily return / sample standard deviation * sqrt(periods), at a risk-free rate of zero.

    None with fewer than two returns or without variance. Source: W. F. Sharpe, The Sharpe Ratio, Journal of Portfolio
    Management 21 (1994), equations 3 to 6; the deviation divides by n - 1.
    """
    returns = daily_returns(equity)
    if len(returns) < 2:
        return None
    deviation = float(returns.std(ddof=1))
    if deviation <= _NOISE * max(1.0, float(np.abs(returns).max())):
        return None
    return float(returns.mean()) / deviation * float(np.sqrt(periods))


def max_drawdown(equity: npt.ArrayLike) -> float | None:
    """Largest decline from a peak to a later value, as a fraction of the peak: 0 or negative, -0.25 for a fall by 25 %.

    None without a value or without initial capital. Source: M. Magdon-Ismail, A. Atiya, Maximum Drawdown, Risk
    Magazine (2004).
    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(values) or values[0] <= 0.0:
        return None
    peaks = np.maximum.accumulate(values)
    return float(((values - peaks) / peaks).min())


def win_rate(pnl: npt.ArrayLike) -> float | None:
    """Share of the round trips with a profit above zero after costs, 0 to 1; None without round trips."""
    values = np.asarray(pnl, dtype=np.float64)
    return float((values > 0.0).mean()) if len(values) else None


def profit_factor(pnl: npt.ArrayLike) -> float | None:
    """Sum of the profits divided by the sum of the losses of the round trips; None without a loss."""
    values = np.asarray(pnl, dtype=np.float64)
    losses = -float(values[values < 0.0].sum())
    return float(values[values > 0.0].sum()) / losses if losses > 0.0 else None


def trade_count(pnl: npt.ArrayLike) -> int:
    """Number of round trips, from flat to flat."""
    return len(np.asarray(pnl))
