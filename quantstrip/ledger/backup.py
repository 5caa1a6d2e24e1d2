"""Copies of the ledger while it is being written, and a check of its integrity."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from quantstrip.errors import LedgerError
from quantstrip.ledger.store import Store

BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database."""
_REFERENCES = "PRAGMA foreign_key_check"


def backup(store: Store, target: Path) -> Path:
    """Copy the ledger to ``target`` with SQLite's online backup: one moment's state, writers go on meanwhile.

    The copy is checked before it takes its name, so a file called ``target`` is always a whole backup.

    Raises:
        LedgerError: the target is the ledger itself or cannot be written, or the copy is damaged.

    """
    target = Path(target)
    if target.resolve() == store.path.resolve():
        raise LedgerError(f"{target} is the ledger itself", hint="Choose another file for the backup.")
    part = part_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.touch(mode=0o600)
        with (
            store.translated(),
            closing(store.connect(read_only=True)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            copy_pages(source, copy, target)
            problems = check(copy)
        if problems:
            raise LedgerError(
                f"the copy of {store.path} is damaged: {problems[0]}", hint="Check the disk, then try again."
            )
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except OSError as error:
        raise LedgerError(f"the backup {target} cannot be written: {error}", hint="Choose another folder.") from error
    finally:
        remove_database(part)
    return target


def part_of(target: Path) -> Path:
    """Where ``target`` is written before it is whole; the name says which process does it."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def remove_database(path: Path) -> None:
    """Remove a database file and what SQLite keeps beside it; what is not there is left alone."""
    for leftover in (path, *(Path(f"{path}{ending}") for ending in BESIDE)):
        leftover.unlink(missing_ok=True)


def copy_pages(source: sqlite3.Connection, copy: sqlite3.Connection, target: Path) -> None:
    """Copy page by page; a disk that takes no more is the target's, and not to be blamed on the ledger's."""
    try:
        source.backup(copy)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise
        raise LedgerError(
            f"the backup {target} cannot be written: {error}", hint="Free some space there, or choose another folder."
        ) from error


def check(raw: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with a database; empty when nothing is."""
    try:
        found = [line for (line,) in raw.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return [str(error)]  # too damaged even to be looked through
    if found != ["ok"]:
        return found  # references cannot be followed through a damaged file
    return [f"a row of {table} refers to a missing {parent}" for table, _, parent, _ in raw.execute(_REFERENCES)]
