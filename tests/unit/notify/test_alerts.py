"""Alerts become messages: batched, limited, to those who are told, and never through what fails."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
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
from quantstrip.notify.options import Options, options
from quantstrip.notify.sender import Sender
from quantstrip.redaction import register


@pytest.fixture
def channels() -> dict[str, MemoryChannel]:
    return {}


@pytest.fixture
def notifier(
    ledger: Ledger, settings: SettingsManager, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> Notifier:
    settings.set_by_path("notify.recipients", ["owner@example.com"], "list")

    def channel_of(row: Mapping[str, Any], _: Options) -> MemoryChannel:
        return channels.setdefault(row["channel"], MemoryChannel(row["channel"]))

    sender = Sender(ledger, settings, "this one", channel_of)
    return Notifier(ledger, settings, settings.home, clock=clock, sender=sender)


def told(channels: dict[str, MemoryChannel], name: str = "mail") -> list[tuple[list[str], str]]:
    """Recipients and subject of what went out."""
    found = channels.get(name, MemoryChannel())
    return [(list(message.recipients), message.subject) for message in found.messages]


def later(notifier: Notifier, clock: ManualClock, seconds: float = 61) -> None:
    clock.advance(seconds)
    notifier.run_once()


def test_an_alert_is_told_when_its_window_is_over(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    ledger.alert("job_error", "trend: job failed", "Traceback\n  no price", client="trend")
    later(notifier, clock, 59)
    assert told(channels) == []
    later(notifier, clock, 1)
    assert told(channels) == [(["owner@example.com"], "[Quantstrip] trend: job failed")]
    message = channels["mail"].messages[0]
    for part in ("trend", "job_error", "no price"):
        assert part in message.body
        assert part in message.html
    later(notifier, clock)
    assert len(channels["mail"].messages) == 1


def test_alerts_of_one_window_and_one_audience_are_one_message(
    ledger: Ledger,
    notifier: Notifier,
    clock: ManualClock,
    channels: dict[str, MemoryChannel],
    settings: SettingsManager,
) -> None:
    settings.set_by_path("clients.quiet.notify", [], "list")
    settings.set_by_path("clients.desk.notify", "a@example.com, phone")
    for client in ("trend", "carry", "quiet", "desk"):
        ledger.alert("job_error", f"{client} failed", "", client=client)
    later(notifier, clock)
    assert told(channels) == [
        (["owner@example.com"], "[Quantstrip] 2 alerts: trend failed"),
        (["a@example.com"], "[Quantstrip] desk failed"),
    ]
    assert told(channels, "phone") == [(["phone"], "[Quantstrip] desk failed")]
    assert ledger.alerts_to_tell() == []


def test_what_repeats_within_the_hour_is_counted_and_not_told_again(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    for _ in range(3):
        ledger.alert("job_error", "trend failed", "", rate_key="job:trend")
    later(notifier, clock)
    assert "3 times" in channels["mail"].messages[0].body
    for _ in range(50):
        ledger.alert("job_error", "trend failed", "", rate_key="job:trend")
        later(notifier, clock, 60)
    assert len(channels["mail"].messages) == 1
    clock.advance(HOUR / SECOND)
    ledger.alert("job_error", "trend failed", "", rate_key="job:trend")
    later(notifier, clock)
    assert len(channels["mail"].messages) == 2


def test_an_hour_has_so_many_messages_and_what_is_above_is_told_together_later(
    ledger: Ledger,
    notifier: Notifier,
    clock: ManualClock,
    channels: dict[str, MemoryChannel],
    settings: SettingsManager,
) -> None:
    settings.set_by_path("notify.alerts_per_hour", 3, "int")
    for number in range(10):
        ledger.alert("job_error", f"alert {number}", "")
        later(notifier, clock)
    assert [subject for _, subject in told(channels)] == [f"[Quantstrip] alert {number}" for number in range(3)]
    later(notifier, clock, 3600)
    assert told(channels)[-1][1] == "[Quantstrip] 7 alerts: alert 3"


def test_muted_kinds_are_not_sent(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    ledger.alert("deploy_refused", "x was not deployed", "")
    later(notifier, clock)
    assert told(channels) == []
    assert ledger.alerts_to_tell() == []


def test_alerts_of_before_there_was_anybody_to_tell_do_not_come_all_at_once_later(
    ledger: Ledger,
    notifier: Notifier,
    clock: ManualClock,
    channels: dict[str, MemoryChannel],
    settings: SettingsManager,
) -> None:
    settings.delete("notify.recipients")
    ledger.alert("job_error", "old", "")
    later(notifier, clock)
    ledger.set_email_account("home", smtp_server="h", from_address="me@example.com", is_default=True)
    ledger.alert("job_error", "new", "")
    later(notifier, clock)
    assert told(channels) == [(["me@example.com"], "[Quantstrip] new")]


def test_that_a_way_fails_is_told_another_way(
    ledger: Ledger,
    notifier: Notifier,
    clock: ManualClock,
    channels: dict[str, MemoryChannel],
    settings: SettingsManager,
) -> None:
    settings.set_by_path("notify.recipients", ["owner@example.com", "phone", "chat"], "list")
    for name in ("mail", "chat"):
        channels[name] = MemoryChannel(name)
        channels[name].trouble = DeliveryFailed("down")
    settings.set_by_path("notify.attempts", 1, "int")
    ledger.queue_message(NewMessage("<1@test>", ["you@example.com"], "s", "b"))
    ledger.queue_message(NewMessage("<2@test>", ["chat"], "s", "b", channel="chat"))
    notifier.run_once()
    for _ in range(5):
        later(notifier, clock)
    assert {kind["kind"] for kind in ledger.alerts()} == {"notifier_failing"}
    assert told(channels, "phone") == [
        (["phone"], "[Quantstrip] a message was given up (mail)"),
        (["phone"], "[Quantstrip] a message was given up (chat)"),
    ]
    # The chat was tried with the news of the mail; that it fails itself is not sent through it.
    assert ledger.messages("dead")[0]["subject"] == "[Quantstrip] a message was given up (mail)"
    assert [row["channel"] for row in ledger.messages("dead")].count("mail") == 1


def test_a_thousand_alerts_are_one_readable_message(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    with ledger.transaction():
        for number in range(1000):
            ledger.alert("job_error", f"alert {number}", "x" * 10_000)
    later(notifier, clock)
    (message,) = channels["mail"].messages
    assert message.subject == "[Quantstrip] 1000 alerts: alert 0"
    assert "and 950 more" in message.body
    assert "and 950 more" in message.html
    assert len(message.body) < 300_000


def test_what_an_alert_says_is_escaped_and_free_of_secrets(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    register("hunter2hunter2")
    ledger.alert("job_error", "<script>alert(1)</script>\nhunter2hunter2", "key hunter2hunter2", client="trend")
    later(notifier, clock)
    (message,) = channels["mail"].messages
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html
    assert "\n" not in message.subject
    assert "hunter2" not in message.subject + message.body + message.html


def test_a_crash_between_alert_and_message_loses_neither_nor_doubles_one(
    ledger: Ledger, notifier: Notifier, clock: ManualClock, channels: dict[str, MemoryChannel]
) -> None:
    """The message and the mark are one transaction: where it is undone, the next pass begins anew."""
    ledger.alert("job_error", "failed", "")
    clock.advance(61)

    def cut_off() -> None:
        with ledger.transaction():
            assert tell_alerts(ledger, notifier.settings, options(notifier.settings), clock.now()) == 1
            raise DeliveryFailed("the power went")

    with pytest.raises(DeliveryFailed):
        cut_off()
    assert ledger.messages() == []
    notifier.run_once()
    assert len(channels["mail"].messages) == 1


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
