"""Jobs that a person asks for: a request is carried out once at most, and always comes to an end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantstrip.clock import DAY, MINUTE, SECOND, ManualClock, from_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.job_requests import OPEN

DAILY = "rebalance every 1 days at 15:45:00"
OFTEN = "look every 5 minutes"
JOBS = (DAILY, OFTEN)


@pytest.fixture
def run(ledger: Ledger) -> int:
    return ledger.start_client_run("trend", 4242, "hash", "live")


def test_a_request_is_taken_once_and_its_run_is_marked(ledger: Ledger, clock: ManualClock, run: int) -> None:
    asked_at = clock.now()
    number = ledger.ask_job("trend", DAILY, run, "a person")
    clock.advance(1)
    assert ledger.jobs_are_asked(run)
    taken = ledger.take_asked_job(run, JOBS)
    assert taken is not None
    assert (taken.job, taken.due) == (DAILY, asked_at)
    assert ledger.take_asked_job(run, JOBS) is None
    assert not ledger.jobs_are_asked(run)
    (row,) = ledger.job_runs("trend")
    assert (row["job_request_id"], row["due"], row["outcome"]) == (number, "2024-03-06 17:00:00.000000", None)
    ledger.finish_job(taken.job_run_id, "failed", "ValueError")
    found = ledger.job_request(number)
    assert (found["state"], found["asked_by"], found["run"]["outcome"]) == ("done", "a person", "failed")


def test_one_asked_for_at_the_very_moment_of_a_scheduled_run_is_a_run_of_its_own(
    ledger: Ledger, clock: ManualClock, run: int
) -> None:
    assert ledger.begin_job("trend", DAILY, clock.now(), run) is not None
    ledger.ask_job("trend", DAILY, run)
    taken = ledger.take_asked_job(run, JOBS)
    assert taken is not None
    assert taken.due == clock.now() + 1
    assert len(ledger.job_runs("trend")) == 2


def test_a_job_that_waits_already_is_not_asked_for_twice(ledger: Ledger, run: int) -> None:
    ledger.ask_job("trend", DAILY, run)
    with pytest.raises(InvalidRecord, match="waits for its turn"):
        ledger.ask_job("trend", DAILY, run)
    ledger.ask_job("trend", OFTEN, run)
    assert [row["job"] for row in ledger.job_requests("trend")] == [OFTEN, DAILY]


def test_a_process_that_has_ended_is_not_asked(ledger: Ledger, run: int) -> None:
    ledger.end_client_run(run, "stopped")
    with pytest.raises(InvalidRecord, match="has ended"):
        ledger.ask_job("trend", DAILY, run)
    assert ledger.job_requests() == []


def test_a_job_that_is_gone_is_refused_and_the_next_one_is_taken(ledger: Ledger, run: int) -> None:
    gone, there = ledger.ask_job("trend", "gone every 1 days", run), ledger.ask_job("trend", DAILY, run)
    taken = ledger.take_asked_job(run, JOBS)
    assert taken is not None
    assert taken.job == DAILY
    assert ledger.job_request(gone)["state"] == "refused"
    assert "no such job" in ledger.job_request(gone)["note"]
    assert ledger.job_request(there)["state"] == "taken"


def test_what_waited_too_long_expires(ledger: Ledger, clock: ManualClock, run: int) -> None:
    number = ledger.ask_job("trend", DAILY, run)
    clock.advance(10 * MINUTE / SECOND + 1)
    assert ledger.take_asked_job(run, JOBS) is None
    assert ledger.job_request(number)["state"] == "expired"
    assert ledger.job_runs("trend") == []


@pytest.mark.parametrize("outcome", ["stopped", "killed"])
def test_what_waits_expires_with_the_process_that_was_asked(ledger: Ledger, run: int, outcome: str) -> None:
    number = ledger.ask_job("trend", DAILY, run)
    ledger.end_client_run(run, outcome)
    assert ledger.job_request(number)["state"] == "expired"
    after = ledger.start_client_run("trend", 4243, "hash", "live")
    assert ledger.take_asked_job(after, JOBS) is None


def test_the_next_process_lets_expire_what_nobody_closed(ledger: Ledger, run: int) -> None:
    number = ledger.ask_job("trend", DAILY, run)
    other = ledger.ask_job("other", DAILY, ledger.start_client_run("other", 1, "hash", "live"))
    ledger.start_client_run("trend", 4243, "hash", "live")
    assert ledger.job_request(number)["state"] == "expired"
    assert ledger.job_request(other)["state"] == "asked"


def test_a_run_that_was_killed_ends_its_request_as_interrupted(ledger: Ledger, run: int) -> None:
    number = ledger.ask_job("trend", DAILY, run)
    ledger.take_asked_job(run, JOBS)
    assert ledger.interrupt_open_jobs("trend") == 1
    found = ledger.job_request(number)
    assert (found["state"], found["run"]["outcome"]) == ("done", "interrupted")


def test_a_run_that_a_person_asked_for_says_nothing_about_the_schedule(
    ledger: Ledger, clock: ManualClock, run: int
) -> None:
    due = clock.now()
    scheduled = ledger.begin_job("trend", DAILY, due, run)
    assert scheduled is not None
    ledger.finish_job(scheduled, "ok")
    clock.advance(3600)
    ledger.ask_job("trend", DAILY, run)
    taken = ledger.take_asked_job(run, JOBS)
    assert taken is not None
    ledger.finish_job(taken.job_run_id, "ok")
    assert ledger.last_job_due("trend", DAILY) == due
    clock.advance(40 * DAY / SECOND)
    ledger.end_client_run(run, "stopped")
    ledger.prune(30)
    assert ledger.last_job_due("trend", DAILY) == due, "what the missed-run policy counts from is kept"
    assert ledger.job_requests() == [], "a request is forgotten with its run"


def test_planned_jobs_are_those_of_the_newest_process(ledger: Ledger, clock: ManualClock, run: int) -> None:
    ledger.heartbeat(run, "", {OFTEN: clock.now() + 5 * MINUTE, DAILY: clock.now() + MINUTE})
    ledger.heartbeat(run, "")  # nothing new is said
    assert [(row["client"], row["job"]) for row in ledger.planned_jobs()] == [("trend", DAILY), ("trend", OFTEN)]
    ledger.heartbeat(run, "", {OFTEN: clock.now()})
    assert [row["job"] for row in ledger.planned_jobs("trend")] == [OFTEN]
    ledger.start_client_run("trend", 4243, "hash", "live")
    assert ledger.planned_jobs() == []


def test_an_unknown_request_is_told(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecord, match="77"):
        ledger.job_request(77)


@contextmanager
def new_ledger(clock: ManualClock) -> Iterator[Ledger]:
    with TemporaryDirectory() as folder:
        made = Ledger(Home(Path(folder)).create(), clock=clock)
        made.ensure()
        yield made
        made.close()


class AskedForInAnyOrder(RuleBasedStateMachine):
    """People ask, processes take, finish, die and start again, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(from_text("2024-03-06 17:00:00"))
        self.made = new_ledger(self.clock)
        self.ledger = self.made.__enter__()
        self.run = 0
        self.handles: list[int] = []
        self.taken: list[int] = []
        self.numbers: list[int] = []

    def teardown(self) -> None:
        self.made.__exit__(None, None, None)

    @precondition(lambda self: not self.run)
    @rule()
    def start(self) -> None:
        self.run = self.ledger.start_client_run("trend", 1, "hash", "live")
        self.ledger.interrupt_open_jobs("trend")
        self.handles.clear()

    @precondition(lambda self: self.run)
    @rule(told=st.booleans())
    def die(self, told: bool) -> None:
        """With or without somebody who records it."""
        if told:
            self.ledger.end_client_run(self.run, "killed")
        self.run = 0

    @precondition(lambda self: self.run)
    @rule(job=st.sampled_from([*JOBS, "gone every 1 days"]), pause=st.sampled_from([0, 1, 700]))
    def ask(self, job: str, pause: int) -> None:
        try:
            self.numbers.append(self.ledger.ask_job("trend", job, self.run))
        except InvalidRecord:
            assert any(row["job"] == job and row["state"] == "asked" for row in self.ledger.job_requests("trend", 1000))
        self.clock.advance(pause)

    @precondition(lambda self: self.run and not self.handles)
    @rule()
    def take(self) -> None:
        taken = self.ledger.take_asked_job(self.run, JOBS)
        if taken is not None:
            self.handles.append(taken.job_run_id)
            self.taken.append(taken.job_run_id)

    @precondition(lambda self: self.run and self.handles)
    @rule(outcome=st.sampled_from(["ok", "failed", "overrun"]))
    def finish(self, outcome: str) -> None:
        self.ledger.finish_job(self.handles.pop(), outcome)

    @precondition(lambda self: self.run)
    @rule(job=st.sampled_from(JOBS))
    def scheduled(self, job: str) -> None:
        handle = self.ledger.begin_job("trend", job, self.clock.now(), self.run)
        if handle is not None:
            self.ledger.finish_job(handle, "ok")

    @invariant()
    def each_request_has_one_run_at_most_and_only_a_taken_one_has_any(self) -> None:
        asked_for = [row for row in self.ledger.job_runs("trend", 1000) if row["job_request_id"] is not None]
        assert sorted(row["job_run_id"] for row in asked_for) == sorted(set(self.taken))
        states = {row["job_request_id"]: row["state"] for row in self.ledger.job_requests("trend", 1000)}
        assert sorted(states) == sorted(self.numbers)
        assert {number for number, state in states.items() if state in ("taken", "done")} == {
            row["job_request_id"] for row in asked_for
        }

    @precondition(lambda self: self.run and not self.handles)
    @invariant()
    def what_is_open_waits_for_the_process_that_lives(self) -> None:
        for row in self.ledger.job_requests("trend", 1000):
            assert row["state"] not in OPEN or row["run_id"] == self.run
            assert (row["finished"] is None) == (row["state"] in OPEN)


AskedForInAnyOrder.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAskedForInAnyOrder = AskedForInAnyOrder.TestCase
