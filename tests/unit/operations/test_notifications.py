"""The inbox by boxes, alerts and what became of them, and who is told about which client."""

import pytest

from quantstrip.clock import MINUTE, system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import MessageInvalid, SettingsError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations import alerts, inbox, notifications, recipients

TO = "you@example.com"


def write(ledger: Ledger, number: int) -> None:
    ledger.queue_message(NewMessage(f"<{number}@test>", [TO], f"Message {number}", "Body"))


@pytest.fixture
def boxes(ledger: Ledger) -> Ledger:
    """Message 1 was sent, 2 failed and waits, 3 was given up, 4 was discarded, 5 waits."""
    now = system_clock.now()
    for number in range(1, 6):
        write(ledger, number)
    ends = ({"delivered": [TO]}, {"error": "no answer", "next_attempt": now + MINUTE}, {"error": "no such user"})
    for number, end in enumerate(ends, 1):
        assert ledger.claim_message("test", now + MINUTE)
        ledger.settle_message(number, "test", **end)  # type: ignore[arg-type]
    ledger.discard_message(4)
    return ledger


@pytest.mark.parametrize(
    ("box", "expected"),
    [("all", [5, 4, 3, 2, 1]), ("waiting", [5, 2]), ("failed", [3, 2]), ("sent", [1]), ("put aside", [4])],
)
def test_each_box_has_its_messages_newest_first(made_home: Home, boxes: Ledger, box: str, expected: list[int]) -> None:
    assert [each.id for each in inbox.inbox(made_home, box)] == expected
    assert inbox.box_counts(made_home)[box] == len(expected)
    assert [each.id for each in inbox.inbox(made_home, box, 1)] == expected[:1]


def test_failed_messages_are_found_behind_many_that_wait(made_home: Home, boxes: Ledger) -> None:
    for number in range(10, 90):
        write(boxes, number)
    assert [each.id for each in inbox.inbox(made_home, "failed", 10)] == [3, 2]


def test_a_box_that_is_none_is_refused(made_home: Home) -> None:
    with pytest.raises(MessageInvalid, match="there is no box 'lost'"):
        inbox.inbox(made_home, "lost")


def test_what_may_be_resent_and_discarded_is_what_the_ledger_allows(made_home: Home, boxes: Ledger) -> None:
    for each in inbox.inbox(made_home):
        for allowed, act in ((inbox.RESENDABLE, notifications.resend), (inbox.DISCARDABLE, notifications.discard)):
            before = notifications.get_message(made_home, each.id).info
            try:
                act(made_home, [each.id])
                done = True
            except Exception:
                done = False
            assert done == (before.status in (*allowed, *(("discarded",) if act is notifications.discard else ())))


def test_an_alert_says_how_often_it_came_and_whether_people_were_told(made_home: Home, ledger: Ledger) -> None:
    for _ in range(3):
        ledger.alert("client_crashed", "pairs crashed", "password=hunter2secret", "pairs", "pairs")
    ledger.mark_alerts_told(1)
    ledger.alert("deploy_refused", "not deployed", "no module")
    ledger.alert("job_failed", "a job failed", "trace", "pairs")
    failed, refused, crashed = alerts.list_alerts(made_home)
    assert (crashed.occurrences, crashed.client, crashed.told) == (3, "pairs", "taken up")
    assert "hunter2secret" not in crashed.body
    assert (refused.told, failed.told) == ("muted", "waiting")
    assert alerts.unseen_alerts(made_home) == 3
    assert alerts.mark_alerts_seen(made_home) == 3
    assert alerts.list_alerts(made_home, unseen=True) == []
    assert all(each.seen for each in alerts.list_alerts(made_home))


def told(home: Home) -> dict[str, tuple[tuple[str, ...], bool]]:
    return {each.client: (each.recipients, each.own) for each in recipients.list_recipients(home)}


def test_each_client_is_told_about_as_by_default_until_it_names_its_own(made_home: Home, ledger: Ledger) -> None:
    ledger.set_client("pairs", mode="paper")
    assert told(made_home) == {"": ((), False), "pairs": ((), False)}
    recipients.set_recipients(made_home, "", [TO])
    recipients.put_channel(made_home, "phone", "tgram://TOKEN/CHAT")
    recipients.set_recipients(made_home, "other", ["a@example.com, b@example.com", "phone"])
    recipients.set_recipients(made_home, "pairs", [])
    assert told(made_home) == {
        "": ((TO,), True),
        "other": (("a@example.com", "b@example.com", "phone"), True),
        "pairs": ((), True),
    }
    recipients.set_recipients(made_home, "pairs", None)
    recipients.set_recipients(made_home, "pairs", None)
    assert told(made_home)["pairs"] == ((TO,), False)


def test_the_default_accounts_own_address_is_told_where_nobody_is_named(made_home: Home) -> None:
    notifications.put_account(made_home, "home", provider="gmail", from_address=TO, password="hunter2hunter2")
    assert told(made_home) == {"": ((TO,), False)}
    recipients.set_recipients(made_home, "", ["else@example.com"])
    recipients.set_recipients(made_home, "", None)
    assert told(made_home) == {"": ((TO,), False)}


@pytest.mark.parametrize(
    ("who", "message"), [(["you@"], "no mail address"), (["pager"], "there is no channel 'pager'")]
)
def test_who_cannot_be_reached_is_refused_and_nothing_changes(made_home: Home, who: list[str], message: str) -> None:
    recipients.set_recipients(made_home, "pairs", [TO])
    with pytest.raises(MessageInvalid, match=message):
        recipients.set_recipients(made_home, "pairs", [TO, *who])
    with pytest.raises(MessageInvalid, match="somebody must be told"):
        recipients.set_recipients(made_home, "", [])
    assert told(made_home)["pairs"] == ((TO,), True)


def test_a_channel_is_a_secret_and_can_be_forgotten(made_home: Home) -> None:
    recipients.put_channel(made_home, "phone", " tgram://TOKEN/CHAT ")
    assert SettingsManager(made_home).get("channels.phone") == "tgram://TOKEN/CHAT"
    assert "TOKEN" not in made_home.settings_file.read_text(encoding="utf-8")
    recipients.remove_channel(made_home, "phone")
    assert notifications.list_channels(made_home) == []
    for name, url in (("", "tgram://x"), ("phone", " "), ("a@b", "tgram://x")):
        with pytest.raises(SettingsError):
            recipients.put_channel(made_home, name, url)
