"""From equity after each slice of bars to equity at each session's close, which returns are made of."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from quantstrip.bars import BarTable, session_labels
from quantstrip.clock import DAY
from quantstrip.model import Instrument
from quantstrip.report import CALENDAR_DAYS, TRADING_DAYS

WEEKS = 52
"""Weekly returns in a year, for runs on weekly bars."""
_ROUND_THE_CLOCK = "24/7"


def daily_equity(
    ts: npt.NDArray[np.int64], value: npt.NDArray[np.float64], tables: Iterable[BarTable], cash: float
) -> npt.NDArray[np.float64]:
    """Capital before the first session, then the equity at the close of each: ``n + 1`` values for ``n`` sessions.

    Daily and weekly bars are a session each. Shorter ones are put into the sessions of the calendar their table was
    read with, or into UTC days where it was read without.

    Args:
        ts, value: the equity curve, oldest first; microseconds UTC and money.
        tables: the bars of the run.
        cash: the capital it began with.

    """
    return np.concatenate(([cash], value[session_ends(ts, tables)]))


def session_ends(ts: npt.NDArray[np.int64], tables: Iterable[BarTable]) -> npt.NDArray[np.int64]:
    """Rows of a curve that are the last of their session, ascending."""
    if not len(ts):
        return np.empty(0, dtype=np.int64)
    sessions = _sessions(ts, list(tables))
    return np.append(np.flatnonzero(sessions[1:] != sessions[:-1]), len(ts) - 1)


def session_numbers(ts: npt.NDArray[np.int64], tables: Iterable[BarTable]) -> npt.NDArray[np.int64]:
    """The number of the session that each moment of a curve belongs to, 0 for the first."""
    sessions = _sessions(ts, list(tables))
    return np.cumsum(np.append(False, sessions[1:] != sessions[:-1])).astype(np.int64)


def periods_per_year(tables: Iterable[BarTable], instruments: Iterable[Instrument]) -> int:
    """Returns in a year: 52 on weekly bars, 365 where every market is open round the clock, else 252."""
    if all(table.timeframe == "1w" for table in tables):
        return WEEKS
    always = all(instrument.calendar == _ROUND_THE_CLOCK for instrument in instruments)
    return CALENDAR_DAYS if always else TRADING_DAYS


def _sessions(ts: npt.NDArray[np.int64], tables: list[BarTable]) -> npt.NDArray[np.int64]:
    """A number for each moment, the same within one session."""
    if all(table.timeframe in ("1d", "1w") for table in tables):
        closes = np.concatenate([table.ts for table in tables])
        labels = np.concatenate([table.label for table in tables])
        order = np.argsort(closes, kind="stable")
        return labels[order][np.searchsorted(closes[order], ts)]
    calendar = next((table.gaps.calendar for table in tables if table.gaps.calendar), "")
    return session_labels(ts, calendar) if calendar else (ts - 1) // DAY
