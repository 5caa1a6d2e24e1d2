"""What verifying the audit chain finds, and in which words."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quantstrip.ledger.audit_links import Link, detail_of


class Kind(StrEnum):
    """What was done behind the platform's back."""

    ALTERED = "row altered"
    INSERTED = "row inserted"
    REMOVED = "row removed"
    LINK_ALTERED = "link altered"
    LINK_REMOVED = "link removed"
    CUT = "chain cut"
    """It ends before a head that was recorded elsewhere, or is not the one with that head."""


_RESTORE = (
    "Keep a copy of the file as it is, then compare it with the newest backup that verifies "
    "(quantstrip audit verify --database FILE)"
)
ADVICE = {
    Kind.ALTERED: f"{_RESTORE}, and with the broker's statement.",
    Kind.INSERTED: f"{_RESTORE}. If it is right, enter it through the platform instead (insert_manual_trade, "
    "insert_execution); a program that writes with SQL of its own should call db_handler.",
    Kind.REMOVED: f"{_RESTORE}, which still holds the row.",
    Kind.LINK_ALTERED: f"{_RESTORE}: who changes links usually hides a change of a row.",
    Kind.LINK_REMOVED: f"{_RESTORE}: who removes links usually hides a change of a row.",
    Kind.CUT: f"{_RESTORE}. If you restored an older backup yourself, this is what it looks like: note the new head.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing that is not as the platform wrote it.

    Attributes:
        sequence: the link at which it shows.
        table, row_key: the row, "" and None where it is about the chain itself.
        what: in a sentence.
        written: when the platform wrote the row last, or the link, UTC; "" where it never did.
        who: who wrote it then, in words.
        row: the row as it is now, without its empty columns.

    """

    kind: Kind
    sequence: int
    table: str
    row_key: int | None
    what: str
    written: str = ""
    who: str = ""
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def todo(self) -> str:
        """What to do."""
        return ADVICE[self.kind]


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying.

    Attributes:
        problem: the first one; None where chain and rows agree.
        links, rows: how many were checked.
        uncovered: rows by table that no link covers: older than what was checked, or written while the audit was off.
        changed_while_off: rows by table that were changed while it was off.
        gaps: in words, since when and until when the audit was off, or cannot be checked.
        head: ``SEQUENCE:MAC`` of the newest link, "" without any.
        first: sequence of the first link that was checked.
        is_on: the audit is on.

    """

    problem: Problem | None
    links: int
    rows: int
    uncovered: dict[str, int]
    changed_while_off: dict[str, int]
    gaps: list[str]
    head: str
    first: int
    is_on: bool

    @property
    def ok(self) -> bool:
        """True where nothing was found."""
        return self.problem is None


def who_of(link: Link) -> str:
    """Who a link of the operation ``writer`` introduces, in words."""
    said = detail_of(link)
    person = f"{said.get('user', 'unknown')} with {said.get('program', 'unknown')}"
    if "client" not in said:
        return person
    return f"client {said['client']}, run {said.get('run')}, code {said.get('code_hash') or 'unknown'}, as {person}"
