"""The page Maintenance: tasks, health, backups, the day's end, reconciliation and the audit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import static_data, tasks
from quantstrip.operations.reconciliation import reconcile
from tests.unit.operations.test_reconciliation import book, fill, week

PAGE = "screens/maintenance.py"


@pytest.fixture
def ledger(home: Home, empty_database: Path) -> Iterator[Ledger]:
    home.database.write_bytes(empty_database.read_bytes())
    found = open_ledger(home)
    yield found
    found.close()


def tab(page: Any, name: str) -> Any:
    page.app.session_state["maintenance-tabs"] = name
    page.app.run()
    assert not page.app.exception
    return page


def keys(page: Any) -> set[str]:
    return {str(each.key) for each in page.app.button}


def test_a_home_without_a_ledger_says_so_makes_none_and_still_says_how_to_get_one_back(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "there is no ledger at" in page.text
    assert "There is no backup yet" in tab(page, "Backups").text
    assert "db restore NAME" in page.text
    assert not home.database.exists()


def test_every_kind_of_task_is_listed_opened_and_removed_after_asking(home: Home, ledger: Ledger, show: Any) -> None:
    assert "Nothing was asked of the worker yet" in show(PAGE).text
    tasks.run_now(home, "sql_export", {"text": "SELECT <b>", "form": "csv"}, by="<i>ann</i>")
    waiting = ledger.add_task("backup", {}, "me")
    page = show(PAGE)
    assert "2 · backup queued" in page.text
    assert "1 · sql_export failed" in page.text
    assert "asked by <i>ann</i>" in page.text
    assert "<i>" not in page.markup
    page.press(f"task-cancel-{waiting}")
    assert tasks.get(home, waiting).state == "cancelled"
    page.press("open-task-1")
    assert "Asked by <i>ann</i>" in page.text
    assert "Traceback" in page.app.code[-1].value
    page.press("task-repeat-1")
    assert "no service runs" in page.app.toast[0].value
    page.press("task-remove-1")
    assert len(tasks.list_tasks(home)) == 2
    page.press("task-remove-now")
    assert [task.task_id for task in tasks.list_tasks(home)] == [waiting]


def test_what_runs_code_is_an_admins_to_repeat_and_an_operator_looks(home: Home, ledger: Ledger, show: Any) -> None:
    for kind in ("simulation", "package_install", "backup"):
        tasks.cancel(home, ledger.add_task(kind, {}))
    page = show(PAGE, role="operator")
    assert {"open-task-1", "open-task-2", "task-repeat-3", "task-remove-3"} <= keys(page)
    assert keys(page).isdisjoint({"task-repeat-1", "task-repeat-2", "task-remove-1", "task-remove-2"})
    assert {"task-repeat-1", "task-repeat-2"} <= keys(show(PAGE))


def test_health_is_what_the_doctor_finds_when_it_is_asked(home: Home, ledger: Ledger, show: Any) -> None:
    page = tab(show(PAGE), "Health")
    assert "The service is not running" in page.text
    assert "integrity is good" not in page.text
    page.press("health-check")
    assert "integrity is good" in page.text
    assert "no mail account and no channel" in page.text
    assert "Add one: quantstrip notify add NAME --provider gmail" in page.text


def test_backups_are_listed_with_what_was_found_and_the_way_back(home: Home, ledger: Ledger, show: Any) -> None:
    ledger.insert_broker("SIM")
    made = tasks.run_now(home, "backup", {})
    assert made.result is not None
    name = str(made.result["path"]).rsplit("/", 1)[-1]
    page = tab(show(PAGE), "Backups")
    assert "Sound: version" in page.text
    assert name in page.text
    assert f"db restore {name}" in page.text
    assert "the service must be down" in page.text
    page.press("backup-now")
    assert "no service runs" in page.app.toast[0].value
    page.press("backup-verify-0")
    assert "no service runs" in page.app.toast[0].value


def test_what_people_changed_is_listed_as_text_when_it_is_asked_for(home: Home, ledger: Ledger, show: Any) -> None:
    ledger.set_audit(True, "a test")
    static_data.add(home, "broker", "<b>IB", {}, by="ann")
    page = tab(show(PAGE), "Audit")
    assert "was added" not in page.text
    page.app.toggle(key="audit-acts").set_value(True).run()
    assert "ann" in page.text
    assert "broker: 1 added" in page.text
    assert "<b>IB" in page.text
    assert "<b>IB" not in page.markup


def test_the_audit_shows_its_head_and_the_last_verification(home: Home, ledger: Ledger, show: Any) -> None:
    ledger.set_audit(True, "a test")
    ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    page = tab(show(PAGE), "Audit")
    assert f"Head {ledger.audit_head()}" in page.text
    assert "No verification was made" in page.text
    tasks.run_now(home, "audit_verify", {})
    assert "Everything that is covered is as the platform wrote it" in tab(show(PAGE), "Audit").text
    page.press("audit-verify")
    assert "no service runs" in page.app.toast[0].value


def test_the_days_end_says_whether_it_was_sent_and_sends(home: Home, ledger: Ledger, show: Any) -> None:
    page = tab(show(PAGE), "End of day")
    assert "Its summary was not sent" in page.text
    page.press("eod-run")
    assert "no service runs" in page.app.toast[0].value
    tasks.run_now(home, "end_of_day", {})
    page = tab(show(PAGE), "End of day")
    assert "Its summary was given out" in page.text
    assert "no mail account is set up" in page.text


def test_reconciliations_are_listed_with_their_differences(home: Home, ledger: Ledger, show: Any) -> None:
    assert "was not compared" in tab(show(PAGE), "Reconciliation").text
    book(ledger, fill("x1"))
    reconcile(home, week(fill("x1"), fill("x2")))
    page = tab(show(PAGE), "Reconciliation")
    assert "U1 1 0 1 test" in page.text
    assert list(page.app.dataframe[0].value["reference"]) == ["x2"]
    reconcile(home, week(fill("x1")))
    assert "No difference: ledger and broker agreed" in tab(show(PAGE), "Reconciliation").text
    assert "reconcile flex FILE.xml" in page.text
