"""What a backtest leaves: thinned for a screen without losing an extreme, whole in its files, paged, exported."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantstrip.bars import BarTable
from quantstrip.clock import DAY, from_text, to_text
from quantstrip.errors import TaskError
from quantstrip.home import Home, asset
from quantstrip.operations import backtests, outcomes, tasks

CROSS = str(asset("examples") / "ma_cross.py")
money = hnp.arrays(np.float64, st.integers(1, 400), elements=st.floats(1.0, 1e6))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Home, tasks.Task]:
    home = Home(tmp_path_factory.mktemp("ran") / "home").create()
    home.database.write_bytes(empty_database.read_bytes())
    return home, tasks.run_now(home, "backtest", {"file": CROSS, "symbols": ["IBM", "MSFT"], "parameters": {"fast": 4}})


@given(money, st.integers(2, 20))
def test_a_thinned_curve_keeps_its_ends_its_extremes_and_its_deepest_fall(values: np.ndarray, buckets: int) -> None:
    ts = np.arange(len(values), dtype=np.int64)
    thin = outcomes.thin_curve(ts, values, 1000.0, buckets)
    whole = outcomes.thin_curve(ts, values, 1000.0, len(values))
    assert len(thin["ts"]) <= 3 * buckets + 2
    assert np.all(np.diff(thin["ts"]) > 0)
    assert (thin["ts"][0], thin["ts"][-1]) == (0, len(values) - 1)
    assert (thin["equity"].min(), thin["equity"].max()) == (values.min(), values.max())
    assert thin["drawdown"].min() == whole["drawdown"].min()
    assert np.array_equal(thin["equity"], values[thin["ts"]])


@given(st.lists(st.tuples(*[st.floats(1, 100)] * 4, st.floats(0, 1e6)), min_size=1, max_size=80), st.integers(1, 30))
def test_thinned_bars_keep_first_opens_extremes_last_closes_and_volume(
    rows: list[tuple[float, ...]], most: int
) -> None:
    opened, high, low, close, volume = (np.array(column) for column in zip(*rows, strict=True))
    table = BarTable.from_arrays("X", "1d", np.arange(len(rows)) * DAY, opened, high, low, close, volume)
    thin = outcomes.thin_bars(table, most)
    assert len(thin["time"]) <= most
    assert (thin["open"][0], thin["close"][-1]) == (opened[0], close[-1])
    assert (thin["high"].max(), thin["low"].min()) == (high.max(), low.min())
    assert thin["volume"].sum() == pytest.approx(volume.sum())
    places = [*(thin["time"] // DAY).tolist(), len(rows)]
    for row, (begin, end) in enumerate(pairwise(places)):
        assert thin["high"][row] == high[begin:end].max()
        assert thin["close"][row] == close[end - 1]


def test_a_months_return_counts_from_the_last_close_before_it() -> None:
    closes = ["2012-01-31 21:00:00", "2012-02-28 21:00:00", "2012-02-29 21:00:00", "2012-04-02 20:00:00"]
    ts = np.array([from_text(each) for each in closes])
    (year,) = outcomes.monthly_returns(ts, np.array([110.0, 100.0, 121.0, 60.5]), 100.0)
    assert year.months[2] is None
    assert [year.months[month] for month in (0, 1, 3)] == pytest.approx([0.1, 0.1, -0.5])
    assert year.total == pytest.approx(-0.395)


def test_tables_candles_and_curve_are_those_of_the_whole_result(ran: tuple[Home, tasks.Task]) -> None:
    home, task = ran
    assert task.state == "done", task.error
    found = backtests.load(home, task.task_id)
    whole = json.loads(backtests.export(home, task.task_id, "result"))
    assert found.run == whole["run"]
    assert found.metrics == whole["metrics"]
    for name, columns in outcomes.TABLES.items():
        rows = backtests.rows(home, task.task_id, name, 0, 10**6)
        assert rows == [tuple(row[column] for column in columns) for row in whole[name]]
        assert len(rows) == found.counts[name]
        assert backtests.rows(home, task.task_id, name, 3, 2) == rows[3:5]
    assert found.equity[-1] == whole["equity_final"]
    curve = list(csv.DictReader(io.StringIO(backtests.export(home, task.task_id, "equity").decode())))
    assert curve[-1] == {"time": to_text(int(found.ts[-1])), "equity": repr(float(found.equity[-1]))}
    candles, together = backtests.candles(home, task.task_id, "IBM")
    assert (len(candles["time"]), together) == (3270, 1)
    marks = backtests.marks(home, task.task_id, "IBM")
    assert len(marks) == sum(fill["symbol"] == "IBM" for fill in whole["fills"])
    assert {mark.kind for mark in marks} == {"buy", "sell"}


def test_what_a_script_drew_is_kept_beside_its_bars(ran: tuple[Home, tasks.Task]) -> None:
    home, task = ran
    assert backtests.drawn(home, task.task_id, "IBM") == []
    file = str(asset("examples") / "dataframe_ema_cross.py")
    made = tasks.run_now(home, "backtest", {"file": file, "symbols": ["IBM", "MSFT"], "end": "2001-12-31"})
    columns, _ = backtests.candles(home, made.task_id, "MSFT")
    found = backtests.drawn(home, made.task_id, "MSFT")
    assert [each["name"] for each in found] == ["EMA 12", "EMA 40", "gap", "L (script)", "S (script)"]
    assert [each["overlay"] for each in found] == [True, True, False, True, True]
    assert {len(each["data"]) for each in found} == {len(columns["time"])}
    lows = [(low * 0.99, mark) for low, mark in zip(columns["low"], found[3]["data"], strict=True) if mark is not None]
    assert lows
    assert all(low == pytest.approx(mark) for low, mark in lows)


def test_an_exported_table_has_every_row_and_no_live_formula(ran: tuple[Home, tasks.Task]) -> None:
    home, task = ran
    path = home.tasks / str(task.task_id) / "rejected.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"2012-01-03,=EVIL(),BUY,5.0,@rule,-1+1\n")
    try:
        rows = list(csv.reader(io.StringIO(backtests.export(home, task.task_id, "rejected").decode())))
    finally:
        path.write_bytes(before)
    assert rows[0] == list(outcomes.TABLES["rejected"])
    assert rows[-1] == ["2012-01-03", "'=EVIL()", "BUY", "5.0", "'@rule", "'-1+1"]
    trades = list(csv.reader(io.StringIO(backtests.export(home, task.task_id, "trades").decode())))
    assert len(trades) == backtests.load(home, task.task_id).counts["trades"] + 1
    assert min(float(row[-1]) for row in trades[1:]) < 0.0  # a loss is a number, not a formula


def test_what_differs_between_runs_is_named(ran: tuple[Home, tasks.Task]) -> None:
    home, task = ran
    other = tasks.run_now(home, "backtest", {"file": CROSS, "symbols": ["IBM", "MSFT"], "cash": 5000.0})
    both = [backtests.load(home, each.task_id) for each in (task, other)]
    assert backtests.differing(both) == {"parameter fast", "cash"}
    assert backtests.differing(both[:1]) == frozenset()


def test_a_result_whose_files_are_gone_or_broken_says_how_to_get_it_back(ran: tuple[Home, tasks.Task]) -> None:
    home, _ = ran
    task = tasks.run_now(home, "backtest", {"file": CROSS, "symbols": ["IBM"], "start": "2012-01-01"})
    folder = home.tasks / str(task.task_id)
    (folder / "trades.csv").unlink()
    with pytest.raises(TaskError, match=r"the file trades\.csv of task \d+ is gone") as gone:
        backtests.rows(home, task.task_id, "trades")
    assert "quantstrip task repeat" in gone.value.hint
    (folder / outcomes.SUMMARY).write_text("{")
    with pytest.raises(TaskError, match="cannot be read"):
        backtests.load(home, task.task_id)
    (folder / outcomes.SUMMARY).unlink()
    with pytest.raises(TaskError, match=rf"the files of backtest {task.task_id} are gone"):
        backtests.load(home, task.task_id)


def test_a_backtest_that_failed_has_no_result_and_says_why(ran: tuple[Home, tasks.Task]) -> None:
    home, _ = ran
    task = tasks.run_now(home, "backtest", {"file": CROSS, "symbols": ["NONE"]})
    with pytest.raises(TaskError, match=r"is failed: it has no result.*holds no bars of NONE"):
        backtests.load(home, task.task_id)
