"""Checks as tasks: each does what its function does, keeps all that it found, and refuses before it is queued."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.errors import TaskCancelled, TaskError, TaskRefused, UnknownRecord
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import runs, tasks, uploads, validation_tasks
from quantstrip.operations.task_progress import Progress
from quantstrip.operations.validation_arguments import CheckedArguments

CROSS, VECTORIZED = (str(asset("examples") / name) for name in ("ma_cross.py", "vectorized_cross.py"))
SPAN: dict[str, Any] = {
    "symbols": ["AAPL"],
    "start": "2011-01-01",
    "end": "2012-12-31",
    "risk": "off",
    "bars": "sample",
}
Done = Callable[..., tuple[tasks.Task, Any]]


@pytest.fixture
def done(made_home: Home) -> Done:
    open_ledger(made_home)

    def run(kind: str, **arguments: Any) -> tuple[tasks.Task, Any]:
        task = tasks.run_now(made_home, f"validate_{kind}", arguments)
        assert task.state == "done", task.error
        return task, validation_tasks.load(made_home, task.task_id).found

    return run


def test_a_strategy_that_knows_the_future_is_told_with_each_decision(done: Done, tmp_path: Path) -> None:
    file = tmp_path / "ahead.py"
    file.write_text(
        "from quantstrip.strategy.vectorized import VectorizedStrategy\n"
        "class Ahead(VectorizedStrategy):\n"
        '    name = "ahead"\n    symbols = ["AAPL"]\n'
        "    def generate_signals(self, prices, volumes, **params):\n"
        "        cheap = prices < prices.mean()\n        return cheap, ~cheap\n"
    )
    task, found = done("lookahead", file=str(file), **SPAN)
    assert task.result is not None
    assert not task.result["clean"]
    assert found["differences"][0]["symbol"] == "AAPL"
    _, clean = done("lookahead", file=VECTORIZED, **SPAN)
    assert (clean["clean"], clean["differences"]) == (True, [])


def test_the_warm_up_that_is_enough_is_named_with_each_that_was_tried(done: Done) -> None:
    task, found = done("startup", file=CROSS, **SPAN)
    assert task.result is not None
    assert task.result["enough"] in [each["bars"] for each in found["warmups"]]
    assert found["warmups"][-1]["differ"] == 0


def test_a_walk_forward_keeps_its_windows_and_the_curve_that_was_carried_on(done: Done) -> None:
    grid = {"grid": {"fast": [3, 5]}, "parameters": {"slow": 15}, "train": 200, "test": 150}
    for anchored in (True, False):
        task, found = done("walk_forward", file=CROSS, **SPAN, **grid, anchored=anchored)
        assert task.result is not None
        assert (task.result["windows"], task.result["tries"]) == (len(found["steps"]), 2)
        assert found["curve"][-1][1] == task.result["equity_final"]
        assert found["steps"][0]["parameters"]["fast"] in (3, 5)
        begins = [step["window"][0] for step in found["steps"]]
        assert (begins[0] == begins[1]) is anchored


def test_a_symbol_that_began_later_joins_a_walk_forward_once_there_is_enough_to_choose_on(done: Done) -> None:
    span = SPAN | {"symbols": ["AAPL", "GOOG"], "start": "2004-01-02", "end": "2005-12-30"}  # GOOG began in August 2004
    _, both = done("walk_forward", file=CROSS, **span, grid={"fast": [3, 5]}, train=120, test=100)
    _, alone = done(
        "walk_forward", file=CROSS, **span | {"symbols": ["AAPL"]}, grid={"fast": [3, 5]}, train=120, test=100
    )
    windows = [[step["window"][1] for step in found["steps"]] for found in (both, alone)]
    assert windows[0] == windows[1]
    same = [one == other for one, other in zip(both["steps"], alone["steps"], strict=True)]
    assert same == [True, False, False, False]


def test_the_trades_of_a_kept_run_are_shuffled(done: Done, made_home: Home) -> None:
    tasks.run_now(made_home, "backtest", {"file": CROSS, **SPAN})
    (run,) = runs.list_runs(made_home)
    task, found = done("monte_carlo", run_id=run.run_id, tries=200)
    assert task.result is not None
    assert (task.result["strategy"], task.result["tries"]) == ("ma_cross", 200)
    assert len(found["drawdowns"]) == len(found["levels"]) == 5
    assert found["finals"] == []
    assert done("monte_carlo", run_id=run.run_id, tries=200, replace=True)[1]["finals"]


def test_two_files_are_compared_and_every_mismatch_is_in_the_list_to_take(done: Done, made_home: Home) -> None:
    task, found = done("parity", file=CROSS, other=VECTORIZED, **SPAN)
    assert task.result is not None
    rows = list(csv.DictReader(io.StringIO(validation_tasks.mismatches(made_home, task.task_id).decode())))
    assert len(rows) == len(found["rows"]) == task.result["mismatches"]
    assert sum(found["causes"].values()) == len(rows)
    same, _ = done("parity", file=CROSS, other=CROSS, **SPAN)
    assert same.result is not None
    assert (same.result["percent"], same.result["mismatches"]) == (100.0, 0)


def test_a_list_of_trades_that_was_handed_over_is_compared_and_kept_with_the_check(done: Done, made_home: Home) -> None:
    tasks.run_now(made_home, "backtest", {"file": CROSS, **SPAN, "fee_rate": 0.0, "slippage_bps": 0.0})
    (run,) = runs.list_runs(made_home)
    lines = ["Trade #,Type,Signal,Date/Time,Price USD,Contracts"]
    for number, trade in enumerate(runs.load_result(made_home, run.run_id)["trades"], 1):
        lines.append(f"{number},Entry long,L,{trade['entry_time']},{trade['entry_price']},1")
        lines.append(f"{number},Exit long,X,{trade['exit_time']},{trade['exit_price'] + (number == 1)},1")
    path = uploads.keep(made_home, "trades.csv", "\n".join(lines).encode(), (".csv",))
    task, found = done("pine", file=CROSS, trades=str(path), **SPAN)
    assert task.result is not None
    assert (task.result["matched"], task.result["mismatches"]) == (len(lines) - 2, 1)
    assert found["rows"][0]["kind"] == "price"
    assert task.result["percent"] < 100.0
    assert not path.exists()
    assert (made_home.tasks / str(task.task_id) / "trades.csv").is_file()


def test_a_strategy_is_judged_with_rule_and_line(done: Done, tmp_path: Path) -> None:
    file = tmp_path / "reads.py"
    file.write_text(Path(CROSS).read_text() + "\nimport socket\n")
    task, found = done("strategy", file=str(file))
    assert task.result is not None
    assert (task.result["passed"], task.result["count"]) == (False, 1)
    assert found["findings"][0]["rule"] == "import"
    assert found["findings"][0]["line"] == len(file.read_text().splitlines())
    assert done("strategy", file=CROSS)[1]["passed"]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("lookahead", {"file": CROSS, "untrusted": True}, "untrusted code cannot be checked so"),
        ("walk_forward", {"file": CROSS}, "at least one parameter that varies"),
        ("walk_forward", {"file": CROSS, "grid": {"fast": [1, 2]}, "test": 0}, "1 to judge on"),
        ("monte_carlo", {"run_id": " "}, "must name a kept run"),
        ("monte_carlo", {"run_id": "r", "tries": 0}, "tries must be from 1"),
        ("parity", {"file": CROSS}, "one of the two"),
        ("parity", {"file": CROSS, "other": CROSS, "mode": "paper"}, "one of the two"),
        ("parity", {"file": CROSS, "other": "ma_cross.py"}, "other must be the absolute path"),
        ("pine", {"file": CROSS}, "trades must be the absolute path"),
        ("strategy", {"file": "none.py"}, "file must be the absolute path"),
    ],
)
def test_what_cannot_be_checked_is_refused_before_it_is_queued(
    made_home: Home, kind: str, given: Any, words: str
) -> None:
    open_ledger(made_home)
    with pytest.raises(TaskRefused, match=words):
        tasks.run_now(made_home, f"validate_{kind}", given)
    assert tasks.list_tasks(made_home) == []


@pytest.mark.parametrize("name", ["start_up", "walk_forward", "parity"])
def test_a_check_ends_where_it_is_cancelled(made_home: Home, tmp_path: Path, name: str) -> None:
    from quantstrip.operations.validation_arguments import ParityArguments, WalkArguments

    asked: dict[str, Any] = {
        "start_up": CheckedArguments(CROSS, **SPAN),
        "walk_forward": WalkArguments(CROSS, **SPAN, grid={"fast": [3, 5]}, parameters={"slow": 15}, train=200),
        "parity": ParityArguments(CROSS, **SPAN, other=VECTORIZED),
    }
    heard: list[str] = []

    def listen(progress: Progress) -> None:
        heard.append(progress.note)
        progress.cancelled = progress.note != "loading the strategy and its bars"  # at the first word after that

    with pytest.raises(TaskCancelled):
        getattr(validation_tasks, name)(made_home, asked[name], tmp_path, Progress(heard=listen))
    assert len(heard) == 2
    assert not (tmp_path / validation_tasks.FOUND).exists()


def test_what_is_no_check_is_not_loaded_as_one(made_home: Home, done: Done) -> None:
    backup = tasks.run_now(made_home, "backup", {})
    with pytest.raises(TaskError, match="is no check, but a backup"):
        validation_tasks.load(made_home, backup.task_id)
    with pytest.raises(UnknownRecord):
        validation_tasks.load(made_home, 99)
    made, _ = done("strategy", file=CROSS)
    assert [task.task_id for task in validation_tasks.known(made_home)] == [made.task_id]
    with pytest.raises(TaskError, match="has no list of mismatches"):
        validation_tasks.mismatches(made_home, made.task_id)
