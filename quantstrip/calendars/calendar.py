"""One exchange's sessions as columns, and the questions a trader asks of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from quantstrip.clock import Micros, to_datetime
from quantstrip.errors import DataError

_EPOCH = date(1970, 1, 1)
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of a calendar, oldest first; every column has one entry a session.

    Attributes:
        days: the session's date, in days since 1970-01-01.
        opens, closes: microseconds UTC; a session is open from ``opens`` up to, but not including, ``closes``.
        break_starts, break_ends: the midday break, microseconds UTC; equal where there is none.
        half_days: True where the session closes early.

    """

    days: Int64s
    opens: Int64s
    closes: Int64s
    break_starts: Int64s
    break_ends: Int64s
    half_days: NDArray[np.bool_]


class Calendar:
    """The sessions of one exchange, from 1970 to some years ahead; ``first`` and ``last`` give the exact range.

    Dates are the exchange's own; moments are microseconds UTC. A date outside the known range is a ``DataError``, not
    a guess.
    """

    def __init__(self, name: str, timezone: str, sessions: Sessions, first: date, last: date) -> None:
        self.name = name
        self.timezone = ZoneInfo(timezone)
        self.first = first
        self.last = last
        self.table = sessions
        # Plain lists: bisecting them is several times faster than one-element numpy calls.
        self._days: list[int] = sessions.days.tolist()
        self._opens: list[int] = sessions.opens.tolist()
        self._closes: list[int] = sessions.closes.tolist()

    def __repr__(self) -> str:
        return f"Calendar({self.name!r}, {self.first} to {self.last})"

    def is_session(self, day: date) -> bool:
        """True when the exchange trades on ``day``, if only for half of it."""
        number = self._known(day)
        index = bisect_left(self._days, number)
        return index < len(self._days) and self._days[index] == number

    def is_half_day(self, day: date) -> bool:
        """True when the session of ``day`` closes early; False on other days and where there is no session."""
        return self.is_session(day) and bool(self.table.half_days[self._index(day)])

    def open_ts(self, day: date) -> Micros:
        """Open of the session of ``day``; ``DataError`` where there is none."""
        return self._opens[self._index(day)]

    def close_ts(self, day: date) -> Micros:
        """Close of the session of ``day``, half-days considered; ``DataError`` where there is none."""
        return self._closes[self._index(day)]

    def closes(self, dates: Sequence[date]) -> Int64s:
        """Closes of many sessions at once, microseconds UTC, in the order of ``dates``.

        Raises:
            DataError: naming the first dates on which there is no session.

        """
        wanted = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
        table = self.table.days
        index = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
        missing = table[index] != wanted
        if missing.any():
            raise self._no_session([_to_date(int(number)) for number in wanted[missing][:5]], int(missing.sum()))
        return self.table.closes[index]

    def sessions(self, start: date, end: date) -> list[date]:
        """Dates of all sessions from ``start`` to ``end``, both included."""
        low = bisect_left(self._days, self._known(start))
        high = bisect_right(self._days, self._known(end))
        return [_to_date(number) for number in self._days[low:high]]

    def next_session(self, day: date) -> date:
        """The first session after ``day``."""
        index = bisect_right(self._days, self._known(day))
        if index == len(self._days):
            raise self._outside(day + timedelta(days=1))
        return _to_date(self._days[index])

    def previous_session(self, day: date) -> date:
        """The last session before ``day``."""
        index = bisect_left(self._days, self._known(day)) - 1
        if index < 0:
            raise self._outside(day - timedelta(days=1))
        return _to_date(self._days[index])

    def session_of(self, ts: Micros) -> date:
        """The trade date of a moment: the session that runs, else the next one.

        The closing moment still belongs to its session (a closing auction fills at it), except where the next session
        opens at that very moment, as round-the-clock markets do: there it belongs to the new one.
        """
        index = bisect_left(self._closes, ts)
        if index + 1 < len(self._opens) and ts == self._closes[index] == self._opens[index + 1]:
            index += 1
        if index == len(self._closes) or ts < self._starts_at:
            raise self._outside(to_datetime(ts).astimezone(self.timezone).date())
        return _to_date(self._days[index])

    def is_open(self, ts: Micros) -> bool:
        """True while the exchange trades: from the open up to, but not including, the close; False in a break."""
        index = bisect_right(self._opens, ts) - 1
        if index < 0 or ts >= self._closes[index]:
            self._known(to_datetime(ts).astimezone(self.timezone).date())
            return False
        table = self.table
        return not table.break_starts[index] <= ts < table.break_ends[index]

    def date_of(self, ts: Micros) -> date:
        """The date on the exchange's wall calendar at ``ts``, session or not."""
        return to_datetime(ts).astimezone(self.timezone).date()

    @cached_property
    def _starts_at(self) -> Micros:
        """The first moment this calendar can place: a day before its first open."""
        return self._opens[0] - 7 * 86_400_000_000

    def _index(self, day: date) -> int:
        number = self._known(day)
        index = bisect_left(self._days, number)
        if index == len(self._days) or self._days[index] != number:
            raise self._no_session([day], 1)
        return index

    def _known(self, day: date) -> int:
        if not self.first <= day <= self.last:
            raise self._outside(day)
        return (day - _EPOCH).days

    def _outside(self, day: date) -> DataError:
        return DataError(
            f"the calendar {self.name} is known from {self.first} to {self.last}, asked for {day}",
            hint="Upgrade exchange_calendars for later dates: pip install --upgrade exchange_calendars",
        )

    def _no_session(self, days: Sequence[date], count: int) -> DataError:
        shown = ", ".join(map(str, days)) + (f" and {count - len(days)} more" if count > len(days) else "")
        return DataError(
            f"{self.name} has no session on {shown}",
            hint="Is this the right calendar? 24/7 trades every day; weekends and holidays are not in the others.",
        )


def _to_date(number: int) -> date:
    return _EPOCH + timedelta(days=number)
