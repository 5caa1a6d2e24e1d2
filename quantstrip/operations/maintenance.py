"""What keeps a home in order, as work for the worker, and what the page about it lists.

Each function that takes a folder and a progress is a ``task_kinds.Work``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from quantstrip.clock import SECOND, Micros
from quantstrip.errors import LedgerError, TaskRefused
from quantstrip.home import Home

if TYPE_CHECKING:
    from quantstrip.ledger.verify import Verified
    from quantstrip.operations.notifications import MessageInfo
    from quantstrip.operations.task_progress import Progress

_SUMMARY: Final = re.compile(r"\[Quantstrip\] \d{4}-\d{2}-\d{2}, \w+: ")
_LOOKED_AT: Final = 1000


@dataclass(frozen=True, slots=True)
class BackupArguments:
    """Nothing: where backups go is a setting."""


@dataclass(frozen=True, slots=True)
class BackupVerifyArguments:
    """Which backup: its name among those of ``backups``."""

    name: str


@dataclass(frozen=True, slots=True)
class AuditArguments:
    """Arguments of ``quantstrip.operations.audit.verify``."""

    since: str | None = None
    recorded: str | None = None


@dataclass(frozen=True, slots=True)
class EndOfDayArguments:
    """Which session is summed up; the one that closed last where no day is named.

    Attributes:
        again: send it also where it was sent.

    """

    day: str | None = None
    mode: Literal["live", "paper", "replay", "simulation"] | None = None
    again: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no date."""
        try:
            date.fromisoformat(self.day or "2000-01-01")
        except ValueError:
            raise TaskRefused(f"day must be a date, got {self.day!r}", hint="Write 2005-12-31.") from None


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup in one of the folders; ``size`` in bytes, ``made`` wall clock."""

    name: str
    file: Path
    made: Micros
    size: int


def backups(home: Home) -> list[BackupFile]:
    """Every backup in the folder of the settings and in the home's own, scheduled or made by hand, newest first."""
    from quantstrip.operations.backup import folder_of

    found: dict[str, BackupFile] = {}
    for folder in (folder_of(home), home.backups):
        for file in folder.glob("*.db") if folder.is_dir() else ():
            if file.name.startswith("."):  # one that is being written
                continue
            try:
                facts = file.stat()
            except OSError:  # it was removed meanwhile
                continue
            made = BackupFile(file.name, file, int(facts.st_mtime * SECOND), facts.st_size)
            found.setdefault(file.name, made)
    return sorted(found.values(), key=lambda each: each.made, reverse=True)


def backup(home: Home, arguments: BackupArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Copy the ledger beside its writers, and look the copy through; no schedule ever removes it.

    Raises:
        LedgerError: the copy cannot be written, or it is not sound.

    """
    from quantstrip.operations import backup as copies
    from quantstrip.operations import ledger

    progress.report(0.0, "copying the ledger")
    file = ledger.backup(home)
    progress.report(0.5, "looking the copy through")
    found = copies.verify(home, file)
    if found.problems:
        raise LedgerError(
            f"the ledger was copied to {file}, and is not sound: {found.problems[0]}",
            hint="Look at it with: quantstrip db verify   Older backups were kept.",
        )
    return _told(found)


def verify_backup(
    home: Home,
    arguments: BackupVerifyArguments,
    folder: Path,  # noqa: ARG001
    progress: "Progress",
) -> Mapping[str, Any]:
    """Look a backup through; what is wrong with it is in ``problems``.

    Raises:
        LedgerError: there is no such backup.

    """
    from quantstrip.operations import backup as copies

    file = next((each.file for each in backups(home) if each.name == arguments.name), None)
    if file is None:
        raise LedgerError(f"there is no backup {arguments.name}", hint=f"Backups lie in {copies.folder_of(home)}.")
    progress.report(0.0, f"looking {arguments.name} through")
    return _told(copies.verify(home, file))


def audit_verify(home: Home, arguments: AuditArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Hold every row against the audit's chain; the first that does not fit is ``problem``.

    Raises:
        LedgerError: an argument is wrong, or there is no ledger.
        SecretError: the key is not here, or is another home's.

    """
    from quantstrip.operations import audit

    def tell(done: int, total: int) -> None:
        progress.report(done / total if total else 0.0, f"{done:,} of {total:,} links")

    found = audit.verify(home, since=arguments.since, recorded=arguments.recorded, progress=tell)
    wrong = found.problem
    named = ("what", "table", "sequence", "written", "who", "todo")
    return {
        "ok": found.ok,
        "links": found.links,
        "rows": found.rows,
        "head": found.head,
        "is_on": found.is_on,
        "gaps": list(found.gaps),
        "uncovered": dict(found.uncovered),
        "changed_while_off": dict(found.changed_while_off),
        "problem": wrong and {"kind": str(wrong.kind)} | {name: getattr(wrong, name) for name in named},
    }


def end_of_day(home: Home, arguments: EndOfDayArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Build the summary of a session and send it; one that was sent is not sent twice unless ``again`` says so.

    Raises:
        ReportError: there was no such session, or the message was refused.

    """
    from quantstrip.operations import eod

    progress.report(0.0, "summing up")
    day = date.fromisoformat(arguments.day) if arguments.day else None
    made = eod.summarise(home, eod.due_now(home, day=day, mode=arguments.mode))
    progress.report(0.7, "sending")
    done = eod.deliver(home, made, again=arguments.again)
    told: dict[str, Any] = {"day": made.due.day.isoformat(), "mode": made.due.mode, "answer": done.words}
    return told | ({"path": str(done.file)} if done.file else {})


def summaries(home: Home, limit: int = 10) -> "list[MessageInfo]":
    """The newest summaries among the newest messages of the outbox, whoever asked for them.

    Raises:
        LedgerError: there is no ledger.

    """
    from quantstrip.operations.inbox import inbox

    return [each for each in inbox(home, limit=_LOOKED_AT) if _SUMMARY.match(each.subject)][:limit]


def _told(found: "Verified") -> dict[str, Any]:
    return {
        "path": str(found.file),
        "version": found.revision,
        "rows": sum(found.rows.values()),
        "books_checked": found.books_checked,
        "problems": list(found.problems),
    }
