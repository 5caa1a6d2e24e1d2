"""Results of a query outside of memory: pages, sorting, searching, files of every form, and runs that are stopped."""

import csv
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from quantstrip.errors import LedgerError, QueryStopped
from quantstrip.home import Home
from quantstrip.operations import sql_export, sql_runs, tasks
from quantstrip.operations.sql_store import Store, Wanted
from quantstrip.report.files import MOST_ROWS

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {what} FROM n"
CELLS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=8))


def stored(folder: Path, columns: list[str], rows: list[tuple[Any, ...]], **limits: int) -> Store:
    store = Store(folder / "r.db")
    store.forget()
    store.fill(columns, rows, **({"most_rows": 10**6, "most_bytes": 10**9} | limits))
    return store


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=40), first=st.integers(0, 45), count=st.integers(1, 20))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_page_is_a_slice_of_the_rows_as_they_came(
    tmp_path: Path, rows: list[tuple[Any, ...]], first: int, count: int
) -> None:
    store = stored(tmp_path, ["a", "b"], rows)
    assert list(store.page(Wanted(), first, count).rows) == rows[first : first + count]
    assert list(store.each()) == rows
    assert store.count(Wanted()) == len(rows)


def test_sorting_and_searching_see_all_rows_and_signs_of_a_pattern_are_text(tmp_path: Path) -> None:
    store = stored(tmp_path, ["n", "t"], [(3, "a_b"), (1, "axb"), (2, "100%"), (None, "A_B")])
    assert [row[0] for row in store.page(Wanted(0), 0, 9).rows] == [None, 1, 2, 3]
    assert [row[0] for row in store.page(Wanted(0, descending=True), 1, 2).rows] == [2, 1]
    assert [row[1] for row in store.page(Wanted(find="a_b"), 0, 9).rows] == ["a_b", "A_B"]
    assert store.count(Wanted(find="%")) == 1


def test_a_large_result_is_kept_and_turned_in_little_memory(made_home: Home) -> None:
    tracemalloc.start()
    try:
        run = sql_runs.start(made_home, NUMBERS.format(rows=10_000_000), {}, most_rows=60_000, seconds=60)
        assert run.wait(60)
        assert (run.error, run.store.rows, run.store.cut) == (None, 60_000, "rows")
        assert run.store.page(Wanted(), 59_990, 100).rows[-1] == (60_000,)
        assert len(run.store.sample([0], 1_000).rows) == 1_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
        sql_runs.forget(run.key)
    assert not run.store.path.exists()


def test_large_rows_end_the_reading_before_they_fill_the_disk(tmp_path: Path) -> None:
    store = stored(tmp_path, ["a"], [("x" * 1_000,)] * 100, most_bytes=10_000)
    assert (store.rows, store.cut) == (10, "bytes")


def test_a_query_is_stopped_within_a_moment_and_rows_that_came_stay(made_home: Home) -> None:
    run = sql_runs.start(made_home, ENDLESS.format(what="COUNT(*)"), {}, most_rows=10, seconds=60)
    assert not run.wait(0.2)
    run.stop()
    assert run.wait(5)
    assert isinstance(run.error, QueryStopped)
    rows = sql_runs.start(made_home, ENDLESS.format(what="i"), {}, most_rows=1_000_000, seconds=60)
    while not rows.store.rows:
        assert not rows.wait(0.01)
    rows.stop()
    assert rows.wait(5)
    assert (rows.error, rows.store.cut) == (None, "stopped")
    assert len(rows.store.page(Wanted(), 0, 5).rows) == 5


def test_only_so_many_queries_run_at_once(made_home: Home) -> None:
    begun = [sql_runs.start(made_home, ENDLESS.format(what="COUNT(*)"), {}, most_rows=1, seconds=60) for _ in range(4)]
    try:
        with pytest.raises(LedgerError, match="4 queries run already"):
            sql_runs.start(made_home, "SELECT 1", {}, most_rows=1, seconds=1)
    finally:
        for each in begun:
            sql_runs.forget(each.key)


ODD = """SELECT '=1+1' AS a, 1 AS a, 9007199254740993 AS large, x'00ff' AS raw, 1.5 AS n, '<b>' AS html
UNION ALL SELECT 'plain', 2, 5, x'', NULL, 'it''s'"""


def test_every_form_holds_the_same_cells_and_no_formula(made_home: Home, tmp_path: Path) -> None:
    for form in ("csv", "xlsx", "parquet"):
        made = sql_export.export(made_home, ODD, {}, tmp_path / f"q.{form}")
        assert (made.rows, made.cut) == (2, False)
    with (tmp_path / "q.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["a", "a", "large", "raw", "n", "html"]
    assert lines[1] == ["'=1+1", "1", "9007199254740993", "x'00ff'", "1.5", "<b>"]
    sheet = load_workbook(tmp_path / "q.xlsx").worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == ["=1+1", 1, "9007199254740993", "x'00ff'", 1.5, "<b>"]
    assert sheet["A2"].data_type == "s"  # text, not a formula
    table = pq.read_table(tmp_path / "q.parquet")
    assert table.column_names == ["a", "a (2)", "large", "raw", "n", "html"]
    assert table.to_pylist()[0] == {
        "a": "=1+1", "a (2)": 1, "large": 9007199254740993, "raw": b"\x00\xff", "n": 1.5, "html": "<b>"
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".", "q"))) == [
        "q.csv", "q.parquet", "q.xlsx",
    ]  # fmt: skip


def test_a_sheet_that_is_full_says_so(tmp_path: Path) -> None:
    assert MOST_ROWS == 2**20 - 1
    for rows, cut in ((10, False), (11, True)):
        made = sql_export.write(tmp_path / "q.xlsx", ["n"], ((i,) for i in range(rows)), sheet_rows=10)
        assert (made.rows, made.cut) == (10, cut)


def test_as_a_task_the_whole_result_is_written_and_a_wrong_ending_is_refused(made_home: Home, tmp_path: Path) -> None:
    done = tasks.run_now(made_home, "sql_export", {"text": NUMBERS.format(rows=70_000), "form": "csv"})
    assert done.result is not None
    assert (done.state, done.result["rows"]) == ("done", 70_000)
    assert sql_export.written(made_home, done.task_id).endswith(b"70000\r\n")
    with pytest.raises(LedgerError, match=r"becomes \.csv, \.xlsx or \.parquet, got q\.pdf"):
        sql_export.export(made_home, "SELECT 1", {}, tmp_path / "q.pdf")
