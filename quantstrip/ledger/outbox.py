"""The outbox: messages written in the caller's transaction, claimed by one sender at a time, and what became of each.

A message is ``queued`` until a sender claims it (``sending``, with a lease), then ``sent``, or ``queued`` again for its
next attempt, or ``dead`` when it was given up. ``held`` ones wait to be sent together with others; then they are
``merged``. ``captured`` ones, of simulations, are never sent; ``discarded`` ones a person took back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from quantstrip.clock import DAY, Micros, from_text, to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import outbox_statements as sql
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.store import Transaction

if TYPE_CHECKING:
    from quantstrip.ports import Attachment

STATUSES = ("queued", "held", "sending", "sent", "merged", "dead", "discarded", "captured")
_FIRST = ("queued", "held", "sending", "captured")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be written.

    Attributes:
        message_id: the Message-ID, the same at each attempt.
        recipients: addresses, or the one name of a channel.
        html: the body as HTML; "" for none.
        account: mail account; "" for the default one at the time of sending.
        channel: ``mail``, or the name of a channel.
        kind: ``message``, ``summary``, ``alert`` ...
        dedupe_key: a second message of one key is not written; "" for none.

    """

    message_id: str
    recipients: Sequence[str]
    subject: str
    body: str
    html: str = ""
    account: str = ""
    channel: str = "mail"
    kind: str = "message"
    client: str = ""
    dedupe_key: str = ""
    attachments: "Sequence[Attachment]" = ()


class Queued(NamedTuple):
    """A written message; ``new`` is False when one of its key was there already."""

    outbox_id: int
    new: bool


class Outbox(Family):
    """Messages to people."""

    def queue_message(
        self, message: NewMessage, *, status: str = "queued", owner: str = "", lease_until: Micros = 0
    ) -> Queued:
        """Write a message, as a part of the caller's transaction where there is one.

        Args:
            status: ``queued``; ``held`` to send it with others; ``sending`` when ``owner`` sends it itself, at once;
                ``captured`` to keep it unsent.

        Raises:
            InvalidRecord: no recipient, one recipient twice, or no such status.

        """
        addresses = [validate.words("recipient", address) for address in message.recipients]
        if not addresses or len(set(addresses)) != len(addresses):
            raise InvalidRecord(f"recipients must be one or more, each once, got {addresses}")
        if status not in _FIRST:
            raise InvalidRecord(f"a new message is {', '.join(_FIRST)}, got {status!r}")
        with self.store.write() as tx:
            key = message.dedupe_key or None
            if key is not None:
                found = tx.one(sql.BY_KEY, {"key": key})
                if found is not None:
                    return Queued(int(found[0]), new=False)
            row = _row(message, addresses, tx.now) | {"status": status}
            if status == "sending":
                row |= {"attempts": 1, "claimed_by": owner, "lease_until": to_text(lease_until)}
            outbox_id = int(tx.insert(sql.INSERT, row) or 0)
            for address in addresses:
                pending = {"outbox_id": outbox_id, "address": address, "status": "pending", "update_time": tx.now}
                tx.insert(sql.INSERT_RECIPIENT, pending)
            for attachment in message.attachments:
                tx.insert(sql.INSERT_ATTACHMENT, attachment._asdict() | {"outbox_id": outbox_id})
            return Queued(outbox_id, new=True)

    def writing_client(self) -> str:
        """The client whose process this is; "" in any other process."""
        run_id = self.context.client_run_id
        if run_id is None:
            return ""
        with self.store.read() as tx:
            found = tx.one(sql.WRITER, {"id": run_id})
        return "" if found is None else str(found[0])

    def claim_message(self, owner: str, lease_until: Micros) -> dict[str, Any] | None:
        """Take the oldest message that is due, or whose sender's lease has run out; None when there is none.

        The message comes with ``pending``, the addresses that do not have it yet, and its ``attachments``.
        """
        with self.store.write(durable=False) as tx:
            found = tx.one(sql.DUE, {"now": tx.now})
            if found is None:
                return None
            values = {"id": found[0], "owner": owner, "lease": to_text(lease_until), "now": tx.now}
            tx.run(sql.CLAIM, values)
            return _whole(tx, int(found[0]))

    def settle_message(
        self,
        outbox_id: int,
        owner: str,
        *,
        delivered: Sequence[str] = (),
        refused: Mapping[str, str] | None = None,
        error: str = "",
        next_attempt: Micros | None = None,
    ) -> str:
        """Record an attempt; returns the message's status.

        Args:
            delivered: addresses whose server took the message.
            refused: addresses refused for good, with the reason.
            error: why the others do not have it yet.
            next_attempt: when these are tried again; None gives them up.

        """
        with self.store.write() as tx:
            for address in delivered:
                _mark(tx, outbox_id, address, "sent", None)
            for address, reason in (refused or {}).items():
                _mark(tx, outbox_id, address, "refused", reason)
            left = [address for address, status, _ in tx.all(sql.RECIPIENTS, {"id": outbox_id}) if status == "pending"]
            row = _outcome(tx, outbox_id, left, error, next_attempt) | {"id": outbox_id, "owner": owner, "now": tx.now}
            # A lease that ran out: another sender decides; who has the message is recorded all the same.
            return str(row["became"]) if tx.run(sql.SETTLE, row).rowcount == 1 else self._status(tx, outbox_id)

    def postpone_messages(self, account: str, is_default: bool, until: Micros, error: str) -> int:
        """Put off all queued mail of an account that cannot send now, uncounted as attempts; how many there were."""
        with self.store.write(durable=False) as tx:
            values = {"of_account": account, "or_default": "" if is_default else account}
            values |= {"until": to_text(until), "now": tx.now, "error": error}
            return tx.run(sql.POSTPONE, values).rowcount

    def held_since(self) -> Micros | None:
        """When the oldest held message was written; None when there is none."""
        with self.store.read() as tx:
            found = tx.one(sql.HELD_SINCE)[0]
        return None if found is None else from_text(found)

    def held_messages(self) -> list[dict[str, Any]]:
        """Messages that wait to be sent together with others, oldest first, whole."""
        with self.store.read() as tx:
            found = [_whole(tx, int(row["outbox_id"])) for row in tx.dicts(sql.HELD)]
        return [row for row in found if row is not None]

    def merge_messages(self, numbers: Sequence[int], message: NewMessage) -> int:
        """Queue ``message`` in the place of held ones, in one transaction; returns its number."""
        with self.store.write() as tx:
            merged = self.queue_message(message).outbox_id
            for number in numbers:
                values = {"id": number, "where": f"sent as a part of message {merged}", "now": tx.now}
                if tx.run(sql.MERGED, values).rowcount != 1:
                    raise InvalidRecord(f"message {number} is not held any more")
            return merged

    def let_go_message(self, outbox_id: int) -> None:
        """Queue a held message as it is; one that is not held is left alone."""
        with self.store.write() as tx:
            tx.run(sql.LET_GO, {"id": outbox_id, "now": tx.now})

    def message_claimants(self) -> list[str]:
        """Who is sending, as given to ``claim_message``."""
        with self.store.read() as tx:
            return [str(owner) for (owner,) in tx.all(sql.CLAIMANTS)]

    def release_messages(self, owner: str) -> int:
        """Queue again, at once, what a sender that no longer lives was sending; how many there were."""
        with self.store.write() as tx:
            return tx.run(sql.RELEASE, {"owner": owner, "now": tx.now}).rowcount

    def hurry_messages(self) -> int:
        """Make every queued message due now; how many there are."""
        with self.store.write() as tx:
            return tx.run(sql.HURRY, {"now": tx.now}).rowcount

    def resend_message(self, outbox_id: int) -> None:
        """Send a dead, discarded or waiting message now, with its Message-ID, to those who do not have it yet.

        Raises:
            UnknownRecord: no such message.
            InvalidRecord: it was sent, is being sent, or was written in a simulation.

        """
        with self.store.write() as tx:
            self._must_be(tx, outbox_id, ("queued", "dead", "discarded"), "sent again")
            tx.run(sql.PENDING_AGAIN, {"id": outbox_id, "now": tx.now})
            tx.run(sql.QUEUE_AGAIN, {"id": outbox_id, "now": tx.now})

    def discard_message(self, outbox_id: int) -> None:
        """Take back a message that is not sent yet.

        Raises:
            UnknownRecord: no such message.
            InvalidRecord: it was sent or is being sent.

        """
        with self.store.write() as tx:
            self._must_be(tx, outbox_id, ("queued", "held", "dead", "captured", "discarded"), "discarded")
            tx.run(sql.DISCARD, {"id": outbox_id, "now": tx.now})

    def messages(self, status: str = "", limit: int = 50) -> list[dict[str, Any]]:
        """The newest messages first, of one status or of all, without bodies' attachments."""
        if status and status not in STATUSES:
            raise InvalidRecord(f"a message is {', '.join(STATUSES)}, got {status!r}")
        return self._rows(sql.LIST, status=status, any=int(not status), most=limit)

    def message(self, outbox_id: int) -> dict[str, Any] | None:
        """One message with its ``recipients_state`` (address, status, last_error) and ``attachments``."""
        with self.store.read() as tx:
            return _whole(tx, outbox_id)

    def message_counts(self) -> dict[str, int]:
        """How many messages there are, by status."""
        with self.store.read() as tx:
            return {str(status): int(count) for status, count in tx.all(sql.COUNTS)}

    def last_trouble(self, account: str, is_default: bool) -> str:
        """Why an account's newest attempt failed; "" when it did not, or was never made."""
        with self.store.read() as tx:
            found = tx.one(sql.TROUBLE, {"of_account": account, "or_default": "" if is_default else account})
            return "" if found is None or found[0] == "sent" else str(found[1] or "")

    def messages_since(self, kind: str, since: Micros) -> int:
        """How many messages of a kind were written after ``since``."""
        with self.store.read() as tx:
            return int(tx.one(sql.SINCE, {"kind": kind, "since": to_text(since)})[0])

    def prune_messages(self, days: int) -> int:
        """Forget messages that were sent, merged, captured or discarded more than ``days`` ago; dead ones stay."""
        with self.store.write() as tx:
            before = {"before": to_text(self.store.now() - days * DAY)}
            for statement in (sql.PRUNE_RECIPIENTS, sql.PRUNE_ATTACHMENTS):
                tx.run(statement, before)
            return tx.run(sql.PRUNE, before).rowcount

    def _must_be(self, tx: Transaction, outbox_id: int, allowed: Sequence[str], what: str) -> None:
        status = self._status(tx, outbox_id)
        if status not in allowed:
            raise InvalidRecord(
                f"message {outbox_id} is {status} and cannot be {what}",
                hint=f"What became of it: quantstrip notify show {outbox_id}",
            )

    @staticmethod
    def _status(tx: Transaction, outbox_id: int) -> str:
        found = tx.one(sql.STATUS, {"id": outbox_id})
        if found is None:
            raise UnknownRecord(f"there is no message {outbox_id}", hint="List them with: quantstrip notify list")
        return str(found[0])


def _row(message: NewMessage, addresses: Sequence[str], now: str) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "account": message.account or None,
        "recipients": ", ".join(addresses),
        "subject": message.subject,
        "body": message.body,
        "html": message.html or None,
        "attempts": 0,
        "next_attempt": now,
        "kind": message.kind,
        "channel": message.channel,
        "client": message.client,
        "dedupe_key": message.dedupe_key or None,
        "create_time": now,
        "update_time": now,
    }


def _whole(tx: Transaction, outbox_id: int) -> dict[str, Any] | None:
    from quantstrip.ports import Attachment  # most processes write messages, one sends them

    row = tx.first(sql.ONE, {"id": outbox_id})
    if row is None:
        return None
    state = tx.all(sql.RECIPIENTS, {"id": outbox_id})
    files = tx.all(sql.ATTACHMENTS, {"id": outbox_id})
    row["recipients_state"] = state
    row["pending"] = [address for address, status, _ in state if status == "pending"]
    row["attachments"] = [Attachment(str(name), str(kind), bytes(content)) for name, kind, content in files]
    return row


def _mark(tx: Transaction, outbox_id: int, address: str, status: str, error: str | None) -> None:
    values = {"id": outbox_id, "who": address, "became": status, "error": error, "now": tx.now}
    tx.run(sql.MARK, values)


def _outcome(
    tx: Transaction, outbox_id: int, left: Sequence[str], error: str, next_attempt: Micros | None
) -> dict[str, Any]:
    refused = [
        f"{address}: {reason}"
        for address, status, reason in tx.all(sql.RECIPIENTS, {"id": outbox_id})
        if status == "refused"
    ]
    problems = "; ".join([*refused, *([error] if error else [])]) or None
    if left and next_attempt is not None:
        return {"became": "queued", "next": to_text(next_attempt), "error": problems, "sent_at": None}
    if left or refused:
        return {"became": "dead", "next": None, "error": problems, "sent_at": None}
    return {"became": "sent", "next": None, "error": None, "sent_at": tx.now}
