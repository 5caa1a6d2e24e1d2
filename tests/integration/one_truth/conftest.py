"""The demo as a user runs it: the real service, its clients and its notifier, and a mail server beside it."""

import ssl
from collections.abc import Iterator

import pytest
import trustme
from aiosmtpd.controller import Controller

from quantstrip.config import SettingsManager
from quantstrip.ledger import open_ledger
from quantstrip.notify.accounts import password_path
from tests.browser.conftest import Running, Visitor, running_demo, until, visitor
from tests.integration.notify.conftest import PASSWORD, USER, Mailbox, authority, login
from tests.ports import free_port

__all__ = ["Running", "Visitor", "authority", "demo", "mailbox", "visitor"]

REPLAY_SECONDS = 4.0
TRADER = "trader@example.com"


@pytest.fixture(scope="session")
def mail_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def mailbox(authority: trustme.CA, mail_port: int) -> Iterator[Mailbox]:
    """What a server took that wants STARTTLS and a login."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    box = Mailbox()
    server = Controller(
        box, hostname="127.0.0.1", port=mail_port, authenticator=login, auth_required=True, tls_context=context,
        require_starttls=True,
    )  # fmt: skip
    server.start()
    yield box
    server.stop(no_assert=True)


@pytest.fixture(scope="session")
def demo(
    tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA, mail_port: int, mailbox: Mailbox
) -> Iterator[Running]:
    """The demo, up and replayed to its end, with a mail account."""
    folder = tmp_path_factory.mktemp("one-truth")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    with running_demo(folder / "home", REPLAY_SECONDS) as running:
        settings = SettingsManager(running.home)
        settings.set_by_path("notify.ca_file", str(folder / "authority.pem"))
        settings.set_by_path("notify.batch_seconds", 0.0, "float")
        settings.set_by_path("notify.recipients", [TRADER], "list")
        settings.set_by_path(password_path("main"), PASSWORD, "secret")
        open_ledger(running.home).set_email_account(
            "main", smtp_server="127.0.0.1", smtp_port=mail_port, security="starttls", username=USER,
            password_path=password_path("main"), from_address=TRADER, is_default=True,
        )  # fmt: skip
        until("both strategies have seen the whole history", running.replayed, 120)
        yield running
