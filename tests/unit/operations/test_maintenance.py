"""The upkeep that the worker does: backups, looking them through, the audit's chain, the day's end."""

from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import backup, eod, maintenance, tasks
from tests.unit.ledger.audit_tools import from_outside


def done(home: Home, kind: str, **arguments: Any) -> dict[str, Any]:
    task = tasks.run_now(home, kind, arguments)
    assert (task.state, task.error) == ("done", "")
    return dict(task.result or {})


def test_a_backup_is_made_found_sound_and_listed_and_no_schedule_removes_it(made_home: Home, ledger: Ledger) -> None:
    ledger.insert_broker("SIM")
    made = done(made_home, "backup")
    (listed,) = maintenance.backups(made_home)
    assert (made["path"], made["problems"], made["books_checked"]) == (str(listed.file), [], True)
    assert listed.size == listed.file.stat().st_size > 0
    backup.scheduled_backup(made_home)
    SettingsManager(made_home).set_by_path("backup.keep_daily", 0)
    backup.scheduled_backup(made_home)
    assert listed.name in {each.name for each in maintenance.backups(made_home)}


def test_a_backup_that_was_damaged_is_told_and_one_that_is_none_is_refused(made_home: Home, ledger: Ledger) -> None:
    ledger.insert_broker("SIM")
    done(made_home, "backup")
    (listed,) = maintenance.backups(made_home)
    assert done(made_home, "backup_verify", name=listed.name)["problems"] == []
    listed.file.write_bytes(b"no database" * 1000)
    assert done(made_home, "backup_verify", name=listed.name)["problems"]
    task = tasks.run_now(made_home, "backup_verify", {"name": "../quantstrip.db"})
    assert task.state == "failed"
    assert "there is no backup ../quantstrip.db" in task.error


def test_the_audit_is_verified_and_a_row_that_was_changed_from_outside_is_named(
    made_home: Home, ledger: Ledger
) -> None:
    ledger.set_audit(True, "a test")
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    good = done(made_home, "audit_verify")
    assert (good["ok"], good["problem"], good["is_on"]) == (True, None, True)
    assert good["links"] > 0
    with from_outside(ledger) as raw:
        raw.execute("UPDATE orders SET account = 'U2' WHERE order_id = ?", (order,))
    bad = done(made_home, "audit_verify")
    assert not bad["ok"]
    assert (bad["problem"]["kind"], bad["problem"]["table"]) == ("row altered", "orders")
    assert bad["problem"]["todo"]


def test_the_days_end_is_written_where_nobody_can_be_mailed_and_its_day_must_be_a_date(
    made_home: Home, ledger: Ledger
) -> None:
    told = done(made_home, "end_of_day")
    due = eod.due_now(made_home)
    assert told["day"] == str(due.day)
    assert told["path"] == str(eod.file_of(made_home, due))
    assert eod.is_done(made_home, due)
    with pytest.raises(TaskRefused, match="day must be a date, got 'soon'"):
        tasks.run_now(made_home, "end_of_day", {"day": "soon"})
