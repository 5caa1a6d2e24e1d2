"""``send_email`` and ``email_manager``: what clients and scripts call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from quantstrip.clock import to_datetime
from quantstrip.errors import MessageInvalid, QuantstripError
from quantstrip.ledger import db_handler
from quantstrip.ledger.outbox import NewMessage, Queued
from quantstrip.model import Mode
from quantstrip.notify import accounts, addresses, attachments, channels
from quantstrip.notify.attachments import File
from quantstrip.notify.identity import message_id, sender_of
from quantstrip.notify.options import Options, options, targets
from quantstrip.notify.plain import text_of
from quantstrip.notify.render import OVERRIDES, render
from quantstrip.notify.sender import LEASE, MAIL, Sender, mail_channel
from quantstrip.notify.summary import parts_of
from quantstrip.ports import Message

if TYPE_CHECKING:
    from quantstrip.config import SettingsManager
    from quantstrip.home import Home
    from quantstrip.ledger import Ledger

Result = tuple[bool, str]
To = str | Iterable[str] | None
_UNSENT = (Mode.SIMULATION, Mode.BACKTEST)


@dataclass(frozen=True, slots=True)
class _Terms:
    """How a message is to be sent; the fields are the arguments of ``EmailManager.send``."""

    to: To
    account: str
    files: Sequence[File]
    key: str
    wait: bool | None
    batch: bool
    kind: str


class EmailManager:
    """Mail of one home.

    A message is written to the outbox first, so that it survives whatever happens next. Inside a client it is *queued*:
    the call returns at once and the notifier sends it; the network never holds up a strategy. Elsewhere (a notebook, a
    script, the command line) the message is sent at once and the result is the server's; what fails for now stays in
    the outbox and is tried again. Inside ``with db_handler.transaction():`` it is always queued, and only if the
    transaction commits. A simulation captures it: it can be read, and is never sent.

    No call raises for mail that cannot be sent: the result is ``(False, why)``.

    Args:
        home: whose outbox; None for the home in use.

    """

    def __init__(self, home: "Home | None" = None) -> None:
        self._home = home

    def send(
        self,
        subject: str,
        body: str,
        to: To = None,
        account: str | None = None,
        html: bool = False,
        *,
        attachments: Sequence[File] = (),
        key: str = "",
        wait: bool | None = None,
        batch: bool = False,
        text: str = "",
    ) -> Result:
        """Send a message; returns whether it is on its way, and what there is to say about it.

        Args:
            to: addresses in a list, or with commas between; a name without ``@`` is a channel of the settings. None for
                those who are told about this client (``clients.NAME.notify``, else ``notify.recipients``).
            account: which mail account; None for the default one.
            html: ``body`` is HTML; a plain-text twin is made of it, unless ``text`` is that twin.
            attachments: files, or ``(name, content)``; read now, at most ``notify.attachment_megabytes`` together. One
                that the HTML shows as ``"cid:NAME"`` appears there.
            key: a second message of one key is not sent, also after a restart: ``f"report {day}"``.
            wait: True to send now and hear what the server says, False to queue; None as the class says.
            batch: hold the message for ``notify.batch_seconds``, and send it together with others to the same people.

        """
        twin = (text or text_of(body)) if html and isinstance(body, str) else body
        try:
            terms = _Terms(to, account or "", attachments or (), key, wait, batch, "message")
            return self._send(subject, twin, body if html else "", terms)
        except QuantstripError as error:
            return False, str(error)

    def send_summary(
        self,
        content: Any,
        subject: str = "",
        to: To = None,
        account: str | None = None,
        *,
        attachments: Sequence[File] = (),
        key: str = "",
        wait: bool | None = None,
        batch: bool = False,
    ) -> Result:
        """Send text, a signal, a dict, a DataFrame, or a list of them, as a small report with a plain-text twin.

        Args:
            subject: "" for one that names client and day.

        Other arguments and the result are those of ``send``.

        """
        try:
            client = self._ledger.writing_client()
            today = to_datetime(self._ledger.store.now()).astimezone().date()
            title = subject or f"Summary{f' of {client}' if client else ''}, {today}"
            parts = parts_of(content)
            values = {"title": title, "paragraphs": parts.paragraphs, "tables": parts.tables, "footer": client}
            body = render("summary", values, parts.plain, self._settings.home.settings / OVERRIDES)
            terms = _Terms(to, account or "", attachments or (), key, wait, batch, "summary")
            return self._send(title, body.text, body.html, terms)
        except QuantstripError as error:
            return False, str(error)

    def test_account(self, name: str, test_recipient: str) -> Result:
        """Log in with account ``name`` and send a short message, at once and past the outbox."""
        try:
            account = accounts.find(self._ledger, name)
            recipients = addresses.parse(test_recipient)
            channel = mail_channel(account, self._settings, self._options())
            delivery = channel.send(
                Message(
                    subject="Quantstrip: test message",
                    body=f"The account {account.name} works.\n",
                    recipients=recipients,
                    message_id=message_id(),
                    created=self._ledger.store.now(),
                    addressees=recipients,
                )
            )
        except QuantstripError as error:
            return False, str(error)
        problems = {**delivery.refused, **delivery.postponed}
        if problems:
            return False, "refused: " + "; ".join(f"{who}: {why}" for who, why in problems.items())
        return True, f"sent to {', '.join(recipients)} with account {account.name}"

    def get_accounts(self) -> list[dict[str, Any]]:
        """The accounts, without anything secret."""
        columns, rows = self._ledger.query("SELECT * FROM email_account ORDER BY email_account_id")
        return [{k: v for k, v in zip(columns, row, strict=True) if k != "password"} for row in rows]

    def _send(self, subject: str, text: str, html: str, terms: "_Terms") -> Result:
        if not isinstance(text, str) or not isinstance(subject, str):
            raise MessageInvalid(f"subject and body are text, got {subject!r:.60} and {text!r:.60}")
        found = self._options()
        client = self._ledger.writing_client()
        to_addresses, to_channels = self._recipients(terms, client, found)
        message = NewMessage(
            message_id(),
            to_addresses,
            addresses.header("subject", subject),
            text,
            html=html,
            account=terms.account,
            kind=terms.kind,
            client=client,
            dedupe_key=terms.key,
            attachments=attachments.read(terms.files, found.attachment_megabytes),
        )
        messages = [message] if to_addresses else []
        for name in to_channels:
            key = f"{terms.key} ({name})" if terms.key else ""
            messages.append(
                replace(message, message_id=message_id(), recipients=[name], channel=name, html="", dedupe_key=key)
            )
        if self._ledger.mode in _UNSENT:
            ids = [self._ledger.queue_message(each, status="captured").outbox_id for each in messages]
            return True, f"captured as message {_all(ids)}: a simulation sends no mail"
        if to_addresses:
            accounts.find(self._ledger, terms.account)
        for name in to_channels:
            channels.url_of(self._settings, name)
        return self._sent_now(messages, found) if self._at_once(terms) else self._queued(messages, terms)

    def _queued(self, messages: Sequence[NewMessage], terms: "_Terms") -> Result:
        status = "held" if terms.batch else "queued"
        with self._ledger.transaction():
            queued = [self._ledger.queue_message(message, status=status) for message in messages]
        words = _there_already(queued) or f"{status} as message {_all([each.outbox_id for each in queued])}"
        if all(message.channel != MAIL for message in messages):
            return True, words
        chosen = accounts.find(self._ledger, terms.account)
        trouble = self._ledger.last_trouble(chosen.name, chosen.is_default)
        return True, f"{words}; account {chosen.name!r} fails at present: {trouble}" if trouble else words

    def _sent_now(self, messages: Sequence[NewMessage], found: Options) -> Result:
        sender = Sender(self._ledger, self._settings, sender_of())
        until = self._ledger.store.now() + LEASE
        with self._ledger.transaction():
            queued = [
                self._ledger.queue_message(message, status="sending", owner=sender.owner, lease_until=until)
                for message in messages
            ]
        if _there_already(queued):
            return True, _there_already(queued)
        problems = []
        for each in queued:
            row = self._ledger.message(each.outbox_id)
            if not each.new or row is None:
                continue
            attempt = sender.attempt(row, found)
            if attempt.status != "sent":
                then = "is tried again" if attempt.status == "queued" else "can be sent again by hand"
                problems.append(f"{attempt.words}\nIt is kept as message {each.outbox_id} and {then}.")
        if problems:
            return False, "\n".join(problems)
        return True, f"sent to {', '.join(who for message in messages for who in message.recipients)}"

    def _recipients(self, terms: "_Terms", client: str, found: Options) -> tuple[list[str], list[str]]:
        chosen: To = terms.to or targets(self._settings, client, found.recipients)
        if not chosen:
            chosen = [accounts.find(self._ledger, terms.account).sender]
        to_addresses, to_channels = addresses.split(chosen)
        if not to_addresses and not to_channels:
            raise MessageInvalid("no recipient is given", hint="Name one, such as you@example.com.")
        return to_addresses, to_channels

    def _at_once(self, terms: "_Terms") -> bool:
        if terms.batch or self._ledger.store.thread().transaction is not None:
            return False  # in a transaction it exists only once that is committed
        return self._ledger.context.client_run_id is None if terms.wait is None else terms.wait

    def _options(self) -> Options:
        return options(self._settings)

    @property
    def _ledger(self) -> "Ledger":
        if self._home is None:
            return db_handler
        from quantstrip.ledger import open_ledger

        return open_ledger(self._home)

    @cached_property
    def _settings(self) -> "SettingsManager":
        from quantstrip.config import SettingsManager, settings

        return settings if self._home is None else SettingsManager(self._home)


def _there_already(queued: Sequence[Queued]) -> str:
    if any(each.new for each in queued):
        return ""
    return f"not sent twice: message {_all([each.outbox_id for each in queued])} has this key already"


def _all(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


email_manager = EmailManager()
"""Mail of the home in use."""


def send_email(
    subject: str,
    body: str,
    to: To = None,
    account: str | None = None,
    *,
    html: bool = False,
    attachments: Sequence[File] = (),
    key: str = "",
    wait: bool | None = None,
    batch: bool = False,
) -> Result:
    """``email_manager.send``: returns ``(ok, message)``.

    Example:
        >>> ok, message = send_email("Done", "All orders are filled.", "you@example.com")  # doctest: +SKIP

    """
    return email_manager.send(
        subject, body, to, account, html, attachments=attachments, key=key, wait=wait, batch=batch
    )
