"""The notifications page with a real mail server and the running notifier: set up, try, see a message go out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.ledger import open_ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations import notifications
from tests.browser.conftest import until
from tests.browser.looks import fits
from tests.browser.mailbox import Mailbox, add_account, mail_server

pytestmark = pytest.mark.browser

TO = "you@example.com"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def test_an_account_is_set_up_and_tried_and_what_a_client_writes_goes_out_before_ones_eyes(
    visitor: Any, demo: Any, mailbox: Mailbox, pictures: Path
) -> None:
    page = visitor.window("/notifications")
    dialog = page.get_by_role("dialog")
    expect(page.get_by_text("Under Accounts, add the mail account")).to_be_visible()
    add_account(page, "local", TO, mailbox.port)
    expect(page.locator(".st-key-item-account-local")).to_contain_text("default")

    page.get_by_role("button", name="Test").click()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_test_id("stToast").last).to_contain_text("with account local")
    assert mailbox.subjects.count("Quantstrip: test message") == 1

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
