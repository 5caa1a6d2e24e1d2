"""Builds calendars: exchanges from ``exchange_calendars``, round-the-clock markets by arithmetic."""

import warnings
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from quantstrip.calendars.calendar import Calendar, Int64s, Sessions
from quantstrip.clock import DAY

FIRST = date(1970, 1, 1)
LAST = date(2040, 12, 31)
"""Days every calendar covers, unless its exchange's rules are known for fewer."""

_SUNDAY_BEFORE_EPOCH = 3  # 1970-01-01 was a Thursday: Monday is 0


def round_the_clock(name: str, days_a_week: int) -> Calendar:
    """A market without closing hours: each UTC day from Monday on, ``days_a_week`` of them, is one session."""
    count = (LAST - FIRST).days + 1
    numbers = np.arange(count, dtype=np.int64)
    numbers = numbers[(numbers + _SUNDAY_BEFORE_EPOCH) % 7 < days_a_week]
    opens = numbers * DAY
    none = np.zeros_like(opens)
    table = Sessions(numbers, opens, opens + DAY, none, none, none.astype(np.bool_))
    return Calendar(name, "UTC", table, FIRST, LAST)


def exchange_calendar(name: str) -> Calendar:
    """The calendar of an exchange known to ``exchange_calendars`` under the canonical ``name``."""
    import exchange_calendars

    with warnings.catch_warnings():
        # exchange_calendars 4.13 calls what pandas 3.1 deprecates; users of a calendar can do nothing about it.
        warnings.simplefilter("ignore")
        first, last = FIRST, LAST
        try:
            source = exchange_calendars.get_calendar(name, start=first.isoformat(), end=last.isoformat())
        except ValueError:
            # The rules of this exchange are known for fewer years; only its class knows for which.
            kind = type(exchange_calendars.get_calendar(name))
            first = max(FIRST, _bound(kind.bound_min(), FIRST))
            last = min(LAST, _bound(kind.bound_max(), LAST))
            source = kind(start=first.isoformat(), end=last.isoformat())
        breaks = source.schedule["break_start"].notna().to_numpy()
        table = Sessions(
            days=_days(source.sessions),
            opens=source.opens_nanos // 1000,
            closes=source.closes_nanos // 1000,
            break_starts=np.where(breaks, source.break_starts_nanos // 1000, 0),
            break_ends=np.where(breaks, source.break_ends_nanos // 1000, 0),
            half_days=np.asarray(source.sessions.isin(source.early_closes), dtype=np.bool_),
        )
    return Calendar(name, str(source.tz), table, first, last)


@cache
def exchange_names() -> dict[str, str]:
    """Canonical name by every name ``exchange_calendars`` knows, in capitals."""
    import exchange_calendars

    return {
        name.upper(): exchange_calendars.resolve_alias(name)
        for name in exchange_calendars.get_calendar_names(include_aliases=True)
    }


def _days(index: Any) -> Int64s:
    return np.asarray(index.to_numpy().astype("datetime64[D]").astype(np.int64))


def _bound(value: Any, otherwise: date) -> date:
    return otherwise if value is None else value.date()
