"""Reading the ledger through the data source as other programs do, and only reading."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyodbc
import pytest

from quantstrip.cli import run
from quantstrip.errors import DataSourceError, LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.views import read_view, view_files
from quantstrip.operations import odbc, odbc_check
from quantstrip.operations.excel import select

VIEWS = pytest.mark.parametrize("path", view_files(), ids=lambda path: path.stem)
TYPES = {"TEXT": str, "INTEGER": int, "REAL": float, "DATE": date, "TIME": datetime}


@pytest.fixture
def connection(home: Home) -> Iterator[Any]:
    with closing(pyodbc.connect("DSN=quantstrip", autocommit=True)) as made:
        yield made


def plain(value: Any) -> Any:
    """A value as the ledger holds it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else value


def expected(value: Any, kind: str) -> Any:
    """What a reader gets of a ledger's value: the driver passes on 15 digits of a number, and times to the second."""
    if value is None or kind not in ("TIME", "REAL"):
        return value
    return value[:19] if kind == "TIME" else pytest.approx(value, rel=1e-14)


@VIEWS
def test_what_a_sheet_reads_on_refresh_has_types_and_the_rows_that_it_was_written_with(
    connection: Any, ledger: Ledger, path: Path
) -> None:
    view = read_view(path)
    statement = select(view, "paper")
    _, held = ledger.query(statement)
    cursor = connection.execute(statement)
    assert {column[0]: column[1] for column in cursor.description} == {
        column.name: TYPES[column.kind] for column in view.columns
    }
    found = [[plain(value) for value in row] for row in cursor]
    assert found == [
        [expected(value, column.kind) for value, column in zip(row, view.columns, strict=True)] for row in held
    ]


def test_every_view_is_read_with_its_types_while_another_process_writes(home: Home) -> None:
    writer = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "writer.py"), str(home.root)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        first = int(writer.stdout.readline())
        for _ in range(3):
            assert [each.view for each in odbc_check.check(home)] == [path.stem for path in view_files()]
        assert writer.poll() is None
    finally:
        writer.kill()
        rest = writer.communicate()[0].split()
    assert int(rest[-2]) > first


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO broker (name) VALUES ('x')",
        "UPDATE execution SET price = 0",
        "DELETE FROM execution",
        "DROP VIEW v_trades",
        "CREATE TABLE own (a)",
        "ATTACH '{folder}/new.db' AS other",
    ],
)
def test_a_statement_that_writes_is_refused(connection: Any, home: Home, ledger: Ledger, statement: str) -> None:
    before = ledger.query("SELECT * FROM execution WHERE exec_id = 'first'")
    with pytest.raises(pyodbc.Error, match=r"readonly|unable to open"):
        connection.execute(statement.format(folder=home.root))
    assert ledger.query("SELECT * FROM execution WHERE exec_id = 'first'") == before
    assert not (home.root / "new.db").exists()


def test_the_check_names_a_source_that_allows_writing(home: Home) -> None:
    kept = odbc.machine_sources()
    safe = kept.read("quantstrip")
    assert safe is not None
    with (
        pytest.raises(DataSourceError, match="INSERT was allowed"),
        closing(pyodbc.connect(f"Driver=SQLite3;Database={home.database.as_uri()}", autocommit=True)) as writing,
    ):
        odbc_check.refuse_writing(writing, odbc.show(home))
    kept.write("quantstrip", safe | {"Database": home.database.as_uri()})
    with pytest.raises(DataSourceError, match="read-only"):
        odbc_check.check(home)
    odbc.install(home, replace=True)
    assert odbc_check.check(home)


def test_the_check_names_a_driver_that_is_not_there_and_a_ledger_that_is_not_there(home: Home, tmp_path: Path) -> None:
    kept = odbc.machine_sources()
    kept.write("broken", odbc.definition(home, "No Such Driver"))
    with pytest.raises(DataSourceError, match="cannot be opened") as raised:
        odbc_check.check(home, "broken")
    assert "No Such Driver" in raised.value.hint
    bare = Home(tmp_path / "bare").create()
    odbc.install(bare, "bare")
    with pytest.raises(LedgerError, match="there is no ledger"):
        odbc_check.check(bare, "bare")


def test_the_commands_say_what_they_did(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["install", "--name", "second"], "Connect with: DSN=second"),
        (["show", "--name", "second"], "mode=ro"),
        (["test", "--name", "second", "--types"], "INSERT, UPDATE and DELETE are refused"),
        (["uninstall", "--name", "second"], "Removed: second"),
        (["show", "--name", "second"], "There is no data source 'second'"),
    ):
        assert run(["--home", str(home.root), "odbc", *words]) == 0
        assert said in capsys.readouterr().out
