"""Ways to run a sweep: compiled, on executors and a Dask cluster, drawn by chance, limited, continued; its regions."""

import csv
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import TaskError, TaskRefused
from quantstrip.home import Home, asset
from quantstrip.operations import grids, research, sweep_pool, sweeps, tasks
from quantstrip.operations.sweep_regions import regions
from quantstrip.operations.sweeps import FIGURES, Point
from quantstrip.operations.task_progress import Progress

CROSS = str(asset("examples") / "ma_cross.py")
WHOLE = str(asset("examples") / "vectorized_cross.py")
GRID = {"fast": [5, 10, 20], "slow": [20, 40]}
ASKED: dict[str, Any] = {"file": WHOLE, "symbols": ["IBM"], "start": "2010-01-01", "grid": GRID, "workers": 2}


def done(home: Home, **asked: Any) -> tuple[tasks.Task, sweeps.Sweep]:
    task = tasks.run_now(home, "sweep", ASKED | asked)
    assert task.state == "done", task.error
    return task, sweeps.load(home, task.task_id)


@pytest.mark.parametrize("risk", ["form", "off"])
def test_compiled_points_are_to_the_last_digit_those_of_the_engine(made_home: Home, risk: str) -> None:
    task, fast = done(made_home, risk=risk)
    other, slow = done(made_home, risk=risk, bar_by_bar=True, workers=1)
    assert task.result is not None
    assert other.result is not None
    assert task.result["way"] == "compiled"
    assert other.result["way"] == "bar by bar: bar by bar was asked for"
    assert task.result["run"] == other.result["run"]
    assert fast.points == slow.points
    assert {point.state for point in fast.points} == {"done"}


def test_compiled_points_of_several_symbols_are_those_of_the_engine(made_home: Home) -> None:
    symbols, point = ["AAPL", "IBM", "MSFT"], {"fast": 10, "slow": 40}
    _, found = done(made_home, symbols=symbols, grid={"fast": [10, 20], "slow": [40]})
    alone = research.backtest(made_home, WHOLE, symbols=symbols, start="2010-01-01", parameters=point)
    figures = found.points[0].figures
    assert (figures["fills"], figures["rejected"]) == (len(alone.fills), len(alone.rejected))
    assert figures["equity_final"] == pytest.approx(alone.equity_final, rel=1e-12)
    assert figures["sharpe"] == pytest.approx(alone.metrics.sharpe, rel=1e-9)


SCRIPT = """
# @param fast int 10 Bars
# @strategy entryPct 0.6
# @strategy stopLossPct 0.1
df = df.copy()
above = df["close"] > df["close"].rolling(params["fast"]).mean()
df["buy"] = above & ~above.shift(1, fill_value=False)
df["sell"] = ~above & above.shift(1, fill_value=False)
"""


def test_dataframe_scripts_are_compiled_too_each_in_a_process(made_home: Home, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    asked = {"file": str(tmp_path / "script.py"), "grid": {"fast": [5, 10, 20]}, "workers": 1}
    task, fast = done(made_home, **asked)
    _, slow = done(made_home, **asked, bar_by_bar=True)
    assert task.result is not None
    assert task.result["way"] == "compiled"
    assert fast.points == slow.points
    assert all((point.figures["fills"] or 0) > 10 for point in fast.points)


def test_a_script_whose_entries_add_to_a_position_is_left_to_the_engine_point_by_point(
    made_home: Home, tmp_path: Path
) -> None:
    text = SCRIPT.replace("entryPct 0.6", "entryPct 0.1").replace(
        "& above.shift(1", '& (params["fast"] < 8) & above.shift(1'
    )
    (tmp_path / "script.py").write_text(text)
    asked = {"file": str(tmp_path / "script.py"), "grid": {"fast": [5, 10]}, "workers": 1}
    task, found = done(made_home, **asked)
    _, slow = done(made_home, **asked, bar_by_bar=True)
    assert task.result is not None
    assert task.result["way"] == "compiled; 1 point bar by bar, where an entry adds to a position"
    assert found.points == slow.points


def test_what_cannot_be_compiled_runs_bar_by_bar_and_says_why(made_home: Home) -> None:
    task, _ = done(made_home, grid={"fast": [5, 10], "slow": [40]}, max_volume_share=0.5, start="2012-06-01", workers=1)
    assert task.result is not None
    assert task.result["way"] == "bar by bar: partial fills, borrowing and funding need the engine"
    task, _ = done(made_home, file=CROSS, grid={"fast": [5, 10]}, start="2012-06-01", workers=1)
    assert task.result is not None
    assert task.result["way"] == "bar by bar: the form native is run bar by bar"


def test_parameters_outside_their_bounds_are_refused_points_of_a_compiled_sweep(made_home: Home) -> None:
    _, found = done(made_home, grid={"fast": [5, 1000], "slow": [40]})
    assert [point.state for point in found.points] == ["done", "refused"]
    assert "fast is at least 2 and at most 100, got 1000" in found.points[1].error


def test_any_executor_runs_the_points(made_home: Home) -> None:
    ready = research.prepare(made_home, WHOLE, symbols=["IBM"], start="2012-01-01", parameters={"fast": 5, "slow": 20})
    jobs = list(grids.numbered(GRID))
    with ThreadPoolExecutor(2) as pool:
        found = list(sweep_pool.run(made_home, ready, iter(jobs), 6, 2, Progress(), executor=pool))
    assert sorted(each.number for each in found) == list(range(6))
    one = next(each for each in found if each.number == 3)
    assert one.figures["equity_final"] == ready.run(jobs[3][1]).equity_final


def test_a_local_dask_cluster_gives_the_same_points(made_home: Home) -> None:
    asked = {"grid": {"fast": [5, 10], "slow": [20, 40]}, "start": "2012-01-01", "file": CROSS}
    _, near = done(made_home, **asked, workers=1)
    _, far = done(made_home, **asked, workers=1, dask="local")
    assert near.points == far.points


def test_a_scheduler_that_does_not_answer_is_told_with_what_to_give(made_home: Home) -> None:
    task = tasks.run_now(made_home, "sweep", ASKED | {"dask": "nowhere://127.0.0.1:1"})
    assert task.state == "failed"
    assert "no Dask scheduler answers at nowhere://127.0.0.1:1" in task.error


def test_points_drawn_by_chance_are_the_same_for_the_same_seed(made_home: Home) -> None:
    grid = {"fast": list(range(2, 60)), "slow": list(range(60, 160))}
    asked = {"grid": grid, "random": 12, "start": "2012-01-01"}
    _, one = done(made_home, **asked, seed=3)
    _, again = done(made_home, **asked, seed=3)
    _, other = done(made_home, **asked, seed=4)
    assert one.points == again.points
    assert [point.number for point in one.points] != [point.number for point in other.points]
    assert (len(one.points), one.total) == (12, 12)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 30), st.integers(0, 5))
def test_a_draw_takes_points_of_the_grid_each_at_most_once(sizes: list[int], drawn: int, seed: int) -> None:
    grid = {f"p{place}": list(range(size)) for place, size in enumerate(sizes)}
    whole = dict(enumerate(grids.points_of(grid)))
    found = list(grids.numbered(grid, drawn, seed))
    assert len({number for number, _ in found}) == len(found) == min(drawn or len(whole), len(whole))
    assert all(whole[number] == point == grids.point_at(grid, number) for number, point in found)


def test_a_sweep_that_would_take_too_long_is_refused_with_its_estimate_and_keeps_its_first_point(
    made_home: Home,
) -> None:
    grid = {"fast": list(range(2, 30)), "slow": list(range(30, 60))}
    for file in (WHOLE, CROSS):
        asked = ASKED | {"file": file, "grid": grid, "limit_minutes": 1e-6, "workers": 1}
        task = tasks.run_now(made_home, "sweep", asked)
        assert task.state == "failed"
        assert "840 points would take about" in task.error
        assert "the limit is 1 s" in task.error
        assert 1 <= len(sweeps.load(made_home, task.task_id).points) <= 2


@pytest.mark.parametrize(("file", "slow"), [(WHOLE, range(30, 60)), (CROSS, range(30, 33))])
def test_a_cancelled_sweep_is_continued_with_the_points_that_are_left(made_home: Home, file: str, slow: range) -> None:
    def cancel_after_some(progress: Progress) -> None:
        progress.cancelled = progress.cancelled or progress.fraction > 0.02

    grid = {"fast": [5, 6, 7, 8, 9, 10], "slow": list(slow)}
    total = 6 * len(slow)
    asked = {"file": file, "grid": grid, "start": "2012-01-01", "workers": 1}
    cut = tasks.run_now(made_home, "sweep", ASKED | asked, heard=cancel_after_some)
    kept = len(sweeps.load(made_home, cut.task_id).points)
    assert 0 < kept < total
    rest, found = done(made_home, **asked, resume=cut.task_id)
    _, whole = done(made_home, **asked)
    assert rest.result is not None
    assert rest.result["taken_over"] == kept
    assert found.points == whole.points
    paths = [made_home.tasks / str(each.task_id) / sweeps.POINTS for each in (found, whole)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    finished, _ = done(made_home, **asked, resume=rest.task_id)
    assert finished.result is not None
    assert finished.result["taken_over"] == total


def test_a_sweep_on_other_ground_is_not_continued(made_home: Home, tmp_path: Path) -> None:
    file = tmp_path / "cross.py"
    file.write_bytes(Path(WHOLE).read_bytes())
    asked = {"file": str(file), "start": "2012-01-01"}
    first, _ = done(made_home, **asked)
    for change, words in (
        ({"start": "2012-02-01"}, "the bars, start changed"),
        ({"cash": 5_000.0}, "cash changed"),
        ({"grid": {"fast": [5], "slow": [20, 30]}}, "grid changed"),
    ):
        task = tasks.run_now(made_home, "sweep", ASKED | asked | change | {"resume": first.task_id})
        assert task.state == "failed"
        assert f"sweep {first.task_id} cannot be continued: {words}" in task.error
    file.write_bytes(file.read_bytes() + b"\n# edited\n")
    task = tasks.run_now(made_home, "sweep", ASKED | asked | {"resume": first.task_id})
    assert "the strategy's text changed since" in task.error


def test_a_strategy_that_sees_the_future_is_not_swept(made_home: Home, tmp_path: Path) -> None:
    file = tmp_path / "peek.py"
    file.write_text(Path(WHOLE).read_text().replace('sma(prices, params["fast"])', "prices.shift(-1)"))
    task = tasks.run_now(made_home, "sweep", ASKED | {"file": str(file)})
    assert task.state == "failed"
    assert "peek.py knows the future" in task.error


def test_numbers_that_mean_nothing_are_refused(made_home: Home) -> None:
    for change, words in (({"random": -1}, "random must be"), ({"limit_minutes": 0.0}, "limit_minutes must be")):
        with pytest.raises(TaskRefused, match=words):
            tasks.run_now(made_home, "sweep", ASKED | change)


def at(grid: dict[str, list[Any]], figures: dict[int, float | None]) -> list[Point]:
    return [
        Point(number, "done", grids.point_at(grid, number), dict.fromkeys(FIGURES, 0.0) | {"sharpe": value}, "")
        for number, value in figures.items()
    ]


def test_a_plateau_is_preferred_to_a_peak_that_stands_alone() -> None:
    grid = {"a": list(range(6)), "b": list(range(6))}
    figures: dict[int, float | None] = dict.fromkeys(range(36), 0.1)
    figures[0] = 9.0  # alone in a corner
    for row in (3, 4, 5):
        for column in (3, 4, 5):
            figures[row * 6 + column] = 1.0
    points = at(grid, figures)
    best = regions(points, grid, "sharpe", 36)[0]
    assert max(points, key=lambda point: point.figures["sharpe"] or 0.0).number == 0
    assert (best.point.parameters, best.middle, best.size) == ({"a": 4, "b": 4}, 1.0, 9)


@given(st.dictionaries(st.integers(0, 26), st.one_of(st.none(), st.floats(-5, 5)), min_size=1))
def test_a_region_is_the_median_of_all_that_lies_one_step_away(figures: dict[int, float | None]) -> None:
    grid: dict[str, list[Any]] = {"a": [1, 2, 4], "b": [0.5, 0.1, 0.9], "c": ["x", "y", "z"]}
    points = at(grid, figures)
    order: dict[str, list[float]] = {"a": [1, 2, 4], "b": [0.1, 0.5, 0.9]}
    for region in regions(points, grid, "sharpe", 27):
        here = region.point.parameters
        near = [
            point.figures["sharpe"]
            for point in points
            if point.figures["sharpe"] is not None
            and point.parameters["c"] == here["c"]
            and all(abs(order[n].index(point.parameters[n]) - order[n].index(here[n])) <= 1 for n in "ab")
        ]
        assert region.size == len(near) >= 5  # of 9 away from the edges
        assert region.middle == median(each for each in near if each is not None)
        assert region.worst == min(each for each in near if each is not None)


def test_a_draw_has_wider_neighbourhoods(made_home: Home) -> None:
    grid = {"a": list(range(50)), "b": list(range(50))}
    points = at(grid, dict.fromkeys((number for number, _ in grids.numbered(grid, 100, 1)), 1.0))
    found = regions(points, grid, "sharpe", 100)
    assert 60 < len(found) < 100  # those at the edge have too few
    assert 5 < sum(region.size for region in found) / len(found) < 20
    assert regions([replace(points[0], state="failed")], grid, "sharpe", 100) == []


def test_the_file_of_points_is_csv_whatever_came_of_them(made_home: Home) -> None:
    task, found = done(made_home, grid={"fast": [5, 1000], "slow": [40]})
    rows = list(csv.reader(io.StringIO((made_home.tasks / str(task.task_id) / sweeps.POINTS).read_text())))
    assert [row[1] for row in rows[1:]] == [point.state for point in found.points]


def test_a_cluster_without_its_package_says_what_to_install(made_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)  # as where it is not installed
    ready = research.prepare(made_home, WHOLE, symbols=["IBM"], start="2012-01-01")
    with pytest.raises(TaskError, match="needs the package distributed") as told:
        list(sweep_pool.run(made_home, ready, iter([(0, {})]), 1, 1, Progress(), dask="local"))
    assert 'pip install "quantstrip[dask]"' in told.value.hint
