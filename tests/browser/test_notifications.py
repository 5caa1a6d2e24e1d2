"""The notifications page with a real mail server and the running notifier: set up, try, see a message go out."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from playwright.sync_api import expect

from quantstrip.ledger import open_ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations import notifications
from tests.browser.conftest import until
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

TO = "you@example.com"


class Mailbox(Handler):
    """A mail server that keeps the subjects of what it took."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []
        self.port = 0

    def handle_message(self, message: Any) -> None:
        self.subjects.append(str(message["Subject"]))


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = int(probe.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


def test_an_account_is_set_up_and_tried_and_what_a_client_writes_goes_out_before_ones_eyes(
    visitor: Any, demo: Any, mailbox: Mailbox, pictures: Path
) -> None:
    page = visitor.window("/notifications")
    dialog = page.get_by_role("dialog")
    expect(page.get_by_text("Under Accounts, add the mail account")).to_be_visible()
    page.get_by_role("tab", name="Accounts").click()
    page.get_by_role("button", name="Add account").click()
    dialog.get_by_role("combobox", name="Provider").click()
    page.get_by_role("option", name="Generic SMTP").click()
    dialog.get_by_label("Name", exact=True).fill("local")
    dialog.get_by_label("Address that mail comes from").fill(TO)
    dialog.get_by_label("Server", exact=True).fill("127.0.0.1")
    dialog.get_by_label("Port").fill(str(mailbox.port))
    dialog.get_by_role("combobox", name="Encryption").click()
    page.get_by_role("option", name="none").click()
    dialog.get_by_text("It wants a login").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".st-key-item-account-local")).to_contain_text("default")

    page.get_by_role("button", name="Test").click()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_test_id("stToast").last).to_contain_text("with account local")
    assert mailbox.subjects == ["Quantstrip: test message"]

    page.get_by_role("tab", name="Inbox").click()
    text, html = "<script id=injected>window.injected=1</script>", "<img src='http://elsewhere.example/x.png'>"
    message = NewMessage("<seen@t>", [TO], "Rebalanced <b id=injected>", text, html)
    number = open_ledger(demo.home).queue_message(message).outbox_id
    item = page.locator(f".st-key-item-message-{number}")
    expect(item.locator(".qs-chip")).to_have_text("sent")
    until("the notifier has sent it", lambda: "Rebalanced <b id=injected>" in mailbox.subjects)
    item.get_by_role("button", name="Open").click()
    expect(dialog).to_contain_text(text)
    assert page.locator("#injected").count() == 0
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    fits(page, pictures, "notifications")
    notifications.remove_account(demo.home, "local")
