"""``quantstrip task``: what is printed, for people and for programs."""

import json
from pathlib import Path

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger

from .conftest import Run

EXAMPLE = str(asset("examples") / "ma_cross.py")


def test_a_task_done_here_is_printed_and_listed_and_forgotten(quantstrip: Run) -> None:
    assert quantstrip("task", "list").stdout == "No task.\n"
    asked = json.dumps({"file": EXAMPLE, "symbols": ["IBM"], "end": "2003-01-01"})
    done = quantstrip("task", "run", "backtest", "--now", "--arguments", asked, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    task = json.loads(done.stdout)
    assert (task["task_id"], task["kind"], task["state"], task["cancel_requested"]) == (1, "backtest", "done", None)
    assert Path(task["result"]["path"]).is_file()
    assert task["created"] <= task["started"] <= task["finished"]
    listed = quantstrip("task", "list").stdout.splitlines()
    assert listed[1].split()[:4] == ["1", "backtest", "done", "100%"]
    assert json.loads(quantstrip("task", "list", "--json").stdout) == [task]
    assert json.loads(quantstrip("task", "show", "1", "--json").stdout) == task
    shown = quantstrip("task", "show", "1").stdout
    assert task["result"]["path"] in shown
    assert quantstrip("task", "list", "--state", "failed").stdout == "No task is failed.\n"
    refused = quantstrip("task", "cancel", "1")
    assert (refused.returncode, "is done and cannot be cancelled" in refused.stderr) == (1, True)
    assert quantstrip("task", "remove", "1").returncode == 0
    assert not Path(task["result"]["path"]).exists()


def test_a_task_that_fails_exits_with_1_and_shows_its_error_and_trace(quantstrip: Run, tmp_path: Path) -> None:
    file = tmp_path / "empty.py"
    file.touch()
    done = quantstrip("task", "run", "backtest", "--now", "--arguments", json.dumps({"file": str(file)}))
    assert (done.returncode, "failed" in done.stdout) == (1, True)
    assert "Traceback" in quantstrip("task", "show", "1").stdout


def test_a_relative_path_is_taken_from_where_the_command_is_given(quantstrip: Run) -> None:
    refused = quantstrip("task", "run", "backtest", "--now", "--arguments", '{"file": "no/such.py"}')
    assert (refused.returncode, str(Path.cwd() / "no/such.py") in refused.stderr) == (1, True)


def test_arguments_that_are_no_object_are_wrong_usage(quantstrip: Run) -> None:
    for text in ("not json", "[1]"):
        refused = quantstrip("task", "run", "report", "--arguments", text)
        assert (refused.returncode, "JSON" in refused.stderr) == (2, True)
    assert quantstrip("task", "run", "report", "--now", "--no-wait").returncode == 2


def test_a_list_says_what_the_queued_ones_wait_for_where_no_service_runs(quantstrip: Run, home: Home) -> None:
    open_ledger(home).add_task("report", {})
    assert "quantstrip up" in quantstrip("task", "list").stdout.splitlines()[-1]
    assert quantstrip("task", "cancel", "1").stdout == "Task 1 is cancelled.\n"
    assert "quantstrip up" not in quantstrip("task", "list").stdout
    refused = quantstrip("task", "repeat", "1")
    assert (refused.returncode, "no service runs" in refused.stderr) == (1, True)


def test_without_a_service_it_says_how_to_start_it_and_how_to_do_without(quantstrip: Run) -> None:
    refused = quantstrip("task", "run", "report", "--json")
    assert refused.returncode == 1
    told = json.loads(refused.stdout)["error"]
    assert told["type"] == "ServiceNotRunning"
    assert "task run report --now" in told["hint"]
    unknown = quantstrip("task", "run", "fly")
    assert (unknown.returncode, "backtest, sweep, sweep_estimate" in unknown.stderr) == (1, True)
