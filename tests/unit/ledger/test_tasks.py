"""Tasks in the ledger: which state may follow which, who may claim one, what is kept."""

from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from quantstrip.clock import DAY, ManualClock
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger
from quantstrip.ledger.tasks import ALLOWED, FINISHED, RESULT_BYTES, STATES

from .conftest import NOON

WAYS = {
    "queued": (),
    "running": ("running",),
    "done": ("running", "done"),
    "failed": ("running", "failed"),
    "cancelled": ("cancelled",),
    "interrupted": ("running", "interrupted"),
}


def bring(ledger: Ledger, state: str) -> int:
    """A task in ``state``."""
    task_id = ledger.add_task("count", {"to": 3}, "me")
    for step in WAYS[state]:
        ledger.change_task(task_id, step)
    return task_id


def test_a_new_task_waits_with_what_was_asked(ledger: Ledger) -> None:
    task = ledger.task(ledger.add_task("count", {"to": 3, "names": ["a"]}, "dashboard"))
    assert task | {"task_id": 1} == {
        "task_id": 1, "kind": "count", "arguments": {"to": 3, "names": ["a"]}, "state": "queued", "progress": 0.0,
        "note": "", "result": None, "error": "", "trace": "", "requested_by": "dashboard",
        "create_time": "2024-03-06 17:00:00.000000", "started": None, "finished": None, "heartbeat": None,
        "cancel_requested": None, "pid": None, "worker": "",
    }  # fmt: skip


@pytest.mark.parametrize(("state", "following"), list(product(STATES, STATES)))
def test_the_table_of_steps_is_what_may_happen(ledger: Ledger, state: str, following: str) -> None:
    task_id = bring(ledger, state)
    before = ledger.task(task_id)
    if following in ALLOWED[state]:
        ledger.change_task(task_id, following)
        assert ledger.task(task_id)["state"] == following
        return
    with pytest.raises(InvalidRecord, match=f"is {state} and cannot be {following}"):
        ledger.change_task(task_id, following)
    assert ledger.task(task_id) == before


def test_times_say_when_it_waited_ran_and_ended(ledger: Ledger, clock: ManualClock) -> None:
    task_id = ledger.add_task("count", {})
    clock.advance(60)
    assert ledger.claim_task("w", pid=7) is not None
    clock.advance(60)
    ledger.change_task(task_id, "done", result={"path": "x"})
    task = ledger.task(task_id)
    assert [task[name][11:19] for name in ("create_time", "started", "finished")] == [
        "17:00:00",
        "17:01:00",
        "17:02:00",
    ]
    assert (task["progress"], task["result"], task["pid"], task["worker"]) == (1.0, {"path": "x"}, 7, "w")


def test_the_oldest_is_claimed_first_and_no_more_than_may_run(ledger: Ledger) -> None:
    first, second, third = (ledger.add_task("count", {"n": n}) for n in range(3))
    claimed = [ledger.claim_task("w", 2) for _ in range(3)]
    assert [task and task["task_id"] for task in claimed] == [first, second, None]
    ledger.change_task(second, "done")
    assert (ledger.claim_task("other", 2) or {})["task_id"] == third
    ledger.change_task(first, "done")
    assert ledger.claim_task("w", 2) is None, "none is left"


def test_kinds_that_are_claimed_among_themselves_neither_wait_for_the_others_nor_hold_them_up(ledger: Ledger) -> None:
    slow, quick, second = ledger.add_task("slow", {}), ledger.add_task("quick", {}), ledger.add_task("slow", {})
    one = ledger.claim_task("w", 1, among=lambda kind: kind == "slow")
    assert one is not None
    assert one["task_id"] == slow
    assert ledger.claim_task("w", 1, among=lambda kind: kind == "slow") is None, "one of them runs"
    other = ledger.claim_task("w", 1, among=lambda kind: kind != "slow")
    assert other is not None
    assert other["task_id"] == quick
    assert ledger.claim_task("w", 2) is None, "two run in all"
    assert (ledger.claim_task("w", 2, among=lambda kind: kind == "slow") or {})["task_id"] == second


def test_one_that_is_named_is_claimed_whatever_else_runs(ledger: Ledger) -> None:
    _, second = ledger.add_task("count", {}), ledger.add_task("count", {})
    ledger.claim_task("w")
    assert (ledger.claim_task("me", task_id=second) or {})["worker"] == "me"
    with pytest.raises(InvalidRecord, match="is running"):
        ledger.claim_task("w", task_id=second)


def test_progress_is_kept_within_its_bounds_and_says_whether_to_go_on(ledger: Ledger) -> None:
    task_id = bring(ledger, "running")
    assert ledger.note_task_progress(task_id, 0.25, "bars")
    assert (ledger.task(task_id)["progress"], ledger.task(task_id)["note"]) == (0.25, "bars")
    assert ledger.note_task_progress(task_id, 1.5, "")
    assert ledger.task(task_id)["progress"] == 1.0
    with pytest.raises(InvalidRecord):
        ledger.note_task_progress(task_id, float("nan"), "")
    ledger.cancel_task(task_id)
    assert not ledger.note_task_progress(task_id, 0.5, "")
    ledger.change_task(task_id, "cancelled")
    assert not ledger.note_task_progress(task_id, 0.9, "late"), "it is over"
    assert ledger.task(task_id)["progress"] == 0.5


def test_a_waiting_task_is_cancelled_at_once_and_a_running_one_is_asked_to_end(ledger: Ledger) -> None:
    waiting, running = bring(ledger, "queued"), bring(ledger, "running")
    assert ledger.cancel_task(waiting) == "cancelled"
    assert ledger.cancel_task(running) == "running"
    assert ledger.task(running)["cancel_requested"] is not None
    assert ledger.claim_task("w") is None, "a cancelled one is not claimed"
    for state in FINISHED:
        with pytest.raises(InvalidRecord, match=f"is {state} and cannot be cancelled"):
            ledger.cancel_task(bring(ledger, state))


@pytest.mark.parametrize(
    ("asked", "died", "state", "error"),
    [
        (False, False, "interrupted", "gone"),
        (False, True, "failed", "gone"),
        (True, False, "cancelled", ""),
        (True, True, "cancelled", ""),
    ],
)
def test_what_ended_without_a_word_is_told_by_who_ended_it(
    ledger: Ledger, asked: bool, died: bool, state: str, error: str
) -> None:
    task_id = bring(ledger, "running")
    if asked:
        ledger.cancel_task(task_id)
    assert ledger.settle_task(task_id, "gone", died=died) == state
    assert (ledger.task(task_id)["state"], ledger.task(task_id)["error"]) == (state, error)
    assert ledger.settle_task(task_id, "again", died=True) == state, "the first word stays"


def test_a_result_is_small_and_one_too_large_changes_nothing(ledger: Ledger) -> None:
    task_id = bring(ledger, "running")
    with pytest.raises(InvalidRecord, match="a file"):
        ledger.change_task(task_id, "done", result={"rows": "x" * RESULT_BYTES})
    assert ledger.task(task_id)["state"] == "running"


def test_only_what_is_over_can_be_removed(ledger: Ledger) -> None:
    for state in STATES:
        task_id = bring(ledger, state)
        if state in FINISHED:
            ledger.remove_task(task_id)
            with pytest.raises(UnknownRecord, match=f"no task {task_id}"):
                ledger.task(task_id)
        else:
            with pytest.raises(InvalidRecord, match="cannot be removed"):
                ledger.remove_task(task_id)


def test_old_ones_are_forgotten_but_never_what_waits_or_runs(ledger: Ledger, clock: ManualClock) -> None:
    old = {state: bring(ledger, state) for state in STATES}
    clock.set(NOON + 31 * DAY)
    fresh = bring(ledger, "done")
    assert list(ledger.prune_tasks(30)) == sorted(old[state] for state in FINISHED)
    assert {task["task_id"] for task in ledger.tasks()} == {old["queued"], old["running"], fresh}


def test_tasks_are_listed_newest_first_by_state(ledger: Ledger) -> None:
    waiting, running = bring(ledger, "queued"), bring(ledger, "running")
    assert [task["task_id"] for task in ledger.tasks()] == [running, waiting]
    assert [task["task_id"] for task in ledger.tasks("queued")] == [waiting]
    assert len(ledger.tasks(limit=1)) == 1
    with pytest.raises(InvalidRecord, match="a task is queued"):
        ledger.tasks("sleeping")


@pytest.mark.parametrize(("kind", "arguments"), [("", {}), ("count", [1]), ("count", None)])
def test_a_task_without_kind_or_arguments_is_refused(ledger: Ledger, kind: str, arguments: object) -> None:
    with pytest.raises(InvalidRecord):
        ledger.add_task(kind, arguments)  # type: ignore[arg-type]
    assert ledger.tasks() == []


@cache
def _template() -> bytes:
    """A ledger without a row."""
    with TemporaryDirectory() as folder:
        made = Ledger(Path(folder) / "quantstrip.db")
        made.ensure()
        made.close()
        return made.path.read_bytes()


class TasksAgreeWithTheirModel(RuleBasedStateMachine):
    """Whatever two workers and a person do in whatever order, the ledger says what a dict of states says."""

    tasks = Bundle("tasks")

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "quantstrip.db"
        path.write_bytes(_template())
        self.ledger = Ledger(path, clock=ManualClock(NOON))
        self.states: dict[int, str] = {}
        self.asked: set[int] = set()
        self.claims: list[int] = []

    @rule(target=tasks)
    def add(self) -> int:
        task_id = self.ledger.add_task("count", {})
        self.states[task_id] = "queued"
        return task_id

    @rule(worker=st.sampled_from("ab"), parallel=st.integers(1, 3))
    def claim(self, worker: str, parallel: int) -> None:
        waiting = sorted(task for task, state in self.states.items() if state == "queued")
        free = sum(state == "running" for state in self.states.values()) < parallel
        claimed = self.ledger.claim_task(worker, parallel)
        expected = waiting[0] if waiting and free else None
        assert (claimed and claimed["task_id"]) == expected
        if expected is not None:
            self.states[expected] = "running"
            self.claims.append(expected)

    @rule(task=tasks, state=st.sampled_from(STATES))
    def change(self, task: int, state: str) -> None:
        if state in ALLOWED[self.states[task]]:
            self.ledger.change_task(task, state)
            self.claims += [task] if state == "running" else []
            self.states[task] = state
        else:
            with pytest.raises(InvalidRecord):
                self.ledger.change_task(task, state)

    @rule(task=tasks)
    def cancel(self, task: int) -> None:
        if self.states[task] in FINISHED:
            with pytest.raises(InvalidRecord):
                self.ledger.cancel_task(task)
            return
        self.asked.add(task)
        if self.states[task] == "queued":
            self.states[task] = "cancelled"
        assert self.ledger.cancel_task(task) == self.states[task]

    @rule(task=tasks, died=st.booleans())
    def settle(self, task: int, died: bool) -> None:
        if self.states[task] == "running":
            self.states[task] = "cancelled" if task in self.asked else "failed" if died else "interrupted"
        assert self.ledger.settle_task(task, "gone", died=died) == self.states[task]

    @rule(task=tasks, fraction=st.floats(-1, 2))
    def progress(self, task: int, fraction: float) -> None:
        going = self.states[task] == "running" and task not in self.asked
        assert self.ledger.note_task_progress(task, fraction, "at work") == going

    @rule(target=tasks, task=consumes(tasks))
    def remove(self, task: int) -> object:
        if self.states[task] not in FINISHED:
            with pytest.raises(InvalidRecord):
                self.ledger.remove_task(task)
            return task
        self.ledger.remove_task(task)
        del self.states[task]
        self.asked.discard(task)
        self.claims = [claimed for claimed in self.claims if claimed != task]  # its number may come again
        return multiple()

    @invariant()
    def the_ledger_agrees(self) -> None:
        found = {row["task_id"]: row for row in self.ledger.tasks(limit=1000)}
        assert {number: row["state"] for number, row in found.items()} == self.states
        assert len(self.claims) == len(set(self.claims)), "no task runs twice"
        for row in found.values():
            assert (row["finished"] is not None) == (row["state"] in FINISHED)
            assert (row["started"] is not None) == (row["task_id"] in self.claims)
            assert 0.0 <= row["progress"] <= 1.0

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()


TestTasksAgreeWithTheirModel = TasksAgreeWithTheirModel.TestCase
TestTasksAgreeWithTheirModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
