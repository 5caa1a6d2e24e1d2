"""Falls of equity from its peaks: how deep, how long, and whether they are over.

Equity as in ``metrics``: one value a session, beginning with the capital before the first. Depths are fractions of the
peak, 0 or negative; lengths are sessions. A fall is over at the first close at or above its peak.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.report.metrics import NOISE, TRADING_DAYS, annualised_return


class Drawdown(NamedTuple):
    """One fall; ``peak``, ``trough`` and ``end`` are places in the equity array.

    Attributes:
        depth: at the trough, negative.
        end: where the peak was reached again; None while it was not.
        length: sessions from the peak to ``end``, or to the last value.
        recovery: sessions from the trough to ``end``; None while it was not reached.

    """

    peak: int
    trough: int
    end: int | None
    depth: float
    length: int
    recovery: int | None


def drawdown_series(equity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Distance of each value from the highest so far, as a fraction of that: 0 or negative.

    Empty without initial capital, since there is nothing to lose a part of.
    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(values) or values[0] <= 0.0:
        return np.empty(0)
    peaks = np.maximum.accumulate(values)
    falls: npt.NDArray[np.float64] = (values - peaks) / peaks
    return falls


def max_drawdown(equity: npt.ArrayLike) -> float | None:
    """Largest decline from a peak to a later value, as a fraction of the peak: 0 or negative, -0.25 for a fall by 25 %.

    None without a value or without initial capital. Source: M. Magdon-Ismail, A. Atiya, Maximum Drawdown, Risk
    Magazine (2004).
    """
    falls = drawdown_series(equity)
    return float(falls.min()) if len(falls) else None


def max_drawdown_amount(equity: npt.ArrayLike) -> float | None:
    """Largest decline from a peak to a later value, in money; it needs no capital. None without a value."""
    values = np.asarray(equity, dtype=np.float64)
    return float((values - np.maximum.accumulate(values)).min()) if len(values) else None


def max_drawdown_length(equity: npt.ArrayLike) -> int | None:
    """Sessions from the peak of the deepest fall to its end, or to the last value; None without a fall."""
    fall = deepest(equity)
    return fall.length if fall else None


def max_drawdown_recovery(equity: npt.ArrayLike) -> int | None:
    """Sessions from the trough of the deepest fall to its end; None without a fall, and while it is not over."""
    fall = deepest(equity)
    return fall.recovery if fall else None


def longest_drawdown(equity: npt.ArrayLike) -> int | None:
    """Sessions that the longest fall took, whatever its depth; None without a fall."""
    falls = drawdown_series(equity)
    tops = np.append(np.flatnonzero(falls == 0.0), len(falls) - 1)  # an unfinished fall counts to the last value
    lengths = np.diff(tops)
    fallen = lengths[(lengths > 1) | (falls[tops[1:]] < 0.0)] if len(falls) else lengths
    return int(fallen.max()) if len(fallen) else None


def current_drawdown(equity: npt.ArrayLike) -> float | None:
    """Distance of the last value from the highest so far; None without a value or without initial capital."""
    falls = drawdown_series(equity)
    return float(falls[-1]) if len(falls) else None


def current_drawdown_length(equity: npt.ArrayLike) -> int | None:
    """Sessions since the highest value, 0 at a new high; None without a value or without initial capital."""
    falls = drawdown_series(equity)
    return int(len(falls) - 1 - np.flatnonzero(falls == 0.0)[-1]) if len(falls) else None


def calmar(equity: npt.ArrayLike, periods: int = TRADING_DAYS) -> float | None:
    """Annualised return / depth of the deepest fall over the same days; None without either.

    Source: T. Young, Calmar Ratio: A Smoother Tool, Futures (October 1991), there over 36 months.
    """
    depth, gained = max_drawdown(equity), annualised_return(equity, periods)
    return None if depth is None or gained is None or depth >= -NOISE else gained / -depth


def ulcer_index(equity: npt.ArrayLike) -> float | None:
    """Root of the mean square of the distances from the highest value, a fraction, over the ``n`` days.

    None without a day. Source: P. Martin, B. McCann, The Investor's Guide to Fidelity Funds (1989).
    """
    falls = drawdown_series(equity)[1:]
    return float(np.sqrt(np.mean(falls**2))) if len(falls) else None


def deepest(equity: npt.ArrayLike) -> Drawdown | None:
    """The deepest fall, the earliest of equals; None without one."""
    falls = drawdown_series(equity)
    trough = int(falls.argmin()) if len(falls) else 0
    return _around(falls, trough) if len(falls) and falls[trough] < 0.0 else None


def deepest_drawdowns(equity: npt.ArrayLike, most: int = 5) -> list[Drawdown]:
    """The ``most`` deepest falls, the deepest first."""
    falls = drawdown_series(equity)
    below = falls < 0.0
    starts = np.flatnonzero(below[1:] & ~below[:-1]) + 1 if len(falls) else np.empty(0, dtype=np.intp)
    if not len(starts):
        return []
    depths = np.minimum.reduceat(falls, starts)
    chosen = np.argsort(depths, kind="stable")[:most]
    ends = np.append(starts[1:], len(falls))
    return [_around(falls, int(starts[n] + falls[starts[n] : ends[n]].argmin())) for n in chosen]


def _around(falls: npt.NDArray[np.float64], trough: int) -> Drawdown:
    """The whole fall that has its trough there."""
    peak = int(np.flatnonzero(falls[:trough] == 0.0)[-1])
    after = np.flatnonzero(falls[trough:] == 0.0)
    end = trough + int(after[0]) if len(after) else None
    last = len(falls) - 1 if end is None else end
    return Drawdown(peak, trough, end, float(falls[trough]), last - peak, None if end is None else end - trough)
