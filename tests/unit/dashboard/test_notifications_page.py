"""The notifications page on a real outbox and a real mail server: messages, accounts, recipients, alerts."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from quantstrip.clock import MINUTE, system_clock
from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations import alerts, notifications, recipients
from tests.unit.dashboard.test_settings_page import dialog, said

PAGE = "screens/notifications.py"
TO = "you@example.com"
PASSWORD = "hunter2-of-the-mail"


@pytest.fixture
def ledger(home: Home, empty_database: Path) -> Iterator[Ledger]:
    home.database.write_bytes(empty_database.read_bytes())
    found = open_ledger(home)
    yield found
    found.close()


@pytest.fixture
def written(ledger: Ledger) -> Ledger:
    """Message 1 was sent, 2 given up, 3 waits."""
    now = system_clock.now()
    for number in (1, 2, 3):
        body = f"Body {number} <script>alert(1)</script>"
        html = "<h1>Page</h1><img src='http://elsewhere.example/x'>"
        ledger.queue_message(NewMessage(f"<{number}@t>", [TO], f"Hello {number} <b>x</b>", body, html, client="pairs"))
    for number, end in ((1, {"delivered": [TO]}), (2, {"error": "550 no such user"})):
        assert ledger.claim_message("test", now + MINUTE)
        ledger.settle_message(number, "test", **end)
    return ledger


def status(home: Home, number: int) -> str:
    return notifications.get_message(home, number).info.status


def tab(page: Any, name: str) -> Any:
    page.app.session_state["note-tabs"] = name
    page.app.run()
    assert not page.app.exception
    return page


def test_an_empty_home_says_what_to_do_first(home: Home, ledger: Ledger, show: Any) -> None:
    page = show(PAGE)
    assert "Under Accounts, add the mail account" in page.text
    assert "Nothing was written yet." in page.text
    assert "No alerts" in tab(page, "Alerts").text
    assert "then send a test message" in tab(page, "Accounts").text
    assert "nobody" in tab(page, "Recipients").text


def test_without_a_ledger_it_says_so_and_makes_none(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "there is no ledger at" in page.text
    assert not home.database.exists()


def test_the_inbox_shows_what_became_of_each_message_and_html_as_text(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    assert "waiting Hello 3 <b>x</b> to you@example.com" in page.text
    assert "about pairs · tried once 550 no such user" in page.text
    assert page.text.index("Hello 3") < page.text.index("Hello 2") < page.text.index("Hello 1")
    assert "<b>x" not in page.markup
    assert "Waiting 1 to be sent Failed 1 1 of them given up Sent 1" in page.text
    page.app.session_state["inbox-box"] = "failed"
    page.app.run()
    assert "Hello 2" in page.text
    assert "Hello 1" not in page.text
    page.app.session_state["inbox-box"] = "put aside"
    page.app.run()
    assert "Nothing was discarded" in page.text


def test_a_message_is_shown_whole_as_text_never_as_a_page(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("message-2")
    assert page.app.code[0].value == "Body 2 <script>alert(1)</script>"
    assert "you@example.com pending 550 no such user" in page.text or "550 no such user" in page.text
    assert "<2@t>" in page.text
    assert "elsewhere.example" not in page.markup + page.app.code[0].value


def test_sending_again_asks_first(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("message-2")
    page.press("ask-resend")
    assert any("It goes to those who do not have it: you@example.com" in text.value for text in page.app.text)
    assert status(home, 2) == "dead"
    page.press("resend-now")
    assert status(home, 2) == "queued"
    assert "the notifier sends it at once" in said(page)


def test_discarding_asks_first_and_can_be_cancelled(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    dialog(page, "discard", "3")
    page.press("cancel-discard-now")
    assert status(home, 3) == "queued"
    dialog(page, "discard", "3")
    page.press("discard-now")
    assert status(home, 3) == "discarded"


def test_all_that_failed_is_sent_again_at_once(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.app.session_state["inbox-box"] = "failed"
    page.app.run()
    page.press("resend-")
    page.press("resend-now")
    assert status(home, 2) == "queued"


def test_a_message_that_was_sent_meanwhile_is_neither_resent_nor_lost(home: Home, written: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("message-1")
    assert not [button for button in page.app.button if button.key in ("ask-resend", "ask-discard")]
    dialog(page, "discard", "1")
    page.press("discard-now")
    assert "message 1 is sent and cannot be discarded" in page.text
    dialog(page, "message", "99")
    assert "there is no message 99" in page.text


def test_older_messages_are_there_when_asked_for(home: Home, ledger: Ledger, show: Any) -> None:
    for number in range(30):
        ledger.queue_message(NewMessage(f"<{number}@t>", [TO], f"Hello {number}.", "Body"))
    page = show(PAGE)
    assert "Hello 5." in page.text
    assert "Hello 4." not in page.text
    page.press("inbox-older")
    assert "Hello 0." in page.text


class Box(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []

    def handle_message(self, message: Any) -> None:
        self.subjects.append(str(message["Subject"]))


def add_account(page: Any, name: str, port: int) -> None:
    app = dialog(page, "add-account")
    app.selectbox(key="account-provider").set_value("smtp").run()
    app.text_input(key="account-name").set_value(name)
    app.text_input(key="smtp-from").set_value(TO)
    app.text_input(key="smtp-server").set_value("127.0.0.1")
    app.number_input(key="smtp-port").set_value(port)
    app.selectbox(key="smtp-security").set_value("none")
    app.toggle(key="smtp-login").set_value(False)
    page.press("account-save")


def test_an_account_is_added_tried_made_the_default_and_removed(home: Home, ledger: Ledger, show: Any) -> None:
    box = Box()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        page = tab(show(PAGE), "Accounts")
        add_account(page, "local", port)
        assert "local default no login" in page.text
        page.press("test-local")
        page.press("test-now")
        assert f"sent to {TO} with account local" in said(page)
        assert box.subjects == ["Quantstrip: test message"]
    finally:
        server.stop()
    page.press("test-local")
    page.press("test-now")
    assert "could not connect" in page.text
    add_account(page, "second", port)
    page.press("default-second")
    assert "second default" in page.text
    page.press("remove-account-local")
    assert [each.name for each in notifications.list_accounts(home)] == ["local", "second"]
    page.press("remove-account-now")
    assert [each.name for each in notifications.list_accounts(home)] == ["second"]


def test_a_providers_template_fills_the_form_and_says_what_one_must_know(home: Home, ledger: Ledger, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "add-account")
    assert "Needs an app password" in page.text
    assert app.text_input(key="gmail-server").value == "smtp.gmail.com"
    app.text_input(key="account-name").set_value("home")
    page.press("account-save")
    assert "no address to send from" in page.text
    app.text_input(key="gmail-from").set_value("you@gmail.com")
    app.text_input(key="gmail-password").set_value(PASSWORD)
    page.press("account-save")
    (made,) = notifications.list_accounts(home)
    assert (made.server, made.username, made.password) == ("smtp.gmail.com", "you@gmail.com", True)
    assert PASSWORD not in page.text + repr(app.session_state)


def test_an_account_is_edited_and_keeps_its_password(home: Home, ledger: Ledger, show: Any) -> None:
    notifications.put_account(home, "home", provider="gmail", from_address="you@gmail.com", password=PASSWORD)
    page = tab(show(PAGE), "Accounts")
    page.press("edit-account-home")
    app = page.app
    field = app.text_input(key="home-password")
    assert (field.value, field.placeholder) == ("", "stays as it is")
    app.text_input(key="home-from-name").set_value("<i>Bot</i>")
    page.press("account-save")
    assert "<i>Bot</i> <you@gmail.com>" in page.text
    assert "<i>" not in page.markup
    assert SettingsManager(home).get("/mail/home/password") == PASSWORD
    dialog(page, "add-account").text_input(key="account-name").set_value("home")
    page.press("account-save")
    assert "there is an account 'home' already" in page.text
    dialog(page, "edit-account", "gone")
    assert "there is no account 'gone'" in page.text


def test_who_is_told_is_chosen_for_each_client_and_taken_back(home: Home, ledger: Ledger, show: Any) -> None:
    ledger.set_client("pairs", mode="paper")
    recipients.set_recipients(home, "", [TO])
    page = tab(show(PAGE), "Recipients")
    assert "pairs you@example.com · as by default" in page.text
    page.press("told-pairs")
    page.app.text_area(key="told-people").set_value("a@example.com\npager")
    page.press("told-save")
    assert "there is no channel 'pager'" in page.text
    page.app.text_area(key="told-people").set_value("a@example.com")
    page.press("told-save")
    assert notifications.recipients_of(home, "pairs") == ["a@example.com"]
    page.press("told-pairs")
    page.app.text_area(key="told-people").set_value("")
    page.app.toggle(key="told-nobody").set_value(True)
    page.press("told-save")
    assert notifications.recipients_of(home, "pairs") == []
    page.press("told-pairs")
    page.press("told-back")
    assert notifications.recipients_of(home, "pairs") == [TO]


def test_a_channel_is_added_as_a_secret_and_removed(home: Home, ledger: Ledger, show: Any) -> None:
    page = tab(show(PAGE), "Accounts")
    app = dialog(page, "add-channel")
    app.text_input(key="channel-name").set_value("phone")
    app.text_input(key="channel-url").set_value("tgram://HIDDENTOKEN/CHAT")
    page.press("channel-save")
    assert "phone" in page.text
    assert "HIDDENTOKEN" not in page.text + repr(app.session_state)
    page.press("remove-channel-phone")
    page.press("remove-channel-now")
    assert notifications.list_channels(home) == []


def test_alerts_say_what_happened_how_often_and_are_marked_as_seen(home: Home, ledger: Ledger, show: Any) -> None:
    for _ in range(2):
        ledger.alert("client_crashed", "pairs <b>crashed</b>", "Traceback: password=hunter2secret", "pairs", "pairs")
    page = tab(show(PAGE), "Alerts")
    assert "client crashed new pairs <b>crashed</b>" in page.text
    assert "2 times since" in page.text
    assert "waits for others" in page.text
    page.press("open-alert-1")
    assert page.app.code[0].value.startswith("Traceback")
    assert "hunter2secret" not in page.app.code[0].value
    page.app.session_state["dialog"] = ("", "")
    page.press("alerts-seen")
    assert alerts.unseen_alerts(home) == 0
    assert "new" not in page.text.partition("client crashed")[2].split()[:1]
