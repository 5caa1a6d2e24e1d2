"""Exchange sessions: which days trade, when they open and close, and which trade date a moment belongs to.

Importing this room costs nothing; the first ``get_calendar`` of an exchange loads ``exchange_calendars`` (and pandas).
"""

from quantstrip.calendars.calendar import Calendar
from quantstrip.calendars.month import (
    business_day_number_today,
    is_business_day_today,
    is_last_business_day_of_month,
)
from quantstrip.calendars.registry import calendar_names, get_calendar

__all__ = [
    "Calendar",
    "business_day_number_today",
    "calendar_names",
    "get_calendar",
    "is_business_day_today",
    "is_last_business_day_of_month",
]
