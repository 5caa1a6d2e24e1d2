"""The driver's errors in the ledger's words: what happened, and what to do."""

import sqlite3
from pathlib import Path

from quantstrip.errors import InvalidRecord, LedgerBusy, LedgerError


def busy(path: Path, seconds: float) -> LedgerBusy:
    """The error for a database that stayed locked."""
    return LedgerBusy(
        f"the ledger {path} stayed locked by another process for {seconds:g} s",
        hint="Close programs that hold a transaction open on it (database browsers, unfinished scripts), then try "
        "again. Is the home in a synchronised folder, or open on two machines?",
    )


_ERRORS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        "the disk that holds {path} is full; nothing was written",
        "Free some space, then try again.",
    ),
    # A quota, a limit on the size of files and a disk that fails all look the same from here.
    sqlite3.SQLITE_IOERR: (
        "the disk that holds {path} could not be read or written; nothing was written",
        "Look whether it is full, over a quota, or no longer attached (df -h, quota, dmesg), then try again.",
    ),
    sqlite3.SQLITE_CANTOPEN: ("the ledger {path} cannot be opened", "Does its folder exist, and may you write in it?"),
    sqlite3.SQLITE_READONLY: (
        "the ledger {path} is read-only",
        "Give yourself write access to the file and its folder.",
    ),
    sqlite3.SQLITE_CORRUPT: ("the ledger {path} is damaged", "Stop everything and restore the newest backup."),
    sqlite3.SQLITE_NOTADB: ("{path} is no SQLite database", "Move the file away, or restore a backup."),
}


def translate(error: sqlite3.Error, path: Path, busy_seconds: float) -> LedgerError:
    """The ledger's error for one of the driver's."""
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF  # extended result codes carry the primary one in their low byte
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy(path, busy_seconds)
    if extended == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return InvalidRecord(
            f"the ledger refused a change: {error}",
            hint="A row that others refer to (a strategy with orders, say) cannot be deleted; one that is "
            "missing must be inserted first.",
        )
    if extended in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        taken = str(error).rpartition(": ")[2]
        return InvalidRecord(
            f"the ledger has a row with the same {taken} already; nothing was changed",
            hint="Choose another value, or change the row that is there.",
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return InvalidRecord(
            f"the ledger refused a row: {error}",
            hint="History is appended to, never changed; a correction is a new row.",
        )
    message, hint = _ERRORS.get(code, (f"the ledger {{path}} answered: {error}", ""))
    return LedgerError(message.replace("{path}", str(path)), hint=hint)
