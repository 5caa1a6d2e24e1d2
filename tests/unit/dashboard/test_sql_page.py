"""The SQL page on a real ledger: queries and their files, parameters, limits, results, plan, schema."""

from typing import Any

import pandas as pd
import pytest

from quantstrip.home import Home
from quantstrip.operations import queries

PAGE = "screens/sql.py"
EDITOR = "sql-editor"
FILLS = "SELECT exec_id, symbol, quantity FROM v_executions WHERE symbol = :symbol ORDER BY exec_id"
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


def run(page: Any, text: str) -> Any:
    page.write(EDITOR, text)
    page.press("sql-run")
    return page


def labels(page: Any) -> list[str]:
    return [button.label for button in page.app.get("download_button")]


def test_a_pre_built_query_is_chosen_and_run(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-choice").set_value("executions").run()
    assert "FROM v_executions" in page.written(EDITOR)
    page.press("sql-run")
    assert "4 rows in" in page.text
    assert set(page.app.dataframe[0].value["symbol"]) == {"AAPL", "MSFT"}
    assert labels(page) == ["CSV"]
    with pytest.raises(KeyError):
        page.app.button(key="sql-delete")  # what ships stays


def test_a_parameter_becomes_a_field_and_waits_for_its_value(traded: Any, show: Any) -> None:
    page = run(show(PAGE), FILLS)
    page.app.text_input(key="sql-param-symbol").set_value("MSFT").run()
    page.press("sql-run")
    assert list(page.app.dataframe[0].value["symbol"]) == ["MSFT", "MSFT"]
    page.app.text_input(key="sql-param-symbol").set_value("' OR 1=1 --").run()
    page.press("sql-run")
    assert "0 rows in" in page.text


def test_what_is_selected_is_run_and_else_all(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.write(EDITOR, "SELECT 1 AS one;\nSELECT :absent AS two", selection="SELECT 1 AS one")
    page.press("sql-run")
    assert list(page.app.dataframe[0].value.columns) == ["one"]
    page.write(EDITOR, "SELECT 2 AS two", selection=" \n")
    page.press("sql-run")
    assert list(page.app.dataframe[0].value.columns) == ["two"]


def test_a_text_run_in_one_go_with_the_shortcut_first_asks_for_its_values(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.write(EDITOR, FILLS, run=False)
    page.press("sql-run")
    assert "The query asks for symbol: fill in and run again." in page.text
    assert len(page.app.dataframe) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DELETE FROM broker", "queries only read"),
        ("ATTACH 'x.db' AS x", "queries only read"),
        ("SELECT absent FROM broker", "no such column: absent"),
        ("", "there is no SQL"),
    ],
)
def test_what_is_refused_is_said_and_the_page_stays(traded: Any, show: Any, text: str, said: str) -> None:
    page = run(show(PAGE), text)
    assert said in page.text
    run(page, "SELECT 1 AS one")
    assert said not in page.text
    assert "1 row in" in page.text


def test_a_query_that_never_ends_is_stopped_with_what_to_do(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-seconds").set_value(1).run()
    run(page, ENDLESS)
    assert "the query was stopped after 1 s Narrow it with WHERE or LIMIT, or allow it more time." in page.text


def test_a_result_that_is_cut_says_so_and_the_file_holds_all_of_it(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-rows").set_value(1_000).run()
    run(page, NUMBERS.format(rows=2_500))
    assert "the first 1,000 rows in" in page.text
    assert "There is more: at most 1,000 rows are read here." in page.text
    assert len(page.app.dataframe[0].value) == 1_000
    page.press("sql-csv-all")
    assert [label for label in labels(page) if label.startswith("Save 2,500 rows")] == labels(page)


def test_html_two_equal_names_mixed_kinds_and_large_numbers_are_shown_as_they_are(traded: Any, show: Any) -> None:
    text = """SELECT '<img src=x onerror=alert(1)>' AS a, 1 AS a, 9007199254740993 AS large, x'00ff' AS raw
    UNION ALL SELECT '=1+1', 'one', NULL, NULL"""
    page = run(show(PAGE), text)
    found = page.app.dataframe[0].value
    assert list(found.columns) == ["a", "a (2)", "large", "raw"]
    assert list(found["a"]) == ["<img src=x onerror=alert(1)>", "=1+1"]
    assert list(found["a (2)"]) == ["1", "one"]
    assert (found["large"][0], bool(pd.isna(found["large"][1]))) == (9007199254740993, True)
    assert found["raw"][0] == "x'00ff'"
    assert "<img" not in page.markup


def test_a_result_is_drawn_in_two_clicks_whatever_its_columns_are_called(traded: Any, show: Any) -> None:
    text = 'SELECT trade_date AS "a.b[0]:c", 1.5 AS "<b>", 2 AS two FROM v_daily_pnl'
    page = run(show(PAGE), text)
    for view in ("Line", "Bars"):
        page.app.segmented_control(key="sql-view").set_value(view).run()
        assert not page.app.exception
        page.app.multiselect(key="sql-y").set_value(["<b>", "two"]).run()
        assert not page.app.exception
        assert len(page.app.get("vega_lite_chart")) == 1
    run(page, "SELECT 'a' AS word")
    assert "nothing to draw" in page.text


def test_the_plan_is_shown_without_running(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.write(EDITOR, "SELECT * FROM orders WHERE order_id = :id")
    page.press("sql-explain")
    assert "SEARCH orders" in page.app.code[0].value
    assert len(page.app.dataframe) == 0


def test_a_query_is_saved_changed_renamed_and_deleted(traded: Any, home: Home, show: Any) -> None:
    page = show(PAGE)
    page.write(EDITOR, "SELECT 1")
    page.press("sql-save-as")
    page.app.text_input(key="sql-save-name").set_value("../out")
    page.press("sql-save-now")
    assert "letters, digits and _" in page.text
    page.app.text_input(key="sql-save-name").set_value("mine")
    page.press("sql-save-now")
    assert page.app.selectbox(key="sql-choice").value == "mine"
    page.write(EDITOR, "SELECT 2")
    assert "mine is not saved yet" in page.text
    page.press("sql-save")
    assert queries.load(home, "mine").sql == "SELECT 2"
    assert "not saved yet" not in page.text

    page.press("sql-rename")
    page.app.text_input(key="sql-rename-name").set_value("other")
    page.press("sql-rename-now")
    page.press("sql-delete")
    page.press("cancel-sql-delete-now")
    assert [each.name for each in queries.own(home)] == ["other"]
    page.press("sql-delete")
    page.press("sql-delete-now")
    assert queries.own(home) == []
    assert page.written(EDITOR) == "SELECT 2"


def test_a_file_that_changed_on_disk_is_not_overwritten(traded: Any, home: Home, show: Any) -> None:
    queries.save(home, "mine", "SELECT 1")
    page = show(PAGE)
    page.app.selectbox(key="sql-choice").set_value("mine").run()
    (home.queries / "mine.sql").write_text("SELECT 'by another'", encoding="utf-8")
    page.write(EDITOR, "SELECT 2")
    page.press("sql-save")
    assert "changed meanwhile" in page.app.toast[0].value
    assert queries.load(home, "mine").sql == "SELECT 'by another'"
    assert page.written(EDITOR) == "SELECT 2"


def test_the_history_brings_back_what_was_run_and_what_was_put_aside(traded: Any, show: Any) -> None:
    page = run(show(PAGE), "SELECT 1 AS one")
    run(page, "SELECT wrong")
    page.write(EDITOR, "SELECT 'a draft'")
    page.app.selectbox(key="sql-choice").set_value("pnl").run()
    assert "not saved, put aside SELECT 'a draft'" in page.text
    page.press("sql-use-0")
    assert page.written(EDITOR) == "SELECT 'a draft'"
    assert "failed SELECT wrong" in page.text
    assert "1 row in" in page.text


def test_tables_and_views_are_shown_with_their_columns_and_asked_for_rows(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-relation").set_value("v_executions").run()
    assert "One row: a fill." in page.text
    page.press("sql-peek")
    assert page.written(EDITOR) == "SELECT *\nFROM v_executions\nLIMIT 100"
    page.press("sql-run")
    assert "4 rows in" in page.text


def test_without_a_ledger_it_says_what_to_do(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "there is no ledger" in page.text
    run(page, "SELECT 1")
    assert not home.database.exists()
