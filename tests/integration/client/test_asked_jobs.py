"""Jobs that a person asks for, in real processes: at once, in the client's own loop, and once at most."""

import random
import signal
from typing import Any

import pytest

from quantstrip.clock import HOUR, SECOND, from_text, system_clock
from quantstrip.errors import ClientNotFound, InvalidRecord, JobRefused
from quantstrip.operations import jobs

WORKER = """
    import os
    import time
    from pathlib import Path
    from quantstrip import ClientBase, logger, settings

    HERE = Path(os.environ["QUANTSTRIP_HOME"])

    class Client(ClientBase):
        def on_start(self):
            self.scheduler.every(2).hours.do(self.quick)
            self.scheduler.every(3).hours.do(self.slow)
            self.scheduler.every().day.at("15:45", "America/New_York").do(self.broken)
            logger.info('ready')

        def on_error(self, job, error):
            logger.info("on_error heard of {}", job.key)

        def quick(self):
            self.note("quick")

        def slow(self):
            self.note("slow begins")
            time.sleep(1.5)
            self.note("slow ends")

        def broken(self):
            raise ValueError("no such symbol")

        @staticmethod
        def note(words):
            with (HERE / "notes.txt").open("a") as file:
                file.write(words + chr(10))
"""


def notes(station: Any) -> list[str]:
    path = station.home.root / "notes.txt"
    return path.read_text().splitlines() if path.exists() else []


def begun(station: Any) -> Any:
    station.deploy("worker", WORKER)
    process = station.start_beating("worker")
    station.wait_for(lambda: jobs.planned(station.home), "its jobs to be known")
    return process


def test_a_job_runs_within_about_a_second_and_its_schedule_stays(station: Any) -> None:
    begun(station)
    before = jobs.planned(station.home, "worker")
    assert [each.job.split()[0] for each in before if each.job.split()[0] != "broken"] == ["quick", "slow"]
    asked_at = system_clock.now()
    asked = jobs.ask(station.home, "worker", "quick", by="a person")
    assert not asked.over
    done = jobs.wait(station.home, asked.id, 30)
    assert (done.state, done.outcome, done.words) == ("done", "ok", "ran: ok")
    assert notes(station) == ["quick"]
    (run,) = jobs.job_runs(station.home, "worker")
    assert (run.by_hand, run.late, run.code_hash) == (True, False, "v1")
    assert run.started - asked_at < 3 * SECOND, "a second, and a busy machine's patience"
    assert jobs.planned(station.home, "worker") == before
    assert station.says("worker", "a person asked for it")


def test_it_waits_for_the_job_that_runs_and_never_runs_beside_it(station: Any) -> None:
    begun(station)
    slow = jobs.ask(station.home, "worker", "slow")
    station.wait_for(lambda: "slow begins" in notes(station), "the slow job to begin")
    quick = jobs.ask(station.home, "worker", "quick")
    again = jobs.ask(station.home, "worker", "slow")
    with pytest.raises(InvalidRecord, match="waits for its turn"):
        jobs.ask(station.home, "worker", "quick")
    assert jobs.asked(station.home, quick.id).words == "waits for its turn: another job runs"
    for each in (slow, quick, again):
        assert jobs.wait(station.home, each.id, 30).outcome == "ok"
    assert notes(station) == ["slow begins", "slow ends", "quick", "slow begins", "slow ends"]


def test_one_that_raises_is_recorded_and_told_like_any_other(station: Any) -> None:
    process = begun(station)
    failed = jobs.wait(station.home, jobs.ask(station.home, "worker", "broken").id, 30)
    assert (failed.outcome, failed.note) == ("failed", "ValueError: no such symbol")
    assert "in broken" in failed.trace
    station.wait_for(lambda: station.says("worker", "on_error heard of broken"), "on_error")
    (alert,) = station.ledger.alerts()
    assert (alert["kind"], alert["client"]) == ("job_error", "worker")
    assert process.poll() is None, "error_policy is continue"


def test_one_that_does_not_run_is_refused_with_what_to_do(station: Any) -> None:
    with pytest.raises(ClientNotFound, match="worker"):
        jobs.ask(station.home, "worker", "quick")
    process = begun(station)
    with pytest.raises(JobRefused, match="no job 'nothing'") as refused:
        jobs.ask(station.home, "worker", "nothing")
    assert "slow every 3 hours" in refused.value.hint
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    with pytest.raises(JobRefused, match="does not run") as refused:
        jobs.ask(station.home, "worker", "quick")
    assert "quantstrip start worker" in refused.value.hint
    assert jobs.planned(station.home) == []
    assert {each.due for each in jobs.planned(station.home, "worker")} == {0}
    assert station.ledger.job_requests() == []


def test_what_waits_when_the_process_is_killed_expires_and_never_runs(station: Any) -> None:
    process = begun(station)
    slow = jobs.ask(station.home, "worker", "slow")
    station.wait_for(lambda: "slow begins" in notes(station), "the slow job to begin")
    waiting = jobs.ask(station.home, "worker", "quick")
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert jobs.wait(station.home, waiting.id, 30).words == "did not run: its process ended before it came to it"
    assert jobs.wait(station.home, slow.id, 30).words == "ran: interrupted"
    begun(station)
    station.wait_for(lambda: station.ledger.job_request(slow.id)["state"] == "done", "the record of it")
    assert station.ledger.job_request(waiting.id)["state"] == "expired"
    assert notes(station) == ["slow begins"]
    assert station.outcomes("worker") == ["interrupted"]


def test_whenever_it_is_killed_a_request_is_carried_out_once_at_most(station: Any) -> None:
    """Killed at moments from before the request is heard to after its run has ended."""
    chance = random.Random(7)
    asked = []
    for _ in range(5):
        process = begun(station)
        asked += [jobs.ask(station.home, "worker", "quick").id]
        system_clock.wait(chance.uniform(0.0, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    begun(station)
    found = [jobs.wait(station.home, number, 30) for number in asked]
    assert all(each.over for each in found)
    ran = [each for each in found if each.state == "done"]
    assert sum(each.outcome == "ok" for each in ran) <= len(notes(station)) <= len(ran)
    assert len(station.ledger.job_runs("worker")) == len(ran)


def test_a_request_by_hand_moves_no_daily_run(station: Any) -> None:
    """After a restart the schedule counts from its own runs: what was run by hand neither missed nor moved any."""
    process = begun(station)
    due = next(each.due for each in jobs.planned(station.home, "worker") if each.job.startswith("quick"))
    run = from_text(station.last_run("worker")["started"])
    assert abs(due - run - 2 * HOUR) < 30 * SECOND
    daily = next(each for each in jobs.planned(station.home, "worker") if each.job.startswith("broken"))
    jobs.wait(station.home, jobs.ask(station.home, "worker", daily.job).id, 30)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    begun(station)
    assert daily in jobs.planned(station.home, "worker")
    assert station.ledger.last_job_due("worker", daily.job) is None
