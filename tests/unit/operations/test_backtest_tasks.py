"""What the worker does for whoever sets up backtests: fetch a repository, estimate a sweep, verify a kept run."""

import subprocess
from pathlib import Path

import pytest

from quantstrip.errors import GitError, RunError, ServiceNotRunning, StrategyLoadError, TaskError, TaskRefused
from quantstrip.home import Home, asset
from quantstrip.operations import git_task, runs, strategy_forms, tasks, verify_task

CROSS = str(asset("examples") / "ma_cross.py")
COLUMNS = str(asset("examples") / "vectorized_cross.py")
ASKED = {"file": CROSS, "symbols": ["IBM"], "start": "2010-01-01"}
GRID = {"fast": [5, 10, 40], "slow": [20, 30]}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a strategy class, a script, a helper and something that is broken."""
    folder = tmp_path / "theirs"
    (folder / "strategies").mkdir(parents=True)
    (folder / "cross.py").write_bytes(Path(CROSS).read_bytes())
    (folder / "strategies" / "script.py").write_text('"""Buys once."""\ndf = df.copy()\ndf["buy"] = df["close"] > 1\n')
    (folder / "helper.py").write_text("LOT = 5\n")
    (folder / "broken.py").write_text("class Half(StrategyBase:\n")
    names = ("-c", "user.name=A Trader", "-c", "user.email=a@example.org")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", *names, *words], cwd=folder, check=True, timeout=30)
    return folder


def test_a_fetched_repository_names_its_strategies_of_every_form_without_running_them(
    made_home: Home, repository: Path
) -> None:
    task = tasks.run_now(made_home, git_task.KIND, {"url": repository.as_uri(), "branch": "main"})
    assert task.state == "done", task.error
    found = git_task.fetched(made_home, task.task_id)
    assert list(found.strategies) == ["cross.py", "strategies/script.py"]
    assert found.strategies["strategies/script.py"] == "Buys once."
    assert (found.folder / "cross.py").read_bytes() == Path(CROSS).read_bytes()
    assert (found.branch, len(found.commit)) == ("main", 40)


def test_an_address_that_is_none_is_refused_before_anything_is_queued(made_home: Home) -> None:
    for url in ("--upload-pack=x", "http://example.org/a"):
        with pytest.raises(GitError, match="is no address of a repository"):
            tasks.submit(made_home, git_task.KIND, {"url": url})
    assert tasks.list_tasks(made_home) == []


def test_what_was_not_fetched_is_no_repository(made_home: Home, tmp_path: Path) -> None:
    failed = tasks.run_now(made_home, git_task.KIND, {"url": (tmp_path / "nowhere").as_uri()})
    assert failed.state == "failed"
    with pytest.raises(TaskError, match="has fetched no repository that is still there"):
        git_task.fetched(made_home, failed.task_id)


def test_a_compiled_sweep_is_estimated_by_its_first_points_and_keeps_nothing(made_home: Home) -> None:
    task = tasks.run_now(made_home, "sweep_estimate", ASKED | {"file": COLUMNS, "grid": GRID, "workers": 2})
    assert task.state == "done", task.error
    found = task.result or {}
    assert (found["points"], found["tried"], found["at_once"], found["over"]) == (6, 3, 2, False)
    assert found["way"].startswith(("compiled", "as plain Python"))
    assert found["seconds"] >= found["seconds_each"] * 3 > 0.0
    assert not (made_home.tasks / str(task.task_id) / "points.csv").exists()


def test_an_estimate_tells_the_way_the_limit_and_what_the_strategy_refuses(made_home: Home) -> None:
    grid = {"fast": [40, 5], "slow": [30]}
    task = tasks.run_now(made_home, "sweep_estimate", ASKED | {"grid": grid, "limit_minutes": 1e-6})
    found = task.result or {}
    assert found["way"] == "bar by bar: the form native is run bar by bar"
    assert found["over"] is True
    assert found["refused"] == 1
    assert "fast must be shorter than slow" in found["why"]


def test_a_run_is_verified_in_the_worker_and_what_came_of_it_is_found_by_the_run(made_home: Home) -> None:
    made = tasks.run_now(made_home, "backtest", ASKED)
    run_id = str((made.result or {})["run_id"])
    assert verify_task.newest(made_home, run_id) is None
    task = tasks.run_now(made_home, verify_task.KIND, {"run_id": run_id})
    assert (task.result or {})["equal"] is True
    path = runs.find(made_home, run_id) / runs.CODE / "ma_cross.py"
    path.write_text(path.read_text() + "# touched\n")
    tasks.run_now(made_home, verify_task.KIND, {"run_id": run_id})
    newest = verify_task.newest(made_home, run_id)
    assert newest is not None
    assert [each["kind"] for each in (newest.result or {})["differs"]][:1] == ["code"]
    with pytest.raises(RunError, match="there is no kept run 'rx'"):
        verify_task.submit(made_home, "rx")
    with pytest.raises(TaskRefused, match="run_id must name a kept run"):
        tasks.submit(made_home, verify_task.KIND, {"run_id": " "})
    with pytest.raises(ServiceNotRunning):
        verify_task.submit(made_home, run_id)


def test_somebody_elses_strategy_is_described_by_a_cell_with_its_parameters(made_home: Home, tmp_path: Path) -> None:
    own = strategy_forms.form(made_home, CROSS)
    assert strategy_forms.form(made_home, CROSS, untrusted=True) == own
    assert (own.form, own.cash, own.risk, own.fee, own.slippage_bps) == (
        "strategy class", 100_000.0, "NATIVE", "0.005 a share", 2.0,
    )  # fmt: skip
    file = tmp_path / "theirs.py"
    file.write_text("import os\n" + Path(CROSS).read_text())
    strategy_forms.form(made_home, file)
    with pytest.raises(StrategyLoadError, match=r"theirs.py, line 1: import: "):
        strategy_forms.form(made_home, file, untrusted=True)
    with pytest.raises(StrategyLoadError, match="fast must be shorter than slow"):
        strategy_forms.check(made_home, CROSS, {"fast": 50, "slow": 20}, untrusted=True)


def test_a_sweep_of_untrusted_code_runs_each_point_in_a_cell_with_the_same_figures(made_home: Home) -> None:
    asked = ASKED | {"grid": {"fast": [5, 10]}, "start": "2012-06-01", "workers": 1}
    own, other = (tasks.run_now(made_home, "sweep", asked | {"untrusted": each}) for each in (False, True))
    assert other.state == "done", other.error
    assert "each point runs in a cell" in (other.result or {})["way"]
    points = [Path(str((task.result or {})["path"])).read_bytes() for task in (own, other)]
    assert points[0] == points[1]
