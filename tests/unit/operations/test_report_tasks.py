"""Stored reports opened, previewed and sent by the worker: what the pages ask for, and what they give up."""

from pathlib import Path
from typing import Any

import pytest

from quantstrip.errors import QuantstripError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import reporting_export, reports, stored_reports, tasks
from quantstrip.operations.stored_reports import Composed, Part
from quantstrip.operations.task_progress import Progress
from tests.browser.mailbox import mail_server

WEEKLY = Composed("Weekly", (Part("Words", "text", "It went well"), Part("More", "text", "and on")))


@pytest.fixture
def weekly(made_home: Home, ledger: Ledger) -> int:
    return stored_reports.save(made_home, WEEKLY)


def test_a_stored_report_becomes_the_file_that_it_would_be_here(made_home: Home, weekly: int) -> None:
    task = tasks.run_now(made_home, "stored_report", {"report_id": weekly, "form": "text"})
    assert (task.state, task.error) == ("done", "")
    assert task.result is not None
    assert Path(task.result["path"]).parent == made_home.tasks / str(task.task_id)
    made = reporting_export.file_of(task).decode()
    assert made.splitlines()[4:] == reports.stored(made_home, weekly, "text").decode().splitlines()[4:]
    assert "It went well" in made


def test_what_is_put_together_is_seen_without_being_kept(made_home: Home, ledger: Ledger) -> None:
    task = tasks.run_now(made_home, "stored_report", {"composed": stored_reports.to_mapping(WEEKLY)})
    assert b"It went well" in reporting_export.file_of(task)
    assert reports.stored_reports(made_home) == []


def test_a_cancelled_one_ends_before_its_next_section_and_leaves_no_file(made_home: Home, weekly: int) -> None:
    notes = []

    def heard(progress: Progress) -> None:
        notes.append(progress.note)
        if progress.note == "section Words":
            tasks.cancel(made_home, 1)
            progress.cancelled = True

    task = tasks.run_now(made_home, "stored_report", {"report_id": weekly}, heard=heard)
    assert (task.state, task.result) == ("cancelled", None)
    assert notes == ["reading the ledger", "section Words"]
    assert list((made_home.tasks / "1").glob("report*")) == []


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("stored_report", {}, "give report_id, or composed"),
        ("stored_report", {"report_id": 1, "composed": {}}, "and not both"),
        ("stored_report", {"report_id": 1, "form": "pdf"}, "form must be one of html"),
        ("stored_report", {"composed": {"name": "x", "sections": [{"nam": 1}]}}, "cannot be read"),
        ("stored_report", {"report_id": 1, "table": "fills"}, "table must be one of daily"),
        ("send_report", {"report_id": 1, "symbols": ["IBM"]}, "cannot be narrowed"),
    ],
)
def test_what_no_report_could_be_made_of_is_refused_before_it_is_queued(
    made_home: Home, ledger: Ledger, kind: str, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(QuantstripError, match=words):
        tasks.run_now(made_home, kind, given)
    assert ledger.tasks() == []


def test_a_report_that_is_not_there_fails_its_task_and_says_where_to_look(made_home: Home, ledger: Ledger) -> None:
    task = tasks.run_now(made_home, "stored_report", {"report_id": 7})
    assert task.state == "failed"
    assert "no stored report has the id 7" in task.error
    assert "quantstrip report list" in task.error


def test_a_stored_report_is_sent_once_as_it_is_kept(made_home: Home, ledger: Ledger, weekly: int) -> None:
    with mail_server() as box:
        ledger.set_email_account(
            "main", smtp_server="127.0.0.1", smtp_port=box.port, use_tls=False, security="none",
            from_address="me@example.com", is_default=True,
        )  # fmt: skip
        task = tasks.run_now(made_home, "send_report", {"report_id": weekly, "to": "you@example.com"})
        assert box.subjects == [f"Weekly, {reports.stored_reports(made_home)[0].date}"]
    assert task.state == "done", task.error
    assert task.result is not None
    assert task.result["report_id"] == weekly
    assert ledger.query("SELECT address FROM outbox_recipient")[1] == [("you@example.com",)]
    assert [(row.report_id, row.status) for row in reports.stored_reports(made_home)] == [(weekly, "SENT")]


def test_what_nobody_looks_at_any_more_is_removed_or_taken_back(made_home: Home, ledger: Ledger, weekly: int) -> None:
    done = tasks.run_now(made_home, "stored_report", {"report_id": weekly})
    tasks.give_up(made_home, done.task_id)
    assert not (made_home.tasks / str(done.task_id)).exists()
    with pytest.raises(UnknownRecord):
        tasks.get(made_home, done.task_id)
    tasks.give_up(made_home, done.task_id)  # once more does no harm
    waiting = ledger.add_task("stored_report", {"report_id": weekly})
    tasks.give_up(made_home, waiting)
    assert tasks.get(made_home, waiting).state == "cancelled"
