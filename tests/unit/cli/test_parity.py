"""What the dashboard's pages do, without them: queries, one alert, a client's history, backups, tables, settings."""

import json
import os
import re
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger

from .conftest import Run


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return open_ledger(home)


def test_a_query_is_saved_shown_run_replaced_renamed_and_deleted(quantstrip: Run, home: Home, ledger: Ledger) -> None:
    file = Path(home.root.parent / "mine.sql")
    file.write_text("-- One and no more\nSELECT 1 AS one")
    assert "quantstrip db query mine" in quantstrip("query", "save", "mine", str(file)).stdout
    taken = quantstrip("query", "save", "mine", str(file))
    assert (taken.returncode, "there is a query 'mine' already" in taken.stderr) == (1, True)
    file.write_text("-- Two and no more\nSELECT 2 AS two")
    assert quantstrip("query", "save", "mine", str(file), "--over").returncode == 0
    assert quantstrip("query", "show", "mine").stdout.endswith("SELECT 2 AS two\n")
    assert quantstrip("query", "rename", "mine", "yours").returncode == 0
    listed = {each["name"]: each for each in json.loads(quantstrip("query", "list", "--json").stdout)}
    assert (listed["yours"]["title"], listed["yours"]["own"], "mine" in listed) == ("Two and no more", True, False)
    assert json.loads(quantstrip("db", "query", "yours", "--json").stdout)["rows"] == [[2]]
    assert quantstrip("query", "delete", "yours", given="n\n").returncode == 130
    assert quantstrip("query", "delete", "yours", "--yes").returncode == 0
    shipped = quantstrip("query", "delete", "pnl", "--yes")
    assert (shipped.returncode, "no query of your own" in shipped.stderr) == (1, True)


def test_one_alert_is_marked_as_seen_and_the_others_stay_new(quantstrip: Run, ledger: Ledger) -> None:
    for name in ("one", "two"):
        ledger.alert("job_error", f"{name} broke", "why", client=name)
    first = json.loads(quantstrip("notify", "alerts", "--json").stdout)[-1]
    assert quantstrip("notify", "seen", str(first["id"])).stdout == "1 alert marked as seen\n"
    assert [each["client"] for each in json.loads(quantstrip("notify", "alerts", "--unseen", "--json").stdout)] == [
        "two"
    ]
    unknown = quantstrip("notify", "seen", "99")
    assert (unknown.returncode, unknown.stdout) == (0, "0 alerts marked as seen\n")


def test_a_clients_processes_trades_alerts_and_problems_are_told(quantstrip: Run, ledger: Ledger) -> None:
    run = ledger.start_client_run("sma", 77, "hash1", "paper")
    ledger.end_client_run(run, "crashed", 70, trace='Traceback\n  File "sma.py", line 3\nValueError: no price')
    ledger.alert("crashed", "sma crashed", "why", client="sma")
    shown = quantstrip("client", "processes", "sma").stdout
    assert all(word in shown for word in ("77", "paper", "hash1", "crashed (70)", "ValueError: no price"))
    assert json.loads(quantstrip("client", "processes", "sma", "--json").stdout)[0]["exit_code"] == 70
    assert "sma crashed" in quantstrip("client", "alerts", "sma").stdout
    assert "ValueError: no price" in quantstrip("client", "problems").stdout
    assert quantstrip("client", "problems", "other").stdout == "Nothing went wrong.\n"
    ledger.insert_broker("SIM")
    ledger.start_client_run("sma", os.getpid(), "hash1", "paper")  # what is recorded from here on is this run's
    order = ledger.insert_order(None, "cross", "SIM", symbol="KO", side="BUY", order_type="MKT", total_quantity=2)
    ledger.insert_execution("x1", order, side="BUY", quantity=2, price=10.0, currency="USD")
    traded = quantstrip("client", "trades", "sma").stdout
    assert len(re.findall(r"cross +KO +BUY", traded)) == 2, traded
    missing = quantstrip("client", "versions", "nobody")
    assert (missing.returncode, "nobody" in missing.stderr) == (1, True)


def test_backups_and_tables_are_listed(quantstrip: Run, ledger: Ledger) -> None:
    quantstrip("db", "backup")
    (made,) = json.loads(quantstrip("db", "backups", "--json").stdout)
    assert made["name"] in quantstrip("db", "backups").stdout
    assert "v_positions" in quantstrip("db", "tables").stdout
    assert "exec_id" in quantstrip("db", "tables", "execution").stdout
    assert quantstrip("db", "tables", "nowhere").returncode == 1


def test_settings_are_found_by_words_and_by_whose_they_are(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "dashboard.port", "9111")
    own = json.loads(quantstrip("settings", "list", "--own", "--json").stdout)
    assert [each["path"] for each in own if each["type"] != "folder"] == ["dashboard.port"]
    found = json.loads(quantstrip("settings", "list", "--find", "PORT dashboard", "--json").stdout)
    assert "dashboard.port" in {each["path"] for each in found}
    assert "worker.parallel" not in {each["path"] for each in found}


def test_deleting_a_folder_or_a_secret_of_the_settings_is_asked_about(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "my.token", "--type", "secret", given="s3cret")
    quantstrip("settings", "set", "my.size", "7", "--type", "int")
    for path in ("my", "my.token"):
        kept = quantstrip("settings", "delete", path, given="n\n")
        assert (kept.returncode, f"Delete the {'folder' if path == 'my' else 'secret'} {path}" in kept.stdout) == (
            130,
            True,
        )
    assert quantstrip("settings", "delete", "my.size").returncode == 0
    assert quantstrip("settings", "delete", "my", "--yes").returncode == 0
    assert quantstrip("settings", "get", "my.token").returncode == 1


def test_the_days_end_takes_a_calendar_that_is_one(quantstrip: Run, home: Home) -> None:
    for name in ("XXX", ""):
        refused = quantstrip("settings", "set", "eod.calendar", name)
        assert refused.returncode == 1
        assert f"eod.calendar must be an exchange's calendar, got {name!r}" in refused.stderr
    assert quantstrip("settings", "set", "eod.calendar", "xlon").returncode == 0
