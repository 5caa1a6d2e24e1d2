"""Free SQL reads, and does nothing else."""

from pathlib import Path

import pytest

from quantstrip.clock import ManualClock, system_clock
from quantstrip.errors import LedgerError
from quantstrip.ledger import Ledger

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


def test_a_query_gives_columns_and_rows(ledger: Ledger) -> None:
    ledger.insert_broker("IBKR", "Interactive Brokers")

    assert ledger.query("SELECT name, full_name FROM broker WHERE broker_id = ?", [1]) == (
        ["name", "full_name"],
        [("IBKR", "Interactive Brokers")],
    )
    assert ledger.query("SELECT :a + 1 AS n", {"a": 1}) == (["n"], [(2,)])


def test_a_limit_ends_the_reading(ledger: Ledger) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

    assert ledger.query(endless, limit=3)[1] == [(1,), (2,), (3,)]


def test_a_query_that_never_ends_is_stopped(empty_database: Path) -> None:
    ledger = Ledger(empty_database, clock=system_clock)

    with pytest.raises(LedgerError, match=r"stopped after 0\.2 s"):
        ledger.query(ENDLESS, timeout_seconds=0.2)


def test_the_queries_of_one_reading_see_one_moment(ledger: Ledger) -> None:
    ledger.insert_broker("IBKR", "Interactive Brokers")

    with ledger.reading() as read:
        before = read.query("SELECT COUNT(*) FROM broker")
        ledger.insert_broker("SIM", "Simulated")  # a writer never waits for a reader
        assert read.query("SELECT COUNT(*) FROM broker") == before == (["COUNT(*)"], [(1,)])
        with pytest.raises(LedgerError, match="only read"):
            read.query("DELETE FROM broker")
        with pytest.raises(LedgerError, match="only read"):
            read.query("COMMIT")

    assert ledger.query("SELECT COUNT(*) FROM broker")[1] == [(2,)]


def test_describing_the_schema_is_reading(ledger: Ledger) -> None:
    assert "exec_id" in [row[1] for row in ledger.query("PRAGMA table_info(execution)")[1]]
    assert ledger.query("EXPLAIN QUERY PLAN SELECT * FROM orders")[1]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO broker (name, create_time, update_time) VALUES ('x', '', '')",
        "UPDATE broker SET name = 'x'",
        "DELETE FROM broker",
        "DROP TABLE broker",
        "CREATE TABLE mine (a)",
        "CREATE TEMP TABLE mine (a)",
        "ATTACH DATABASE 'other.db' AS other",
        "DETACH DATABASE main",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "REINDEX",
        "ANALYZE",
        "BEGIN IMMEDIATE",
        "SAVEPOINT s",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT 1; DELETE FROM broker",
        "SELECT nothing FROM broker",
        "not sql",
    ],
)
def test_anything_else_is_refused_and_changes_nothing(ledger: Ledger, statement: str, tmp_path: Path) -> None:
    ledger.insert_broker("IBKR")
    before = {path.name for path in tmp_path.iterdir()}

    with pytest.raises(LedgerError) as refused:
        ledger.query(statement)

    assert refused.value.hint
    assert ledger.get_broker_id("IBKR") == 1
    assert ledger.schema_version() is not None
    assert {path.name for path in tmp_path.iterdir()} == before


def test_run_query_gives_a_dataframe(ledger: Ledger, order: int) -> None:
    found = ledger.run_query("SELECT symbol, total_quantity FROM v_orders WHERE order_id = ?", (order,))

    assert found.to_dict("records") == [{"symbol": "AAPL", "total_quantity": 100.0}]


def test_a_connection_serves_tables_of_a_clients_own(ledger: Ledger) -> None:
    with ledger.get_connection() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE my_notes (text TEXT)")
        cursor.execute("INSERT INTO my_notes VALUES (?)", ("hello",))

    assert ledger.query("SELECT text FROM my_notes")[1] == [("hello",)]


def test_a_connection_that_fails_leaves_nothing(ledger: Ledger, clock: ManualClock) -> None:
    def fail() -> None:
        with ledger.get_connection() as connection:
            connection.execute("INSERT INTO broker (name, create_time, update_time) VALUES ('x', '', '')")
            raise ValueError("the client's own error")

    with pytest.raises(ValueError, match="own error"):
        fail()

    assert ledger.get_broker_id("x") is None
