"""Sweeps: every point is a backtest, none is hidden, and what was done survives what ends the sweep."""

import hashlib
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.errors import StrategyLoadError, TaskError, TaskRefused
from quantstrip.home import Home, asset
from quantstrip.operations import backtests, research, sweep_pool, sweeps, tasks
from quantstrip.operations.sweeps import FIGURES, Point, Sweep
from quantstrip.operations.task_progress import Progress

CROSS = str(asset("examples") / "ma_cross.py")
GRID = {"fast": [5, 10, 20], "slow": [10, 20]}
ASKED = {"file": CROSS, "symbols": ["IBM"], "start": "2010-01-01", "grid": GRID, "workers": 2}
FAULTY = """
from quantstrip import StrategyBase

class Faulty(StrategyBase):
    parameters = ["bars"]
    timeframe = "1d"
    def __init__(self, symbols=None, bars=10):
        super().__init__(name="faulty", symbols=symbols or ["IBM"])
        self.bars = bars
    def on_bar(self, bar):
        if self.bars == 3:
            raise RuntimeError("three is too many")
        if self.bars == 4:
            import os
            os._exit(1)
        return []
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Home, tasks.Task]:
    """A sweep that is done."""
    home = Home(tmp_path_factory.mktemp("swept") / "home").create()
    home.database.write_bytes(empty_database.read_bytes())
    return home, tasks.run_now(home, "sweep", ASKED)


def test_every_point_is_the_same_as_a_single_backtest(swept: tuple[Home, tasks.Task]) -> None:
    home, task = swept
    assert task.state == "done", task.error
    for point in sweeps.load(home, task.task_id).points:
        asked: dict[str, Any] = {"symbols": ["IBM"], "start": "2010-01-01", "parameters": dict(point.parameters)}
        if point.parameters["fast"] >= point.parameters["slow"]:
            assert point.state == "refused"
            with pytest.raises(StrategyLoadError) as refused:
                research.backtest(home, CROSS, **asked)
            assert point.error == refused.value.message
            continue
        alone = research.backtest(home, CROSS, **asked)
        figures = {**alone.metrics._asdict(), "equity_final": alone.equity_final, "fills": len(alone.fills),
                   "rejected": len(alone.rejected)}  # fmt: skip
        assert (point.state, point.figures) == ("done", figures)


def test_the_points_stand_in_the_order_of_the_grid_and_are_the_same_each_time(swept: tuple[Home, tasks.Task]) -> None:
    home, task = swept
    assert task.result is not None
    found = sweeps.load(home, task.task_id)
    assert [point.number for point in found.points] == list(range(6))
    assert [task.result[name] for name in ("points", "done", "refused", "failed")] == [6, 3, 3, 0]
    assert task.result["run"]["symbols"] == ["IBM"]
    again = tasks.run_now(home, "sweep", ASKED | {"workers": 1})
    paths = [Path(str(each.result["path"])) for each in (task, again) if each.result]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 30), st.integers(2, 60))
def test_any_point_of_any_grid_equals_a_backtest_of_it(made_home: Home, fast: int, slow: int) -> None:
    ready = research.prepare(made_home, CROSS, symbols=["IBM"], start="2011-01-01")
    found = sweep_pool.point(ready, (0, {"fast": fast, "slow": slow}))
    if fast >= slow:
        assert found.state == "refused"
        return
    alone = research.backtest(
        made_home, CROSS, symbols=["IBM"], start="2011-01-01", parameters={"fast": fast, "slow": slow}
    )
    assert found.run == alone.run
    assert found.figures["equity_final"] == alone.equity_final
    assert {name: found.figures[name] for name in alone.metrics._fields} == alone.metrics._asdict()


def test_a_point_opens_as_the_backtest_that_it_is(swept: tuple[Home, tasks.Task]) -> None:
    home, task = swept
    point = sweeps.load(home, task.task_id).points[0]
    made = tasks.run_now(home, "backtest", sweeps.backtest_arguments(home, task.task_id, point.parameters))
    assert made.state == "done", made.error
    assert backtests.load(home, made.task_id).equity_final == point.figures["equity_final"]


def test_a_file_that_is_edited_during_a_sweep_changes_none_of_its_points(made_home: Home, tmp_path: Path) -> None:
    file, grid = tmp_path / "edited.py", {"fast": [5, 10, 20, 30], "slow": [40]}
    first = Path(CROSS).read_bytes()
    asked = ASKED | {"file": str(file), "grid": grid, "workers": 1}
    file.write_bytes(first)
    untouched = tasks.run_now(made_home, "sweep", asked)

    def edit_after_the_first(progress: Progress) -> None:
        if progress.fraction > 0.02:
            file.write_text("class Another: pass")

    edited = tasks.run_now(made_home, "sweep", asked, heard=edit_after_the_first)
    assert file.read_bytes() != first, "it was edited while points were left"
    assert (edited.state, untouched.state) == ("done", "done")
    assert edited.result is not None
    assert edited.result["run"]["code_hash"] == hashlib.sha256(first).hexdigest()
    found = [sweeps.load(made_home, each.task_id) for each in (untouched, edited)]
    assert found[0].points == found[1].points

    point = found[1].points[0]
    with pytest.raises(TaskError, match=rf"edited since sweep {edited.task_id}") as told:
        sweeps.backtest_arguments(made_home, edited.task_id, point.parameters)
    kept = made_home.tasks / str(edited.task_id) / sweeps.SOURCE
    assert str(kept) in told.value.hint
    file.write_bytes(kept.read_bytes())
    assert sweeps.backtest_arguments(made_home, edited.task_id, point.parameters)["parameters"] == point.parameters


def test_a_run_names_the_text_that_ran_and_not_a_later_one(made_home: Home, tmp_path: Path) -> None:
    file, first = tmp_path / "edited.py", Path(CROSS).read_bytes()
    file.write_bytes(first)
    ready = research.prepare(made_home, file, symbols=["IBM"], start="2012-01-01")
    file.unlink()
    assert ready.run().run["code_hash"] == hashlib.sha256(first).hexdigest()
    with pytest.raises(StrategyLoadError, match="fast must be shorter than slow"):
        ready.run({"fast": 30, "slow": 20})


def test_a_point_that_fails_is_told_with_its_reason_and_the_others_go_on(made_home: Home, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    task = tasks.run_now(
        made_home, "sweep", {"file": str(tmp_path / "faulty.py"), "grid": {"bars": [1, 2, 3]}, "workers": 1}
    )
    assert task.state == "done", task.error
    points = sweeps.load(made_home, task.task_id).points
    assert [point.state for point in points] == ["done", "done", "failed"]
    assert "three is too many" in points[2].error


def test_a_process_that_dies_ends_the_sweep_with_what_to_do_and_keeps_what_was_done(
    made_home: Home, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    asked = {"file": str(tmp_path / "faulty.py"), "grid": {"bars": [1, 2, 4]}, "workers": 1}
    task = tasks.run_now(made_home, "sweep", asked)
    assert task.state == "failed"
    assert "a process of the sweep died after 2 of 3 points" in task.error
    assert [point.number for point in sweeps.load(made_home, task.task_id).points] == [0, 1]


def test_a_cancelled_sweep_ends_its_processes_and_keeps_what_was_done(made_home: Home) -> None:
    before = set(multiprocessing.active_children())

    def cancel_after_the_first(progress: Progress) -> None:
        progress.cancelled = progress.cancelled or progress.fraction > 0.02

    grid = {"fast": list(range(2, 30)), "slow": list(range(30, 60))}
    task = tasks.run_now(made_home, "sweep", ASKED | {"grid": grid}, heard=cancel_after_the_first)
    assert task.state in {"cancelled", "interrupted"}
    found = sweeps.load(made_home, task.task_id)
    assert 0 < len(found.points) < found.total == 840
    assert set(multiprocessing.active_children()) <= before


def test_a_grid_of_which_no_point_can_be_run_is_refused_with_the_reason(made_home: Home) -> None:
    task = tasks.run_now(made_home, "sweep", ASKED | {"grid": {"fast": [50, 60], "slow": [10, 20]}})
    assert task.state == "failed"
    assert "no point of the grid can be run; the first:" in task.error
    assert "fast must be shorter than slow, got fast 50 and slow 10" in task.error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grid": {}}, "at least one parameter that varies"),
        ({"parameters": {"fast": 5}}, "fast is in the grid and fixed at once"),
        ({"workers": -1}, "workers must be from 0 to 256"),
        ({"file": "ma_cross.py"}, "absolute path"),
    ],
)
def test_what_no_sweep_can_be_asked_is_refused_before_it_is_queued(
    made_home: Home, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(TaskRefused, match=words):
        tasks.run_now(made_home, "sweep", ASKED | change)
    assert tasks.list_tasks(made_home) == []


def test_a_line_that_was_not_written_to_its_end_is_left_out(swept: tuple[Home, tasks.Task], tmp_path: Path) -> None:
    home, task = swept
    whole = (home.tasks / str(task.task_id) / sweeps.POINTS).read_text()
    torn = tmp_path / "points.csv"
    torn.write_text(whole[: whole.rfind("\n", 0, -1) + 9])
    assert [point.number for point in sweeps.read(torn, GRID)] == [0, 1, 2, 3, 4]


def test_a_task_of_another_kind_is_no_sweep(swept: tuple[Home, tasks.Task], made_home: Home) -> None:
    task = tasks.run_now(made_home, "backtest", {"file": CROSS, "symbols": ["IBM"], "start": "2012-01-01"})
    with pytest.raises(TaskError, match=f"task {task.task_id} is a backtest, not a sweep"):
        sweeps.load(made_home, task.task_id)
    home, sweep = swept
    with pytest.raises(TaskError, match=f"task {sweep.task_id} is a sweep, not a backtest"):
        backtests.load(home, sweep.task_id)


def a_sweep(values: dict[tuple[int, int, int], float | None]) -> Sweep:
    points = tuple(
        Point(number, "done", dict(zip("abc", place, strict=True)), dict.fromkeys(FIGURES, 0.0) | {"sharpe": value}, "")
        for number, (place, value) in enumerate(values.items())
    )
    return Sweep(1, "done", {"a": [1, 2], "b": [1, 2], "c": [1, 2]}, {}, 8, points)


@given(st.dictionaries(st.tuples(*[st.integers(1, 2)] * 3), st.one_of(st.none(), st.floats(-5, 5)), min_size=1))
def test_the_heat_map_has_the_best_of_what_is_not_fixed(values: dict[tuple[int, int, int], float | None]) -> None:
    found = a_sweep(values)
    for fixed in ({}, {"c": 2}):
        rows = found.heat("sharpe", "a", "b", fixed)
        for y, b in enumerate((1, 2)):
            for x, a in enumerate((1, 2)):
                there = [value for place, value in values.items()
                         if place[:2] == (a, b) and value is not None and (not fixed or place[2] == 2)]  # fmt: skip
                assert rows[y][x] == max(there, default=None)


def test_the_best_comes_first_and_what_has_no_figure_last() -> None:
    found = a_sweep({(1, 1, 1): 0.5, (1, 1, 2): None, (1, 2, 1): 2.0, (1, 2, 2): -1.0, (2, 1, 1): 2.0})
    refused = replace(found.points[0], number=9, state="refused", figures={})
    found = replace(found, points=(*found.points, refused))
    assert [point.number for point in found.ranked("sharpe")] == [2, 4, 0, 3, 1]


def test_an_export_has_no_live_formula(made_home: Home, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY.replace("bars=10", 'bars="x"'))
    asked = {
        "file": str(tmp_path / "faulty.py"),
        "start": "2013-01-01",
        "grid": {"bars": ["=EVIL()", "-1"]},
        "workers": 1,
    }
    task = tasks.run_now(made_home, "sweep", asked)
    lines = sweeps.export(made_home, task.task_id).decode().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["'=EVIL()", "'-1"]
    assert [point.parameters["bars"] for point in sweeps.load(made_home, task.task_id).points] == ["=EVIL()", "-1"]


def test_an_export_is_the_file_of_points(swept: tuple[Home, tasks.Task]) -> None:
    home, task = swept
    data = sweeps.export(home, task.task_id)
    assert data == (home.tasks / str(task.task_id) / sweeps.POINTS).read_bytes()
    lines = data.decode().splitlines()
    assert lines[0].startswith("point,state,fast,slow,total_return")
    assert len(lines) == 7
