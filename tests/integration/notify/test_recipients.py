"""Some recipients are refused, or a message is, again and again: who gets it, how often, and who is told."""

import pytest

from quantstrip.config import SettingsManager
from quantstrip.ledger import Ledger
from quantstrip.notify import EmailManager
from quantstrip.notify.notifier import Notifier
from tests.ports import free_port

from .conftest import TO, Add, Server, try_again, why_not


def states(ledger: Ledger, outbox_id: int) -> dict[str, str]:
    found = ledger.message(outbox_id)
    assert found is not None
    return {address: status for address, status, _ in found["recipients_state"]}


def test_one_of_several_that_is_refused_is_told_and_the_others_get_it_once(
    server: Server, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = server.box
    box.rcpt = lambda who: "550 no such user" if who.startswith("b@") else "250 OK"
    words = why_not(manager, "s", "b", "a@example.com, b@example.com, c@example.com")
    assert "b@example.com: 550 no such user" in words
    assert [who for who, _ in box.taken] == [["a@example.com", "c@example.com"]]
    assert states(ledger, 1) == {"a@example.com": "sent", "b@example.com": "refused", "c@example.com": "sent"}
    (dead,) = ledger.messages("dead")
    try_again(ledger, notifier)
    assert len(box.taken) == 1
    box.rcpt = lambda _: "250 OK"
    ledger.resend_message(dead["outbox_id"])
    notifier.run_once()
    assert [who for who, _ in box.taken] == [["a@example.com", "c@example.com"], ["b@example.com"]]
    assert box.ids == [dead["message_id"]] * 2
    assert ledger.message_counts() == {"sent": 1}


def test_one_that_is_put_off_gets_it_later_and_the_others_not_again(
    server: Server, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = server.box
    box.rcpt = lambda who: "450 try later" if who.startswith("b@") else "250 OK"
    words = why_not(manager, "s", "b", "a@example.com, b@example.com")
    assert "450 try later" in words
    box.rcpt = lambda _: "250 OK"
    try_again(ledger, notifier)
    assert [who for who, _ in box.taken] == [["a@example.com"], ["b@example.com"]]
    assert len(set(box.ids)) == 1


def test_a_server_that_hangs_up_among_the_recipients_has_given_it_to_nobody(
    server: Server, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = server.box
    box.rcpt = lambda who: "421 going down" if who.startswith("b@") else "250 OK"
    assert not manager.send("s", "b", "a@example.com, b@example.com, c@example.com")[0]
    assert set(states(ledger, 1).values()) == {"pending"}
    box.rcpt = lambda _: "250 OK"
    try_again(ledger, notifier)
    assert [who for who, _ in box.taken] == [["a@example.com", "b@example.com", "c@example.com"]]


@pytest.mark.parametrize(("answer", "status"), [("554 looks like spam", "dead"), ("451 local error", "queued")])
def test_a_message_that_is_refused_for_good_is_dead_and_otherwise_tried_again(
    server: Server, manager: EmailManager, ledger: Ledger, answer: str, status: str
) -> None:
    server.box.data = answer
    words = why_not(manager, "s", "b", TO)
    assert f"did not take the message: {answer}" in words
    assert ledger.message_counts() == {status: 1}


def test_a_message_that_always_fails_is_given_up_after_its_attempts_and_a_person_is_told(
    add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier, settings: SettingsManager
) -> None:
    settings.set_by_path("notify.attempts", 3, "int")
    add_account("home", free_port())
    manager.send("s", "b", TO, wait=False)
    for _ in range(5):
        try_again(ledger, notifier)
    (dead,) = ledger.messages("dead")
    assert dead["attempts"] == 3
    assert "could not connect" in dead["last_error"]
    (alert,) = ledger.alerts()
    assert alert["subject"] == "a message was given up (mail)"
    assert "quantstrip notify show 1" in alert["body"]
