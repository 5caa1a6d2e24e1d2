"""Putting a backup in the ledger's place: whole or not at all, and never beside a program that has it open."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from quantstrip.errors import LedgerBusy, LedgerError, SchemaMismatch
from quantstrip.ledger.backup import BESIDE, check, copy_pages, part_of, remove_database
from quantstrip.ledger.schema import HEAD
from quantstrip.ledger.verify import read_only, verify

_WAIT_SECONDS = 2.0


def restore(database: Path, source: Path, moment: str) -> Path | None:
    """Make a copy of ``source`` the ledger; the ledger that was there stays beside it under another name.

    Args:
        database: the ledger's file; it need not be there.
        source: a backup. It stays as it is.
        moment: goes into the name of what is put aside, digits and dashes.

    Returns:
        Where the old ledger lies now; None where there was none.

    Raises:
        LedgerError: the backup is missing or damaged, or the copy cannot be written.
        SchemaMismatch: a newer program wrote the backup.
        LedgerBusy: a program has the ledger open.

    """
    _check(database, source)
    part = part_of(database)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        remove_database(part)
        part.touch(mode=0o600)
        with closing(read_only(source)) as origin, closing(sqlite3.connect(part)) as copy:
            copy_pages(origin, copy, database)
            problems = check(copy)
        if problems:
            raise LedgerError(f"the copy of {source} is damaged: {problems[0]}", hint="Check the disk, then try again.")
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        with _nobody_else(database):
            aside = _put_aside(database, moment)
            part.replace(database)
        _sync_folder(database.parent)
    except OSError as error:
        raise LedgerError(f"{database} cannot be written: {error}", hint="Look at the folder and its disk.") from error
    finally:
        remove_database(part)
    return aside


def _check(database: Path, source: Path) -> None:
    if source.exists() and database.exists() and source.samefile(database):
        raise LedgerError(f"{source} is the ledger itself", hint="Name a backup of it.")
    found = verify(source)
    if found.problems:
        raise LedgerError(
            f"{source} cannot be restored: {found.problems[0]}", hint="Nothing was changed. Choose another backup."
        )
    if found.is_newer:
        raise SchemaMismatch(
            f"{source} has schema {found.revision}, newer than this program's {HEAD}; nothing was changed",
            hint="Update Quantstrip to the version that wrote it.",
        )


@contextmanager
def _nobody_else(database: Path) -> Iterator[None]:
    """Hold the ledger alone, its log taken into the file; one that is damaged cannot be held and is let through."""
    if not database.exists():
        yield
        return
    with closing(sqlite3.connect(database, timeout=_WAIT_SECONDS, isolation_level=None)) as raw:
        try:
            # In WAL mode every open connection, however idle, keeps the database from leaving that mode.
            raw.execute("PRAGMA locking_mode = EXCLUSIVE")
            free = raw.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete"
            raw.execute("BEGIN EXCLUSIVE")
            if free:  # the file is whole: SQLite keeps only an emptied journal, which would be put aside with it
                Path(f"{database}-journal").unlink(missing_ok=True)
        except sqlite3.DatabaseError as error:
            free = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if not free:
            raise LedgerBusy(
                f"a program has the ledger {database} open; nothing was changed",
                hint="End clients in the foreground, notebooks, and what reads it through ODBC, then try again.",
            )
        yield


def _put_aside(database: Path, moment: str) -> Path | None:
    if not database.exists():
        return None
    aside = database.with_name(f"{database.stem}-before-restore-{moment}{database.suffix}")
    try:
        os.link(database, aside)  # a second name: at no moment is there no ledger, which a start would make anew
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        shutil.copy2(database, aside)
    for ending in BESIDE:
        beside = Path(f"{database}{ending}")
        if beside.exists():  # of a damaged ledger; left there, it would be taken for the log of the new one
            beside.replace(f"{aside}{ending}")
    return aside


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
