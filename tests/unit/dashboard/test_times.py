"""Moments in the reader's zone."""

from datetime import date
from typing import Any

import pytest

from quantstrip.clock import from_text, system_clock
from quantstrip.home import asset


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(asset("dashboard"))
    from components import times

    return times


def test_without_a_browser_times_are_utc_and_say_so(times: Any) -> None:
    assert times.zone_name() == "UTC"
    assert times.moment(from_text("2026-01-17 14:30:45")) == "2026-01-17 14:30:45 UTC"
    assert times.minute(from_text("2026-01-17 14:30:45")) == "2026-01-17 14:30"


def test_a_moment_of_today_is_a_time_another_has_its_date(times: Any) -> None:
    now = system_clock.now()
    assert len(times.clock_time(now)) == len("14:30:45 UTC")
    assert times.clock_time(from_text("2026-01-17 14:30:45")) == "2026-01-17 14:30 UTC"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "\u2013"),
        (-1, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (200_000, "2 d"),
    ],
)
def test_spans_are_told_in_their_largest_unit(times: Any, seconds: float | None, shown: str) -> None:
    assert times.age(seconds) == shown


@pytest.mark.parametrize("unknown", [None, 0])
def test_what_is_unknown_is_a_dash(times: Any, unknown: Any) -> None:
    assert {times.moment(unknown), times.clock_time(unknown), times.since(unknown), times.day(None)} == {"\u2013"}


def test_a_session_has_no_zone(times: Any) -> None:
    assert times.day(date(2012, 5, 3)) == "2012-05-03"
