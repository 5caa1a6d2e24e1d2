"""Where today stands in its month, counted in the exchange's sessions and on its own wall calendar."""

from datetime import date, timedelta

from quantstrip.calendars.registry import get_calendar
from quantstrip.clock import Clock, system_clock


def is_business_day_today(calendar: str = "NYSE", *, clock: Clock = system_clock) -> bool:
    """True when the exchange trades today, if only for half the day."""
    exchange = get_calendar(calendar)
    return exchange.is_session(exchange.date_of(clock.now()))


def business_day_number_today(calendar: str = "NYSE", *, clock: Clock = system_clock) -> int:
    """Which session of its month today is, counted from 1; 0 on a day without a session.

    Zero rather than the last session's number: a job that asks ``== 16`` must not fire again on the weekend after.
    "Today" is the date where the exchange stands, whatever the machine's zone.
    """
    exchange = get_calendar(calendar)
    today = exchange.date_of(clock.now())
    if not exchange.is_session(today):
        return 0
    return len(exchange.sessions(today.replace(day=1), today))


def is_last_business_day_of_month(calendar: str = "NYSE", *, clock: Clock = system_clock) -> bool:
    """True when today is a session and the month has no later one."""
    exchange = get_calendar(calendar)
    today = exchange.date_of(clock.now())
    return exchange.is_session(today) and exchange.sessions(today, _end_of_month(today)) == [today]


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
