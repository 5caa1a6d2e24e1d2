"""Work after the close of each session: half-days, holidays, weekends, restarts, failures."""

from collections.abc import Callable
from datetime import date

import pytest

from quantstrip.calendars import get_calendar
from quantstrip.client.after_close import AfterClose, last_closed
from quantstrip.client.base import ClientBase
from quantstrip.clock import MINUTE, from_text, to_text

from .conftest import Bench

Make = Callable[..., "Desk"]


class Desk:
    """Sessions whose work is done, kept across processes as the outbox keeps them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.done: list[str] = []
        self.failures = 0
        self.seconds = 0.0
        desk = self

        class Client(ClientBase):
            def __init__(self, _bench: Bench) -> None:
                super().__init__()

            def on_start(self) -> None:
                AfterClose(self, desk.work, desk.is_done, lambda: ("NYSE", 900.0)).start()

        self.client = Client

    def work(self, session: date) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no mail today")
        self.bench.clock.advance(self.seconds)
        self.done.append(f"{session} at {to_text(self.bench.clock.now())[:16]}")

    def is_done(self, session: date) -> bool:
        return any(line.startswith(str(session)) for line in self.done)


@pytest.fixture
def desk() -> Make:
    return lambda start: Desk(Bench(start))


def test_it_follows_half_days_and_leaves_out_holidays_and_weekends(desk: Make) -> None:
    thanksgiving = desk("2026-11-25 14:00")
    thanksgiving.done.append("2026-11-24")
    thanksgiving.bench.start(thanksgiving.client)
    thanksgiving.bench.run_until("2026-12-01 12:00")
    assert thanksgiving.done[1:] == [
        "2026-11-25 at 2026-11-25 21:15",
        "2026-11-27 at 2026-11-27 18:15",  # closes at 13:00 in New York
        "2026-11-30 at 2026-11-30 21:15",
    ]


def test_it_follows_the_exchanges_summer_time_not_the_machines(desk: Make) -> None:
    spring = desk("2026-03-05 22:00")
    spring.done.append("2026-03-05")
    spring.bench.start(spring.client)
    spring.bench.run_until("2026-03-10 12:00")
    assert spring.done[1:] == ["2026-03-06 at 2026-03-06 21:15", "2026-03-09 at 2026-03-09 20:15"]


def test_a_session_that_closed_while_nothing_ran_is_made_up_for_at_the_start(desk: Make) -> None:
    late = desk("2026-11-28 09:00")
    late.bench.start(late.client)
    late.bench.run_until("2026-11-28 09:01")
    assert late.done == ["2026-11-27 at 2026-11-28 09:00"]


def test_a_restart_repeats_nothing_and_misses_nothing_over_a_weekend(desk: Make) -> None:
    friday = desk("2026-11-20 20:00")
    friday.done.append("2026-11-19")
    friday.bench.start(friday.client)
    friday.bench.run_until("2026-11-20 21:30")
    friday.bench.clock.advance(60 * 60 * 62)  # off until Monday, 11:30
    friday.bench.start(friday.client)
    friday.bench.run_until("2026-11-23 22:00")
    assert friday.done[1:] == ["2026-11-20 at 2026-11-20 21:15", "2026-11-23 at 2026-11-23 21:15"]
    assert "missed" not in [outcome for _, outcome in friday.bench.outcomes()]
    assert friday.bench.records.alerts == []


def test_work_that_raises_is_a_failed_job_and_is_tried_again_after_five_minutes(desk: Make) -> None:
    trouble = desk("2026-11-20 20:00")
    trouble.done.append("2026-11-19")
    trouble.failures = 2
    trouble.bench.start(trouble.client)
    trouble.bench.run_until("2026-11-20 22:00")
    assert trouble.done[1:] == ["2026-11-20 at 2026-11-20 21:25"]
    assert [outcome for _, outcome in trouble.bench.outcomes()] == ["failed", "failed", "ok"]
    assert "no mail today" in trouble.bench.records.alerts[0][1]


def test_work_that_takes_a_minute_is_no_overrun(desk: Make) -> None:
    slow = desk("2026-11-20 20:00")
    slow.seconds = 60.0
    slow.bench.start(slow.client)
    slow.bench.run_until("2026-11-20 22:00")
    assert [outcome for _, outcome in slow.bench.outcomes()] == ["ok", "ok"]
    assert slow.bench.records.alerts == []


def test_a_machine_that_slept_over_the_close_does_it_when_it_wakes(desk: Make) -> None:
    asleep = desk("2026-11-20 20:00")
    asleep.done.append("2026-11-19")
    asleep.bench.start(asleep.client)
    asleep.bench.clock.jump_at("2026-11-20 21:00", 3 * 3600)
    asleep.bench.run_until("2026-11-21 01:00")
    assert [line[:10] for line in asleep.done[1:]] == ["2026-11-20"]
    assert asleep.bench.records.alerts == []


def test_a_session_is_over_once_its_own_close_and_the_delay_have_passed() -> None:
    calendar = get_calendar("NYSE")
    close = calendar.close_ts(date(2026, 11, 27))
    assert to_text(close)[:16] == "2026-11-27 18:00"
    assert last_closed(calendar, close + 15 * MINUTE - 1, 15 * MINUTE) == date(2026, 11, 25)
    assert last_closed(calendar, close + 15 * MINUTE, 15 * MINUTE) == date(2026, 11, 27)


def test_a_round_the_clock_market_ends_its_day_at_midnight_utc() -> None:
    assert last_closed(get_calendar("24/7"), from_text("2026-11-22 00:00"), 0) == date(2026, 11, 21)
    assert last_closed(get_calendar("24/7"), from_text("2026-11-21 23:59"), 0) == date(2026, 11, 20)
