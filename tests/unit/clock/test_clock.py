"""Moments are microseconds UTC; text and datetimes are forms of them."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    ManualClock,
    SystemClock,
    from_datetime,
    from_text,
    now_text,
    system_clock,
    to_datetime,
    to_text,
)

moments = st.integers(from_text("1900-01-01"), from_text("2200-01-01"))


@given(moments)
def test_text_and_datetime_give_the_moment_back(moment: int) -> None:
    assert from_text(to_text(moment)) == from_datetime(to_datetime(moment)) == moment


@given(moments, moments)
def test_text_sorts_like_time(one: int, other: int) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@given(moments)
def test_the_ledgers_form_has_six_decimals_and_no_zone(moment: int) -> None:
    text = to_text(moment)
    assert len(text) == 26
    assert text == to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S.%f")


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_a_zone_changes_the_form_and_not_the_moment(moment: int, minutes: int) -> None:
    there = to_datetime(moment).astimezone(timezone(timedelta(minutes=minutes)))
    assert from_datetime(there) == moment
    assert from_text(there.isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01", 0),
        ("2024-01-02", 1_704_153_600 * SECOND),
        ("2024-01-02 14:30:00", 1_704_205_800 * SECOND),
        ("2024-01-02T14:30:00Z", 1_704_205_800 * SECOND),
        ("2024-01-02 09:30:00-05:00", 1_704_205_800 * SECOND),
        ("1969-12-31 23:59:59.999999", -1),
    ],
)
def test_text_without_a_zone_is_utc(text: str, moment: int) -> None:
    assert from_text(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "2024-01-02 25:00:00"])
def test_text_that_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text(text)


def test_a_naive_datetime_is_utc() -> None:
    assert from_datetime(datetime(2024, 1, 2)) == from_datetime(datetime(2024, 1, 2, tzinfo=UTC))  # noqa: DTZ001


def test_the_units() -> None:
    assert (DAY, HOUR, MINUTE) == (24 * HOUR, 60 * MINUTE, 60 * SECOND)


def test_the_machines_clock_is_the_machines() -> None:
    before = from_datetime(datetime.now(UTC))
    moment = system_clock.now()
    after = from_datetime(datetime.now(UTC))
    assert before - SECOND <= moment <= after + SECOND
    assert abs(from_text(now_text()) - moment) < MINUTE
    assert system_clock.monotonic() <= SystemClock().monotonic()


def test_the_zone_of_the_machine_does_not_matter() -> None:
    program = "from quantstrip.clock import from_text, to_text; print(to_text(from_text('2024-07-01 12:00:00')))"
    for zone in ("Asia/Tokyo", "America/New_York"):
        ran = subprocess.run([sys.executable, "-c", program], env={"TZ": zone}, capture_output=True, text=True)
        assert ran.stdout == "2024-07-01 12:00:00.000000\n", ran.stderr


def test_waiting_ends_at_once_when_told_to_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    before = system_clock.monotonic()
    assert system_clock.wait(30, stop)
    assert system_clock.monotonic() - before < 10


def test_waiting_takes_its_time_and_a_negative_wait_none() -> None:
    before = system_clock.monotonic()
    assert not system_clock.wait(0.05)
    assert not system_clock.wait(0.05, threading.Event())
    assert system_clock.monotonic() - before >= 0.1
    assert not system_clock.wait(-5)
    assert not system_clock.wait(-5, threading.Event())


def test_a_manual_clock_moves_when_told_to() -> None:
    clock = ManualClock(from_text("2024-01-02 14:30:00"))
    clock.advance(60)
    assert to_text(clock.now()) == "2024-01-02 14:31:00.000000"
    clock.advance(-0.000001)
    assert to_text(clock.now()) == "2024-01-02 14:30:59.999999"
    clock.set(0)
    assert clock.now() == clock.monotonic() == 0


def test_waiting_on_a_manual_clock_takes_no_time_and_moves_it() -> None:
    clock, stop = ManualClock(), threading.Event()
    assert not clock.wait(5, stop)
    assert clock.now() == 5 * SECOND
    stop.set()
    assert clock.wait(5, stop)
    assert clock.now() == 5 * SECOND
