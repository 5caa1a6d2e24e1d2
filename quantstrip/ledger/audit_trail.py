"""The audit as a caller of the ledger sees it: on and off, the head, keys, verifying."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.errors import LedgerError, QuantstripError, SecretError
from quantstrip.home import Home
from quantstrip.ledger.audit_keys import AuditKeys
from quantstrip.ledger.audit_links import COLUMNS, Head, Link, detail_of, is_on, last_link
from quantstrip.ledger.family import Family
from quantstrip.log import logger

if TYPE_CHECKING:
    from quantstrip.ledger.audit_found import Verification
    from quantstrip.ledger.audit_verify import Progress
    from quantstrip.ledger.ledger import Ledger

SETTING = "ledger.audit"
_NEVER = 2**62
_LONGEST = 4_000
_ACTS = f"SELECT {COLUMNS} FROM audit_link WHERE operation = 'act' ORDER BY sequence DESC LIMIT ?"  # noqa: S608 - constant
_SINCE = "SELECT coalesce(min(sequence), 0) FROM audit_link WHERE create_time >= ?"


def keys_for(where: object, path: Path) -> AuditKeys | None:
    """The keys of the home that was opened, or that the database file lies in; None where it lies in none."""
    if isinstance(where, Home):
        return AuditKeys(where)
    home = Home(path.absolute().parent.parent)
    return AuditKeys(home) if home.database == path.absolute() and home.exists() else None


class AuditTrail(Family):
    """The audit chain."""

    def set_audit(self, on: bool, reason: str = "") -> bool:
        """Turn the audit on or off, for every process, from its next transaction; True when that changed anything.

        Both are links of the chain. What is written while it is off is reported as not covered.

        Raises:
            SecretError: the key cannot be read or made; nothing was changed.

        """
        if self.audit_is_on() == on:
            return False
        with self.store.write() as tx:
            chain = self.store.audit
            switch = chain.begin if on else chain.finish
            switch(tx.raw, tx.now, reason or f"the setting {SETTING}")
        return True

    def audit_is_on(self) -> bool:
        """True while writes are linked."""
        with self.store.read() as tx:
            return is_on(last_link(tx.raw))

    def audit_head(self) -> Head | None:
        """Sequence and MAC of the newest link, to be written down elsewhere; None where there is none.

        Printed as ``SEQUENCE:MAC``. With it a chain that was cut, or a file that was set back, shows.
        """
        with self.store.read() as tx:
            link = last_link(tx.raw)
        return None if link is None else Head(link.sequence, link.mac)

    def record_act(self, kind: str, what: str, by: str, rows: Mapping[str, Any] | None = None) -> None:
        """Link what a person changed outside of the audited tables, in the transaction of this thread if it has one.

        Args:
            kind: what it was: ``sql``, ``static`` or ``user``.
            what: the statement, or the change in words; never a secret. It is cut after 4,000 characters.
            by: who asked.
            rows: how many were touched, by table.

        Raises:
            SecretError: the key is not here; nothing was changed.

        """
        with self.store.write() as tx:
            self.store.audit.act(tx.raw, tx.now, act_detail(kind, what, by, rows or {}))

    def acts(self, limit: int = 50) -> list[dict[str, Any]]:
        """What people changed outside of the audited tables, the newest first.

        The chain is read from its end until there are ``limit``. Each has ``sequence``, ``create_time``, ``kind``,
        ``by`` (who asked), ``user`` and ``program`` (of the process), ``what`` and ``rows``.
        """
        with self.store.read() as tx:
            found = [Link._make(row) for row in tx.sql(_ACTS, (limit,))]
        return [{"sequence": each.sequence, "create_time": each.create_time, **detail_of(each)} for each in found]

    def rotate_audit_key(self, *, lost: bool = False) -> str:
        """Carry the chain on with a new key; its id. The old one stays in the home, for the links made with it.

        Args:
            lost: the old key is gone: the chain begins anew, and what was linked before cannot be checked.

        Raises:
            LedgerError: there is no chain yet, or ``lost`` while the key is here.
            SecretError: the old key is not here; nothing was changed.

        """
        with self.store.write() as tx:
            chain = self.store.audit
            return (chain.restart if lost else chain.rotate)(tx.raw, tx.now)

    def verify_audit(
        self,
        *,
        since: str | None = None,
        recorded: Head | None = None,
        keys: AuditKeys | None = None,
        progress: "Progress | None" = None,
    ) -> "Verification":
        """Hold every row of the audited tables against the chain, and the chain against its key; writers go on.

        Args:
            since: ledger text; only what was linked from then on.
            recorded: a head that was written down elsewhere.
            keys: of another home, for a copy that lies outside of it.
            progress: called now and then with links done and links in all.

        Raises:
            SecretError: a key is not here, or is another home's.
            LedgerError: the database cannot be read.

        """
        from quantstrip.ledger.audit_verify import Verifier  # clients write links and never check them

        chosen = keys or self.store.audit.keys
        with self.store.translated(), closing(self.store.connect(read_only=True)) as raw:
            raw.isolation_level = None
            raw.execute("BEGIN")
            first = 1 if since is None else raw.execute(_SINCE, (since,)).fetchone()[0] or _NEVER
            try:
                return Verifier(raw, chosen, first=first, recorded=recorded, progress=progress).run()
            except sqlite3.OperationalError as error:
                if "decode" not in str(error):
                    raise
                # Text that is no UTF-8 was put there from outside; reading around it is slower.
                raw.text_factory = _text
                return Verifier(raw, chosen, first=first, recorded=recorded, progress=progress).run()


def act_detail(kind: str, what: str, by: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    """What a link says of a person's change."""
    cut = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}..."
    return {"kind": kind, "by": by, "what": cut, "rows": dict(rows)}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def parse_head(text: str) -> Head:
    """A head as it is printed.

    Raises:
        LedgerError: it is none.

    """
    number, _, mac = text.strip().partition(":")
    try:
        head = Head(int(number), bytes.fromhex(mac))
        if head.sequence < 1 or len(head.mac) != 32:
            raise ValueError
    except ValueError:
        raise LedgerError(
            f"a head is SEQUENCE:MAC, a number and 64 hexadecimal digits, got {text!r}",
            hint="Copy it whole, as `quantstrip audit head` or the end-of-day mail shows it.",
        ) from None
    return head


def follow_audit(ledger: "Ledger", home: Home) -> None:
    """Turn the audit on or off as the setting says; where that cannot be done it stays as it is, with a warning."""
    from quantstrip.config import SettingsManager

    try:
        ledger.set_audit(bool(SettingsManager(home).get(SETTING, True)))
    except SecretError as error:
        logger.warning("the audit stays {}: {}", "on" if ledger.audit_is_on() else "off", error)
    except QuantstripError as error:
        logger.warning("the audit stays as it is: {}", error)
