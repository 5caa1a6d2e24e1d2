"""The outbox: written with the caller's transaction, claimed by one sender at a time, given up in sight of a person."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from quantstrip.clock import DAY, MINUTE, SECOND, ManualClock
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.ports import Attachment

LEASE = 2 * MINUTE
number = iter(range(1_000_000))


def message(*recipients: str, key: str = "", account: str = "", attachments: Sequence[Attachment] = ()) -> NewMessage:
    return NewMessage(
        f"<{next(number)}@test>",
        recipients or ("a@example.com",),
        "Subject",
        "Body",
        account=account,
        dedupe_key=key,
        attachments=attachments,
    )


def claim(ledger: Ledger, clock: ManualClock, owner: str = "me") -> int:
    """The id of the message that is claimed; 0 for none."""
    found = ledger.claim_message(owner, clock.now() + LEASE)
    return 0 if found is None else int(found["outbox_id"])


def test_a_message_is_a_part_of_the_callers_transaction(ledger: Ledger, count: Callable[[str], int]) -> None:
    def written_and_then_undone() -> None:
        with ledger.transaction():
            ledger.queue_message(message(attachments=[Attachment("a.txt", "text/plain", b"a")]))
            ledger.insert_strategy("")

    with pytest.raises(InvalidRecord, match="name must not be empty"):
        written_and_then_undone()
    assert (count("outbox"), count("outbox_recipient"), count("outbox_attachment")) == (0, 0, 0)
    with ledger.transaction():
        ledger.queue_message(message())
    assert count("outbox") == 1


def test_what_was_written_is_claimed_whole(ledger: Ledger, clock: ManualClock) -> None:
    files = [Attachment("Übersicht.pdf", "application/pdf", b"\x00\xff"), Attachment("b.csv", "text/csv", b"")]
    queued = ledger.queue_message(message("b@example.com", "a@example.com", attachments=files))
    found = ledger.claim_message("me", clock.now() + LEASE)
    assert found is not None
    assert found["outbox_id"] == queued.outbox_id
    assert found["pending"] == ["a@example.com", "b@example.com"]
    assert found["attachments"] == files
    assert (found["status"], found["attempts"], found["claimed_by"]) == ("sending", 1, "me")


def test_a_second_message_of_one_key_is_not_written(ledger: Ledger, count: Callable[[str], int]) -> None:
    first = ledger.queue_message(message(key="eod 2024-03-06"))
    assert first.new
    assert ledger.queue_message(message(key="eod 2024-03-06")) == (first.outbox_id, False)
    assert count("outbox") == 1
    assert ledger.queue_message(message(key="eod 2024-03-07")).new


@pytest.mark.parametrize("recipients", [["a@example.com", "a@example.com"], [" "]])
def test_recipients_are_one_or_more_each_once(ledger: Ledger, recipients: list[str]) -> None:
    with pytest.raises(InvalidRecord, match="recipient"):
        ledger.queue_message(message(*recipients))
    assert ledger.messages() == []


def test_what_one_sender_claimed_no_other_gets_before_the_lease_is_over(ledger: Ledger, clock: ManualClock) -> None:
    queued = ledger.queue_message(message()).outbox_id
    assert claim(ledger, clock, "first") == queued
    assert claim(ledger, clock, "second") == 0
    clock.advance(LEASE / SECOND + 1)
    assert claim(ledger, clock, "second") == queued


def test_the_late_word_of_a_sender_that_lost_its_lease_tells_who_has_it_and_decides_nothing(
    ledger: Ledger, clock: ManualClock
) -> None:
    queued = ledger.queue_message(message("a@example.com", "b@example.com")).outbox_id
    claim(ledger, clock, "first")
    clock.advance(LEASE / SECOND + 1)
    claim(ledger, clock, "second")
    assert ledger.settle_message(queued, "first", delivered=["a@example.com"]) == "sending"
    assert ledger.settle_message(queued, "second", delivered=["b@example.com"]) == "sent"
    found = ledger.message(queued)
    assert found is not None
    assert [status for _, status, _ in found["recipients_state"]] == ["sent", "sent"]


def test_a_dead_senders_messages_are_due_at_once(ledger: Ledger, clock: ManualClock) -> None:
    queued = ledger.queue_message(message()).outbox_id
    claim(ledger, clock, "gone")
    assert ledger.message_claimants() == ["gone"]
    assert ledger.release_messages("gone") == 1
    assert claim(ledger, clock, "next") == queued


def test_some_have_it_and_the_others_are_tried_again_later(ledger: Ledger, clock: ManualClock) -> None:
    queued = ledger.queue_message(message("a@example.com", "b@example.com")).outbox_id
    claim(ledger, clock)
    later = clock.now() + MINUTE
    assert ledger.settle_message(queued, "me", delivered=["a@example.com"], error="450", next_attempt=later) == "queued"
    assert claim(ledger, clock) == 0
    clock.set(later)
    found = ledger.claim_message("me", clock.now() + LEASE)
    assert found is not None
    assert (found["pending"], found["attempts"]) == (["b@example.com"], 2)


def test_a_message_that_is_given_up_is_seen_and_sent_again_to_those_who_lack_it(
    ledger: Ledger, clock: ManualClock
) -> None:
    queued = ledger.queue_message(message("a@example.com", "b@example.com")).outbox_id
    first = ledger.claim_message("me", clock.now() + LEASE)
    refused = {"b@example.com": "550 no such user"}
    assert ledger.settle_message(queued, "me", delivered=["a@example.com"], refused=refused) == "dead"
    (dead,) = ledger.messages("dead")
    assert dead["last_error"] == "b@example.com: 550 no such user"
    assert claim(ledger, clock) == 0
    ledger.resend_message(queued)
    again = ledger.claim_message("me", clock.now() + LEASE)
    assert first is not None
    assert again is not None
    assert (again["pending"], again["attempts"]) == (["b@example.com"], 1)
    assert again["message_id"] == first["message_id"]


def test_what_was_sent_is_neither_sent_again_nor_discarded(ledger: Ledger, clock: ManualClock) -> None:
    queued = ledger.queue_message(message()).outbox_id
    claim(ledger, clock)
    for change in (ledger.resend_message, ledger.discard_message):
        with pytest.raises(InvalidRecord, match="is sending"):
            change(queued)
    ledger.settle_message(queued, "me", delivered=["a@example.com"])
    for change in (ledger.resend_message, ledger.discard_message):
        with pytest.raises(InvalidRecord, match="is sent"):
            change(queued)
        with pytest.raises(UnknownRecord, match="no message 99"):
            change(99)


def test_a_captured_message_is_never_claimed(ledger: Ledger, clock: ManualClock) -> None:
    queued = ledger.queue_message(message(), status="captured").outbox_id
    assert claim(ledger, clock) == 0
    assert ledger.hurry_messages() == 0
    with pytest.raises(InvalidRecord, match="captured"):
        ledger.resend_message(queued)
    with pytest.raises(InvalidRecord, match="new message"):
        ledger.queue_message(message(), status="sent")


def test_mail_of_an_account_that_cannot_send_waits_and_that_is_no_attempt(ledger: Ledger, clock: ManualClock) -> None:
    ours = [ledger.queue_message(message(account=account)).outbox_id for account in ("", "home")]
    other = ledger.queue_message(message(account="work")).outbox_id
    assert ledger.postpone_messages("home", True, clock.now() + MINUTE, "could not connect") == 2
    assert claim(ledger, clock) == other
    assert claim(ledger, clock) == 0
    assert "could not connect" in ledger.last_trouble("home", True)
    assert ledger.last_trouble("work", False) == ""
    clock.advance(60)
    found = ledger.claim_message("me", clock.now() + LEASE)
    assert found is not None
    assert (found["outbox_id"], found["attempts"]) == (ours[0], 1)
    clock.advance(1)
    ledger.settle_message(ours[0], "me", delivered=["a@example.com"])
    assert ledger.last_trouble("home", True) == ""


def test_only_what_is_over_is_forgotten(ledger: Ledger, clock: ManualClock, count: Callable[[str], int]) -> None:
    file = [Attachment("a.txt", "text/plain", b"a")]
    sent, dead = (ledger.queue_message(message(attachments=file)).outbox_id for _ in range(2))
    for each, outcome in ((sent, {"delivered": ["a@example.com"]}), (dead, {})):
        claim(ledger, clock)
        ledger.settle_message(each, "me", **outcome, error="no")  # type: ignore[arg-type]
    ledger.queue_message(message())
    clock.advance(29 * DAY / SECOND)
    assert ledger.prune_messages(30) == 0
    clock.advance(2 * DAY / SECOND)
    assert ledger.prune_messages(30) == 1
    assert ledger.message_counts() == {"dead": 1, "queued": 1}
    assert (count("outbox_recipient"), count("outbox_attachment")) == (2, 1)


def test_an_alert_is_told_once(ledger: Ledger) -> None:
    ledger.alert("job_error", "one", "", rate_key="k")
    ledger.alert("job_error", "one again", "", rate_key="k")
    newest = ledger.alert("job_error", "two", "")
    assert [row["occurrences"] for row in ledger.alerts_to_tell()] == [2, 1]
    assert ledger.mark_alerts_told(newest) == 2
    ledger.alert("job_error", "one more of the first", "", rate_key="k")
    assert ledger.alerts_to_tell() == []


PEOPLE = ("a@example.com", "b@example.com", "c@example.com")
ANSWERS = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(["took", "refused"]))


@given(attempts=st.lists(ANSWERS, max_size=6))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_written_to_again_who_has_it_and_nobody_is_forgotten(
    ledger: Ledger, clock: ManualClock, attempts: list[dict[str, str]]
) -> None:
    """Whatever servers answer, attempt by attempt: pending is exactly who has neither taken nor refused it."""
    queued = ledger.queue_message(message(*PEOPLE)).outbox_id
    settled: dict[str, str] = {}
    for answers in attempts:
        found = ledger.claim_message("me", clock.now() + LEASE)
        waiting = [person for person in PEOPLE if person not in settled]
        assert (found["pending"] if found else []) == waiting
        if found is None:
            break
        now = {person: answer for person, answer in answers.items() if person in waiting}
        took = [person for person, answer in now.items() if answer == "took"]
        refused = {person: "550" for person, answer in now.items() if answer == "refused"}
        status = ledger.settle_message(
            queued, "me", delivered=took, refused=refused, error="later", next_attempt=clock.now()
        )
        settled |= now
        if len(settled) < len(PEOPLE):
            assert status == "queued"
        else:
            assert status == ("dead" if "refused" in settled.values() else "sent")
    for each in ledger.messages("queued"):
        ledger.discard_message(int(each["outbox_id"]))
