"""Runs of jobs: at most once each, whatever processes, sleeps and clocks do; errors never lose the schedule."""

from typing import Any

import pytest

from quantstrip.client.base import ClientBase
from quantstrip.client.ending import StopTimeout
from quantstrip.client.records import MemoryRecords
from quantstrip.clock import Micros
from quantstrip.errors import LedgerBusy
from quantstrip.model import ExitCode


class BusyRecords(MemoryRecords):
    """Records that another process holds for the first few calls of one kind."""

    def __init__(self, refusals: int, of: str) -> None:
        super().__init__()
        self.refusals = refusals
        self.of = of

    def begin_job(self, client: str, job: str, due: Micros, run_id: int) -> int | None:
        self.refuse("begin_job")
        return super().begin_job(client, job, due, run_id)

    def finish_job(self, job_run_id: int, outcome: str, trace: str = "") -> None:
        self.refuse("finish_job")
        super().finish_job(job_run_id, outcome, trace)

    def refuse(self, call: str) -> None:
        if call == self.of and self.refusals > 0:
            self.refusals -= 1
            raise LedgerBusy("the ledger stayed locked")


def daily(client: Any, bench: Any) -> None:
    client.scheduler.every().day.at("15:45").do(bench.note)


def test_a_daily_job_runs_once_a_day_and_not_again_at_each_restart(bench: Any, client_of: Any) -> None:
    kind = client_of(daily)
    bench.start(kind)
    bench.run_until("2026-01-05 20:46")
    for _ in range(5):
        bench.clock.advance(1)
        bench.start(kind)
        bench.run_until("2026-01-05 21:00")
    bench.run_until("2026-01-06 21:00")
    assert bench.ran == ["2026-01-05 20:45 job", "2026-01-06 20:45 job"]


def test_a_restart_just_after_the_due_time_still_runs_it(bench: Any, client_of: Any) -> None:
    kind = client_of(daily)
    bench.start(kind)
    bench.run_until("2026-01-05 20:44:50")
    bench.clock.advance(25)  # killed at 20:44:50, back at 20:45:15
    bench.start(kind)
    bench.run_until("2026-01-05 20:50")
    assert bench.ran == ["2026-01-05 20:45 job"]
    assert bench.outcomes() == [("2026-01-05 20:45", "ok")]


def test_a_job_killed_in_the_middle_is_interrupted_and_not_repeated(bench: Any, client_of: Any) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every().day.at("15:45").do(killed)

    def killed() -> None:
        bench.note()
        raise KeyboardInterrupt  # stands for the kill: no handler of ours runs

    kind = client_of(plan)
    bench.start(kind)
    with pytest.raises(KeyboardInterrupt):
        bench.run_until("2026-01-05 20:46")
    bench.records.runs[0] = bench.records.runs[0]._replace(outcome="running")  # as a kill leaves it
    bench.start(kind)
    assert bench.outcomes() == [("2026-01-05 20:45", "interrupted")]
    bench.run_until("2026-01-06 20:44")
    assert len(bench.ran) == 1


def test_a_run_whose_end_nobody_recorded_does_not_keep_the_next_days_from_taking_place(
    bench: Any, client_of: Any
) -> None:
    kind = client_of(daily)
    bench.start(kind)
    bench.run_until("2026-01-05 20:46")
    bench.records.runs[0] = bench.records.runs[0]._replace(outcome="running")  # the mark that a killed process leaves
    for day in ("06", "07"):
        bench.start(kind)
        bench.run_until(f"2026-01-{day} 20:46")
    assert bench.ran == [f"2026-01-{day} 20:45 job" for day in ("05", "06", "07")]
    assert [outcome for _, outcome in bench.outcomes()] == ["interrupted", "ok", "ok"]


@pytest.mark.parametrize(
    ("policy", "ran", "outcomes"),
    [
        ("skip", [], [("2026-01-06 20:45", "missed"), ("2026-01-07 20:45", "missed")]),
        ("run_once", ["2026-01-08 15:00 job"], [("2026-01-06 20:45", "missed"), ("2026-01-07 20:45", "ok")]),
    ],
)
def test_runs_missed_while_the_client_was_down(
    bench: Any, client_of: Any, policy: str, ran: list[str], outcomes: list[tuple[str, str]]
) -> None:
    kind = client_of(daily, missed_runs=policy)
    bench.start(kind)
    bench.run_until("2026-01-06 14:00")
    bench.ran.clear()
    bench.clock.set(bench.clock.now() + 2 * 86_400_000_000 + 3_600_000_000)  # until 2026-01-08 15:00
    bench.start(kind)
    bench.run_until("2026-01-08 20:00")
    assert bench.ran == ran
    assert bench.outcomes() == [("2026-01-05 20:45", "ok"), *outcomes]
    bench.start(kind)  # a restart neither tells nor runs them again
    bench.run_until("2026-01-08 20:50")
    assert bench.ran == [*ran, "2026-01-08 20:45 job"]
    assert len([alert for alert in bench.records.alerts if alert[0] == "missed_job"]) == 1


def test_a_job_that_has_never_run_is_missed_too_when_the_same_code_was_there_before(bench: Any, client_of: Any) -> None:
    kind = client_of(daily)
    bench.start(kind)
    bench.run_until("2026-01-05 15:00")
    bench.clock.set(bench.clock.now() + 8 * 3_600_000_000)
    bench.start(kind)
    assert bench.outcomes() == [("2026-01-05 20:45", "missed")]


def test_a_new_job_of_new_code_has_missed_nothing(bench: Any, client_of: Any) -> None:
    bench.start(client_of(lambda client, bench: None))
    bench.clock.set(bench.clock.now() + 8 * 3_600_000_000)
    bench.start(client_of(daily, missed_runs="run_once"), same_code=False)
    bench.run_until("2026-01-06 14:00")
    assert bench.outcomes() == []
    assert bench.ran == []


@pytest.mark.parametrize(("policy", "late"), [("skip", []), ("run_once", ["2026-01-05 23:00 job"])])
def test_a_sleeping_machine_misses_its_daily_job(bench: Any, client_of: Any, policy: str, late: list[str]) -> None:
    bench.clock.jump_at("2026-01-05 16:00", 7 * 3600)
    bench.start(client_of(daily, missed_runs=policy))
    bench.run_until("2026-01-06 21:00")
    assert bench.ran == [*late, "2026-01-06 20:45 job"]
    assert bench.outcomes()[0] == ("2026-01-05 20:45", "ok" if late else "missed")


def test_a_sleep_that_ends_within_a_minute_of_the_due_time_misses_nothing(bench: Any, client_of: Any) -> None:
    bench.clock.jump_at("2026-01-05 16:00", 4 * 3600 + 45 * 60 + 20)
    bench.start(client_of(daily))
    bench.run_until("2026-01-05 21:00")
    assert bench.ran == ["2026-01-05 20:45 job"]


def test_an_interval_job_goes_on_after_a_sleep_without_catching_up(bench: Any, client_of: Any) -> None:
    bench.clock.jump_at("2026-01-05 14:12", 3 * 3600)
    bench.start(client_of(lambda client, bench: client.scheduler.every(10).minutes.do(bench.note)))
    bench.run_until("2026-01-05 17:35")
    assert bench.ran == ["2026-01-05 14:10 job", "2026-01-05 17:12 job", "2026-01-05 17:20 job", "2026-01-05 17:30 job"]
    assert all(outcome == "ok" for _, outcome in bench.outcomes())


def test_a_clock_set_back_neither_repeats_a_daily_job_nor_stalls_an_interval(bench: Any, client_of: Any) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every().day.at("15:45").do(bench.note, "daily")
        client.scheduler.every(20).minutes.do(bench.note, "interval")

    bench.clock.jump_at("2026-01-05 20:50", -3 * 3600)
    bench.start(client_of(plan))
    bench.run_until("2026-01-05 20:49")
    bench.ran.clear()
    while not bench.ran or bench.ran[-1] < "2026-01-05 21:00":
        assert bench.loop is not None
        bench.loop.step()
    assert [entry for entry in bench.ran if "daily" in entry] == []
    assert bench.ran[0].startswith("2026-01-05 18:10")
    assert bench.outcomes().count(("2026-01-05 20:45", "ok")) == 1


def test_the_loop_wakes_every_thirty_seconds_without_work(bench: Any, client_of: Any) -> None:
    loop = bench.start(client_of(lambda client, bench: None))
    before = bench.clock.now()
    loop.step()
    assert bench.clock.now() - before == 30_000_000


@pytest.mark.parametrize(
    ("policy", "stopping", "code"),
    [("continue", False, None), ("restart", True, ExitCode.RESTART), ("stop", True, ExitCode.STOPPED)],
)
def test_a_job_that_raises_is_recorded_and_handled_by_the_error_policy(
    bench: Any, client_of: Any, log: list[str], policy: str, stopping: bool, code: ExitCode | None
) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(fails)
        client.scheduler.every(10).seconds.do(bench.note)

    def fails() -> None:
        raise ValueError("no prices for SPY")

    loop = bench.start(client_of(plan, error_policy=policy))
    bench.clock.advance(10)
    loop.step()
    run = bench.records.runs[0]
    assert (run.job, run.outcome) == ("fails every 10 seconds", "failed")
    assert "Traceback" in run.trace
    assert "no prices for SPY" in run.trace
    assert any("no prices for SPY" in line for line in log)
    assert bench.records.alerts[0][0] == "job_error"
    assert len(bench.ran) == (0 if stopping else 1)
    ending = loop.runner.ending
    assert (ending and ending.exit_code) == code
    if not stopping:
        bench.clock.advance(10)
        loop.step()
        assert len([run for run in bench.records.runs if run.outcome == "failed"]) == 2


def test_on_error_hears_of_the_error_and_may_choose_another_policy(bench: Any, client_of: Any) -> None:
    heard = []

    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(lambda: 1 / 0)

    def on_error(self: Any, job: Any, error: Exception) -> str:
        heard.append((job.key, type(error)))
        return "stop"

    loop = bench.start(client_of(plan, on_error=on_error))
    bench.clock.advance(10)
    loop.step()
    assert heard == [("<lambda> every 10 seconds", ZeroDivisionError)]
    assert loop.runner.ending is not None
    assert loop.runner.ending.outcome == "job_error"


@pytest.mark.parametrize("answer", ["sometimes", RuntimeError("hook")])
def test_an_on_error_that_is_wrong_itself_leaves_the_class_policy(bench: Any, client_of: Any, answer: Any) -> None:
    def on_error(self: Any, job: Any, error: Exception) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    plan = lambda client, bench: client.scheduler.every(10).seconds.do(lambda: 1 / 0)  # noqa: E731
    loop = bench.start(client_of(plan, on_error=on_error, error_policy="restart"))
    bench.clock.advance(10)
    loop.step()
    assert loop.runner.ending is not None
    assert loop.runner.ending.exit_code == ExitCode.RESTART


def test_stop_client_from_inside_a_job_starts_nothing_more_and_finishes(bench: Any, client_of: Any) -> None:
    stopped = []

    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(client.stop_client)
        client.scheduler.every(10).seconds.do(bench.note)

    ending = bench.start_and_run(client_of(plan, on_stop=lambda self: stopped.append(True)))
    assert (ending.outcome, ending.exit_code) == ("finished", ExitCode.STOPPED)
    assert bench.ran == []
    assert stopped == [True]


def test_a_request_to_stop_lets_the_running_job_finish(bench: Any, client_of: Any) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(long_job)
        client.scheduler.every(10).seconds.do(bench.note)

    def long_job() -> None:
        assert bench.loop is not None
        bench.loop.request_stop()
        bench.ran.append("finished its work")

    ending = bench.start_and_run(client_of(plan))
    assert ending.outcome == "stopped"
    assert bench.ran == ["finished its work"]
    assert [run.outcome for run in bench.records.runs] == ["ok"]


def test_a_job_that_does_not_end_in_time_is_interrupted_and_on_stop_is_called(bench: Any, client_of: Any) -> None:
    stopped = []

    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(endless)

    def endless() -> None:
        assert bench.loop is not None
        assert bench.loop.runner.interruptible
        bench.loop.request_stop()
        try:
            raise StopTimeout  # what the alarm raises
        except Exception:
            pytest.fail("a job's own 'except Exception' must not catch it")

    assert bench.start_and_run(client_of(plan, on_stop=lambda self: stopped.append(True))).outcome == "stopped"
    assert [run.outcome for run in bench.records.runs] == ["interrupted"]
    assert stopped == [True]
    assert not bench.loop.runner.interruptible


@pytest.mark.parametrize("hook", ["on_start", "on_stop"])
def test_a_hook_that_raises(bench: Any, client_of: Any, hook: str) -> None:
    def broken(self: Any) -> None:
        raise RuntimeError("broken hook")

    plan = lambda client, bench: client.scheduler.every(10).seconds.do(client.stop_client)  # noqa: E731
    ending = bench.start_and_run(client_of(plan, **{hook: broken}))
    expected = ("crashed", ExitCode.CRASHED) if hook == "on_start" else ("finished", ExitCode.STOPPED)
    assert (ending.outcome, ending.exit_code) == expected
    assert ("broken hook" in ending.trace) == (hook == "on_start")


def test_an_overrun_is_alerted_while_it_runs_and_recorded_and_never_killed(bench: Any, client_of: Any) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every(10).seconds.do(slow)

    def slow() -> None:
        assert bench.loop is not None
        bench.clock.advance(9)
        bench.loop.runner.check_overrun()  # as the heartbeat does
        assert bench.records.alerts == []
        bench.clock.advance(3)
        bench.loop.runner.check_overrun()
        assert [alert[0] for alert in bench.records.alerts] == ["overrun"]
        bench.note()

    loop = bench.start(client_of(plan))
    bench.clock.advance(10)
    loop.step()
    assert len(bench.ran) == 1
    assert [run.outcome for run in bench.records.runs] == ["overrun"]
    assert len(bench.records.alerts) == 1


def test_a_job_that_keeps_another_one_waiting_for_a_minute_overruns_and_the_other_runs_late(
    bench: Any, client_of: Any
) -> None:
    def plan(client: Any, bench: Any) -> None:
        client.scheduler.every().day.at("15:45").do(slow)
        client.scheduler.every().day.at("15:50").do(bench.note)

    def slow() -> None:
        bench.clock.advance(600)

    bench.start(client_of(plan))
    bench.run_until("2026-01-05 21:00")
    assert bench.ran == ["2026-01-05 20:55 job"]
    assert bench.outcomes() == [("2026-01-05 20:45", "overrun"), ("2026-01-05 20:50", "ok")]


def test_a_ledger_that_cannot_record_a_run_holds_the_run_back_until_it_can(bench: Any, client_of: Any) -> None:
    bench.records = BusyRecords(refusals=3, of="begin_job")
    bench.start(client_of(lambda client, bench: client.scheduler.every().day.at("15:45").do(bench.note)))
    bench.run_until("2026-01-05 21:00")
    assert bench.ran == ["2026-01-05 20:45 job"]
    assert bench.outcomes() == [("2026-01-05 20:45", "ok")]


def test_the_end_of_a_run_that_the_ledger_cannot_take_is_recorded_later(bench: Any, client_of: Any) -> None:
    bench.records = BusyRecords(refusals=1, of="finish_job")
    bench.start(client_of(lambda client, bench: client.scheduler.every(10).seconds.do(bench.note)))
    bench.run_until("2026-01-05 14:00:25")
    assert [run.outcome for run in bench.records.runs] == ["ok", "ok"]


def test_a_client_works_without_calling_the_base_constructor_and_outside_the_platform() -> None:
    class Client(ClientBase):
        def __init__(self, *args: Any) -> None:
            self.scheduler.every().day.at("16:00").do(print)

    client = Client()
    assert len(client.scheduler.get_jobs()) == 1
    assert client.display_name == "Client"
    assert not client.stopping
