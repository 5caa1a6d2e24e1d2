"""The sessions of a calendar as arrays, so that a million bars are placed at once."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from quantstrip.bars.table import Times
from quantstrip.calendars import get_calendar
from quantstrip.clock import DAY, Micros, to_datetime

Mask = npt.NDArray[np.bool_]
_EPOCH = date(1970, 1, 1)
_MARGIN = timedelta(days=14)
"""Longer than any closure of an exchange, so that the session after the last bar is always in the grid."""


@dataclass(frozen=True, slots=True)
class SessionGrid:
    """Consecutive sessions: label (midnight UTC of the session's date), open and close, microseconds UTC."""

    calendar: str
    label: Times
    open: Times
    close: Times

    def at_or_after(self, ts: Times) -> Times:
        """Index of the session each moment belongs to: the first one that closes at or after it.

        A bar that closes with its session belongs to it; what comes after the close belongs to the next.
        """
        return np.searchsorted(self.close, ts, side="left")

    def containing(self, ts_open: Times) -> tuple[Times, Mask]:
        """Index of the first session that closes after each opening moment, and whether the moment lies inside it."""
        index = np.minimum(_closed_by(self.close, ts_open), len(self.close) - 1)
        return index, (self.open[index] <= ts_open) & (ts_open < self.close[index])

    def of_bars(self, ts_open: Times, ts: Times) -> tuple[Times, Mask]:
        """Index of the session that bars belong to, and whether each belongs to one.

        A bar named by the full hour may start before the opening bell and still belong to the session.
        """
        index, inside = self.containing(ts_open)
        return index, inside | (ts_open < self.open[index]) & (ts > self.open[index])

    def rows(self, ts_open: Times, ts: Times) -> tuple[Times, Times]:
        """The rows ``first`` to ``last`` of rising bars that belong to each session; equal where it has none.

        As ``of_bars`` says, by some thousand look-ups, however many bars there are.
        """
        first = np.searchsorted(ts_open, self.open, side="left")
        last = np.searchsorted(ts_open, self.close, side="left")
        before = np.concatenate(([0], last[:-1]))
        early = (first > before) & (ts[np.maximum(first - 1, 0)] > self.open)
        return first - early, last

    def find(self, labels: Times) -> tuple[Times, Mask]:
        """Index of each session label, and whether it is a session at all."""
        index = np.minimum(np.searchsorted(self.label, labels), len(self.label) - 1)
        return index, self.label[index] == labels


def _closed_by(closes: Times, ts: Times) -> Times:
    """How many of the ``closes`` are not after each moment, as ``np.searchsorted(closes, ts, side="right")`` says."""
    if len(ts) <= len(closes) or not (ts[1:] >= ts[:-1]).all():
        return np.searchsorted(closes, ts, side="right")
    # Few closes among many moments in order: looking each close up among the moments is a hundredth of the work.
    edges = np.concatenate(([0], np.searchsorted(ts, closes, side="left"), [len(ts)]))
    return np.repeat(np.arange(len(closes) + 1), np.diff(edges))


def session_grid(calendar: str, first: Micros, last: Micros) -> SessionGrid:
    """The sessions of a calendar from two weeks before ``first`` to two weeks after ``last``.

    Loads the exchange calendars (and pandas with them) on first use.

    Raises:
        DataError: no calendar of that name, or it does not know these dates.

    """
    exchange = get_calendar(calendar)
    begin, end = to_datetime(first).date(), to_datetime(last).date()
    days = exchange.sessions(
        max(begin - _MARGIN, min(exchange.first, begin)),
        min(end + _MARGIN, max(exchange.last, end)),
    )
    opens = np.array([exchange.open_ts(day) for day in days], dtype=np.int64)
    return SessionGrid(calendar, labels_of(days), opens, exchange.closes(days))


def labels_of(days: list[date]) -> Times:
    """Midnight UTC of each date, microseconds."""
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64) * DAY


def date_of(label: Micros) -> date:
    """The date whose midnight UTC a label is."""
    return to_datetime(label).date()


def session_labels(ts: Times, calendar: str) -> Times:
    """Label of the session each moment belongs to: the trade date of fills and of points on an equity curve."""
    if not len(ts):
        return ts
    grid = session_grid(calendar, int(ts[0]), int(ts[-1]))
    return grid.label[grid.at_or_after(ts)]
