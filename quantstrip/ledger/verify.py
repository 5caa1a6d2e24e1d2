"""Looking a ledger's file through without changing it: is it whole, whose schema is it, do its books agree."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import LedgerError
from quantstrip.ledger.backup import check
from quantstrip.ledger.schema import HEAD
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.totals_check import differences

_LEDGER = {"orders", "execution", "strategy_event", "alembic_version"}
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found.

    Attributes:
        revision: of its schema; "" where the file is no ledger or too damaged to say.
        rows: how many rows each table has.
        books_checked: False where the schema is not this program's, whose sums it could not check.
        problems: what is wrong, in words; empty when nothing is.

    """

    file: Path
    revision: str
    rows: dict[str, int]
    books_checked: bool
    problems: tuple[str, ...]

    @property
    def is_newer(self) -> bool:
        """True when a newer program wrote it."""
        return self.revision > HEAD


def verify(path: Path) -> Verified:
    """Check a ledger or a backup of one: SQLite's integrity check, references, schema, row counts, kept sums.

    Raises:
        LedgerError: there is no such file, or it cannot be opened.

    """
    if not path.is_file():
        raise LedgerError(
            f"there is no file {path}", hint="Backups lie in the home's data/backups, unless set otherwise."
        )
    revision, rows, problems, checked = "", {}, [], False
    try:
        with closing(read_only(path)) as raw:
            problems = check(raw)
            if not problems:
                rows = _rows(raw)
                revision = _revision(raw, rows)
                problems = [] if revision else ["it is a database of another program, or empty: it holds no ledger"]
            if revision == HEAD and not problems:
                checked = True
                problems = [f"the books disagree: {each}" for each in differences(Transaction(raw, ""))]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN:
            raise LedgerError(f"{path} cannot be opened: {error}", hint="Look at the file's permissions.") from error
        problems = [f"it cannot be read: {error}"]
    return Verified(path, revision, rows, checked, tuple(problems[:_MOST_PROBLEMS]))


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even the files beside the database."""
    # Without a log beside it nobody is writing: then SQLite needs no shared memory, which a read-only folder refuses.
    alone = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True, isolation_level=None)


def _rows(raw: sqlite3.Connection) -> dict[str, int]:
    found = raw.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return {name: raw.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for (name,) in found.fetchall()}  # noqa: S608


def _revision(raw: sqlite3.Connection, tables: dict[str, int]) -> str:
    if not tables.keys() >= _LEDGER:
        return ""
    found = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""
