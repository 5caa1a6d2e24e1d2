"""The audit chain: verify it, write its head down, change its key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantstrip.clock import to_text
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.audit_found import Verification
from quantstrip.ledger.audit_keys import AuditKeys
from quantstrip.ledger.audit_trail import parse_head
from quantstrip.ledger.validate import moment

_SINCE_VERSION = "0040"
_ACT = ("kind", "by", "user", "program", "what")
__all__ = ["Act", "AuditHead", "Verification", "acts", "footer", "head", "rotate", "verify"]


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest link: what to write down elsewhere, and whether the audit is on.

    Attributes:
        head: ``SEQUENCE:MAC``, "" without a chain.

    """

    head: str
    is_on: bool


def head(home: Home) -> AuditHead:
    """The head of the home's chain."""
    ledger = _ledger(home, None)
    try:
        found = ledger.audit_head()
        return AuditHead("" if found is None else str(found), ledger.audit_is_on())
    finally:
        ledger.close()


@dataclass(frozen=True, slots=True)
class Act:
    """What a person changed beside the audited tables, as a link of the chain tells it.

    Attributes:
        sequence: of the link.
        time: ledger text, UTC.
        kind: ``sql``, ``static`` or ``user``.
        by: who asked: a user of the dashboard, or a command.
        user: of the machine, and ``program``, that did it.
        what: the statement, or the change in words.
        rows: counts by what was done, by table.

    """

    sequence: int
    time: str
    kind: str
    by: str
    user: str
    program: str
    what: str
    rows: dict[str, dict[str, int]]

    @property
    def rows_in_words(self) -> str:
        """``strategy: 1 changed``."""
        return "; ".join(
            f"{table}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
            for table, counts in self.rows.items()
        )


def acts(home: Home, limit: int = 50) -> list[Act]:
    """What people wrote by SQL, and changed of static data and users, the newest first.

    Read from the chain's end until there are ``limit``: with few of them among millions of links that takes seconds.

    Raises:
        LedgerError: there is no ledger, or it is older than the audit.

    """
    ledger = _ledger(home, None)
    try:
        return [_act(each) for each in ledger.acts(limit)]
    finally:
        ledger.close()


def _act(told: Mapping[str, Any]) -> Act:
    kind, by, user, program, what = (str(told.get(name, "")) for name in _ACT)
    rows = {str(table): dict(counts) for table, counts in told.get("rows", {}).items()}
    return Act(told["sequence"], told["create_time"], kind, by, user, program, what, rows)


def footer(ledger: Ledger) -> list[str]:
    """Lines for the foot of a mail: the chain's head, so that cutting its tail shows later; none without a chain."""
    found = ledger.audit_head()
    if found is None:
        return []
    off = "" if ledger.audit_is_on() else " (the audit is off)"
    return [f"Head of the audit chain{off}: {found}", f"To check: quantstrip audit verify --head {found}"]


def verify(
    home: Home,
    *,
    since: str | None = None,
    recorded: str | None = None,
    database: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Hold every row of orders, fills and positions against the chain, while others write.

    Args:
        home: whose keys, and whose ledger.
        since: a day or a moment, UTC: only what was written from then on.
        recorded: a head that was written down, ``SEQUENCE:MAC``.
        database: a copy of the ledger, a backup say, instead of the ledger itself.
        progress: called with links done and links in all.

    Raises:
        LedgerError: the file is no ledger, or an argument is wrong.
        SecretError: the key is not here, or is another home's.

    """
    known = None if recorded is None else parse_head(recorded)
    begin = None if since is None else _since(since)
    ledger = _ledger(home, database)
    try:
        return ledger.verify_audit(since=begin, recorded=known, keys=AuditKeys(home), progress=progress)
    finally:
        ledger.close()


def rotate(home: Home, *, lost: bool = False) -> str:
    """Carry the chain on with a new key; returns its id. ``lost`` begins anew where the old key is gone.

    Raises:
        LedgerError: there is no chain yet, or ``lost`` while the key is here.
        SecretError: the old key is not here.

    """
    ledger = _ledger(home, None)
    try:
        return ledger.rotate_audit_key(lost=lost)
    finally:
        ledger.close()


def _ledger(home: Home, database: Path | None) -> Ledger:
    """The ledger as it is: opening it the usual way would follow the setting, and so write."""
    path = home.database if database is None else database.expanduser()
    if not path.is_file():
        raise LedgerError(
            f"there is no ledger at {path}", hint="It is made by the first client, or: quantstrip db migrate"
        )
    ledger = Ledger(home if database is None else path)
    version = ledger.schema_version()  # a copy is checked as it is, not brought up to date
    if version is None or version < _SINCE_VERSION:
        raise LedgerError(
            f"{path} has schema {version or 'none'}, which is older than the audit ({_SINCE_VERSION})",
            hint="It has no chain that could be checked. The ledger in use: quantstrip db migrate",
        )
    return ledger


def _since(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        text = f"{text.strip()} 00:00:00"
    return moment("since", text, to_text(0))
