"""The published scheduler: the whole syntax of ``schedule``, on a clock that the test moves."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import schedule

from quantstrip.client.scheduler import Scheduler
from quantstrip.clock import ManualClock, from_text, to_text

if TYPE_CHECKING:
    from quantstrip.client.job import Job

NEW_YORK = ZoneInfo("America/New_York")


class Bench:
    """A scheduler in a zone, a clock, and a list of when which job ran."""

    def __init__(self, start: str = "2026-01-05 15:00", zone: str = "America/New_York") -> None:
        self.clock = ManualClock(from_text(start))
        self.scheduler = Scheduler(self.clock, ZoneInfo(zone))
        self.ran: list[tuple[str, str]] = []

    def job(self, name: str = "job", result: Any = None) -> Any:
        self.ran.append((name, to_text(self.clock.now())[:19]))
        if isinstance(result, Exception):
            raise result
        return result

    def times(self) -> list[str]:
        return [moment for _, moment in self.ran]

    def run_for(self, duration: timedelta) -> None:
        """Let time pass as the client's loop does: from due moment to due moment."""
        end = self.clock.now() + duration // timedelta(microseconds=1)
        while (due := self.scheduler.next_due()) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self.scheduler.run_pending()
        self.clock.set(end)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_a_schedule_scheduler_with_schedule_jobs(bench: Bench) -> None:
    assert isinstance(bench.scheduler, schedule.Scheduler)
    assert isinstance(bench.scheduler.every(), schedule.Job)


def test_every_five_seconds_without_drift(bench: Bench) -> None:
    bench.scheduler.every(5).seconds.do(bench.job)
    bench.clock.advance(5.4)  # the loop woke late
    bench.scheduler.run_pending()
    bench.run_for(timedelta(seconds=10))
    assert bench.times() == ["2026-01-05 15:00:05", "2026-01-05 15:00:10", "2026-01-05 15:00:15"]


def test_an_interval_job_never_catches_up(bench: Bench) -> None:
    bench.scheduler.every(5).minutes.do(bench.job)
    bench.clock.advance(3600 + 120)
    bench.scheduler.run_pending()
    assert len(bench.ran) == 1
    assert bench.scheduler.idle_seconds == 180


def test_the_default_zone_decides_a_time_without_zone_and_a_named_zone_wins() -> None:
    bench = Bench(zone="Europe/Berlin")
    here = bench.scheduler.every().day.at("18:00").do(bench.job)
    there = bench.scheduler.every().day.at("15:45", "America/New_York").do(bench.job)
    by_object = bench.scheduler.every().day.at("15:45", NEW_YORK).do(bench.job)
    assert to_text(here.due)[:16] == "2026-01-05 17:00"
    assert to_text(there.due)[:16] == to_text(by_object.due)[:16] == "2026-01-05 20:45"
    assert bench.scheduler.next_run == datetime(2026, 1, 5, 18, 0)  # noqa: DTZ001 - naive wall time, as in schedule


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("default", ["America/New_York", "Asia/Tokyo"])
def test_a_year_of_daily_runs_is_right_on_both_clock_changes(default: str, zone: str | None) -> None:
    bench = Bench("2026-01-01 00:00", zone=default)
    bench.scheduler.every().day.at("15:45", zone).do(bench.job)
    bench.run_for(timedelta(days=365))
    expected = ZoneInfo(zone or default)
    walls = [datetime.fromisoformat(text + "+00:00").astimezone(expected) for text in bench.times()]
    assert len(walls) == 365
    assert {wall.strftime("%H:%M") for wall in walls} == {"15:45"}
    assert len({wall.date() for wall in walls}) == 365


def test_weekdays_and_their_times(bench: Bench) -> None:
    bench.scheduler.every().monday.at("09:30").do(bench.job, "monday")
    bench.scheduler.every().friday.at("15:45", "America/New_York").do(bench.job, "friday")
    bench.run_for(timedelta(days=8))
    assert bench.ran == [("friday", "2026-01-09 20:45:00"), ("monday", "2026-01-12 14:30:00")]


@pytest.mark.parametrize(
    ("unit", "at", "due"),
    [
        ("minute", ":20", "2026-01-05 15:00:20"),
        ("hour", ":30", "2026-01-05 15:30:00"),
        ("hour", "59:59", "2026-01-05 15:59:59"),
        ("day", "10:00:05", "2026-01-05 15:00:05"),
        ("day", "10:00", "2026-01-06 15:00:00"),
        ("week", None, "2026-01-12 15:00:00"),
        ("day", None, "2026-01-06 15:00:00"),
    ],
)
def test_units_and_their_times(bench: Bench, unit: str, at: str | None, due: str) -> None:
    job = getattr(bench.scheduler.every(), unit)
    job = (job.at(at) if at else job).do(bench.job)
    assert to_text(job.due)[:19] == due


def test_a_day_without_a_time_keeps_the_time_of_day_over_a_clock_change() -> None:
    bench = Bench("2026-03-07 07:30")  # 02:30 in New York, which the next day does not have
    bench.scheduler.every().day.do(bench.job)
    bench.run_for(timedelta(days=3))
    assert bench.times() == ["2026-03-08 07:30:00", "2026-03-09 06:30:00", "2026-03-10 06:30:00"]


def test_random_intervals_stay_in_their_range(bench: Bench) -> None:
    job = bench.scheduler.every(5).to(10).seconds.do(bench.job)
    gaps = set()
    for _ in range(200):
        gaps.add(round(bench.scheduler.idle_seconds or 0))
        bench.clock.set(job.due)
        bench.scheduler.run_pending()
    assert gaps == {5, 6, 7, 8, 9, 10}


def test_an_exception_never_loses_the_schedule(bench: Bench) -> None:
    bench.scheduler.every(5).seconds.do(bench.job, result=ValueError("no data"))
    bench.clock.advance(5)
    with pytest.raises(ValueError, match="no data"):
        bench.scheduler.run_pending()
    assert bench.scheduler.idle_seconds == 5


def test_cancel_job_clear_and_tags(bench: Bench) -> None:
    once = bench.scheduler.every(5).seconds.do(bench.job, result=schedule.CancelJob)
    tagged = bench.scheduler.every(7).seconds.do(bench.job).tag("prices", "fast")
    bench.clock.advance(5)
    bench.scheduler.run_pending()
    assert once not in bench.scheduler.get_jobs()
    assert bench.scheduler.get_jobs("fast") == [tagged]
    assert bench.scheduler.get_next_run("slow") is None
    bench.scheduler.clear("prices")
    assert bench.scheduler.get_jobs() == []
    assert bench.scheduler.next_due() is None
    assert bench.scheduler.idle_seconds is None


def test_a_job_cancelled_by_an_earlier_one_does_not_run(bench: Bench) -> None:
    second: Job | None = None

    def first() -> None:
        assert second is not None
        bench.scheduler.cancel_job(second)

    bench.scheduler.every(5).seconds.do(first)
    second = bench.scheduler.every(5).seconds.do(bench.job)
    bench.clock.advance(6)
    bench.scheduler.run_pending()
    assert bench.ran == []


def test_nothing_starts_after_halt(bench: Bench) -> None:
    bench.scheduler.every(5).seconds.do(bench.scheduler.halt)
    bench.scheduler.every(5).seconds.do(bench.job)
    bench.clock.advance(6)
    bench.scheduler.run_pending()
    bench.scheduler.run_all()
    assert bench.ran == []


def test_the_repeat_decorator(bench: Bench) -> None:
    @schedule.repeat(bench.scheduler.every(10).seconds, "decorated")  # type: ignore[no-untyped-call,untyped-decorator]
    def named(name: str) -> None:
        bench.job(name)

    bench.run_for(timedelta(seconds=20))
    assert [name for name, _ in bench.ran] == ["decorated", "decorated"]


@pytest.mark.parametrize(
    "until",
    ["2026-01-05 10:00:12", "10:00:12", timedelta(seconds=12), time(10, 0, 12), datetime(2026, 1, 5, 10, 0, 12)],  # noqa: DTZ001
)
def test_until_ends_a_job_in_the_schedulers_zone(bench: Bench, until: Any) -> None:
    bench.scheduler.every(5).seconds.until(until).do(bench.job)
    bench.run_for(timedelta(minutes=1))
    assert bench.times() == ["2026-01-05 15:00:05", "2026-01-05 15:00:10"]
    assert bench.scheduler.get_jobs() == []


def test_until_takes_a_moment_of_any_zone_and_refuses_the_past(bench: Bench) -> None:
    bench.scheduler.every().second.until(datetime(2026, 1, 6, 0, 0, 2, tzinfo=ZoneInfo("Asia/Tokyo"))).do(bench.job)
    bench.run_for(timedelta(minutes=1))
    assert len(bench.ran) == 2
    with pytest.raises(schedule.ScheduleValueError, match="past"):
        bench.scheduler.every().second.until("2026-01-05 09:59")
    with pytest.raises(schedule.ScheduleValueError, match="takes a time"):
        bench.scheduler.every().second.until("tomorrow")
    with pytest.raises(TypeError):
        bench.scheduler.every().second.until(5)


def test_a_job_that_wakes_after_its_end_does_not_run(bench: Bench) -> None:
    bench.scheduler.every(5).seconds.until(timedelta(seconds=12)).do(bench.job)
    bench.clock.advance(60)
    bench.scheduler.run_pending()
    assert bench.ran == []
    assert bench.scheduler.get_jobs() == []


def test_run_all_runs_everything_once_and_keeps_the_times(bench: Bench) -> None:
    daily = bench.scheduler.every().day.at("15:45").do(bench.job, "daily")
    due = daily.due
    bench.scheduler.every(5).seconds.do(bench.job, "interval")
    bench.scheduler.run_all(delay_seconds=1)
    assert [name for name, _ in bench.ran] == ["daily", "interval"]
    assert daily.due == due


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda s: s.every(2).day, schedule.IntervalError),
        (lambda s: s.every(2).monday, schedule.IntervalError),
        (lambda s: s.every().day.at("25:00"), schedule.ScheduleValueError),
        (lambda s: s.every().day.at("9:00"), schedule.ScheduleValueError),
        (lambda s: s.every().day.at("15:45", "America/Gotham"), schedule.ScheduleValueError),
        (lambda s: s.every().second.at(":05"), schedule.ScheduleValueError),
        (lambda s: s.every(0).seconds.do(print), schedule.ScheduleValueError),
        (lambda s: s.every(5).do(print), schedule.ScheduleValueError),
        (lambda s: s.every(5).to(4).seconds.do(print), schedule.ScheduleError),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(bench: Bench, build: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        build(bench.scheduler)
    assert bench.scheduler.get_jobs() == []


def test_the_key_names_function_arguments_and_times_and_repeats_after_a_restart() -> None:
    def keys() -> list[str]:
        bench = Bench()
        every = bench.scheduler.every
        jobs = [
            every().day.at("15:45", "America/New_York").do(bench.job, "SPY"),
            every().day.at("15:45").do(bench.job),
            every(5).seconds.do(bench.job, result=3),
            every(5).seconds.do(bench.job, result=3),
            every().friday.at("16:00").do(lambda: None),
            every(2).to(3).hours.do(bench.job, bench),
            every(1).hours.do(bench.job, "a password"),
        ]
        return [job.key for job in jobs]

    assert keys() == keys()
    assert keys()[:6] == [
        "job(SPY) every 1 days at 15:45:00 America/New_York",
        "job every 1 days at 15:45:00",
        "job(result=3) every 5 seconds",
        "job(result=3) every 5 seconds #2",
        "<lambda> every 1 friday at 16:00:00",
        "job(Bench) every 2 to 3 hours",
    ]
    assert "password" not in keys()[6]


def test_a_job_resumes_from_the_run_of_an_earlier_process(bench: Bench) -> None:
    third = bench.scheduler.every(3).days.at("09:30").do(bench.job)
    third.resume(from_text("2026-01-04 14:30"))
    assert to_text(third.due)[:16] == "2026-01-07 14:30"
    daily = bench.scheduler.every().day.do(bench.job)
    daily.resume(from_text("2026-01-04 21:10"))
    assert to_text(daily.due)[:16] == "2026-01-05 21:10"
    bench.clock.set(daily.due)
    bench.scheduler.run_pending()
    assert to_text(daily.due)[:16] == "2026-01-06 21:10"
