"""The restart policy, as a table and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import SECOND
from quantstrip.model.exits import ExitCode
from quantstrip.ports import ProcessState
from quantstrip.supervise.policy import (
    ALIVE,
    LOCK_RETRY_SECONDS,
    Facts,
    Failure,
    Mark,
    RestartPolicy,
    Step,
    decide,
    failures_counted,
)

NOW = 1_000_000 * SECOND
POLICY = RestartPolicy(delays=(0, 1, 2, 5, 15), window_seconds=300, stale_seconds=30, startup_seconds=90)


def process(state: str, *, started: float = 100, stopped: float = 0, code: int = 0) -> ProcessState:
    """A process whose ``started`` and ``stopped`` are so many seconds ago."""
    pid = 4711 if state in ALIVE else 0
    return ProcessState(
        "client-x", state, pid, NOW - round(started * SECOND), NOW - round(stopped * SECOND), code, state
    )


def facts(**changes: object) -> Facts:
    given = {
        "wanted": True, "mark": Mark.NONE, "process": None, "heartbeat": None, "ended": None, "outcome": "",
        "failures": (),
    }  # fmt: skip
    return Facts(**(given | changes))  # type: ignore[arg-type]


def ended(code: int, *failures_ago: float, outcome: str = "crashed", killed: bool = False) -> Facts:
    """A client that should run and ended just now, with failures so many seconds ago, the latest last."""
    return facts(
        process=process("EXITED", code=code, stopped=failures_ago[-1] if failures_ago else 0),
        ended=code,
        outcome=outcome,
        failures=tuple(Failure(NOW - round(ago * SECOND), killed) for ago in failures_ago),
    )


def step(given: Facts) -> Step:
    return decide(given, POLICY, NOW).step


def test_what_should_run_and_was_never_started_starts() -> None:
    assert step(facts()) is Step.START
    assert step(facts(process=process("STOPPED", started=0))) is Step.START


def test_what_should_not_run_is_stopped_when_it_runs_and_left_alone_otherwise() -> None:
    assert step(facts(wanted=False, process=process("RUNNING"))) is Step.STOP
    assert step(facts(wanted=False)) is Step.KEEP
    assert step(facts(wanted=False, process=process("EXITED"), ended=3)) is Step.KEEP


def test_nothing_interferes_with_a_process_that_is_stopping() -> None:
    for wanted in (True, False):
        assert step(facts(wanted=wanted, process=process("STOPPING"))) is Step.KEEP


def test_the_first_crash_restarts_at_once() -> None:
    assert step(ended(ExitCode.CRASHED, 0)) is Step.START


@pytest.mark.parametrize(
    ("earlier", "pause"), [((), 0), ((1,), 1), ((4, 3), 2), ((9, 8, 7), 5), ((30, 29, 28, 27), 15)]
)
def test_each_further_crash_waits_the_next_pause(earlier: tuple[float, ...], pause: float) -> None:
    decision = decide(ended(ExitCode.CRASHED, *earlier, 0), POLICY, NOW)
    if pause == 0:
        assert decision.step is Step.START
    else:
        assert (decision.step, decision.until) == (Step.WAIT, NOW + pause * SECOND)
        assert decide(ended(ExitCode.CRASHED, *earlier, 0), POLICY, decision.until).step is Step.START


def test_it_is_given_up_when_every_pause_is_used_up() -> None:
    decision = decide(ended(ExitCode.CRASHED, 60, 50, 40, 30, 20, 0), POLICY, NOW)
    assert (decision.step, decision.mark) == (Step.MARK, Mark.GIVEN_UP)
    assert "6 times within 300 s" in decision.reason


def test_three_kills_from_outside_count_as_one_failure() -> None:
    assert failures_counted([Failure(NOW, killed=True)] * 3) == 1
    assert step(ended(-1, 3, 2, 0, killed=True)) is Step.START
    fifteen = [float(n) for n in range(15, 0, -1)]
    assert step(ended(-1, *fifteen, killed=True)) is not Step.MARK
    assert step(ended(-1, 16.0, *fifteen, killed=True)) is Step.MARK


@pytest.mark.parametrize("code", [ExitCode.CRASHED, ExitCode.RESTART, -1, 1, 137])
def test_every_abnormal_end_is_restarted(code: int) -> None:
    assert step(ended(code, 0)) is Step.START


def test_a_load_error_is_not_tried_again() -> None:
    decision = decide(ended(ExitCode.LOAD_ERROR, outcome="load_error"), POLICY, NOW)
    assert (decision.step, decision.mark) == (Step.MARK, Mark.LOAD_ERROR)


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [("finished", Mark.FINISHED), ("job_error", Mark.FAILED), ("stopped", Mark.STOPPED), ("", Mark.STOPPED)],
)
def test_an_end_in_order_is_not_restarted(outcome: str, mark: Mark) -> None:
    decision = decide(ended(ExitCode.STOPPED, outcome=outcome), POLICY, NOW)
    assert (decision.step, decision.mark) == (Step.MARK, mark)


def test_a_client_that_found_another_copy_is_tried_again_after_a_pause_and_never_counted() -> None:
    locked = facts(process=process("EXITED", stopped=1, code=ExitCode.LOCKED), ended=ExitCode.LOCKED)
    decision = decide(locked, POLICY, NOW)
    assert (decision.step, decision.until) == (Step.WAIT, NOW + round((LOCK_RETRY_SECONDS - 1) * SECOND))
    assert decide(locked, POLICY, decision.until).step is Step.START


@pytest.mark.parametrize("mark", [mark for mark in Mark if mark is not Mark.NONE])
def test_a_marked_client_is_left_alone(mark: Mark) -> None:
    assert step(facts(mark=mark)) is Step.KEEP
    assert step(facts(mark=mark, process=process("EXITED", code=3), ended=3)) is Step.KEEP


def test_a_silent_client_is_killed_and_a_lively_one_is_not() -> None:
    running = process("RUNNING", started=500)
    assert step(facts(process=running, heartbeat=NOW - 29 * SECOND)) is Step.KEEP
    assert step(facts(process=running, heartbeat=NOW - 31 * SECOND)) is Step.KILL


def test_a_new_process_has_longer_to_its_first_heartbeat() -> None:
    assert step(facts(process=process("RUNNING", started=80))) is Step.KEEP
    assert step(facts(process=process("RUNNING", started=91))) is Step.KILL


def test_a_clock_set_back_does_not_make_a_pause_endless() -> None:
    assert decide(ended(ExitCode.CRASHED, 10, 0), POLICY, NOW - 3600 * SECOND).step is Step.START


@given(
    wanted=st.booleans(),
    mark=st.sampled_from(list(Mark)),
    state=st.sampled_from(["STOPPED", "STARTING", "RUNNING", "STOPPING", "EXITED", "BACKOFF", "FATAL", "UNKNOWN"]),
    code=st.sampled_from([None, 0, 1, 3, 4, 75, 78, -1]),
    age=st.integers(0, 600),
    failures=st.lists(st.builds(Failure, st.integers(NOW - 300 * SECOND, NOW), st.booleans()), max_size=20),
)
def test_it_never_starts_what_runs_or_what_nobody_wants(
    wanted: bool, mark: Mark, state: str, code: int | None, age: int, failures: list[Failure]
) -> None:
    given = facts(
        wanted=wanted,
        mark=mark,
        process=process(state, started=age),
        heartbeat=NOW - age * SECOND,
        ended=None if state in ALIVE else code,
        failures=sorted(failures),
    )
    decision = decide(given, POLICY, NOW)
    if decision.step is Step.START:
        assert wanted
        assert mark is Mark.NONE
        assert state not in ALIVE
        assert state != "STOPPING"
    if decision.step is Step.WAIT:
        assert NOW < decision.until <= NOW + 15 * SECOND
    if decision.step is Step.MARK:
        assert decision.mark is not Mark.NONE
