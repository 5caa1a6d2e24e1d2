"""Growth and risk of daily returns, as functions of arrays. Where a figure does not exist: None, never infinity.

Equity is in money, one value a day at the session's close, beginning with the capital before the first session: a run
of ``n`` sessions has ``n + 1`` values and ``n`` daily returns. Returns and drawdowns are fractions (0.05 is 5 %).
"""

import numpy as np
import numpy.typing as npt

TRADING_DAYS = 252
"""Daily returns in a year of an exchange with sessions."""
CALENDAR_DAYS = 365
"""Daily returns in a year of a market that never closes."""

LEAST_SESSIONS = 20
"""Sessions below which readers are shown no rate of a year: 1 % in two of them would be 250 % a year."""

HALF_YEAR = 126
"""Daily returns in the window of the rolling Sharpe ratio."""
TAIL = 0.05
"""Share of the worst days that value at risk looks at."""

NOISE = 1e-12
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


def net_pnl(equity: npt.ArrayLike) -> float | None:
    """``last - first``, in money, after all costs; it needs no capital. None without a day."""
    values = np.asarray(equity, dtype=np.float64)
    return round(float(values[-1] - values[0]), 8) if len(values) > 1 else None


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
    deviation = _deviation(returns)
    return None if deviation is None else float(returns.mean()) / deviation * float(np.sqrt(periods))


def sortino(equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Sortino ratio: mean daily return / downside deviation * sqrt(periods), at a target of zero.

    The downside deviation is the root of the mean of the squared negative returns over all days, days without a loss
    counting as zero. None with fewer than two returns or without a loss. Source: F. Sortino, L. Price, Performance
    Measurement in a Downside Risk Framework, Journal of Investing 3 (1994).
    """
    returns = daily_returns(equity)
    if len(returns) < 2:
        return None
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    return float(returns.mean()) / downside * float(np.sqrt(periods)) if downside > NOISE else None


def volatility(equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Sample standard deviation of the daily returns * sqrt(periods), a fraction; None with fewer than two returns."""
    returns = daily_returns(equity)
    return float(returns.std(ddof=1) * np.sqrt(periods)) if len(returns) > 1 else None


def best_day(equity: npt.ArrayLike) -> float | None:
    """Largest daily return, as a fraction; None without a day."""
    returns = daily_returns(equity)
    return float(returns.max()) if len(returns) else None


def worst_day(equity: npt.ArrayLike) -> float | None:
    """Smallest daily return, as a fraction; None without a day."""
    returns = daily_returns(equity)
    return float(returns.min()) if len(returns) else None


def winning_days(equity: npt.ArrayLike) -> float | None:
    """Share of the days with a return above zero among those with a return other than zero; None without one."""
    returns = daily_returns(equity)
    moved = int(np.count_nonzero(returns))
    return int(np.count_nonzero(returns > 0.0)) / moved if moved else None


def value_at_risk(equity: npt.ArrayLike, tail: float = TAIL) -> float | None:
    """Historical value at risk: the ``tail`` quantile of the daily returns, linearly interpolated; a loss is negative.

    None with fewer than two returns.
    """
    returns = daily_returns(equity)
    return float(np.quantile(returns, tail)) if len(returns) > 1 else None


def conditional_value_at_risk(equity: npt.ArrayLike, tail: float = TAIL) -> float | None:
    """Historical expected shortfall: mean of the ``int((n - 1) * tail) + 1`` smallest daily returns.

    None with fewer than two returns. Source: C. Acerbi, D. Tasche, On the coherence of expected shortfall, Journal of
    Banking and Finance 26 (2002), on the empirical distribution.
    """
    returns = daily_returns(equity)
    if len(returns) < 2:
        return None
    worst = int((len(returns) - 1) * tail) + 1
    return float(np.partition(returns, worst - 1)[:worst].mean())


def skewness(equity: npt.ArrayLike) -> float | None:
    """Sample skewness G1 of the daily returns; None with fewer than three, or without variance.

    Source: D. Joanes, C. Gill, Comparing measures of sample skewness and kurtosis, The Statistician 47 (1998).
    """
    returns = daily_returns(equity)
    deviation, n = _deviation(returns), len(returns)
    if deviation is None or n < 3:
        return None
    return float(n / ((n - 1) * (n - 2)) * np.sum(((returns - returns.mean()) / deviation) ** 3))


def excess_kurtosis(equity: npt.ArrayLike) -> float | None:
    """Sample excess kurtosis G2 of the daily returns, 0 for a normal one; None with fewer than four or no variance.

    Source: as ``skewness``.
    """
    returns = daily_returns(equity)
    deviation, n = _deviation(returns), len(returns)
    if deviation is None or n < 4:
        return None
    fourth = float(np.sum(((returns - returns.mean()) / deviation) ** 4))
    scale = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3))
    return scale * fourth - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))


def rolling_sharpe(
    equity: npt.ArrayLike, window: int = HALF_YEAR, periods: int = TRADING_DAYS
) -> npt.NDArray[np.float64]:
    """The Sharpe ratio of each ``window`` returns that end on a day, one value a daily return.

    NaN before the first whole window and where a window has no variance.
    """
    returns = daily_returns(equity)
    found = np.full(len(returns), np.nan)
    if window < 2 or len(returns) < window:
        return found
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = windows.std(axis=1, ddof=1)
    calm = deviation <= NOISE * np.maximum(1.0, np.abs(windows).max(axis=1))
    deviation[calm] = np.nan
    found[window - 1 :] = windows.mean(axis=1) / deviation * np.sqrt(periods)
    return found


def _deviation(returns: npt.NDArray[np.float64]) -> float | None:
    """Sample standard deviation; None with fewer than two returns, or where they differ by rounding only."""
    if len(returns) < 2:
        return None
    deviation = float(returns.std(ddof=1))
    return deviation if deviation > NOISE * max(1.0, float(np.abs(returns).max())) else None
