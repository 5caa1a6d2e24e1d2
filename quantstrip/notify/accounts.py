"""Mail accounts: what a row of the ledger means, templates of well-known providers, and what is refused."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from quantstrip.config.paths import is_name
from quantstrip.errors import AccountNotFound, MessageInvalid
from quantstrip.notify.addresses import address_of, header

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

SECURITY = ("starttls", "tls", "none")
_TLS_PORT = 465
NO_ACCOUNTS = "no accounts configured"


class Provider(NamedTuple):
    """Server of a well-known provider; ``note`` says what one must know to log in."""

    title: str
    server: str
    port: int
    security: str
    note: str


PROVIDERS = {
    "gmail": Provider("Gmail", "smtp.gmail.com", 587, "starttls",
                      "Needs an app password (Google account, Security, 2-step verification)."),
    "outlook": Provider("Outlook", "smtp-mail.outlook.com", 587, "starttls",
                        "Needs SMTP AUTH switched on and an app password; Microsoft refuses it for some accounts."),
    "yahoo": Provider("Yahoo", "smtp.mail.yahoo.com", 465, "tls", "Needs an app password (Account security)."),
    "sendgrid": Provider("SendGrid", "smtp.sendgrid.net", 587, "starttls",
                         "The user name is the word apikey, the password an API key; from-address must be verified."),
    "smtp": Provider("Generic SMTP", "", 587, "starttls", ""),
}  # fmt: skip
"""https://support.google.com/a/answer/176600, https://support.microsoft.com (POP, IMAP and SMTP settings for
Outlook.com), https://help.yahoo.com (POP and SMTP settings), https://www.twilio.com/docs/sendgrid/for-developers."""


@dataclass(frozen=True, slots=True)
class Account:
    """A mail account.

    Attributes:
        security: ``starttls``, ``tls`` (from the first byte), or ``none``, on this machine only.
        password_path: where the settings keep the password; "" for a server without login.
        verify: check the server's certificate.

    """

    name: str
    server: str
    port: int
    security: str
    sender: str
    provider: str = "smtp"
    username: str = ""
    password_path: str = ""
    sender_name: str = ""
    verify: bool = True
    is_default: bool = False

    @property
    def place(self) -> str:
        """Server and port."""
        return f"{self.server}:{self.port}"


def of_row(row: Mapping[str, Any]) -> Account:
    """The account in a row of ``email_account``."""
    port = int(row["smtp_port"] or 587)
    implied = ("tls" if port == _TLS_PORT else "starttls") if row["use_tls"] in (1, None) else "none"
    return Account(
        name=str(row["name"]),
        provider=str(row["provider"] or "smtp"),
        server=str(row["smtp_server"] or ""),
        port=port,
        security=str(row["security"] or implied),
        sender=str(row["from_address"] or row["username"] or ""),
        sender_name=str(row["from_name"] or ""),
        username=str(row["username"] or ""),
        password_path=str(row["password"] or ""),
        verify=row["verify_certificate"] != 0,
        is_default=bool(row["is_default"]),
    )


def find(ledger: "Ledger", name: str = "") -> Account:
    """The account called ``name``, else the default one.

    Raises:
        AccountNotFound: there is none; the message says which there are.

    """
    row = ledger.get_email_account_by_name(name) if name else ledger.get_default_email_account()
    if row is not None:
        return of_row(row)
    known = names(ledger)
    if not known:
        raise AccountNotFound(NO_ACCOUNTS, hint="Add one with: quantstrip notify add NAME --provider gmail ...")
    if name:
        raise AccountNotFound(f"account not found: {name!r}", hint=f"There are: {', '.join(known)}.")
    raise AccountNotFound(
        f"account not found: none of {', '.join(known)} is the default", hint="Choose: quantstrip notify default NAME"
    )


def names(ledger: "Ledger") -> list[str]:
    """What the accounts are called."""
    return [str(name) for (name,) in ledger.query("SELECT name FROM email_account ORDER BY email_account_id")[1]]


def password_path(name: str) -> str:
    """Where the settings keep the password of a new account."""
    return f"/mail/{name}/password"


def checked(account: Account) -> Account:
    """The account, when it can be used.

    Raises:
        MessageInvalid: says which part is refused, and why.

    """
    for what, text in (("name", account.name), ("server", account.server), ("from name", account.sender_name)):
        header(f"the account's {what}", text)
    if not is_name(account.name):
        raise MessageInvalid(f"{account.name!r} cannot be the name of an account", hint="Use letters and digits.")
    if not account.server:
        raise MessageInvalid("the account has no server", hint="Give --server HOST, or a --provider that has one.")
    if not 1 <= account.port <= 65535:
        raise MessageInvalid(f"a port is from 1 to 65535, got {account.port}")
    if account.security not in SECURITY:
        raise MessageInvalid(f"security is one of {', '.join(SECURITY)}, got {account.security!r}")
    if account.security == "none" and not on_this_machine(account.server):
        raise MessageInvalid(
            f"without encryption mail goes to this machine only, got the server {account.server!r}",
            hint="Use starttls or tls.",
        )
    if not account.sender:
        raise MessageInvalid("the account has no address to send from", hint="Give --from ADDRESS.")
    address_of(account.sender)
    return account


def on_this_machine(server: str) -> bool:
    """True for a loopback address."""
    try:
        return ipaddress.ip_address(server.strip("[]")).is_loopback
    except ValueError:
        return server.lower() == "localhost"
