"""Real mail: aiosmtpd servers, a certificate authority of the tests' own, logins, and real homes."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.notify import EmailManager
from quantstrip.notify.accounts import password_path
from quantstrip.notify.notifier import Notifier
from tests.ports import free_port

USER, PASSWORD = "trader", "correct horse battery staple"
TO = "you@example.com"
Answer = Callable[[str], str]


@dataclass
class Mailbox:
    """What a server took, and what it answers.

    Attributes:
        rcpt: answer to a recipient; ``250 OK`` where it says nothing.
        data: answer to a message.
        on_data: called before a message is taken.

    """

    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    rcpt: Answer = lambda _: "250 OK"
    data: str = "250 OK"
    on_data: Callable[[], None] = lambda: None
    attempts: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.attempts += 1
        self.on_data()
        if self.data.startswith("2"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.taken.append((list(envelope.rcpt_tos), mail))
        return self.data

    @property
    def mails(self) -> list[EmailMessage]:
        return [mail for _, mail in self.taken]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]


@dataclass
class Server:
    """A running server."""

    port: int
    box: Mailbox
    security: str


Serve = Callable[..., Server]
Add = Callable[..., None]


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False) if not good else AuthResult(success=True)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Serve]:
    """Starts servers; they want STARTTLS and a login unless told otherwise."""
    running: list[Controller] = []

    def start(
        security: str = "starttls", *, auth: bool = True, box: Mailbox | None = None, port: int = 0, **options: Any
    ) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate = options.pop("certificate", None) or authority.issue_cert("127.0.0.1", "localhost")
        certificate.configure_cert(context)
        if auth:
            options |= {"authenticator": login, "auth_required": security == "starttls"}
        if security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        elif security == "tls":
            options |= {"ssl_context": context, "auth_require_tls": False}
        else:
            options |= {"auth_require_tls": False}
        mailbox = box or Mailbox()
        controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port(), **options)
        controller.start()
        running.append(controller)
        return Server(controller.port, mailbox, security)

    yield start
    for controller in running:
        controller.stop(no_assert=True)


@pytest.fixture
def home(tmp_path: Path, empty_database: Path, authority_file: Path) -> Iterator[Home]:
    """A home that trusts the test's certificate authority and tries again fast."""
    made = Home(tmp_path / "home").create()
    made.database.write_bytes(empty_database.read_bytes())
    settings = SettingsManager(made)
    settings.set_by_path("notify.ca_file", str(authority_file))
    settings.set_by_path("notify.timeout_seconds", 2.0, "float")
    settings.set_by_path("notify.batch_seconds", 0.0, "float")
    settings.set_by_path("notify.retry_seconds", 0.2, "float")
    settings.set_by_path("notify.longest_retry_seconds", 0.4, "float")
    yield made
    open_ledger(made).close()


@pytest.fixture
def settings(home: Home) -> SettingsManager:
    return SettingsManager(home)


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return open_ledger(home)


@pytest.fixture
def manager(home: Home) -> EmailManager:
    return EmailManager(home)


@pytest.fixture
def add_account(home: Home, settings: SettingsManager, ledger: Ledger) -> Add:
    """Adds an account on a server of this machine; the first one is the default."""

    def add(name: str, port: int, security: str = "starttls", password: str = PASSWORD, **columns: Any) -> None:
        settings.set_by_path(password_path(name), password, "secret")
        default = ledger.get_default_email_account()
        given: dict[str, Any] = {
            "smtp_server": "127.0.0.1",
            "username": USER,
            "from_address": f"{name}@example.com",
            "is_default": default is None or default["name"] == name,
        }
        ledger.set_email_account(
            name, smtp_port=port, security=security, password_path=password_path(name), **(given | columns)
        )

    return add


@pytest.fixture
def notifier(ledger: Ledger, settings: SettingsManager) -> Notifier:
    return Notifier(ledger, settings, settings.home)


@pytest.fixture
def server(serve: Serve, add_account: Add) -> Server:
    """A server that takes everything, and the account ``home`` on it."""
    started = serve()
    add_account("home", started.port)
    return started


def why_not(manager: EmailManager, *arguments: Any, **options: Any) -> str:
    """What is said of a message that is not sent."""
    ok, words = manager.send(*arguments, **options)
    assert not ok
    return words


def try_again(ledger: Ledger, notifier: Notifier) -> None:
    """The time to try again has come."""
    ledger.hurry_messages()
    notifier.run_once()


@contextmanager
def dripping(first: bytes, then: bytes, every_seconds: float) -> Iterator[int]:
    """A server that says ``first``, and then ``then`` again and again, never ending its line."""
    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(10)

        def serve_one() -> None:
            channel, _ = listener.accept()
            with closing(channel):
                channel.sendall(first)
                while not over.wait(every_seconds):
                    try:
                        channel.sendall(then)
                    except OSError:
                        return

        thread = threading.Thread(target=serve_one, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        over.set()
        thread.join(5)
