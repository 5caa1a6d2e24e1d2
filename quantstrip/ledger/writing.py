"""Writing with free SQL: only tables that may be written, in one transaction, with every changed row noted.

What may be written: static tables in the columns named here, and tables that are not the platform's. SQLite asks for
each table and column of each statement, also those that a trigger would reach, before anything runs.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from quantstrip.clock import to_text
from quantstrip.errors import InvalidRecord, LedgerError
from quantstrip.ledger.audit import link_act
from quantstrip.ledger.faults import translate
from quantstrip.ledger.query import explained, is_read, limit_time
from quantstrip.ledger.store import Store
from quantstrip.ledger.tables import metadata

_TIMES: Final = ("create_time", "update_time")
STATIC: Final[Mapping[str, tuple[str, ...]]] = {
    "broker": ("name", "full_name", *_TIMES),
    "strategy": ("description", "allocation", "currency", *_TIMES),
    "instrument": (
        "symbol", "contract_id", "instrument_type", "currency", "multiplier", "tick_size", "lot_size", "calendar",
        *_TIMES,
    ),
    "mtm_price": ("date", "symbol", "contract_id", "open", "high", "low", "close", "adj_close", "volume", "metadata"),
}  # fmt: skip
"""Static tables, and the columns of theirs that may be changed; a strategy's name is what its code books under."""
_TIME = "{0} NOT LIKE '____-__-__ __:__:__%'"
_NAME = "typeof({0}) <> 'text' OR trim({0}) = ''"
_POSITIVE = "typeof({0}) NOT IN ('real', 'integer') OR NOT {0} > 0 OR {0} > 1e300"
_NOT_NEGATIVE = "typeof({0}) NOT IN ('real', 'integer') OR NOT {0} >= 0 OR {0} > 1e300"
_MONEY = "{0} IS NOT NULL AND (typeof({0}) NOT IN ('real', 'integer') OR abs({0}) > 1e300)"
_UNSOUND: Final = (
    *((table, column, _TIME, "a moment, such as 2026-01-31 15:30:00") for table in ("broker", "strategy", "instrument")
      for column in _TIMES),
    *((table, column, _NAME, "text that is not empty") for table, column in
      (("broker", "name"), ("strategy", "name"), ("instrument", "symbol"), ("instrument", "currency"))),
    ("instrument", "multiplier", _POSITIVE, "a number above zero"),
    ("instrument", "tick_size", _NOT_NEGATIVE, "a number, zero or above"),
    ("instrument", "lot_size", _NOT_NEGATIVE, "a number, zero or above"),
    ("strategy", "allocation", _MONEY, "an amount"),
    ("mtm_price", "close", _MONEY, "a price"),
    ("mtm_price", "date", "{0} NOT LIKE '____-__-__'", "a date, such as 2026-01-31"),
)  # fmt: skip
"""What a static table must not hold: table, column, the condition of an unsound row, and what is expected."""
_KEPT_NAME: Final = {
    "strategy": "its code books under the name, and would begin a second strategy beside the position of this one",
    "broker": "runs book under the name, and would begin a second broker beside the position at this one",
}
_SAID_IN: Final = {"strategy": "description", "broker": "full name"}
_HISTORY: Final = {
    "strategy": ("orders", "execution", "strategy_event", "position_event", "strategy_run"),
    "broker": ("orders", "execution", "strategy_event", "position_event", "reconciliation"),
}
_PLATFORMS: Final = frozenset(metadata.tables) | {"alembic_version"}
_SAMPLE: Final = 20
_MOST_ARGUMENTS: Final = 100
_KINDS: Final = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
_ACTIONS: Final = {
    sqlite3.SQLITE_INSERT: "added to",
    sqlite3.SQLITE_UPDATE: "changed in",
    sqlite3.SQLITE_DELETE: "deleted from",
}  # fmt: skip


@dataclass(slots=True)
class Changes:
    """What became of one table.

    Attributes:
        sample: the first rows, each as it was and as it would be; None where it was, or would be, not there.

    """

    table: str
    columns: tuple[str, ...]
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    sample: list[tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]] = field(default_factory=list)


class Writing:
    """One transaction that a person's statements make; made by ``writing``."""

    def __init__(self, raw: sqlite3.Connection, timeout_seconds: float) -> None:
        self._raw, self._timeout_seconds = raw, timeout_seconds
        self._name = f"qs_note_{secrets.token_hex(8)}"
        self._changes: list[Changes] = []
        self._before: tuple[Any, ...] | None = None
        self._digest = hashlib.sha256()
        self._names = {table: self._named(table) for table in _KEPT_NAME}
        self._refused = ""
        self._own: set[str] = set()
        self._watch()

    @property
    def changes(self) -> list[Changes]:
        """Tables in which something changed."""
        return [each for each in self._changes if each.inserted or each.updated or each.deleted]

    @property
    def digest(self) -> str:
        """Says which rows were added, changed or deleted, as they were before and as they are, without the times."""
        return self._digest.hexdigest()

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        """Run one statement to its end.

        Raises:
            LedgerError: it is wrong, takes too long, or would write what may not be written from here.

        """
        self._refused = ""
        try:
            for _ in self._raw.execute(sql, params):
                pass  # what it returns is not asked for, but it changes rows as they are taken
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._told(error) from error

    def check(self) -> None:
        """Raise ``InvalidRecord`` where a static table that was changed holds what booking could not use."""
        changed = {each.table for each in self.changes}
        for table, names in self._names.items():
            for number, name in self._named(table).items():  # REPLACE changes a column without an UPDATE of it
                if names.get(number, name) != name and self._is_booked(table, number):
                    raise InvalidRecord(
                        f"the {table} {names[number]!r} would be called {name!r}: {_KEPT_NAME[table]}; "
                        "nothing was written",
                        hint=f"Leave its name; say what it is in the {_SAID_IN[table]}.",
                    )
        for table, column, condition, expected in _UNSOUND:
            if table not in changed:
                continue
            where = condition.format(column)
            found = self._raw.execute(f"SELECT {column} FROM {table} WHERE {where} LIMIT 1").fetchone()  # noqa: S608
            if found is not None:
                raise InvalidRecord(
                    f"{table}.{column} must be {expected}, got {found[0]!r}; nothing was written",
                    hint="Correct the statement, or use the form under Static data.",
                )

    def _named(self, table: str) -> dict[int, str]:
        """The name of each strategy, or broker, by its id."""
        return dict(self._raw.execute(f"SELECT {table}_id, name FROM {table}").fetchall())  # noqa: S608 - one of two

    def _is_booked(self, table: str, number: int) -> bool:
        """True where rows refer to one; one without may be deleted, and its number given to another."""
        found = " UNION ALL ".join(f"SELECT 1 FROM {each} WHERE {table}_id = :id" for each in _HISTORY[table])  # noqa: S608
        return self._raw.execute(f"{found} LIMIT 1", {"id": number}).fetchone() is not None

    def _told(self, error: Exception) -> LedgerError:
        if self._refused:
            names = ", ".join(sorted({*STATIC, *self._own}))
            return LedgerError(
                self._refused,
                hint=f"May be written from here: {names}. Trades are entered and corrected in the trade journal.",
            )
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CONSTRAINT and isinstance(error, sqlite3.Error):
            from pathlib import Path

            return translate(error, Path(), 0.0)
        return explained(error, self._timeout_seconds)

    def _watch(self) -> None:
        """Note each change of a table that may be written, by triggers of this connection alone."""
        names = self._raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
        for (name,) in names:
            if name in STATIC or (name not in _PLATFORMS and not name.lower().startswith("sqlite_")):
                self._watch_table(name)
        self._raw.create_function(self._name, -1, self._note)
        self._raw.set_authorizer(self._authorize)

    def _watch_table(self, table: str) -> None:
        quoted = quote(table)
        try:
            columns = [row[1] for row in self._raw.execute(f"PRAGMA table_xinfo({quoted})") if row[6] in (0, 2, 3)]
            number = len(self._changes)
            for kind, rows in _KINDS.items():
                notes = " ".join(
                    f"SELECT {self._name}({number}, '{kind}', '{row}'"
                    + "".join(f", {row}.{quote(column)}" for column in columns[:_MOST_ARGUMENTS]) + ");"
                    for row in rows
                )  # fmt: skip
                self._raw.execute(
                    f"CREATE TEMP TRIGGER {self._name}_{number}_{kind} AFTER {kind} ON main.{quoted} BEGIN {notes} END"
                )
        except sqlite3.Error:
            return  # a virtual table, say: what cannot be watched is not written
        self._changes.append(Changes(table, tuple(columns)))
        if table not in STATIC:
            self._own.add(table)

    def _note(self, number: int, kind: str, row: str, *values: Any) -> None:
        change = self._changes[number]
        if kind == "INSERT":
            change.inserted += 1
            before, after = None, values
        elif kind == "DELETE":
            change.deleted += 1
            before, after = values, None
        elif row == "OLD":
            self._before = values
            return
        else:
            change.updated += 1
            before, after = self._before, values
        kept = after and [
            value for column, value in zip(change.columns, after, strict=False)
            if column not in _TIMES
        ]  # fmt: skip
        self._digest.update(repr((change.table, kind, before, kept)).encode())
        if len(change.sample) < _SAMPLE:
            change.sample.append((before, after))

    def _authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, inner: str | None
    ) -> int:
        ours = (inner or "").startswith(self._name)
        if action == sqlite3.SQLITE_FUNCTION and second == self._name:
            return sqlite3.SQLITE_OK if ours else sqlite3.SQLITE_DENY
        if is_read(action, first, second):
            return sqlite3.SQLITE_OK
        table = first or ""
        if action in _ACTIONS and database == "main" and self._may(action, table, second):
            return sqlite3.SQLITE_OK
        if not self._refused:
            self._refused = _refusal(action, table, second)
        return sqlite3.SQLITE_DENY

    def _may(self, action: int, table: str, column: str | None) -> bool:
        if table in self._own:
            return True
        return table in STATIC and (action != sqlite3.SQLITE_UPDATE or column in STATIC[table])


@contextmanager
def writing(
    store: Store,
    timeout_seconds: float,
    *,
    commit: Callable[[Writing], bool],
    act: Callable[[Writing], Mapping[str, Any]] = lambda _: {},
) -> Iterator[Writing]:
    """One transaction; at its end it is committed where ``commit`` says so, and leaves no trace otherwise.

    Args:
        store: of the ledger.
        timeout_seconds: what a statement may take.
        commit: asked once all statements have run.
        act: what the audit is told of it, in the same transaction; see ``audit_trail.act_detail``.

    Raises:
        LedgerBusy: another process holds the database.
        SecretError: the ledger is audited, and the audit's key is not here; nothing was written.

    """
    with store.translated(), closing(store.connect()) as raw:
        raw.isolation_level = None
        raw.durable("FULL")
        raw.execute("BEGIN IMMEDIATE")
        try:
            limit_time(raw, store, timeout_seconds, lambda: False)
            made = Writing(raw, timeout_seconds)
            yield made
            raw.set_authorizer(None)
            raw.set_progress_handler(None, 0)
            if commit(made):
                if any(each.table == "mtm_price" for each in made.changes):
                    # Prices may change places without a trace in their sum: whoever keeps figures is told here.
                    raw.execute("UPDATE reporting SET update_time = ?", (to_text(store.clock.now()),))
                link_act(raw, lambda: store.audit.keys, to_text(store.clock.now()), act(made))
                raw.execute("COMMIT")
        finally:
            raw.set_authorizer(None)
            with suppress(sqlite3.Error):
                if raw.in_transaction:
                    raw.execute("ROLLBACK")


def quote(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def own_tables(names: Iterable[str]) -> Sequence[str]:
    """Of these tables those that are not the platform's."""
    return [name for name in names if name not in _PLATFORMS and not name.lower().startswith("sqlite_")]


def _refusal(action: int, table: str, column: str | None) -> str:
    if action not in _ACTIONS or table.startswith("sqlite_"):
        return "only rows are changed from here: INSERT, UPDATE and DELETE"
    if (action, table, column) == (sqlite3.SQLITE_UPDATE, "strategy", "name"):
        return f"the column name of strategy is not changed from here: {_KEPT_NAME['strategy']}"
    if action == sqlite3.SQLITE_UPDATE and table in STATIC:
        return f"the column {column} of {table} is not changed from here; those that are: {', '.join(STATIC[table])}"
    if table in _PLATFORMS:
        return f"{table} is the platform's own record: nothing is {_ACTIONS[action]} it here"
    return f"{table} may not be written from here"
