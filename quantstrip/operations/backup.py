"""Backups of the ledger: made on a schedule and kept for as long as the settings say, verified, restored."""

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psutil

from quantstrip.clock import system_clock, to_datetime
from quantstrip.errors import LedgerError, ServiceRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.backup import remove_database
from quantstrip.ledger.restore import restore as put_in_place
from quantstrip.ledger.verify import Verified
from quantstrip.ledger.verify import verify as look_through
from quantstrip.operations.settings import manager_of
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.record import service_lock

_STAMP: Final = "%Y%m%d-%H%M%S"
_SCHEDULED: Final = re.compile(r"quantstrip-auto-(\d{8}-\d{6})\.db")
_PART: Final = re.compile(r"\.quantstrip-auto-\d{8}-\d{6}\.db\.(\d+)\.part")


@dataclass(frozen=True, slots=True)
class Keep:
    """How many scheduled backups stay: the newest of each of so many days, weeks and months that have one."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12


@dataclass(frozen=True, slots=True)
class Made:
    """A scheduled backup; ``removed`` are the older ones that went."""

    file: Path
    verified: Verified
    removed: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored ledger: where the one before it lies, None where there was none, and the schema it has now."""

    source: Path
    aside: Path | None
    revision: str


def scheduled_backup(home: Home) -> Made:
    """Copy the ledger beside its writers, look the copy through, then remove what is kept no longer.

    Raises:
        LedgerError: the copy cannot be written, or it is not sound; no older backup was removed.

    """
    folder = folder_of(home)
    _clear_parts(folder)
    now = to_datetime(system_clock.now())
    file = open_ledger(home).backup(folder / f"quantstrip-auto-{now:{_STAMP}}.db")
    found = look_through(file)
    if found.problems:
        raise LedgerError(
            f"the ledger was copied to {file}, and is not sound: {found.problems[0]}",
            hint="Older backups were kept. Look at it with: quantstrip db verify",
        )
    return Made(file, found, tuple(_prune(folder, keep_of(home))))


def scheduled_backups(home: Home) -> list[Path]:
    """The scheduled backups, oldest first; those that a person made are not among them."""
    folder = folder_of(home)
    return sorted(path for path in folder.iterdir() if _SCHEDULED.fullmatch(path.name)) if folder.is_dir() else []


def verify(home: Home, file: Path | None = None) -> Verified:
    """Look through a backup, a file or the name of one in the backups' folder; the ledger itself where None.

    Raises:
        LedgerError: there is no such file.

    """
    return look_through(home.database if file is None else _found(home, file))


def restore(home: Home, file: Path) -> Restored:
    """Make a backup the ledger. What was there is kept beside it; an older schema is brought up to date.

    Raises:
        ServiceRunning: the service runs; it would write into the file that is put aside.
        LedgerError: the backup is missing, damaged or of a newer program, or another program has the ledger open.

    """
    source = _found(home, file)
    with service_lock(home):
        if SupervisordSupervisor(home).alive():
            raise ServiceRunning(f"the service of {home.root} still runs", hint="Stop it first: quantstrip down")
        now = to_datetime(system_clock.now())
        aside = put_in_place(home.database, source, f"{now:{_STAMP}-%f}")
        ledger = Ledger(home)
        try:
            return Restored(source, aside, ledger.migrate())
        finally:
            ledger.close()


def folder_of(home: Home) -> Path:
    """Where scheduled backups go: the setting ``backup.folder``, else the home's own."""
    chosen = str(manager_of(home).get("backup.folder", ""))
    return home.root / Path(chosen).expanduser() if chosen else home.backups


def keep_of(home: Home) -> Keep:
    """What the settings say about how long backups are kept."""
    settings, standard = manager_of(home), Keep()
    return Keep(
        *(int(settings.get(f"backup.keep_{each}", getattr(standard, each))) for each in ("daily", "weekly", "monthly"))
    )


def kept(moments: Iterable[datetime], keep: Keep) -> set[datetime]:
    """Which backups stay; the newest one always does."""
    newest_first = sorted(moments, reverse=True)
    periods: tuple[tuple[int, Callable[[datetime], Hashable]], ...] = (
        (keep.daily, lambda when: when.date()),
        (keep.weekly, lambda when: when.isocalendar()[:2]),
        (keep.monthly, lambda when: (when.year, when.month)),
    )
    stay = set(newest_first[:1])
    for most, period in periods:
        newest: dict[Hashable, datetime] = {}
        for when in newest_first:
            newest.setdefault(period(when), when)
        stay.update(list(newest.values())[:most])
    return stay


def _prune(folder: Path, keep: Keep) -> list[Path]:
    files = {_moment(path): path for path in folder.iterdir() if _SCHEDULED.fullmatch(path.name)}
    gone = [files[when] for when in sorted(files.keys() - kept(files, keep))]
    for path in gone:
        remove_database(path)
    return gone


def _moment(path: Path) -> datetime:
    found = _SCHEDULED.fullmatch(path.name)
    assert found is not None  # noqa: S101 - the callers ask for such names alone
    return datetime.strptime(f"{found[1]} +0000", f"{_STAMP} %z")


def _clear_parts(folder: Path) -> None:
    """Remove what a killed backup left half written."""
    for path in folder.iterdir() if folder.is_dir() else ():
        found = _PART.fullmatch(path.name)
        if found is not None and not psutil.pid_exists(int(found[1])):
            remove_database(path)


def _found(home: Home, file: Path) -> Path:
    """The file; a bare name that is none here is looked up among the backups."""
    path = file.expanduser()
    if path.exists() or len(path.parts) > 1:
        return path
    return next((each / path for each in (folder_of(home), home.backups) if (each / path).exists()), path)
