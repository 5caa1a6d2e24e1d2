"""Trying a data source out: every view is read as an ODBC client reads it, and nothing may be written."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from quantstrip.errors import DataSourceError, DriverMissing
from quantstrip.home import Home
from quantstrip.ledger.views import View, read_view, view_files
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.odbc import DataSource, Sources, how_to_install, machine_sources, own

_LOOKED_AT: Final = 1000
_TYPES: Final[dict[str, type]] = {"TEXT": str, "INTEGER": int, "REAL": float, "DATE": date, "TIME": datetime}
_WRITES: Final = (
    "INSERT INTO broker (name) SELECT name FROM broker WHERE 0 = 1",
    "UPDATE broker SET name = name WHERE 0 = 1",
    "DELETE FROM broker WHERE 0 = 1",
)
"""They change nothing even where they are allowed; a connection that only reads refuses them all the same."""


@dataclass(frozen=True, slots=True)
class ViewRead:
    """A view as an ODBC client sees it; ``columns`` are the types of its columns: text, integer, real, date, time."""

    view: str
    rows: int
    columns: dict[str, str]


def check(home: Home, name: str = "", *, sources: Sources | None = None) -> list[ViewRead]:
    """Read every view through the data source, and see that it cannot write.

    The first thousand rows of each view are looked at value by value.

    Raises:
        DriverMissing: ODBC cannot be used at all.
        LedgerError: there is no ledger.
        DataSourceError: there is no such data source, it reads something else, a view cannot be read or has a wrong
            type, or it would allow writing.

    """
    found = own(home, name, sources or machine_sources())
    existing_ledger(home)
    with closing(_connected(found)) as connection:
        refuse_writing(connection, found)
        return [_read(connection, read_view(path)) for path in view_files()]


def _connected(found: DataSource) -> Any:
    try:
        import pyodbc
    except ImportError as error:  # the package is there, the system's driver manager is not
        raise DriverMissing(f"ODBC cannot be used on this machine: {error}", hint=how_to_install()) from error
    pyodbc.pooling = False  # a connection that was kept would be that of a source as it was before
    try:
        return pyodbc.connect(found.connection, autocommit=True)
    except pyodbc.Error as error:
        raise DataSourceError(
            f"the data source {found.name!r} cannot be opened: {error.args[-1]}",
            hint=f"If it is the driver {found.values.get('Driver', '')!r} that is missing: {how_to_install()}",
        ) from error


def refuse_writing(connection: Any, found: DataSource) -> None:
    """Raise unless each kind of write is refused."""
    import pyodbc

    for statement in _WRITES:
        try:
            connection.execute(statement)
        except pyodbc.Error as error:
            if "readonly" in str(error).replace(" ", ""):
                continue
            raise DataSourceError(
                f"the ledger cannot be read through {found.name!r}: {error.args[-1]}",
                hint="Set it up anew: quantstrip odbc install. Then see: quantstrip doctor",
            ) from error
        raise DataSourceError(
            f"the data source {found.name!r} lets programs write to the ledger: {statement.split()[0]} was allowed",
            hint="Set it up anew: quantstrip odbc install --replace",
        )


def _read(connection: Any, view: View) -> ViewRead:
    import pyodbc

    try:
        rows = connection.execute(f"SELECT COUNT(*) FROM {view.name}").fetchval()  # noqa: S608 - a view of our own
        cursor = connection.execute(f"SELECT * FROM {view.name}")  # noqa: S608
        types = {column[0]: column[1] for column in cursor.description}
        looked_at = cursor.fetchmany(_LOOKED_AT)
        cursor.close()
    except pyodbc.Error as error:
        raise DataSourceError(
            f"the view {view.name} cannot be read: {error.args[-1]}",
            hint="If the database is older than this program: quantstrip db migrate",
        ) from error
    for place, column in enumerate(view.columns):
        wanted = _TYPES[column.kind]
        wrong = next(
            (row[place] for row in looked_at if row[place] is not None and type(row[place]) is not wanted), None
        )
        if types.get(column.name) is not wanted or wrong is not None:
            raise DataSourceError(
                f"{view.name}.{column.name} should come as {column.kind.lower()}, and came as "
                f"{type(wrong).__name__ if wrong is not None else types.get(column.name)}",
                hint="BigInt=1 may be missing: quantstrip odbc install sets it.",
            )
    return ViewRead(view.name, int(rows), {column.name: column.kind.lower() for column in view.columns})
