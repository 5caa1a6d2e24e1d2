"""Rehearsals: every run of a schedule at its time, as a wall clock and a calendar would have it, in no time at all."""

import asyncio
import datetime as dt
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.client.base import ClientBase
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.records import MemoryRecords
from quantstrip.client.rehearsal import Ended, Limits, Rehearsal
from quantstrip.client.rehearsed_jobs import JobSeen
from quantstrip.client.rehearsed_time import Journey, RehearsedClock
from quantstrip.client.rehearsing import moment_of
from quantstrip.clock import from_datetime, to_datetime
from quantstrip.log import logger
from quantstrip.model import ExitCode
from tests.loops import run

ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC", "Asia/Kolkata")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Plan = Callable[[Any], None]


def rehearse(
    plan: Plan, start: str, end: str, zone: str = "UTC", *, limits: Limits | None = None, kind: type = ClientBase
) -> tuple[Ended, list[JobSeen]]:
    """Rehearse a client that schedules as ``plan`` says, from ``start`` to ``end``, wall time in ``zone``."""
    there = ZoneInfo(zone)
    seen: list[JobSeen] = []

    def make() -> ClientBase:
        with bound(ClientContext("tried", RehearsedClock(), there, rehearsed=True)):
            client: ClientBase = kind()
        plan(client)
        return client

    with Journey(moment_of(start, there)) as journey:
        made = Rehearsal(make, MemoryRecords(), journey, seen.append, limits=limits)
        return made.run(moment_of(end, there, end=True)), seen


def local(seen: list[JobSeen], zone: str) -> list[str]:
    return [f"{to_datetime(each.due).astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}" for each in seen]


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    logger.disable("quantstrip")
    yield
    logger.enable("quantstrip")


# The due times of the properties come from pandas' calendars and zones, and know nothing of our schedule.


def days_at(start: dt.date, days: int, at: dt.time, zone: str, weekday: int | None = None) -> list[int]:
    """The moments of a time of day: skipped times run as late as the clocks moved, doubled ones at the first."""
    dates = [start + dt.timedelta(days=n) for n in range(days)]
    wanted = [dt.datetime.combine(day, at) for day in dates if weekday is None or day.weekday() == weekday]
    found = []
    for wall in wanted:
        try:
            moment = pd.Timestamp(wall).tz_localize(zone, ambiguous=True, nonexistent="raise")
        except ValueError:  # skipped: read on the clock of the hours before
            before = pd.Timestamp(wall - dt.timedelta(hours=3)).tz_localize(zone, ambiguous=True)
            moment = before + pd.Timedelta(hours=3)
        found.append(int(moment.value // 1000))
    return found


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 1)),
    days=st.integers(1, 40),
    at=st.times().map(lambda value: value.replace(second=0, microsecond=0)),
    weekday=st.none() | st.integers(0, 6),
    other=st.sampled_from(ZONES),
)
def test_daily_and_weekly_jobs_run_exactly_when_a_calendar_says_they_are_due(
    zone: str, start: dt.date, days: int, at: dt.time, weekday: int | None, other: str
) -> None:
    def plan(client: ClientBase) -> None:
        every = client.scheduler.every()
        (every.day if weekday is None else getattr(every, DAYS[weekday])).at(f"{at:%H:%M}", other).do(print, end="")

    last = start + dt.timedelta(days=days - 1)
    ended, seen = rehearse(plan, start.isoformat(), last.isoformat(), zone)
    begin = int(pd.Timestamp(start).tz_localize(zone, ambiguous=True, nonexistent="shift_forward").value // 1000)
    end = days_at(last + dt.timedelta(days=1), 1, dt.time(), zone)[0]
    expected = [due for due in days_at(start - dt.timedelta(days=2), days + 4, at, other, weekday) if begin < due < end]
    assert [each.due for each in seen] == expected
    assert [each.started for each in seen] == expected, "it is then"
    assert {each.outcome for each in seen} <= {"ok"}
    assert (ended.ending.outcome, ended.note) == ("finished", "")


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 1)),
    unit=st.sampled_from(["minutes", "hours"]),
    interval=st.integers(7, 90),
)
def test_interval_jobs_run_at_every_step_of_elapsed_time_over_clock_changes_too(
    zone: str, start: dt.date, unit: str, interval: int
) -> None:
    def plan(client: ClientBase) -> None:
        getattr(client.scheduler.every(interval), unit).do(print, end="")

    last = start + dt.timedelta(days=1)
    _, seen = rehearse(plan, start.isoformat(), last.isoformat(), zone)
    begin = days_at(start, 1, dt.time(), zone)[0]
    end = days_at(last + dt.timedelta(days=1), 1, dt.time(), zone)[0]
    step = interval * {"minutes": 60, "hours": 3600}[unit] * 1_000_000
    assert [each.due for each in seen] == list(range(begin + step, end, step))


def test_a_week_in_which_the_clocks_change_has_each_run_once_at_its_wall_time() -> None:
    def plan(client: ClientBase) -> None:
        client.scheduler.every().day.at("02:30", "America/New_York").do(print, end="")
        client.scheduler.every().day.at("15:45", "America/New_York").do(print, end="")

    _, spring = rehearse(plan, "2026-03-07", "2026-03-09", "America/New_York")
    assert local(spring, "America/New_York") == [
        "Sat 2026-03-07 02:30", "Sat 2026-03-07 15:45", "Sun 2026-03-08 03:30", "Sun 2026-03-08 15:45",
        "Mon 2026-03-09 02:30", "Mon 2026-03-09 15:45",
    ]  # fmt: skip
    _, autumn = rehearse(lambda client: client.scheduler.every().day.at("01:30").do(print, end=""),
                         "2026-10-31", "2026-11-02", "America/New_York")  # fmt: skip
    assert local(autumn, "UTC") == ["Sat 2026-10-31 05:30", "Sun 2026-11-01 05:30", "Mon 2026-11-02 06:30"]


def test_the_users_code_lives_at_the_rehearsed_time_whatever_it_asks() -> None:
    told: list[Any] = []

    def job() -> None:
        naive, aware = dt.datetime.now(), dt.datetime.now(dt.UTC)  # noqa: DTZ005 - as users write it
        told.extend([naive.astimezone(dt.UTC), aware, dt.datetime.fromtimestamp(time.time(), dt.UTC)])
        told.append(dt.date.today())  # noqa: DTZ011
        told.append(pd.Timestamp.now("UTC").to_pydatetime())
        began = time.perf_counter()
        time.sleep(7_200)
        told.append(dt.datetime.now(dt.UTC))
        assert time.perf_counter() - began < 1.0

    rehearse(lambda client: client.scheduler.every().day.at("15:45").do(job), "2020-02-29", "2020-02-29")
    then = dt.datetime(2020, 2, 29, 15, 45, tzinfo=dt.UTC)
    assert told == [then, then, then, dt.date(2020, 2, 29), then, then + dt.timedelta(hours=2)]
    assert dt.datetime.now(dt.UTC).year > 2020, "afterwards it is now"
    assert time.sleep is not None
    assert time.sleep.__name__ == "sleep"


def test_time_outs_and_other_threads_go_by_the_machines_time() -> None:
    told: list[Any] = []

    def job() -> None:
        with pytest.raises(queue.Empty):
            queue.Queue[int]().get(timeout=0.02)
        run(asyncio.sleep(0.02))
        thread = threading.Thread(target=lambda: time.sleep(0.02))
        thread.start()
        thread.join()
        told.append(dt.datetime.now(dt.UTC))

    rehearse(lambda client: client.scheduler.every().day.at("15:45").do(job), "2020-02-29", "2020-02-29")
    assert told == [dt.datetime(2020, 2, 29, 15, 45, tzinfo=dt.UTC)]


def test_a_job_that_sleeps_makes_the_others_late_as_it_would() -> None:
    def plan(client: ClientBase) -> None:
        client.scheduler.every().day.at("10:00").do(time.sleep, 600)
        client.scheduler.every().day.at("10:05").do(print, end="")

    _, seen = rehearse(plan, "2026-01-05", "2026-01-05")
    minutes = [((each.started - each.due) // 60_000_000, each.outcome) for each in seen]
    assert minutes == [(0, "overrun"), (5, "ok")]


class Restarting(ClientBase):
    """Asks to be started anew whenever a job raises."""

    error_policy = "restart"


class Stopping(ClientBase):
    """Ends when a job raises."""

    error_policy = "stop"


def failing_at(*days: int) -> Plan:
    def job() -> None:
        if dt.datetime.now(dt.UTC).day in days:
            raise ValueError(f"on day {dt.datetime.now(dt.UTC).day}")

    return lambda client: client.scheduler.every().day.at("12:00").do(job)


def test_a_job_that_raises_is_shown_with_its_trace_and_the_policy_decides_what_follows() -> None:
    for kind, runs, exit_code in ((ClientBase, 10, 0), (Restarting, 10, 0), (Stopping, 3, 0)):
        ended, seen = rehearse(failing_at(3, 6), "2026-01-01", "2026-01-10", kind=kind)
        assert len(seen) == runs, kind
        failed = [each for each in seen if each.outcome == "failed"]
        assert [to_datetime(each.due).day for each in failed] == ([3, 6] if runs == 10 else [3])
        assert "ValueError: on day 3" in failed[0].trace
        assert ended.ending.exit_code == exit_code
    assert ended.ending.outcome == "job_error"


def test_one_that_is_started_anew_again_and_again_is_given_up() -> None:
    ended, seen = rehearse(failing_at(*range(1, 32)), "2026-01-01", "2026-01-31", kind=Restarting)
    assert len(seen) == 11
    assert "gives it up" in ended.note
    assert ended.ending.exit_code == ExitCode.RESTART


def test_a_rehearsal_is_bounded_and_says_how_far_it_came() -> None:
    def plan(client: ClientBase) -> None:
        client.scheduler.every().second.do(print, end="")

    ended, seen = rehearse(plan, "2026-01-01", "2026-01-31", limits=Limits(jobs=100))
    assert len(seen) == 100
    assert "100 runs of jobs" in ended.note
    assert "from 2026-01-01 00:01:41 UTC on did not run" in ended.note
    ended, _ = rehearse(plan, "2026-01-01", "2026-01-31", limits=Limits(seconds=0.05))
    assert "0.05 seconds" in ended.note


def test_a_client_that_stops_itself_ends_the_rehearsal_there() -> None:
    def plan(client: ClientBase) -> None:
        client.scheduler.every().day.at("12:00").do(client.stop_client)

    ended, seen = rehearse(plan, "2026-01-01", "2026-01-31")
    assert len(seen) == 1
    assert (ended.ending.outcome, to_datetime(ended.reached).day) == ("finished", 1)


@pytest.mark.parametrize(
    ("text", "end", "moment"),
    [
        ("2026-03-08", False, "2026-03-08 05:00"),
        ("2026-03-08", True, "2026-03-09 03:59:59.999999"),
        ("2026-03-08 12:00", True, "2026-03-08 16:00"),
        ("2026-03-08T12:00:00+00:00", False, "2026-03-08 12:00"),
    ],
)
def test_a_span_is_days_or_moments_in_the_clients_zone(text: str, end: bool, moment: str) -> None:
    found = moment_of(text, ZoneInfo("America/New_York"), end=end)
    assert found == from_datetime(dt.datetime.fromisoformat(moment))
