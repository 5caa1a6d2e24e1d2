"""Looking makes nothing: where the ledger is missing, whoever only reads is told so, and no empty one is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.operations import (
    alerts,
    clients,
    jobs,
    journal,
    ledger,
    notifications,
    recipients,
    reports,
    risk,
    service,
    settings_tree,
    simulation,
    tasks,
    versions,
)

LOOKS: dict[str, Callable[[Home], Any]] = {
    "tasks": tasks.list_tasks,
    "one task": lambda home: tasks.get(home, 1),
    "taking a task back": lambda home: tasks.cancel(home, 1),
    "forgetting a task": lambda home: tasks.remove(home, 1),
    "trials": simulation.running,
    "clients": clients.list_clients,
    "one client": lambda home: clients.client_status(home, "mine"),
    "stopping a client": lambda home: clients.stop(home, "mine"),
    "problems": clients.problems,
    "versions": lambda home: versions.versions(home, "mine"),
    "difference": lambda home: versions.difference(home, "mine"),
    "risk": risk.risk_status,
    "jobs": jobs.planned,
    "alerts": alerts.list_alerts,
    "unseen alerts": alerts.unseen_alerts,
    "marking alerts": alerts.mark_alerts_seen,
    "messages": notifications.list_messages,
    "one message": lambda home: notifications.get_message(home, 1),
    "mail accounts": notifications.list_accounts,
    "health of mail": notifications.health,
    "recipients": recipients.list_recipients,
    "journal": journal.strategies,
    "reports": reports.stored_reports,
    "query": lambda home: ledger.query(home, "SELECT 1"),
    "backup": ledger.backup,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_whoever_reads_is_told_that_there_is_no_ledger(tmp_path: Path, look: Callable[[Home], Any]) -> None:
    home = Home(tmp_path / "home").create()
    with pytest.raises(LedgerError, match="there is no ledger at"):
        look(home)
    assert not home.database.exists()


def test_what_is_no_part_of_the_ledger_is_shown_without_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    assert service.status(home).clients == []
    assert settings_tree.folders(home)
    assert not home.database.exists()


def test_a_first_deployment_is_looked_at_without_making_a_ledger(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    source = home.clients / "mine.py"
    source.write_text("from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n", encoding="utf-8")
    assert versions.preview(home, source).current == ""
    assert not home.database.exists()
