"""The ledger as a whole: migrate, back up, query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import system_clock, to_datetime
from quantstrip.errors import LedgerBusy, LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.query import Reading
from quantstrip.model.enums import Mode

REPORTING_CURRENCY: Final = "SELECT currency FROM reporting"
_RECORDED: Final = "SELECT mode FROM position_day UNION SELECT mode FROM strategy_run"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a query; ``truncated`` when there were more than asked for."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


def existing_ledger(home: Home) -> Ledger:
    """The ledger of a home; where there is none, none is made.

    Raises:
        LedgerError: there is none, or it cannot be read.

    """
    existing_ledger_file(home)
    return open_ledger(home)


def existing_ledger_file(home: Home) -> Path:
    """The ledger's file, which need not be a good one.

    Raises:
        LedgerError: there is none.

    """
    if not home.database.is_file():
        raise LedgerError(
            f"there is no ledger at {home.database}",
            hint="Starting the service makes it: quantstrip up. If the file was moved away, stop the service, "
            "put the file (or a backup of it) back, and start again.",
        )
    return home.database


def check_readable(home: Home, seconds: float = 2.0) -> None:
    """Look whether the ledger answers, so that a page can say so at once instead of waiting as long as a writer does.

    Raises:
        LedgerError: there is none.
        LedgerBusy: another program has kept it locked for ``seconds``.

    """
    probe = Ledger(existing_ledger_file(home), busy_seconds=seconds)
    try:
        probe.get_client("")
    except LedgerBusy:
        raise
    except LedgerError:
        return  # what else is wrong with it, whoever reads it says with what to do
    finally:
        probe.close()


def recorded_modes(read: Ledger | Reading) -> tuple[str, ...]:
    """The modes in which something was recorded, live first."""
    there = {row[0] for row in read.query(_RECORDED)[1]}
    return tuple(str(mode) for mode in Mode if mode in there)


def migrate(home: Home) -> str:
    """Bring the database to this program's version and return that version.

    Raises:
        SchemaMismatch: it is of a newer one.

    """
    return Ledger(home).migrate()


def backup(home: Home, target: Path | None = None) -> Path:
    """Write a consistent copy of the ledger, also while clients write; returns where it lies.

    Args:
        home: whose ledger.
        target: a file that does not exist yet; None makes one in the home's backups, named by the moment.

    Raises:
        LedgerError: the file exists, or cannot be written.

    """
    moment = to_datetime(system_clock.now())
    path = target.expanduser() if target else home.backups / f"quantstrip-{moment:%Y%m%d-%H%M%S-%f}.db"
    if path.is_dir():
        path = path / f"quantstrip-{moment:%Y%m%d-%H%M%S-%f}.db"
    if path.exists():
        raise LedgerError(f"{path} exists; a backup replaces no file", hint="Name another file.")
    return existing_ledger(home).backup(path)


def query(
    home: Home,
    sql: str,
    params: Sequence[Any] | Mapping[str, Any] = (),
    *,
    limit: int | None = 1000,
    timeout_seconds: float = 30.0,
) -> QueryResult:
    """Run a SELECT on a read-only connection.

    Raises:
        LedgerError: the statement is empty, refused, wrong, or takes longer than ``timeout_seconds``.

    """
    if limit is not None and limit < 1:
        raise LedgerError(f"a query gives 1 or more rows, got a limit of {limit}")
    most = None if limit is None else limit + 1
    columns, rows = existing_ledger(home).query(sql, params, limit=most, timeout_seconds=timeout_seconds)
    if not columns:
        raise LedgerError(
            f"a SELECT was expected, got {sql.strip()!r}, which asks for nothing",
            hint="For example: quantstrip db query 'SELECT * FROM v_positions'",
        )
    found = [tuple(row) for row in rows]
    truncated = limit is not None and len(found) > limit
    return QueryResult(list(columns), found[:limit] if truncated else found, truncated)
