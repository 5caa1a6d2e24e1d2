"""Exchange sessions: which days trade, when they open and close, and which trade date a moment belongs to.

Importing this room costs nothing: numpy is loaded with the first calendar, ``exchange_calendars`` (and pandas) only to
build one that this machine has not kept yet.
"""

from typing import TYPE_CHECKING, Any

from quantstrip.calendars.month import (
    business_day_number_today,
    is_business_day_today,
    is_last_business_day_of_month,
)
from quantstrip.calendars.registry import calendar_names, get_calendar

if TYPE_CHECKING:
    from quantstrip.calendars.calendar import Calendar

__all__ = [
    "Calendar",
    "business_day_number_today",
    "calendar_names",
    "get_calendar",
    "is_business_day_today",
    "is_last_business_day_of_month",
]


def __getattr__(name: str) -> Any:
    if name == "Calendar":
        from quantstrip.calendars.calendar import Calendar

        return Calendar
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
