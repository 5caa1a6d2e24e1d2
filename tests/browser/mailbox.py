"""A real mail server on this machine that keeps what it took."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from email.message import Message


class Mailbox(Handler):
    """What came, and where it listens."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.port = 0

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.messages]

    def about(self, words: str) -> "list[Message]":
        """What came with these words in its subject: alerts of the platform may come between."""
        return [message for message in self.messages if words in str(message["Subject"])]

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = int(probe.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    try:
        yield box
    finally:
        server.stop()


def add_account(page: Page, name: str, address: str, port: int) -> None:
    """Set an account up on the open page Notifications, by clicking."""
    dialog = page.get_by_role("dialog")
    page.get_by_role("tab", name="Accounts").click()
    page.get_by_role("button", name="Add account").click()
    dialog.get_by_role("combobox", name="Provider").click()
    page.get_by_role("option", name="Generic SMTP").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_count(1)  # the form is drawn anew for that provider
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Address that mail comes from").fill(address)
    dialog.get_by_label("Server", exact=True).fill("127.0.0.1")
    dialog.get_by_label("Port").fill(str(port))
    dialog.get_by_role("combobox", name="Encryption").click()
    page.get_by_role("option", name="none").click()
    dialog.get_by_text("It wants a login").click()
    dialog.get_by_role("button", name="Save").click()
