"""Calendar helpers for clients: ``from Utils import calendar_utils``.

``calendar`` is an exchange's MIC or common name (``NYSE``, ``LSE``, ``24/7``); "today" is the date at that exchange.
"""

from quantstrip.calendars import (
    business_day_number_today,
    get_calendar,
    is_business_day_today,
    is_last_business_day_of_month,
)

__all__ = [
    "business_day_number_today",
    "get_calendar",
    "is_business_day_today",
    "is_last_business_day_of_month",
]
