"""When jobs are due, in a table of zones, days on which the clocks change, and times that do not or twice exist."""

from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import pytz
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.client.recurrence import Recurrence
from quantstrip.client.zones import localize, wall_time, zone_of
from quantstrip.clock import DAY, HOUR, MINUTE, SECOND, from_datetime, from_text, to_text
from quantstrip.errors import SettingsError

NEW_YORK = ZoneInfo("America/New_York")


def runs(rule: Recurrence, start: str, count: int) -> list[str]:
    """The first ``count`` runs of a job scheduled at ``start``, as the wall clock of its zone shows them."""
    due = rule.first(from_text(start))
    found = []
    for _ in range(count):
        local = datetime.fromtimestamp(due / SECOND, UTC).astimezone(rule.zone)
        found.append(local.strftime("%Y-%m-%d %H:%M %z"))
        due = rule.after(due)
    return found


@pytest.mark.parametrize(
    ("zone", "at", "start", "expected"),
    [
        pytest.param(
            "America/New_York", "15:45", "2026-03-07 00:00",
            ["2026-03-07 15:45 -0500", "2026-03-08 15:45 -0400", "2026-03-09 15:45 -0400"],
            id="spring: the same time of day on both sides",
        ),
        pytest.param(
            "America/New_York", "15:45", "2026-10-31 00:00",
            ["2026-10-31 15:45 -0400", "2026-11-01 15:45 -0500", "2026-11-02 15:45 -0500"],
            id="autumn: the same time of day on both sides",
        ),
        pytest.param(
            "America/New_York", "02:30", "2026-03-07 00:00",
            ["2026-03-07 02:30 -0500", "2026-03-08 03:30 -0400", "2026-03-09 02:30 -0400"],
            id="a time that does not exist runs once, as late as the clocks moved",
        ),
        pytest.param(
            "America/New_York", "01:30", "2026-10-31 12:00",
            ["2026-11-01 01:30 -0400", "2026-11-02 01:30 -0500"],
            id="a time that comes twice runs once, at the first",
        ),
        pytest.param(
            "America/New_York", "01:30", "2026-11-01 06:15",
            ["2026-11-02 01:30 -0500", "2026-11-03 01:30 -0500"],
            id="scheduled between the two: not at the second",
        ),
        pytest.param(
            "Europe/Berlin", "02:30", "2026-03-28 12:00",
            ["2026-03-29 03:30 +0200", "2026-03-30 02:30 +0200"],
            id="spring in Europe",
        ),
        pytest.param(
            "Europe/Berlin", "02:30", "2026-10-24 12:00",
            ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"],
            id="autumn in Europe",
        ),
        pytest.param(
            "Africa/Cairo", "00:00", "2026-04-23 12:00",
            ["2026-04-24 01:00 +0300", "2026-04-25 00:00 +0300"],
            id="a midnight that does not exist",
        ),
        pytest.param(
            "Australia/Lord_Howe", "01:45", "2026-04-04 00:00",
            ["2026-04-05 01:45 +1100", "2026-04-06 01:45 +1030"],
            id="clocks that move by half an hour",
        ),
        pytest.param(
            "Pacific/Apia", "10:00", "2011-12-29 12:00",
            ["2011-12-29 10:00 -1000", "2011-12-31 10:00 +1400", "2012-01-01 10:00 +1400"],
            id="a date that does not exist",
        ),
    ],
)  # fmt: skip
def test_a_daily_job_keeps_its_time_of_day(zone: str, at: str, start: str, expected: list[str]) -> None:
    rule = Recurrence("days", 1, ZoneInfo(zone), time.fromisoformat(at))
    assert runs(rule, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("weekday", "start", "expected"),
    [
        (4, "2026-03-05 12:00", ["2026-03-06 15:45 -0500", "2026-03-13 15:45 -0400"]),
        (4, "2026-03-06 20:45", ["2026-03-13 15:45 -0400", "2026-03-20 15:45 -0400"]),
        (4, "2026-03-06 20:44", ["2026-03-06 15:45 -0500", "2026-03-13 15:45 -0400"]),
        (6, "2026-10-30 12:00", ["2026-11-01 15:45 -0500", "2026-11-08 15:45 -0500"]),
    ],
)
def test_a_weekly_job_keeps_day_and_time(weekday: int, start: str, expected: list[str]) -> None:
    assert runs(Recurrence("weeks", 1, NEW_YORK, time(15, 45), weekday), start, 2) == expected


def test_the_weekday_is_the_one_of_the_zone() -> None:
    friday_in_tokyo = Recurrence("weeks", 1, ZoneInfo("Asia/Tokyo"), time(8), 4)
    assert to_text(friday_in_tokyo.first(from_text("2026-01-15 00:00"))) == "2026-01-15 23:00:00.000000"


def test_every_third_day_lets_three_days_pass_and_keeps_the_time() -> None:
    rule = Recurrence("days", 3, NEW_YORK, time(9, 30))
    assert runs(rule, "2026-03-06 12:00", 3) == [
        "2026-03-09 09:30 -0400",
        "2026-03-12 09:30 -0400",
        "2026-03-15 09:30 -0400",
    ]


def test_elapsed_units_do_not_care_for_clock_changes() -> None:
    before_change = from_text("2026-03-08 06:59:00")
    assert Recurrence("hours", 1, NEW_YORK).first(before_change) == before_change + HOUR
    assert Recurrence("minutes", 5, NEW_YORK).first(before_change) == before_change + 5 * MINUTE
    assert Recurrence("seconds", 7, NEW_YORK).after(before_change) == before_change + 7 * SECOND


def test_an_hourly_job_runs_in_each_of_the_repeated_hours() -> None:
    rule = Recurrence("hours", 1, NEW_YORK, time(0, 30))
    assert runs(rule, "2026-11-01 05:00", 3) == [
        "2026-11-01 01:30 -0400",
        "2026-11-01 01:30 -0500",
        "2026-11-01 02:30 -0500",
    ]


def test_an_hourly_job_finds_its_minute_again_where_clocks_move_by_half_an_hour() -> None:
    rule = Recurrence("hours", 1, ZoneInfo("Australia/Lord_Howe"), time(0, 15))
    shown = runs(rule, "2026-04-04 12:00", 6)
    assert all(text[14:16] == "15" for text in shown)
    assert len(set(shown)) == 6


def test_a_minutely_job_at_a_second() -> None:
    rule = Recurrence("minutes", 1, NEW_YORK, time(0, 0, 20))
    assert rule.first(from_text("2026-01-01 00:00:19")) == from_text("2026-01-01 00:00:20")
    assert rule.first(from_text("2026-01-01 00:00:20")) == from_text("2026-01-01 00:01:20")


def test_intervals_stay_on_their_grid_and_never_catch_up() -> None:
    rule = Recurrence("minutes", 5, NEW_YORK)
    due = from_text("2026-01-01 10:05")
    assert rule.after_now(due, from_text("2026-01-01 10:05:00.2")) == from_text("2026-01-01 10:10")
    assert rule.after_now(due, from_text("2026-01-01 12:31")) == from_text("2026-01-01 12:35")
    assert rule.after_now(due, from_text("2026-01-01 10:10")) == from_text("2026-01-01 10:15")


def test_runs_between_two_moments_are_listed_oldest_first_and_only_the_last_ones() -> None:
    rule = Recurrence("days", 1, NEW_YORK, time(9, 30))
    last, now = from_text("2026-01-05 14:30"), from_text("2026-01-09 14:30")
    assert [to_text(due)[:16] for due in rule.between(last, now, 10)] == [
        "2026-01-06 14:30",
        "2026-01-07 14:30",
        "2026-01-08 14:30",
        "2026-01-09 14:30",
    ]
    assert [to_text(due)[:10] for due in rule.between(last, now, 2)] == ["2026-01-08", "2026-01-09"]
    assert rule.between(last, from_text("2026-01-06 14:29"), 10) == []


ZONES = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "America/St_Johns"]


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(["minutes", "hours", "days", "weeks"]),
    interval=st.integers(1, 3),
    at=st.times(),
    now=st.integers(from_text("2024-01-01"), from_text("2027-01-01")),
)
def test_runs_move_forward_by_about_one_interval(zone: str, unit: str, interval: int, at: time, now: int) -> None:
    at = at.replace(microsecond=0, tzinfo=None, fold=0)
    weekday = at.hour % 7 if unit == "weeks" else None
    rule = Recurrence(unit, 1 if weekday is not None else interval, ZoneInfo(zone), at, weekday)
    due = rule.first(now)
    assert now < due <= now + rule.period + (rule.period if rule.interval > 1 else HOUR)
    following = [due := rule.after(due) for _ in range(20)]
    assert all(abs((second - first) - rule.period) <= HOUR for first, second in pairwise(following))
    assert all(second > first for first, second in pairwise(following))
    assert rule.after_now(following[0], following[10]) == following[11]
    assert all(wall_time(moment, rule.zone).second == at.second for moment in following)


def test_zones_are_read_from_names_and_from_objects() -> None:
    assert zone_of("America/New_York") == NEW_YORK
    assert zone_of(NEW_YORK) is NEW_YORK
    assert zone_of(pytz.timezone("America/New_York")) == NEW_YORK
    assert localize(datetime(2026, 1, 1, 1, 30), zone_of(pytz.FixedOffset(90))) == from_text("2026-01-01")  # noqa: DTZ001


@pytest.mark.parametrize("wrong", ["America/Gotham", "../../etc/passwd", "", 5, None])
def test_an_unknown_zone_is_refused_with_an_example(wrong: object) -> None:
    with pytest.raises(SettingsError, match="time zone"):
        zone_of(wrong)


def test_wall_times_of_both_folds() -> None:
    first = from_datetime(datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    assert wall_time(first, NEW_YORK) == wall_time(first + HOUR, NEW_YORK) == datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001
    assert localize(datetime(2026, 11, 1, 1, 30), NEW_YORK) == first  # noqa: DTZ001
    assert wall_time(first + DAY, NEW_YORK) == datetime(2026, 11, 2, 0, 30)  # noqa: DTZ001
