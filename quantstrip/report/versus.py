"""How returns move with others: a benchmark's, and those of other strategies."""

import numpy as np
import numpy.typing as npt

from quantstrip.report.metrics import NOISE, TRADING_DAYS

Returns = npt.NDArray[np.float64]


def beta(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> float | None:
    """Covariance with the benchmark's daily returns / their variance.

    None with fewer than two common days or where the benchmark did not move.
    """
    ours, theirs = _common(returns, benchmark)
    if len(ours) < 2 or not _moves(theirs):
        return None
    matrix = np.cov(ours, theirs)
    return float(matrix[0, 1] / matrix[1, 1])


def alpha(returns: npt.ArrayLike, benchmark: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Jensen's alpha a year: (mean return - beta * the benchmark's mean return) * periods, at a risk-free rate of zero.

    None where beta is None. Source: M. Jensen, The Performance of Mutual Funds in the Period 1945-1964, Journal of
    Finance 23 (1968).
    """
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    ours, theirs = _common(returns, benchmark)
    return float((ours.mean() - slope * theirs.mean()) * periods)


def correlation(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> float | None:
    """Pearson's correlation of two series of daily returns, -1 to 1.

    None with fewer than two common days or where one of them did not move.
    """
    ours, theirs = _common(returns, benchmark)
    if len(ours) < 2 or not _moves(ours) or not _moves(theirs):
        return None
    return float(np.clip(np.corrcoef(ours, theirs)[0, 1], -1.0, 1.0))


def _common(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> tuple[Returns, Returns]:
    """Both over the days that both have: they begin together, and ruin or a missing price (NaN) may end one."""
    ours, theirs = np.asarray(returns, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    length = min(len(ours), len(theirs))
    ours, theirs = ours[:length], theirs[:length]
    known = ~(np.isnan(ours) | np.isnan(theirs))
    return ours[known], theirs[known]


def _moves(returns: Returns) -> bool:
    return float(returns.std(ddof=1)) > NOISE * max(1.0, float(np.abs(returns).max()))
