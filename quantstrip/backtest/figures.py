"""Figures of a run beyond those that sweeps rank by: how long and how much it held, and how it moves with a benchmark.

Each is defined in docs/metrics.md and written once, in ``quantstrip.report``.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.trades import OpenTrip, RoundTrip
from quantstrip.bars import BarTable
from quantstrip.clock import SECOND
from quantstrip.report import metrics, trades, versus

Figures = dict[str, float | None]


def more_figures(
    ts: npt.NDArray[np.int64],
    daily: npt.NDArray[np.float64],
    ends: npt.NDArray[np.int64],
    done: Sequence[RoundTrip],
    still_open: Sequence[OpenTrip],
    periods: int,
    benchmark: BarTable | None,
) -> Figures:
    """Compute them; ``alpha`` and ``beta`` are None without a benchmark.

    Args:
        ts: close of every slice of bars, microseconds UTC.
        daily: equity at the sessions' closes, with the capital before the first.
        ends: rows of ``ts`` that are the last of their session.
        done, still_open: its round trips, and what it held at the end.
        periods: daily returns in a year.
        benchmark: bars of what it is measured against.

    """
    pnl = [trip.pnl for trip in done]
    found: Figures = {
        "payoff": trades.payoff(pnl),
        "average_hold": trades.average_hold([(trip.exit_ts - trip.entry_ts) / SECOND for trip in done]),
        "worst_day": metrics.worst_day(daily),
        "exposure": None,
        "alpha": None,
        "beta": None,
    }
    if not len(ts):
        return found
    found["exposure"] = trades.exposure(_held(ts, ends, done, still_open))
    if benchmark is not None:
        ours, theirs = metrics.daily_returns(daily), _returns(benchmark, ts, ends)
        found["alpha"] = versus.alpha(ours, theirs, periods)
        found["beta"] = versus.beta(ours, theirs)
    return found


def _held(
    ts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], done: Sequence[RoundTrip], still_open: Sequence[OpenTrip]
) -> npt.NDArray[np.bool_]:
    """Whether something was held in each session."""
    last = int(ts[-1])
    spans = [(trip.entry_ts, trip.exit_ts) for trip in done] + [(trip.entry_ts, last) for trip in still_open]
    begin, end = (np.array([span[side] for span in spans], dtype=np.int64) for side in (0, 1))
    days = np.arange(len(ends)).astype("datetime64[D]")
    first, after = (
        days[np.searchsorted(ends, np.minimum(np.searchsorted(ts, moments), len(ts) - 1))] for moments in (begin, end)
    )
    return trades.held_days(days, first, after)


def _returns(benchmark: BarTable, ts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The benchmark's return of each session of the run; NaN where it has no bar in it, or none before it."""
    before = int(np.searchsorted(benchmark.ts, ts[0])) - 1
    rows = np.concatenate(([before], np.searchsorted(benchmark.ts, ts[ends], side="right") - 1))
    closes = np.where(rows >= 0, benchmark.close[np.maximum(rows, 0)], np.nan)
    closes[1:][rows[1:] == rows[:-1]] = np.nan
    changes: npt.NDArray[np.float64] = closes[1:] / closes[:-1] - 1.0
    return changes
