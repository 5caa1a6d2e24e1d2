"""Notifications: mail accounts, channels, and the messages in the outbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from quantstrip.clock import Micros, from_text
from quantstrip.errors import MessageInvalid, NotifyError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.notify import EmailManager, accounts, channels
from quantstrip.notify.accounts import PROVIDERS, Account
from quantstrip.notify.addresses import address_of
from quantstrip.notify.identity import message_id
from quantstrip.notify.notifier import Notifier
from quantstrip.notify.options import options, targets
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.settings import manager_of
from quantstrip.ports import Message


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A mail account as listed.

    Attributes:
        password: True when one is set; it is never shown.

    """

    name: str
    provider: str
    server: str
    port: int
    security: str
    username: str
    password: bool
    from_address: str
    from_name: str
    verify: bool
    default: bool


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A mail provider's server; ``note`` says what one must know to log in."""

    title: str
    server: str
    port: int
    security: str
    note: str


@dataclass(frozen=True, slots=True)
class MessageInfo:
    """A message as listed; moments are wall clock, 0 where there is none."""

    id: int
    status: str
    created: Micros
    sent: Micros
    next_attempt: Micros
    attempts: int
    subject: str
    recipients: str
    channel: str
    account: str
    client: str
    kind: str
    last_error: str


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """A message whole.

    Attributes:
        recipients: status (pending, sent, refused) and the last error, by address.
        attachments: size in bytes by name.

    """

    info: MessageInfo
    message_id: str
    body: str
    html: str
    recipients: dict[str, tuple[str, str]]
    attachments: dict[str, int]


@dataclass(frozen=True, slots=True)
class Drained:
    """What a pass over the outbox did."""

    tried: int
    delivered: int
    waiting: int
    given_up: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether people are reached: ways to reach them, and messages that do not get through.

    Attributes:
        late: messages that were tried and still wait.

    """

    accounts: int
    channels: int
    late: int
    dead: int


def health(home: Home) -> Health:
    """How notifications are."""
    ledger = existing_ledger(home)
    counted = ledger.query("SELECT status, COUNT(*) FROM v_messages WHERE failed = 1 GROUP BY status")[1]
    late, dead = (dict(counted).get(status, 0) for status in ("queued", "dead"))
    return Health(len(accounts.names(ledger)), len(list_channels(home)), late, dead)


def list_accounts(home: Home) -> list[AccountInfo]:
    """All mail accounts, in the order in which they were added."""
    ledger, settings = existing_ledger(home), manager_of(home)
    found = [accounts.find(ledger, name) for name in accounts.names(ledger)]
    return [
        AccountInfo(
            each.name,
            each.provider,
            each.server,
            each.port,
            each.security,
            each.username,
            bool(each.password_path) and settings.find(each.password_path) is not None,
            each.sender,
            each.sender_name,
            each.verify,
            each.is_default,
        )
        for each in found
    ]


def list_channels(home: Home) -> list[str]:
    """The channels that are set up (secrets in ``channels`` of the settings)."""
    return channels.names(manager_of(home))


def put_account(
    home: Home,
    name: str,
    *,
    provider: str | None = None,
    server: str | None = None,
    port: int | None = None,
    security: str | None = None,
    username: str | None = None,
    password: str | None = None,
    from_address: str | None = None,
    from_name: str | None = None,
    verify: bool | None = None,
    default: bool = False,
) -> AccountInfo:
    """Add a mail account, or change one; what is None stays, or comes from the provider's template.

    The first account is the default one. An empty ``username`` is a server without login.

    Raises:
        MessageInvalid: a part is refused; nothing is changed.

    """
    ledger = open_ledger(home)
    row = ledger.get_email_account_by_name(name)
    old = accounts.of_row(row) if row is not None else None
    account = _merged(
        old or _template(name, provider or "smtp"),
        provider=provider if old is not None else None,
        server=server,
        port=port,
        security=security,
        username=username,
        sender=from_address,
        sender_name=from_name,
        verify=verify,
    )
    if not account.sender and "@" in account.username:
        account = replace(account, sender=account.username)
    if username is None and not account.username and password is not None:
        account = replace(account, username=account.sender)
    path = accounts.password_path(name) if account.username else ""
    account = accounts.checked(replace(account, password_path=path))
    if password and path:
        manager_of(home).set_by_path(path, password, "secret")
    ledger.set_email_account(
        name,
        provider=account.provider,
        smtp_server=account.server,
        smtp_port=account.port,
        security=account.security,
        use_tls=account.security != "none",
        username=account.username or None,
        password_path=path or None,
        from_address=address_of(account.sender),
        from_name=account.sender_name or None,
        verify_certificate=account.verify,
        is_default=default or account.is_default or ledger.get_default_email_account() is None,
    )
    return next(each for each in list_accounts(home) if each.name == name)


def remove_account(home: Home, name: str) -> None:
    """Forget a mail account and its password.

    Raises:
        UnknownRecord: there is no such account.

    """
    existing_ledger(home).delete_email_account(name)
    path = accounts.password_path(name)
    settings = manager_of(home)
    if settings.find(path) is not None:
        settings.delete(path)


def set_default(home: Home, name: str) -> None:
    """Make an account the one that sends when none is named.

    Raises:
        UnknownRecord: there is no such account.

    """
    existing_ledger(home).set_default_email_account(name)


def send_test(home: Home, name: str, recipient: str = "") -> str:
    """Send a test message with account ``name``, or through the channel of that name, now; returns what was done.

    Args:
        recipient: an address; "" for the account's own.

    Raises:
        QuantstripError: why it cannot be sent.

    """
    if name in list_channels(home) and name not in accounts.names(existing_ledger(home)):
        channel = channels.AppriseChannel(name, channels.url_of(manager_of(home), name))
        channel.send(Message("Quantstrip: test message", f"The channel {name} works.", [name], message_id=message_id()))
        return f"sent through channel {name}"
    account = accounts.find(existing_ledger(home), name)
    ok, words = EmailManager(home).test_account(name, recipient or account.sender)
    if not ok:
        message, _, hint = words.partition("\n")
        raise NotifyError(message, hint=hint)
    return words


def list_messages(home: Home, status: str = "", limit: int = 50) -> list[MessageInfo]:
    """The newest messages first, of one status or all."""
    return [message_info(row) for row in existing_ledger(home).messages(status, limit)]


def get_message(home: Home, number: int) -> MessageDetail:
    """One message.

    Raises:
        UnknownRecord: there is none of that number.

    """
    row = existing_ledger(home).message(number)
    if row is None:
        raise UnknownRecord(f"there is no message {number}", hint="List them with: quantstrip notify list")
    return MessageDetail(
        message_info(row),
        row["message_id"],
        row["body"],
        row["html"] or "",
        {address: (status, error or "") for address, status, error in row["recipients_state"]},
        {each.filename: len(each.content) for each in row["attachments"]},
    )


def resend(home: Home, numbers: Iterable[int]) -> None:
    """Queue messages again, at once, for those who do not have them yet; all of them or none.

    Raises:
        UnknownRecord, InvalidRecord: one is not there, or cannot be sent again.

    """
    _each(existing_ledger(home), numbers, "resend_message")


def discard(home: Home, numbers: Iterable[int]) -> None:
    """Take messages back that are not sent; all of them or none.

    Raises:
        UnknownRecord, InvalidRecord: one is not there, or was sent.

    """
    _each(existing_ledger(home), numbers, "discard_message")


def drain(home: Home) -> Drained:
    """Try every waiting message now, in this process, also those whose next attempt is later."""
    ledger = existing_ledger(home)
    before = ledger.message_counts()
    ledger.hurry_messages()
    tried = Notifier(ledger, manager_of(home), home).run_once()
    after = ledger.message_counts()
    delivered, given_up = (after.get(status, 0) - before.get(status, 0) for status in ("sent", "dead"))
    return Drained(tried, delivered, after.get("queued", 0) + after.get("sending", 0), given_up)


def recipients_of(home: Home, client: str = "") -> list[str]:
    """Who is told about a client, or about what concerns none: addresses and names of channels."""
    settings = manager_of(home)
    found = targets(settings, client, options(settings).recipients)
    default = existing_ledger(home).get_default_email_account()
    return list(found) or ([accounts.of_row(default).sender] if default else [])


def providers() -> dict[str, ProviderInfo]:
    """Templates of mail providers, by the names that ``put_account`` takes."""
    return {name: ProviderInfo(*each) for name, each in PROVIDERS.items()}


def provider_note(provider: str) -> str:
    """What one must know to log in at a provider."""
    return PROVIDERS[provider].note if provider in PROVIDERS else ""


def _template(name: str, provider: str) -> Account:
    template = PROVIDERS.get(provider)
    if template is None:
        raise MessageInvalid(f"there is no provider {provider!r}", hint=f"Known: {', '.join(PROVIDERS)}.")
    username = "apikey" if provider == "sendgrid" else ""
    return Account(name, template.server, template.port, template.security, "", provider, username)


def _merged(account: Account, **given: Any) -> Account:
    if given["provider"] is not None:
        template = _template(account.name, given["provider"])
        account = replace(account, server=template.server, port=template.port, security=template.security)
    return replace(account, **{name: value for name, value in given.items() if value is not None})


def _each(ledger: Ledger, numbers: Iterable[int], call: str) -> None:
    with ledger.transaction():
        for number in numbers:
            getattr(ledger, call)(number)


def message_info(row: Mapping[str, Any]) -> MessageInfo:
    """A row of ``outbox``, whole or without body and HTML, as it is listed."""
    return MessageInfo(
        id=int(row["outbox_id"]),
        status=str(row["status"]),
        created=from_text(row["create_time"]),
        sent=from_text(row["sent"]) if row["sent"] else 0,
        next_attempt=from_text(row["next_attempt"]) if row["next_attempt"] and row["status"] == "queued" else 0,
        attempts=int(row["attempts"]),
        subject=str(row["subject"]),
        recipients=str(row["recipients"]),
        channel=str(row["channel"] or "mail"),
        account=str(row["account"] or ""),
        client=str(row["client"] or ""),
        kind=str(row["kind"] or ""),
        last_error=str(row["last_error"] or ""),
    )
