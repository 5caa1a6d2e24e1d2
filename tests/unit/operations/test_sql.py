"""Free SQL from a screen: what it refuses, where it ends, what it asks for, and what is written of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import sql, sql_export, sql_schema

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture
def home(made_home: Home) -> Home:
    open_ledger(made_home).insert_broker("IBKR")
    return made_home


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO broker (name, create_time, update_time) VALUES ('x', '', '')",
        "WITH n AS (SELECT 1) DELETE FROM broker",
        "ATTACH DATABASE '{folder}/other.db' AS other",
        "PRAGMA user_version = 7",
        "PRAGMA journal_mode = DELETE",
        "SELECT load_extension('x')",
        "SELECT 1; DROP TABLE broker",
        "VACUUM INTO '{folder}/copy.db'",
        "SELECT LENGTH(zeroblob(100000000))",
        "SELECT :missing",
        "-- nothing",
        " ",
    ],
)
def test_what_does_not_only_read_is_refused_and_changes_nothing(home: Home, tmp_path: Path, statement: str) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    text = statement.replace("{folder}", str(tmp_path))
    for act in (lambda: sql.run(home, text), lambda: sql_export.export(home, text, {}, tmp_path / "out.csv")):
        with pytest.raises(LedgerError) as refused:
            act()
        assert refused.value.hint
    assert open_ledger(home).query("SELECT name FROM broker")[1] == [("IBKR",)]
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_query_that_never_ends_is_stopped_and_says_so(home: Home, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"stopped after 0\.2 s"):
        sql.run(home, ENDLESS, seconds=0.2)
    endless_rows = ENDLESS.replace("COUNT(*)", "i")
    with pytest.raises(LedgerError, match=r"stopped after 0\.2 s"):
        sql_export.export(home, endless_rows, {}, tmp_path / "out.csv", seconds=0.2)
    assert not list(tmp_path.glob("*out.csv"))  # no part of a file stays


def test_of_ten_million_rows_only_so_many_are_read_and_that_is_said(home: Home) -> None:
    found = sql.run(home, NUMBERS.format(rows=10_000_000), most_rows=1000)
    assert (len(found.rows), found.rows[-1], found.cut) == (1000, (1000,), "rows")
    assert found.seconds < 5
    assert sql.run(home, NUMBERS.format(rows=1000), most_rows=1000).cut == ""


def test_large_values_end_the_reading_before_they_fill_the_memory(home: Home) -> None:
    large = f"SELECT zeroblob(1000000) FROM ({NUMBERS.format(rows=1000)})"
    found = sql.run(home, large, most_bytes=5_000_000)
    assert (len(found.rows), found.cut) == (5, "bytes")


@pytest.mark.parametrize(
    ("text", "selection", "line", "meant"),
    [
        ("SELECT 1", "", 1, "SELECT 1"),
        ("SELECT 1; SELECT 2;", "SELECT 2", 1, "SELECT 2"),
        ("SELECT 1;\nSELECT ';' -- a;b\n, 2;\n\nSELECT 3", "", 3, "SELECT ';' -- a;b\n, 2;"),
        ("SELECT 1;\nSELECT ';' -- a;b\n, 2;\n\nSELECT 3", " ", 5, "SELECT 3"),
        ("SELECT 1;\n-- the end", "", 2, "SELECT 1;\n-- the end"),
    ],
)
def test_what_runs_is_what_is_selected_else_the_statement_at_the_cursor(
    text: str, selection: str, line: int, meant: str
) -> None:
    assert sql.chosen(text, selection, line) == meant


def test_the_parameters_are_those_outside_of_strings_names_and_comments() -> None:
    text = """SELECT ':no', ":no", [:no], `:no`, 'it''s :no' -- :no
    /* :no */ FROM t WHERE a = :one AND b=:two_2 AND c > :one AND d = '12:30' """
    assert sql.parameters(text) == ("one", "two_2")
    assert sql.parameters("SELECT 1 /* :never closed") == ()


@pytest.mark.parametrize(
    ("entered", "meant"),
    [("", None), ("5", 5), ("-5", -5), ("0.5", 0.5), ("1e3", 1000.0), ("007", "007"), ("'5'", "5"), ("''", ""),
     ("AAPL", "AAPL"), ("2012-05-02", "2012-05-02"), ("9" * 30, "9" * 30), ("'it''s'", "it's")],
)  # fmt: skip
def test_a_field_holds_a_number_text_or_nothing(entered: str, meant: object) -> None:
    assert sql.value(entered) == meant
    assert type(sql.value(entered)) is type(meant)


@given(st.text())
def test_any_text_in_a_field_is_a_value_and_never_sql(text: str) -> None:
    assert isinstance(sql.value(text), str | int | float | None)
    assert sql.value("'" + text.replace("'", "''") + "'") == text


def test_a_parameter_is_bound_and_not_pasted(home: Home) -> None:
    nasty = "IBKR' OR 1=1 --"
    assert sql.run(home, "SELECT name FROM broker WHERE name = :name", {"name": nasty}).rows == ()
    assert sql.run(home, "SELECT name FROM broker WHERE name = :name", {"name": "IBKR"}).rows == (("IBKR",),)


def test_a_plan_names_its_steps_without_values_for_the_parameters(home: Home) -> None:
    steps = sql.plan(home, "-- mine\nSELECT * FROM broker WHERE broker_id = :id")
    assert "SEARCH broker USING INTEGER PRIMARY KEY" in steps
    with pytest.raises(LedgerError, match="only read"):
        sql.plan(home, "DELETE FROM broker")


def test_without_a_ledger_it_says_what_to_do_and_makes_none(tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty").create()
    for act in (lambda: sql.run(empty, "SELECT 1"), lambda: sql_schema.relations(empty)):
        with pytest.raises(LedgerError, match="there is no ledger"):
            act()
    assert not empty.database.exists()


def test_every_table_and_view_is_there_with_its_meaning_and_a_clients_own_without(home: Home) -> None:
    with open_ledger(home).get_connection() as connection:
        connection.execute("CREATE TABLE my_notes (text TEXT)")
        connection.execute("CREATE VIEW broken AS SELECT * FROM gone")
    known = {each.name: each for each in sql_schema.relations(home)}
    fills = known["v_executions"]
    assert fills.is_view
    assert fills.about.endswith("One row: a fill.")
    assert all(column.meaning and column.kind for column in fills.columns)
    assert known["orders"].about.startswith("Orders, as they were given to the broker.")
    assert [column.name for column in known["my_notes"].columns] == ["text"]
    assert (known["my_notes"].about, known["broken"].columns) == ("", ())
    with open_ledger(home).get_connection() as connection:
        connection.execute("ALTER TABLE my_notes ADD COLUMN written TEXT")
    known = {each.name: each for each in sql_schema.relations(home)}
    assert [column.name for column in known["my_notes"].columns] == ["text", "written"]


def test_the_diagram_knows_declared_references_and_what_belongs_together_by_its_key(home: Home) -> None:
    links = sql_schema.links(home)
    said = {(each.table, each.column, each.target): each.declared for each in links}
    assert said["orders", "strategy_id", "strategy"]
    assert not said["execution", "order_id", "orders"]
    around = sql_schema.neighbours(links, "broker")
    assert {each.table for each in around} >= {"orders", "execution"}
    assert all(each.target == "broker" for each in around)
