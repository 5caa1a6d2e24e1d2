"""Writing with SQL: what is shown, what is written, and that the ledger's history is out of reach."""

import hashlib
import time
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.tables import metadata
from quantstrip.ledger.writing import STATIC
from quantstrip.operations import sql_write

PROTECTED: Final = sorted(set(metadata.tables) - set(STATIC))
NOW: Final = "'2026-01-01 00:00:00.000000'"


OF_TABLE: Final = {
    "reporting": "SELECT currency, digits FROM reporting",  # its time tells that prices were changed
    "audit_link": "SELECT * FROM audit_link WHERE operation <> 'act'",  # each write adds a link of its own
}


@pytest.fixture
def home(made_home: Home) -> Home:
    """Brokers, a strategy with a fill, and tables of a client's own, one with a trigger that reaches out."""
    ledger = open_ledger(made_home)
    ledger.insert_broker("IBKR")
    ledger.insert_broker("SPARE")
    order = ledger.next_order_id()
    ledger.insert_order(order, "cross", "IBKR", symbol="AAPL", side="BUY", order_type="MKT", total_quantity=10)
    ledger.insert_execution("e1", order, "cross", "IBKR", symbol="AAPL", side="BUY", quantity=10, price=5.0)
    with ledger.get_connection() as raw:
        raw.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
        raw.execute("INSERT INTO notes (words) VALUES ('one'), ('two')")
        raw.execute("CREATE TABLE trap (a)")
        raw.execute(
            "CREATE TRIGGER sprung AFTER INSERT ON trap BEGIN DELETE FROM outbox; UPDATE task SET note = 1; END"
        )
        raw.execute("CREATE VIEW way_round AS SELECT * FROM orders")
        raw.execute("CREATE TRIGGER round INSTEAD OF UPDATE ON way_round BEGIN UPDATE orders SET symbol = 'X'; END")
    return made_home


def content(ledger: Ledger, tables: list[str]) -> str:
    """A digest of every row of these tables, and of the schema."""
    digest = hashlib.sha256()
    with ledger.reading() as read:
        for table in tables:
            digest.update(repr(read.query(OF_TABLE.get(table, f"SELECT * FROM {table}"))[1]).encode())
        digest.update(repr(read.query("SELECT sql FROM sqlite_schema ORDER BY name")[1]).encode())
    return digest.hexdigest()


def test_a_change_is_shown_row_by_row_and_leaves_no_trace_until_it_is_confirmed(home: Home) -> None:
    ledger = open_ledger(home)
    before = content(ledger, sorted(metadata.tables))
    texts = ["UPDATE broker SET full_name = :words", "INSERT INTO notes (words) VALUES ('three')"]
    text = "; ".join([*texts, "DELETE FROM notes WHERE id = 1"])
    shown = sql_write.preview(home, text, {"words": "a broker"})
    assert shown.words == "broker: 2 changed; notes: 1 added, 1 deleted"
    broker = next(each for each in shown.changes if each.table == "broker")
    old, new = broker.sample[0]
    assert old is not None
    assert new is not None
    assert (old[1:3], new[1:3]) == (("IBKR", None), ("IBKR", "a broker"))
    assert content(ledger, sorted(metadata.tables)) == before

    assert sql_write.commit(home, shown, by="ann").done
    assert ledger.query("SELECT full_name FROM broker")[1] == [("a broker",), ("a broker",)]
    assert ledger.query("SELECT words FROM notes")[1] == [("two",), ("three",)]


def test_what_changed_since_it_was_shown_is_not_written_over(home: Home) -> None:
    shown = sql_write.preview(home, "UPDATE broker SET full_name = 'x' WHERE name = 'SPARE'")
    open_ledger(home).update_broker("SPARE", full_name="by another")
    with pytest.raises(LedgerError, match="no longer those that were shown"):
        sql_write.commit(home, shown, by="ann")
    assert open_ledger(home).query("SELECT full_name FROM broker WHERE name = 'SPARE'")[1] == [("by another",)]


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE strategy SET allocation = (SELECT COUNT(*) FROM notes)",
        f"INSERT INTO broker (name, create_time, update_time) SELECT 'B' || COUNT(*), {NOW}, {NOW} FROM notes",
        "INSERT INTO notes (words) SELECT COUNT(*) FROM notes",
    ],
)
def test_what_would_come_of_the_rows_is_what_was_shown_or_nothing_is_written(home: Home, text: str) -> None:
    ledger, shown = open_ledger(home), sql_write.preview(home, text)
    with ledger.get_connection() as raw:
        raw.execute("DELETE FROM notes WHERE id = 1")  # a row that the statement reads, and does not write
    before = content(ledger, [*STATIC, "notes"])
    with pytest.raises(LedgerError, match="what would become of them, are no longer those that were shown"):
        sql_write.commit(home, shown, by="ann")
    assert content(ledger, [*STATIC, "notes"]) == before
    assert sql_write.commit(home, sql_write.preview(home, text), by="ann").done


def test_the_moment_of_a_change_may_differ_from_that_of_its_preview(home: Home) -> None:
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    shown = sql_write.preview(home, f"UPDATE broker SET full_name = 'x', update_time = {now}")
    time.sleep(0.01)
    assert sql_write.commit(home, shown, by="ann").done


def test_a_strategy_that_nothing_refers_to_gives_its_number_to_another(home: Home) -> None:
    open_ledger(home).insert_strategy("idle")
    text = f"""
        DELETE FROM strategy WHERE name = 'idle';
        INSERT INTO strategy (name, create_time, update_time) VALUES ('new', {NOW}, {NOW})
    """
    assert sql_write.commit(home, sql_write.preview(home, text), by="ann").done


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DELETE FROM orders", "orders is the platform's own record: nothing is deleted from it here"),
        ("UPDATE Orders SET symbol = 'x'", "orders is the platform's own record"),
        ("INSERT INTO commission (exec_id) VALUES ('e1')", "commission is the platform's own record"),
        ("UPDATE way_round SET symbol = 'x'", "way_round may not be written from here"),
        ("INSERT INTO trap VALUES (1)", "is the platform's own record"),
        ("DELETE FROM audit_link", "audit_link is the platform's own record"),
        ("UPDATE broker SET broker_id = 9", "the column broker_id of broker is not changed from here"),
        ("DELETE FROM broker WHERE name = 'IBKR'", "FOREIGN KEY"),
        ("DROP TABLE notes", "only rows are changed from here"),
        ("CREATE TABLE more (a)", "only rows are changed from here"),
        ("PRAGMA writable_schema = 1", "only rows are changed from here"),
        ("ATTACH 'x.db' AS x", "only rows are changed from here"),
        ("COMMIT", "only rows are changed from here"),
        ("UPDATE sqlite_master SET sql = ''", "may not be modified"),
        ("UPDATE broker SET full_name = 'x' WHERE 0", "this changes no row"),
        ("SELECT 1", "this changes no row"),
        (f"INSERT INTO broker (name, create_time, update_time) VALUES (' ', {NOW}, {NOW})", "broker.name must be text"),
        (f"REPLACE INTO broker (broker_id, name, create_time, update_time) VALUES (2, 'x', '', {NOW})", "a moment"),
        ("UPDATE strategy SET allocation = 'much'", "strategy.allocation must be an amount"),
        ("UPDATE strategy SET name = 'x'", "the column name of strategy is not changed from here: its code books"),
        (f"INSERT INTO strategy (name, create_time, update_time) VALUES ('cross', {NOW}, {NOW}) "
         "ON CONFLICT DO UPDATE SET name = 'x'", "the column name of strategy is not changed from here"),
        ("UPDATE broker SET name = 'x' WHERE name = 'IBKR'", "the broker 'IBKR' would be called 'x': runs book under"),
        (f"REPLACE INTO broker (broker_id, name, create_time, update_time) SELECT broker_id, 'x', {NOW}, {NOW} "
         "FROM broker WHERE name = 'IBKR'", "the broker 'IBKR' would be called 'x'"),
        (f"REPLACE INTO strategy (strategy_id, name, create_time, update_time) SELECT strategy_id, 'x', {NOW}, {NOW} "
         "FROM strategy WHERE name = 'cross'", "the strategy 'cross' would be called 'x'"),
        ("UPDATE broker SET full_name = 'x'; DELETE FROM execution", "execution is the platform's own record"),
    ],
)  # fmt: skip
def test_what_may_not_be_written_is_refused_in_words_and_nothing_is(home: Home, text: str, said: str) -> None:
    ledger = open_ledger(home)
    before = content(ledger, sorted(metadata.tables))
    with pytest.raises(LedgerError, match=said) as refused:
        sql_write.preview(home, text)
    assert refused.value.hint
    assert content(ledger, sorted(metadata.tables)) == before


def test_a_statement_that_never_ends_is_stopped_and_others_can_write_again(home: Home) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(LedgerError, match=r"stopped after 0\.2 s"):
        sql_write.preview(home, f"UPDATE notes SET words = ({endless})", seconds=0.2)
    open_ledger(home).insert_broker("LATER")


_TABLES = st.sampled_from([*sorted(metadata.tables), "notes", "trap", "way_round", "sqlite_master", "alembic_version"])
_VALUE = st.sampled_from(["1", "'x'", "NULL", NOW, "(SELECT COUNT(*) FROM orders)"])
_NAMES = {name: [column.name for column in table.columns] for name, table in metadata.tables.items()}


@st.composite
def statements(draw: st.DrawFn) -> str:
    """A statement that would write, to any table, in any of the ways there are."""
    table, value = draw(_TABLES), draw(_VALUE)
    columns = _NAMES.get(table, ["words", "a", "symbol", "rowid"])
    column = draw(st.sampled_from(columns))
    quoted = draw(st.sampled_from([table, f'"{table}"', f"main.{table}", table.upper(), f"[{table}]"]))
    or_else = draw(st.sampled_from(["", " OR IGNORE", " OR REPLACE", " OR FAIL", " OR ROLLBACK"]))
    form = draw(st.integers(0, 5))
    return [
        f"UPDATE{or_else} {quoted} SET {column} = {value}",
        f"DELETE FROM {quoted}",
        f"INSERT{or_else} INTO {quoted} ({column}) VALUES ({value})",
        f"WITH w AS (SELECT {value} AS v) UPDATE{or_else} {quoted} SET {column} = (SELECT v FROM w)",
        f"INSERT INTO {quoted} ({column}) VALUES ({value}) ON CONFLICT DO UPDATE SET {column} = {value}",
        f"INSERT{or_else} INTO {quoted} SELECT * FROM {quoted}",
    ][form]


@given(texts=st.lists(statements(), min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_statement_reaches_a_table_that_is_the_ledgers_history(home: Home, texts: list[str]) -> None:
    ledger = open_ledger(home)
    before = content(ledger, PROTECTED)
    try:
        shown = sql_write.preview(home, "; ".join(texts))
        assert {each.table for each in shown.changes} <= {*STATIC, "notes", "trap"}
        sql_write.commit(home, shown, by="property")
    except LedgerError:
        pass
    assert content(ledger, PROTECTED) == before


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("SELECT 'delete'", False),
        ("-- update\nSELECT replace(name, 'a', 'b') FROM broker", False),
        ("WITH w AS (SELECT 'insert') SELECT * FROM w", False),
        ("WITH w AS (SELECT 1) DELETE FROM broker", True),
        ("SELECT 1; UPDATE broker SET name = 'x'", True),
        ("/* SELECT */ INSERT INTO broker DEFAULT VALUES", True),
    ],
)
def test_what_would_write_is_known_before_it_is_run(text: str, writes: bool) -> None:
    assert sql_write.would_write(text) is writes
