"""``quantstrip audit``: what a person and a program read, and what the end-of-day mail carries."""

import json
import sqlite3
from contextlib import closing

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import eod
from quantstrip.operations.audit import footer

from .conftest import Run


@pytest.fixture
def ledger(home: Home) -> Ledger:
    opened = open_ledger(home)
    opened.insert_broker("SIM")
    order = opened.insert_order(None, "trend", "SIM", "U1", "AAPL", "BUY", "MKT", 100)
    opened.insert_execution("x1", order, side="BUY", quantity=1, price=10, trade_date="2024-03-06")
    return opened


def tampered(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.path)) as raw:
        raw.execute("DROP TRIGGER tr_execution_update")
        raw.execute("UPDATE execution SET price = 11")
        raw.commit()


def test_what_people_changed_is_listed(ledger: Ledger, quantstrip: Run) -> None:
    assert "Nobody has written" in quantstrip("audit", "acts").stdout
    quantstrip("static", "set", "broker", "SIM", "full_name=Simulated")
    assert "broker: 1 changed" in (printed := quantstrip("audit", "acts").stdout)
    assert "quantstrip static" in printed
    (told,) = json.loads(quantstrip("audit", "acts", "--json").stdout)
    assert told["rows"] == {"broker": {"changed": 1}}


def test_an_untouched_ledger_is_said_to_be_so(ledger: Ledger, quantstrip: Run) -> None:
    done = quantstrip("audit", "verify")

    assert done.returncode == 0
    assert f"Checked: 3 rows, 5 links. Head: {ledger.audit_head()}" in done.stdout
    assert "Everything that is covered is as the platform wrote it." in done.stdout


def test_what_was_altered_is_told_with_place_time_person_and_what_to_do(ledger: Ledger, quantstrip: Run) -> None:
    tampered(ledger)

    done = quantstrip("audit", "verify")

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "FOUND: row altered" in lines
    assert "  what   execution with seq_id 1 is not as it was written" in lines
    assert "  where  execution, link 4" in lines
    for start in ("  when   after 2", "  who    wrote it then: ", "  now    account=U1", "  to do  Keep a copy"):
        assert any(line.startswith(start) for line in lines), start
    assert "price=11.0" in done.stdout


def test_programs_read_the_same_as_json(ledger: Ledger, quantstrip: Run) -> None:
    assert json.loads(quantstrip("audit", "verify", "--json").stdout)["problem"] is None
    tampered(ledger)

    done = quantstrip("audit", "verify", "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["ok"] is False
    assert told["problem"]["kind"] == "row altered"
    assert (told["problem"]["table"], told["problem"]["row_key"]) == ("execution", 1)
    assert told["problem"]["todo"]


def test_a_head_that_was_written_down_shows_a_cut(ledger: Ledger, quantstrip: Run) -> None:
    head = quantstrip("audit", "head").stdout.strip()
    assert head == str(ledger.audit_head())
    assert quantstrip("audit", "verify", "--head", head).returncode == 0

    later = f"99:{head.partition(':')[2]}"
    done = quantstrip("audit", "verify", "--head", later)

    assert done.returncode == 1
    assert "the audit chain ends at link 5; the recorded head is link 99" in done.stdout
    assert "SEQUENCE:MAC" in quantstrip("audit", "verify", "--head", "nonsense").stderr


def test_a_backup_is_checked_with_the_key_of_the_home(ledger: Ledger, home: Home, quantstrip: Run) -> None:
    copy = ledger.backup(home.backups / "copy.db")
    tampered(ledger)

    assert quantstrip("audit", "verify", "--database", str(copy)).returncode == 0
    assert quantstrip("audit", "verify").returncode == 1
    assert "there is no ledger at" in quantstrip("audit", "verify", "--database", str(home.root / "none.db")).stderr


def test_a_new_key_is_made_and_a_lost_one_is_named(ledger: Ledger, home: Home, quantstrip: Run) -> None:
    assert "The chain goes on with the key" in quantstrip("audit", "rotate").stdout
    assert quantstrip("audit", "verify").returncode == 0
    ledger.close()
    (home.settings / "audit.key").unlink()

    done = quantstrip("audit", "verify")

    assert done.returncode == 1
    assert "audit.key is missing" in done.stderr
    assert "audit rotate --lost" in done.stderr
    assert quantstrip("audit", "rotate", "--lost").returncode == 0
    assert "Not covered: what was written before" in quantstrip("audit", "verify").stdout


def test_the_end_of_day_mail_carries_the_head(ledger: Ledger, home: Home) -> None:
    lines = eod.footer_lines(home, ledger)

    assert lines == footer(ledger)
    assert lines[0] == f"Head of the audit chain: {ledger.audit_head()}"
    assert lines[1] == f"To check: quantstrip audit verify --head {ledger.audit_head()}"
    ledger.set_audit(False)
    assert "(the audit is off)" in footer(ledger)[0]
