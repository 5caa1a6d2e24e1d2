"""Alerts become messages: batched, limited, to those who are told, and never through what fails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from quantstrip.clock import HOUR, SECOND, ManualClock
from quantstrip.config import SettingsManager
from quantstrip.errors import DeliveryFailed
from quantstrip.ledger import Ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.notify.batch import send_batches
from quantstrip.notify.digest import tell_alerts
from quantstrip.notify.identity import message_id
from quantstrip.notify.memory import MemoryChannel
from quantstrip.notify.notifier import Notifier
from quantstrip.notify.options import options
from quantstrip.notify.sender import Sender
from quantstrip.ports import Message
from quantstrip.redaction import register


@dataclass
class Desk:
    """A notifier, what it tells whom, and the clock it lives by."""

    ledger: Ledger
    settings: SettingsManager
    clock: ManualClock
    channels: dict[str, MemoryChannel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings.set_by_path("notify.recipients", ["owner@example.com"], "list")
        sender = Sender(self.ledger, self.settings, "this one", lambda row, _: self.channel(row["channel"]))
        self.notifier = Notifier(self.ledger, self.settings, self.settings.home, clock=self.clock, sender=sender)

    def channel(self, name: str) -> MemoryChannel:
        return self.channels.setdefault(name, MemoryChannel(name))

    @property
    def mails(self) -> list[Message]:
        return self.channel("mail").messages

    def told(self, name: str = "mail") -> list[tuple[list[str], str]]:
        """Recipients and subject of what went out."""
        return [(list(message.recipients), message.subject) for message in self.channel(name).messages]

    def alert(self, subject: str, body: str = "", *, kind: str = "job_error", client: str = "", key: str = "") -> None:
        self.ledger.alert(kind, subject, body, client=client, rate_key=key)

    def later(self, seconds: float = 61) -> None:
        self.clock.advance(seconds)
        self.notifier.run_once()


@pytest.fixture
def desk(ledger: Ledger, settings: SettingsManager, clock: ManualClock) -> Desk:
    return Desk(ledger, settings, clock)


def test_an_address_that_is_none_keeps_nobody_else_from_being_told(desk: Desk) -> None:
    desk.settings.set_by_path("notify.recipients", ["owner@", "owner@example.com", "phone"], "list")
    desk.alert("trend: job failed")
    desk.later()
    assert [told for told, _ in desk.told()] == [["owner@example.com"]]
    assert [told for told, _ in desk.told("phone")] == [["phone"]]


def test_an_alert_is_told_when_its_window_is_over(desk: Desk) -> None:
    desk.alert("trend: job failed", "Traceback\n  no price", client="trend")
    desk.later(59)
    assert desk.told() == []
    desk.later(1)
    assert desk.told() == [(["owner@example.com"], "[Quantstrip] trend: job failed")]
    message = desk.mails[0]
    for part in ("trend", "job_error", "no price"):
        assert part in message.body
        assert part in message.html
    desk.later()
    assert len(desk.mails) == 1


def test_alerts_of_one_window_and_one_audience_are_one_message(desk: Desk) -> None:
    desk.settings.set_by_path("clients.quiet.notify", [], "list")
    desk.settings.set_by_path("clients.desk.notify", "a@example.com, phone")
    for client in ("trend", "carry", "quiet", "desk"):
        desk.alert(f"{client} failed", client=client)
    desk.later()
    assert desk.told() == [
        (["owner@example.com"], "[Quantstrip] 2 alerts: trend failed"),
        (["a@example.com"], "[Quantstrip] desk failed"),
    ]
    assert desk.told("phone") == [(["phone"], "[Quantstrip] desk failed")]
    assert desk.ledger.alerts_to_tell() == []


def test_what_repeats_within_the_hour_is_counted_and_not_told_again(desk: Desk) -> None:
    for _ in range(3):
        desk.alert("trend failed", key="job:trend")
    desk.later()
    assert "3 times" in desk.mails[0].body
    for _ in range(50):
        desk.alert("trend failed", key="job:trend")
        desk.later(60)
    assert len(desk.mails) == 1
    desk.clock.advance(HOUR / SECOND)
    desk.alert("trend failed", key="job:trend")
    desk.later()
    assert len(desk.mails) == 2


def test_an_hour_has_so_many_messages_and_what_is_above_is_told_together_later(desk: Desk) -> None:
    desk.settings.set_by_path("notify.alerts_per_hour", 3, "int")
    for number in range(10):
        desk.alert(f"alert {number}")
        desk.later()
    assert [subject for _, subject in desk.told()] == [f"[Quantstrip] alert {number}" for number in range(3)]
    desk.later(3600)
    assert desk.told()[-1][1] == "[Quantstrip] 7 alerts: alert 3"


def test_muted_kinds_are_not_sent(desk: Desk) -> None:
    desk.alert("x was not deployed", kind="deploy_refused")
    desk.later()
    assert desk.told() == []
    assert desk.ledger.alerts_to_tell() == []


def test_alerts_of_before_there_was_anybody_to_tell_do_not_come_all_at_once_later(desk: Desk) -> None:
    desk.settings.delete("notify.recipients")
    desk.alert("old")
    desk.later()
    desk.ledger.set_email_account("home", smtp_server="h", from_address="me@example.com", is_default=True)
    desk.alert("new")
    desk.later()
    assert desk.told() == [(["me@example.com"], "[Quantstrip] new")]


def test_that_a_way_fails_is_told_another_way(desk: Desk) -> None:
    desk.settings.set_by_path("notify.recipients", ["owner@example.com", "phone", "chat"], "list")
    for name in ("mail", "chat"):
        desk.channel(name).trouble = DeliveryFailed("down")
    desk.settings.set_by_path("notify.attempts", 1, "int")
    desk.ledger.queue_message(NewMessage("<1@test>", ["you@example.com"], "s", "b"))
    desk.ledger.queue_message(NewMessage("<2@test>", ["chat"], "s", "b", channel="chat"))
    desk.notifier.run_once()
    for _ in range(5):
        desk.later()
    assert {kind["kind"] for kind in desk.ledger.alerts()} == {"notifier_failing"}
    assert desk.told("phone") == [
        (["phone"], "[Quantstrip] a message was given up (mail)"),
        (["phone"], "[Quantstrip] a message was given up (chat)"),
    ]
    # The chat was tried with the news of the mail; that it fails itself is not sent through it.
    assert desk.ledger.messages("dead")[0]["subject"] == "[Quantstrip] a message was given up (mail)"
    assert [row["channel"] for row in desk.ledger.messages("dead")].count("mail") == 1


def test_a_thousand_alerts_are_one_readable_message(desk: Desk) -> None:
    with desk.ledger.transaction():
        for number in range(1000):
            desk.alert(f"alert {number}", "x" * 10_000)
    desk.later()
    (message,) = desk.mails
    assert message.subject == "[Quantstrip] 1000 alerts: alert 0"
    assert "and 950 more" in message.body
    assert "and 950 more" in message.html
    assert len(message.body) < 300_000


def test_what_an_alert_says_is_escaped_and_free_of_secrets(desk: Desk) -> None:
    register("hunter2hunter2")
    desk.alert("<script>alert(1)</script>\nhunter2hunter2", "key hunter2hunter2", client="trend")
    desk.later()
    (message,) = desk.mails
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html
    assert "\n" not in message.subject
    assert "hunter2" not in message.subject + message.body + message.html


def test_a_crash_between_alert_and_message_loses_neither_nor_doubles_one(desk: Desk) -> None:
    """The message and the mark are one transaction: where it is undone, the next pass begins anew."""
    desk.alert("failed")
    desk.clock.advance(61)

    def cut_off() -> None:
        with desk.ledger.transaction():
            assert tell_alerts(desk.ledger, desk.settings, options(desk.settings), desk.clock.now()) == 1
            raise DeliveryFailed("the power went")

    with pytest.raises(DeliveryFailed):
        cut_off()
    assert desk.ledger.messages() == []
    desk.notifier.run_once()
    assert len(desk.mails) == 1


def test_several_notifiers_at_once_tell_an_alert_and_send_a_batch_once(
    ledger: Ledger, settings: SettingsManager, clock: ManualClock
) -> None:
    """Each with connections of its own, as processes have, set off at one moment."""
    settings.set_by_path("notify.recipients", ["owner@example.com"], "list")
    settings.set_by_path("notify.alerts_per_hour", 1000, "int")
    found = options(settings)
    others = [Ledger(settings.home, clock=clock) for _ in range(3)]
    for _ in range(15):
        before = len(ledger.messages(limit=1000))
        ledger.alert("job_error", "failed", "")
        for number in range(2):
            message = NewMessage(message_id(), ["you@example.com"], f"Fill {number}", "b")
            ledger.queue_message(message, status="held")
        clock.advance(61)
        start = threading.Barrier(len(others))

        def work(each: Ledger, start: threading.Barrier = start) -> None:
            start.wait(10)
            tell_alerts(each, settings, found, clock.now())
            send_batches(each, found, clock.now())

        with ThreadPoolExecutor(len(others)) as pool:
            list(pool.map(work, others))
        new = [row["kind"] for row in ledger.messages(limit=1000)][: -before or None]
        assert sorted(new) == ["alert", "batch", "message", "message"]
    for each in others:
        each.close()


def test_whatever_a_channel_raises_the_next_message_has_its_turn(
    ledger: Ledger, settings: SettingsManager, clock: ManualClock
) -> None:
    class Broken(MemoryChannel):
        def send(self, message: Any) -> Any:
            if message.subject == "poison":
                raise RuntimeError("a bug in a library")
            return super().send(message)

    channel = Broken()
    notifier = Notifier(ledger, settings, clock=clock, sender=Sender(ledger, settings, "me", lambda *_: channel))
    for number, subject in enumerate(("poison", "good")):
        ledger.queue_message(NewMessage(f"<{number}@test>", ["you@example.com"], subject, "b"))
    notifier.run_once()
    assert [message.subject for message in channel.messages] == ["good"]
    (waiting,) = ledger.messages("queued")
    assert waiting["last_error"] == "RuntimeError: a bug in a library"
