"""Reading with free SQL: read-only by the connection, by the authorizer, and limited in time."""

import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from quantstrip.errors import LedgerError, QueryStopped
from quantstrip.ledger.store import Store

Parameters = Sequence[Any] | Mapping[str, Any]

_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_DESCRIBING = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
)
_FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_STEPS = 20_000  # virtual machine instructions between two looks at the clock: well under a millisecond
_LARGEST = 64 * 2**20  # bytes of one value: no function may fill the memory in a single step


def authorize(action: int, first: str | None, second: str | None, _database: str | None, _view: str | None) -> int:
    """Allow what reads this database; deny ATTACH, PRAGMAs that change something, extensions, and every write."""
    return sqlite3.SQLITE_OK if is_read(action, first, second) else sqlite3.SQLITE_DENY


def is_read(action: int, first: str | None, second: str | None) -> bool:
    """True for what only reads this database."""
    if action == sqlite3.SQLITE_FUNCTION:
        return (second or "").lower() not in _FORBIDDEN_FUNCTIONS
    if action == sqlite3.SQLITE_PRAGMA:
        return (first or "").lower() in _DESCRIBING
    return action in _READS


class Reading:
    """Several queries that see the database at one moment; made by ``Ledger.reading``."""

    def __init__(
        self, raw: sqlite3.Connection, timeout_seconds: float | None, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._raw, self._timeout_seconds, self._stopped = raw, timeout_seconds, stopped

    def query(
        self, sql: str, params: Parameters = (), *, limit: int | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of one SELECT.

        Raises:
            LedgerError: the statement is wrong, would change something, or the reading took too long.

        """
        try:
            cursor = self._raw.execute(sql, params)
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
            return [column[0] for column in cursor.description or ()], rows
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._explained(error) from error

    def stream(self, sql: str, params: Parameters = ()) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Column names of one SELECT, and its rows as they are read; raises as ``query``, also between rows."""
        try:
            cursor = self._raw.execute(sql, params)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._explained(error) from error
        return [column[0] for column in cursor.description or ()], self._each(cursor)

    def _each(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        try:
            yield from iter(cursor.fetchone, None)  # a cursor itself would be closed once more by its reader
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> LedgerError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT and self._stopped():
            return QueryStopped("the query was stopped", hint="Nothing was changed. Run it again whenever you like.")
        return explained(error, self._timeout_seconds)

    def dicts(self, sql: str, params: Parameters = ()) -> tuple[dict[str, Any], ...]:
        """The rows of one SELECT by column name; raises as ``query``."""
        columns, rows = self.query(sql, params)
        return tuple(dict(zip(columns, row, strict=True)) for row in rows)


@contextmanager
def reading(
    store: Store, timeout_seconds: float | None, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Reading]:
    """One read transaction, on a connection that cannot write; ``timeout_seconds`` is for all of its queries.

    A query ends within a moment of ``stopped`` being true.
    """
    with closing(store.connect(read_only=True)) as raw:
        raw.isolation_level = None
        raw.execute("BEGIN")
        raw.set_authorizer(authorize)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
        limit_time(raw, store, timeout_seconds, stopped)
        yield Reading(raw, timeout_seconds, stopped)


def limit_time(
    raw: sqlite3.Connection, store: Store, timeout_seconds: float | None, stopped: Callable[[], bool]
) -> None:
    """Let statements end after so long, or when they are to stop."""
    deadline = math.inf if timeout_seconds is None else store.clock.monotonic() + timeout_seconds
    raw.set_progress_handler(lambda: int(store.clock.monotonic() > deadline or stopped()), _STEPS)


def explained(error: Exception, timeout_seconds: float | None) -> LedgerError:
    """The driver's error about a query of a person, in words."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        return LedgerError(
            f"the query was stopped after {timeout_seconds:g} s",
            hint="Narrow it with WHERE or LIMIT, or allow it more time.",
        )
    if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
        return LedgerError(
            f"queries only read; this one was refused: {error}",
            hint="Use SELECT. A client writes with db_handler's functions, or own tables with get_connection(); "
            "a person changes static tables with the page's switch, or: quantstrip sql --write",
        )
    return LedgerError(f"the query failed: {error}", hint="Tables and columns are described in schema/README.md.")
