"""The published helpers: which business day of its month today is, where the exchange stands."""

from datetime import date

import pytest

from quantstrip.calendars import (
    business_day_number_today,
    get_calendar,
    is_business_day_today,
    is_last_business_day_of_month,
)
from quantstrip.clock import HOUR, ManualClock, from_text


def at(moment: str) -> ManualClock:
    return ManualClock(from_text(moment))


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("2024-01-02 15:00:00", 1),  # the first of January is a holiday
        ("2024-01-31 20:45:00", 21),
        ("2024-07-03 15:00:00", 3),  # a half-day counts
        ("2024-07-04 15:00:00", 0),  # a holiday
        ("2024-07-05 15:00:00", 4),
        ("2024-07-06 15:00:00", 0),  # a Saturday
        ("2024-07-23 19:45:00", 16),
    ],
)
def test_the_number_of_a_business_day_counts_sessions_from_one(moment: str, number: int) -> None:
    assert business_day_number_today(clock=at(moment)) == number
    assert is_business_day_today(clock=at(moment)) == (number > 0)


def test_today_is_the_date_at_the_exchange_not_in_utc() -> None:
    late_evening_in_new_york = at("2024-02-01 03:00:00")
    assert is_last_business_day_of_month("NYSE", clock=late_evening_in_new_york)
    assert business_day_number_today("NYSE", clock=late_evening_in_new_york) == 21
    assert business_day_number_today("XTKS", clock=late_evening_in_new_york) == 1


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        ("2024-01-31 15:00:00", True),
        ("2024-01-30 15:00:00", False),
        ("2024-03-28 15:00:00", True),  # the 29th is Good Friday, then a weekend
        ("2024-03-29 15:00:00", False),
        ("2024-06-28 15:00:00", True),  # a Friday
        ("2024-06-30 15:00:00", False),  # a Sunday
        ("2024-02-29 15:00:00", True),
        ("2024-12-31 15:00:00", True),
    ],
)
def test_the_last_business_day_of_a_month(moment: str, last: bool) -> None:
    assert is_last_business_day_of_month(clock=at(moment)) is last


def test_each_month_has_one_last_business_day_and_its_number_is_the_months_sessions() -> None:
    exchange = get_calendar("NYSE")
    for month in range(1, 13):
        sessions = [day for day in exchange.sessions(date(2024, 1, 1), date(2024, 12, 31)) if day.month == month]
        clocks = [ManualClock(exchange.open_ts(day) + HOUR) for day in sessions]
        assert [business_day_number_today(clock=clock) for clock in clocks] == list(range(1, len(sessions) + 1))
        assert [is_last_business_day_of_month(clock=clock) for clock in clocks] == [
            *[False] * (len(sessions) - 1),
            True,
        ]


def test_every_day_is_a_business_day_round_the_clock() -> None:
    assert business_day_number_today("24/7", clock=at("2024-01-31 23:59:59")) == 31
    assert is_last_business_day_of_month("24/7", clock=at("2024-02-29 00:00:00"))
