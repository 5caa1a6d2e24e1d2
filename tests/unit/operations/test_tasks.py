"""Tasks that run in this process: what is asked is checked, what came of it is kept, its files go with it."""

import dataclasses
import inspect
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.cli.backtest import backtest as backtest_command
from quantstrip.clock import DAY, ManualClock, system_clock, to_text
from quantstrip.errors import (
    DataError,
    InvalidRecord,
    QuantstripError,
    ServiceNotRunning,
    TaskCancelled,
    TaskError,
    TaskRefused,
    UnknownRecord,
)
from quantstrip.home import Home, asset
from quantstrip.ledger import Ledger
from quantstrip.operations import tasks
from quantstrip.operations.backtest_arguments import BacktestArguments
from quantstrip.operations.task_arguments import read_arguments
from quantstrip.operations.task_kinds import KINDS, Kind
from quantstrip.operations.task_progress import Progress, beating


@dataclass(frozen=True)
class Counting:
    """Arguments of a kind that counts."""

    to: int
    pause: float = 0.0
    words: list[str] = field(default_factory=list)
    ending: Literal["well", "error", "known error", "exit", "interrupt", "large", "cancel"] = "well"
    note: str | None = None
    free: dict[str, Any] = field(default_factory=dict)


def count(home: Home, arguments: Counting, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Counts, and ends as it is told."""
    for number in range(arguments.to):
        progress.report(number / arguments.to, f"at {number}")
        time.sleep(arguments.pause)
    (folder / "counted.txt").write_text(str(arguments.to))
    endings: dict[str, BaseException] = {
        "error": ZeroDivisionError("division by zero"),
        "known error": DataError("no bars", hint="add some"),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "cancel": TaskCancelled("the task was cancelled"),
    }
    if arguments.ending in endings:
        raise endings[arguments.ending]
    return {"path": str(folder / "counted.txt"), "rows": "x" * (100_000 if arguments.ending == "large" else 1)}


class Here(Kind):
    """A kind whose function is this module's, however pytest imported it."""

    def load(self) -> Any:
        return count


COUNT = {"count": Here("count", "Counts.", Counting, "")}


def test_a_task_done_here_is_recorded_like_any_other(made_home: Home) -> None:
    heard: list[float] = []
    task = tasks.run_now(made_home, "count", {"to": 4}, by="me", heard=lambda p: heard.append(p.fraction), kinds=COUNT)
    assert (task.state, task.progress, task.error, task.requested_by) == ("done", 1.0, "", "me")
    assert heard == [0.0, 0.25, 0.5, 0.75]
    assert task.arguments == {"to": 4, "pause": 0.0, "words": [], "ending": "well", "note": None, "free": {}}
    assert task.result is not None
    assert Path(task.result["path"]).read_text() == "4"
    assert task.pid == os.getpid()
    assert tasks.get(made_home, task.task_id) == task == tasks.list_tasks(made_home)[0]
    assert tasks.wait(made_home, task.task_id, 0) == task


@pytest.mark.parametrize(
    ("ending", "state", "error"),
    [
        ("error", "failed", "ZeroDivisionError: division by zero"),
        ("known error", "failed", "no bars\nadd some"),
        ("exit", "failed", "SystemExit: 3"),
        ("large", "failed", "the result of a task may hold"),
        ("cancel", "interrupted", "stopped while it ran"),
    ],
)
def test_however_it_ends_that_is_recorded(made_home: Home, ending: str, state: str, error: str) -> None:
    task = tasks.run_now(made_home, "count", {"to": 1, "ending": ending}, kinds=COUNT)
    assert task.state == state
    assert error in task.error
    assert task.result is None
    assert ("Traceback" in task.trace) == (state == "failed")


def test_one_that_the_user_breaks_off_is_cancelled(made_home: Home) -> None:
    with pytest.raises(KeyboardInterrupt):
        tasks.run_now(made_home, "count", {"to": 1, "ending": "interrupt"}, kinds=COUNT)
    assert tasks.list_tasks(made_home)[0].state == "cancelled"


def test_one_that_runs_here_can_be_cancelled_from_elsewhere(made_home: Home) -> None:
    def cancel() -> None:
        while not tasks.list_tasks(made_home, "running"):
            time.sleep(0.01)
        tasks.cancel(made_home, tasks.list_tasks(made_home)[0].task_id)

    other = threading.Thread(target=cancel)
    other.start()
    task = tasks.run_now(made_home, "count", {"to": 5000, "pause": 0.01}, kinds=COUNT)
    other.join()
    assert task.state == "cancelled"
    assert task.progress < 1.0


def test_waiting_has_an_end_and_says_that_the_task_goes_on(made_home: Home, ledger: Ledger) -> None:
    number = ledger.add_task("count", {})
    with pytest.raises(TaskError, match="is queued and goes on"):
        tasks.wait(made_home, number, 0.0)
    assert tasks.cancel(made_home, number).state == "cancelled"


def test_waiting_ends_where_nobody_is_left_to_do_it(made_home: Home, ledger: Ledger) -> None:
    waiting, running = ledger.add_task("count", {}), ledger.add_task("count", {})
    ledger.claim_task("1:0", task_id=running)
    for number in (waiting, running):
        with pytest.raises(ServiceNotRunning, match=f"task {number} is"):
            tasks.wait(made_home, number, clock=ManualClock())


def test_files_go_with_their_task(made_home: Home, ledger: Ledger) -> None:
    task = tasks.run_now(made_home, "count", {"to": 1}, kinds=COUNT)
    folder = made_home.tasks / str(task.task_id)
    assert folder.is_dir()
    tasks.remove(made_home, task.task_id)
    assert not folder.exists()
    with pytest.raises(UnknownRecord):
        tasks.get(made_home, task.task_id)
    waiting = ledger.add_task("count", {})
    with pytest.raises(InvalidRecord, match="cannot be removed"):
        tasks.remove(made_home, waiting)


def test_old_tasks_are_forgotten_with_their_files_and_new_ones_stay(made_home: Home, ledger: Ledger) -> None:
    old, new = (tasks.run_now(made_home, "count", {"to": 1}, kinds=COUNT).task_id for _ in range(2))
    with ledger.get_connection() as raw:
        long_ago = to_text(system_clock.now() - 31 * DAY)
        raw.execute("UPDATE task SET finished = ? WHERE task_id = ?", (long_ago, old))
    assert tasks.prune(made_home, 30) == 1
    assert [task.task_id for task in tasks.list_tasks(made_home)] == [new]
    assert [path.name for path in made_home.tasks.iterdir()] == [str(new)]


def test_a_new_task_finds_none_of_the_files_of_one_that_had_its_number(made_home: Home) -> None:
    (made_home.tasks / "1").mkdir(parents=True)
    (made_home.tasks / "1" / "stray").touch()
    task = tasks.run_now(made_home, "count", {"to": 1}, kinds=COUNT)
    assert task.task_id == 1
    assert [path.name for path in (made_home.tasks / "1").iterdir()] == ["counted.txt"]


# Arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "must be a JSON object"),
        ({}, "to is missing: a whole number"),
        ({"to": "3"}, "to must be a whole number, got '3'"),
        ({"to": True}, "to must be a whole number, got True"),
        ({"to": 1.5}, "to must be a whole number"),
        ({"to": 1, "pause": "long"}, "pause must be a number"),
        ({"to": 1, "words": "abc"}, "words must be a list of text"),
        ({"to": 1, "words": ["a", 1]}, "words must be a list of text"),
        ({"to": 1, "ending": "badly"}, "ending must be one of well"),
        ({"to": 1, "note": 3}, "note must be text or null"),
        ({"to": 1, "free": [1]}, "free must be an object"),
        ({"to": 1, "wings": 2}, "there is no argument 'wings'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_and_nothing_is_queued(
    made_home: Home, arguments: Any, words: str
) -> None:
    with pytest.raises(TaskRefused) as refused:
        tasks.run_now(made_home, "count", arguments, kinds=COUNT)
    assert words in refused.value.message
    assert refused.value.hint
    assert tasks.list_tasks(made_home) == []


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(TaskRefused) as refused:
        read_arguments("count", Counting, {"wings": 1, "pause": "x"})
    assert all(word in refused.value.message for word in ("wings", "pause", "to is missing"))


@given(
    st.fixed_dictionaries(
        {"to": st.integers()},
        optional={
            "pause": st.floats(allow_nan=False) | st.integers(-(10**6), 10**6),
            "words": st.lists(st.text()),
            "note": st.none() | st.text(),
            "free": st.dictionaries(st.text(), st.integers() | st.text() | st.none()),
        },
    )
)
def test_whatever_fits_is_taken_as_it_is(arguments: dict[str, Any]) -> None:
    taken = dataclasses.asdict(read_arguments("count", Counting, arguments))
    assert {name: taken[name] for name in arguments} == arguments
    assert isinstance(taken["pause"], float)


def test_a_kind_that_nobody_knows_is_refused_and_those_that_exist_are_named(made_home: Home) -> None:
    with pytest.raises(TaskRefused) as refused:
        tasks.run_now(made_home, "fly", {})
    assert "backtest, sweep" in refused.value.hint


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_every_kind_has_a_function_that_takes_what_a_worker_gives(kind: Kind) -> None:
    assert list(inspect.signature(kind.load()).parameters) == ["home", "arguments", "folder", "progress"]
    assert kind.help


def test_the_task_takes_every_option_of_the_command_with_its_default() -> None:
    offered = {each.name: each for each in backtest_command.params}
    of_task = {
        each.name: each.default if each.default_factory is dataclasses.MISSING else None
        for each in dataclasses.fields(BacktestArguments)
    }
    assert of_task.keys() <= offered.keys()
    assert offered.keys() - of_task.keys() == {
        "verify", "git", "branch", "commit", "path", "keep", "label", "source", "as_json",
    }  # fmt: skip
    for name in of_task.keys() - {"file", "parameters"}:
        stated = offered[name].to_info_dict()["default"]
        assert stated in (of_task[name], None), name
    assert offered["risk"].default == of_task["risk"]


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("backtest", {"file": "examples/ma_cross.py"}, "absolute path of a file"),
        ("backtest", {"file": "/no/such.py"}, "absolute path of a file"),
        ("backtest", {"file": str(asset("examples") / "ma_cross.py"), "bars": "/no/such"}, "path of a folder"),
        ("backtest", {"file": str(asset("examples") / "ma_cross.py"), "cash": -5}, "cash must be a positive amount"),
        ("backtest", {"file": str(asset("examples") / "ma_cross.py"), "start": "soon"}, "expected a date"),
        ("backtest", {"file": str(asset("examples") / "ma_cross.py"), "risk": "none"}, "neither a risk profile"),
        ("report", {"as_of": "yesterday"}, "as_of must be a date"),
        ("report", {"form": "pdf"}, "one of html, xlsx"),
    ],
)
def test_what_a_worker_could_not_use_is_refused_when_it_is_asked_for(
    made_home: Home, kind: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(QuantstripError, match=words):
        tasks.run_now(made_home, kind, arguments)
    assert tasks.list_tasks(made_home) == []


# Progress


def test_progress_never_goes_back_and_a_part_has_its_span() -> None:
    progress = Progress()
    progress.report(0.5, "half")
    progress.report(0.2)
    assert (progress.fraction, progress.note) == (0.5, "half")
    tell = progress.part(0.5, 0.9)
    tell(0.5)
    assert progress.fraction == pytest.approx(0.7)
    progress.report(7.0)
    assert progress.fraction == 1.0
    progress.cancelled = True
    with pytest.raises(TaskCancelled):
        progress.report(1.0)


def test_a_thousand_words_a_second_are_few_writes(ledger: Ledger) -> None:
    number = ledger.add_task("count", {})
    ledger.claim_task("me")
    progress, seen, until = Progress(), set(), time.monotonic() + 2.0
    with beating(ledger, number, progress):
        while time.monotonic() < until:
            progress.report(progress.fraction + 1e-5)
            seen.add(ledger.task(number)["progress"])
            time.sleep(0.001)
    assert 1 < len(seen) <= 8, "at most one in 0.3 s, and the first"


def test_a_silent_task_has_a_heartbeat_all_the_same(ledger: Ledger) -> None:
    number = ledger.add_task("count", {})
    began = ledger.claim_task("me")
    assert began is not None
    with beating(ledger, number, Progress()):
        deadline = time.monotonic() + 20
        while ledger.task(number)["heartbeat"] == began["heartbeat"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
