"""``quantstrip notify``: accounts, and the messages a person looks after."""

import json

import click
import pytest

from quantstrip.cli.notifications import _PROVIDERS, _SECURITY, _STATUSES, notify
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.ledger.outbox import STATUSES, NewMessage
from quantstrip.notify.accounts import PROVIDERS, SECURITY

from .conftest import Run

SECRET = "app password 1234"


def write(home: Home, recipient: str = "you@example.com") -> int:
    number = len(open_ledger(home).messages()) + 1
    return open_ledger(home).queue_message(NewMessage(f"<{number}@test>", [recipient], "Hello", "Body")).outbox_id


def test_the_choices_are_those_of_the_rooms_below() -> None:
    assert (tuple(PROVIDERS), SECURITY, STATUSES) == (_PROVIDERS, _SECURITY, _STATUSES)


@pytest.mark.parametrize("name", sorted(notify.commands))
def test_every_command_answers_programs_too(name: str) -> None:
    assert "--json" in [option for each in notify.commands[name].params for option in each.opts]


@pytest.mark.parametrize(
    ("provider", "server", "port", "security"),
    [
        ("gmail", "smtp.gmail.com", 587, "starttls"),
        ("outlook", "smtp-mail.outlook.com", 587, "starttls"),
        ("yahoo", "smtp.mail.yahoo.com", 465, "tls"),
        ("sendgrid", "smtp.sendgrid.net", 587, "starttls"),
    ],
)
def test_an_account_of_a_provider_needs_an_address_and_a_password(
    quantstrip: Run, home: Home, provider: str, server: str, port: int, security: str
) -> None:
    done = quantstrip("notify", "add", "mine", "--provider", provider, "--from", "me@example.com", given=f"{SECRET}\n")
    assert done.returncode == 0, done.stderr
    assert PROVIDERS[provider].note in done.stdout
    (row,) = json.loads(quantstrip("notify", "accounts", "--json").stdout)["accounts"]
    assert (row["server"], row["port"], row["security"], row["default"]) == (server, port, security, True)
    assert row["username"] == ("apikey" if provider == "sendgrid" else "me@example.com")
    assert row["password"] is True
    for text in (quantstrip("notify", "accounts").stdout, home.settings_file.read_text(), done.stdout):
        assert SECRET not in text
    assert SECRET.encode() not in home.database.read_bytes()


def test_what_is_not_given_again_stays_and_the_first_account_is_the_default(quantstrip: Run) -> None:
    arguments = ("--server", "mail.example.com", "--port", "465", "--security", "tls", "--from", "me@example.com")
    quantstrip("notify", "add", "one", *arguments, given=SECRET)
    quantstrip("notify", "add", "two", *arguments, "--default", given=SECRET)
    quantstrip("notify", "add", "one", "--from-name", "Desk", "--keep-password")
    one, two = json.loads(quantstrip("notify", "accounts", "--json").stdout)["accounts"]
    assert (one["server"], one["port"], one["security"], one["from_name"]) == ("mail.example.com", 465, "tls", "Desk")
    assert (one["password"], one["default"], two["default"]) == (True, False, True)
    assert quantstrip("notify", "default", "one").stdout == "one is the default account\n"
    assert quantstrip("notify", "remove", "two").returncode == 0
    (one,) = json.loads(quantstrip("notify", "accounts", "--json").stdout)["accounts"]
    assert one["default"]
    assert quantstrip("settings", "list", "mail").stdout.count("password") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "me@example.com"), "the account has no server"),
        (("--server", "mail.example.com"), "no address to send from"),
        (("--server", "mail.example.com", "--from", "nobody"), "'nobody' is no mail address"),
        (("--server", "mail.example.com", "--security", "none", "--from", "a@b.c"), "to this machine only"),
        (("--server", "h", "--from", "a@b.c", "--from-name", "x\nBcc: y"), "must be one line"),
    ],
)
def test_an_account_that_could_not_send_is_refused_and_nothing_is_kept(
    quantstrip: Run, arguments: tuple[str, ...], message: str
) -> None:
    done = quantstrip("notify", "add", "mine", *arguments, given=SECRET)
    assert done.returncode == 1
    assert message in done.stderr
    assert json.loads(quantstrip("notify", "accounts", "--json").stdout)["accounts"] == []
    assert "password" not in quantstrip("settings", "list", "mail").stdout


def test_a_password_is_never_an_argument() -> None:
    options = [
        option for each in notify.commands["add"].params for option in each.opts if isinstance(each, click.Option)
    ]
    assert "--password" not in options


def test_messages_are_listed_shown_sent_again_and_taken_back(quantstrip: Run, home: Home) -> None:
    ledger = open_ledger(home)
    first, second = write(home), write(home, "other@example.com")
    ledger.claim_message("me", ledger.store.now() + 10**9)
    ledger.settle_message(first, "me", refused={"you@example.com": "550 no such user"})
    listed = quantstrip("notify", "list").stdout
    assert "dead" in listed
    assert "550 no such user" in listed
    assert [row["id"] for row in json.loads(quantstrip("notify", "list", "--status", "dead", "--json").stdout)] == [
        first
    ]
    shown = quantstrip("notify", "show", str(first)).stdout
    for part in ("Subject: Hello", "Message-ID: <1@test>", "you@example.com: refused (550 no such user)", "Body"):
        assert part in shown
    assert quantstrip("notify", "resend", str(first)).stdout == f"queued: {first}\n"
    assert quantstrip("notify", "discard", str(first), str(second)).returncode == 0
    assert ledger.message_counts() == {"discarded": 2}


def test_of_several_messages_all_are_changed_or_none(quantstrip: Run, home: Home) -> None:
    number = write(home)
    done = quantstrip("notify", "discard", str(number), "99")
    assert done.returncode == 1
    assert "there is no message 99" in done.stderr
    assert open_ledger(home).message_counts() == {"queued": 1}


def test_what_cannot_be_sent_is_said_and_drain_exits_with_1(quantstrip: Run, home: Home) -> None:
    write(home)
    done = quantstrip("notify", "drain")
    assert done.returncode == 1
    assert done.stdout == "tried 1, delivered 0, given up 0, still waiting 1\n"
    assert "no accounts configured" in quantstrip("notify", "list").stdout
    tested = quantstrip("notify", "test", "nobody")
    assert tested.returncode == 1
    assert "no accounts configured" in tested.stderr
    assert "quantstrip notify add" in tested.stderr


def test_an_account_that_is_not_there_is_answered_with_the_command_that_lists_them(quantstrip: Run) -> None:
    for words in (("remove", "away"), ("default", "away")):
        done = quantstrip("notify", *words)
        assert done.returncode == 1
        assert "no mail account is called 'away'" in done.stderr
        assert "quantstrip notify accounts" in done.stderr


def test_who_is_told_is_listed_and_chosen_for_a_client(quantstrip: Run, home: Home) -> None:
    open_ledger(home).set_client("pairs", mode="paper")
    assert quantstrip("notify", "recipients", "default", "you@example.com").returncode == 0
    shown = quantstrip("notify", "recipients", "pairs", "Ann <ann@example.com>", "b@example.com").stdout
    assert "pairs" in shown
    assert "ann@example.com, b@example.com" in shown
    assert "you@example.com" not in shown
    quantstrip("notify", "recipients", "pairs", "--nobody")
    default, pairs = json.loads(quantstrip("notify", "recipients", "--json").stdout)
    assert (default["recipients"], pairs["recipients"], pairs["own"]) == (["you@example.com"], [], True)
    assert "as default" in quantstrip("notify", "recipients", "pairs", "--as-default").stdout
    assert quantstrip("notify", "recipients", "pairs", "--as-default", "--nobody").returncode == 2
    refused = quantstrip("notify", "recipients", "pairs", "pager")
    assert (refused.returncode, "there is no channel 'pager'" in refused.stderr) == (1, True)


def test_alerts_are_listed_and_marked_as_seen(quantstrip: Run, home: Home) -> None:
    for _ in range(2):
        open_ledger(home).alert("client_crashed", "pairs crashed", "trace", "pairs", "pairs")
    shown = quantstrip("notify", "alerts").stdout
    assert "pairs crashed (2 times)" in shown
    assert "waiting" in shown
    (row,) = json.loads(quantstrip("notify", "alerts", "--unseen", "--json").stdout)
    assert row["newest"].startswith("20")
    assert quantstrip("notify", "seen").stdout == "1 alert marked as seen\n"
    assert json.loads(quantstrip("notify", "alerts", "--unseen", "--json").stdout) == []
