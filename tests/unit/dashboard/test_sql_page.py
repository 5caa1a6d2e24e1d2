"""The SQL page on a real ledger: queries and their files, parameters, limits, results, plan, schema."""

import re
from typing import Any

import pandas as pd
import pytest

from quantstrip.clock import system_clock
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import queries, static_data, tasks

PAGE = "screens/sql.py"
EDITOR = "sql-editor"
FILLS = "SELECT exec_id, symbol, quantity FROM v_executions WHERE symbol = :symbol ORDER BY exec_id"
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


def run(page: Any, text: str) -> Any:
    page.write(EDITOR, text)
    page.press("sql-run")
    return page


def wait_for(page: Any, words: str) -> None:
    """Run the page again, as it does by itself while a query runs, until it says so."""
    for _ in range(100):
        if words in page.text:
            return
        system_clock.wait(0.1)
        page.app.run()
    raise AssertionError(f"{words!r} never came: {page.text}")


def described(home: Home) -> list[Any]:
    """What is written about a strategy."""
    rows = open_ledger(home).query("SELECT description FROM strategy WHERE name = 'rsi'")[1]
    return [row[0] for row in rows]


def labels(page: Any) -> list[str]:
    return [button.label for button in page.app.get("download_button")]


def test_a_pre_built_query_is_chosen_and_run(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-choice").set_value("executions").run()
    assert "FROM v_executions" in page.written(EDITOR)
    page.press("sql-run")
    assert "4 rows in" in page.text
    assert set(page.app.dataframe[0].value["symbol"]) == {"AAPL", "MSFT"}
    assert labels(page) == ["CSV", "Excel", "Parquet"]
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
    assert "Running for" in page.text
    wait_for(page, "the query was stopped")
    assert "the query was stopped after 1 s Narrow it with WHERE or LIMIT, or allow it more time." in page.text


def test_a_query_that_runs_is_stopped_with_a_button_and_keeps_what_came(traded: Any, show: Any) -> None:
    page = run(show(PAGE), ENDLESS)
    page.press("sql-stop")
    wait_for(page, "the query was stopped Nothing was changed")
    page.app.selectbox(key="sql-rows").set_value(1_000_000).run()
    run(page, ENDLESS.replace("COUNT(*)", "i, 'some text that takes its time ' || i"))
    page.press("sql-stop")
    wait_for(page, "these are the rows that had come by then")
    assert len(page.app.dataframe[0].value) == 1_000
    assert "stopped" in page.text


def test_a_result_that_is_cut_says_so_and_a_task_writes_all_of_it(traded: Any, home: Home, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="sql-rows").set_value(1_000).run()
    text = NUMBERS.format(rows=2_500)
    run(page, text)
    assert "the first 1,000 rows in" in page.text
    assert "There is more: at most 1,000 rows are read here." in page.text
    assert len(page.app.dataframe[0].value) == 1_000
    page.press("sql-export")
    assert "no service runs" in page.text
    done = tasks.run_now(home, "sql_export", {"text": text, "form": "csv"})
    page.app.session_state["sql-export-task"] = done.task_id
    page.app.run()
    assert "2,500 rows" in page.text
    assert labels(page) == ["Save 2,500 rows"]


def test_a_large_result_is_turned_page_by_page_sorted_and_searched(traded: Any, show: Any) -> None:
    page = run(show(PAGE), NUMBERS.format(rows=3_500))
    assert "Rows 1 to 1,000 of 3,500" in page.text
    page.app.number_input(key="sql-page").set_value(4).run()
    assert list(page.app.dataframe[0].value["i"]) == list(range(3_001, 3_501))
    page.app.selectbox(key="sql-order").set_value(0).run()
    page.app.toggle(key="sql-descending").set_value(True).run()
    assert list(page.app.dataframe[0].value["i"]) == list(range(500, 0, -1))
    page.app.text_input(key="sql-find").set_value("999").run()
    assert list(page.app.dataframe[0].value["i"]) == [2_999, 1_999, 999]
    assert "Rows 1 to 3 of 3 that contain it, 3,500 in all" in page.text


def test_nothing_is_written_while_the_switch_is_off_and_shown_first_when_it_is_on(
    traded: Any, home: Home, show: Any
) -> None:
    change = "UPDATE strategy SET description = '<b>slow</b>' WHERE name = 'rsi'"
    page = run(show(PAGE), change)
    assert "queries only read" in page.text
    page.app.toggle(key="sql-write").set_value(True).run()
    assert "writing is allowed" in page.text
    page.press("sql-run")
    assert "Nothing is written yet. This would change strategy: 1 changed" in page.text
    shown = page.app.dataframe[0].value
    assert list(shown[""]) == ["before", "after"]
    assert list(shown["description"])[1] == "<b>slow</b>"
    assert described(home) == [None]
    page.press("sql-write-ask")
    page.press("cancel-sql-write-now")
    assert described(home) == [None]
    page.press("sql-write-ask")
    page.press("sql-write-now")
    assert "Written: strategy: 1 changed" in page.text
    assert described(home) == ["<b>slow</b>"]
    run(page, "DELETE FROM execution")
    assert "execution is the platform's own record: nothing is deleted from it here" in page.text
    run(page, "SELECT 1 AS one")
    assert "1 row in" in page.text


def test_only_an_admin_may_write_and_change_static_data(traded: Any, show: Any) -> None:
    page = show(PAGE, role="operator")
    assert "sql-write" not in {each.key for each in page.app.toggle}
    page.app.segmented_control(key="sql-part").set_value("Static data").run()
    assert {each.key for each in page.app.button} == set()
    assert list(page.app.dataframe[0].value["Name"]) == ["SIM"]


def test_static_data_is_added_changed_and_refused_where_rows_refer_to_it(traded: Any, home: Home, show: Any) -> None:
    page = show(PAGE)
    page.app.segmented_control(key="sql-part").set_value("Static data").run()
    page.press("static-remove")
    page.press("static-remove-now")
    assert re.search(r"broker 'SIM' stays: rows refer to it \(.*4 of execution", page.text)
    page.press("cancel-static-remove-now")
    page.app.segmented_control(key="static-kind").set_value("instrument").run()
    page.press("static-add")
    page.app.text_input(key="static-form-name").set_value("ES")
    page.app.text_input(key="static-form-multiplier").set_value("-50")
    page.press("static-add-now")
    assert "multiplier must be" in page.text
    page.app.text_input(key="static-form-multiplier").set_value("50")
    page.press("static-add-now")
    assert static_data.find(home, "instrument", "ES").values["multiplier"] == 50.0


def test_the_diagram_shows_a_table_with_what_it_belongs_to(traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.segmented_control(key="sql-part").set_value("Diagram").run()
    drawn = page.app.get("graphviz_chart")[0].proto.spec
    assert "<B>execution</B>" in drawn
    assert "<B>strategy</B>" in drawn
    assert "execution.order_id = orders.order_id" in drawn
    page.app.selectbox(key="sql-diagram-table").set_value("").run()
    assert "<B>outbox_recipient</B>" in page.app.get("graphviz_chart")[0].proto.spec


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


def test_history_and_text_are_there_again_after_a_reload(traded: Any, show: Any) -> None:
    page = run(show(PAGE), "SELECT 1 AS one")
    page.write(EDITOR, "SELECT 'half a")
    again = show(PAGE)  # another window: that one is gone
    assert again.written(EDITOR) == "SELECT 'half a"
    assert "was not saved when the page was last left" in again.text
    assert "1 row in" in again.text
    again.press("sql-draft-discard")
    assert again.written(EDITOR) == ""
    assert show(PAGE).written(EDITOR) == ""
    again.press("sql-history-empty")
    assert "Nothing was run yet" in show(PAGE).text


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


def test_all_that_a_client_traded_is_asked_for_by_its_page(traded: Any, show: Any) -> None:
    page = show(PAGE, fills_of="ma_cross")
    assert "FROM v_executions" in page.written(EDITOR)
    page.press("sql-run")
    wait_for(page, "2 rows")
    page.write(EDITOR, "SELECT 1 AS mine")
    page.app.query_params["orders_of"] = "it's"
    page.app.run()
    assert not page.app.exception
    assert "r.client = 'it''s'" in page.written(EDITOR)
    assert not page.app.query_params.get("orders_of"), "it is taken over once"
    assert "SELECT 1 AS mine" in page.text, "put aside"
