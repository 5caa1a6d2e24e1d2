"""``quantstrip risk``."""

import json

import pytest

from quantstrip.clock import DAY
from quantstrip.home import Home
from quantstrip.ledger import LedgerRecorder, open_ledger
from quantstrip.model import Halt
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _halted(home: Home) -> None:
    ledger = open_ledger(home)
    ledger.set_client("trend", code_hash="v1")
    run = ledger.open_strategy_run("key", "trend", "ma", "paper", "", "v1", {}, "made", 1e5)
    LedgerRecorder(ledger, run, "simulated").halts(3 * DAY, [Halt("max_drawdown", 3 * DAY, "equity fell 12.00%")])


def test_status_shows_what_stops_entries(quantstrip: Run) -> None:
    done = quantstrip("risk", "status")
    assert done.returncode == 0
    assert "halted: max_drawdown" in done.stdout
    assert "equity fell 12.00%" in done.stdout
    (found,) = json.loads(quantstrip("risk", "status", "trend", "--json").stdout)
    assert (found["client"], found["killed"], found["halts"][0]["rule"]) == ("trend", False, "max_drawdown")


def test_the_status_of_the_service_tells_it_too(quantstrip: Run) -> None:
    quantstrip("risk", "kill", "trend", "--reason", "the news")
    assert "entries switched off, entries halted by max_drawdown" in quantstrip("status").stdout
    (client,) = json.loads(quantstrip("status", "--json").stdout)["clients"]
    assert (client["killed"], client["kill_reason"]) == (True, "the news")
    assert client["halts"][0]["event_time"] == "1970-01-04 00:00:00.000000"


def test_clear_kill_and_revive_say_what_they_did(quantstrip: Run) -> None:
    assert quantstrip("risk", "clear", "trend", "--rule", "max_daily_loss").stdout == (
        "trend: nothing is halted by max_daily_loss\n"
    )
    assert "max_drawdown of 1970-01-04 00:00:00 UTC is lifted" in quantstrip("risk", "clear", "trend").stdout
    assert quantstrip("risk", "kill", "all").stdout == "trend: entries are off from the next bar on\n"
    assert quantstrip("risk", "kill", "all").stdout == "Nothing changed: entries were off already\n"
    assert "no reason was given" in quantstrip("risk", "status").stdout
    assert quantstrip("risk", "revive", "trend").stdout == "trend: entries are on from the next bar on\n"


def test_programs_read_which_clients_a_decision_changed(quantstrip: Run) -> None:
    assert json.loads(quantstrip("risk", "kill", "all", "--json").stdout) == [{"name": "trend", "entries": "off"}]
    assert json.loads(quantstrip("risk", "kill", "all", "--json").stdout) == []
    assert json.loads(quantstrip("risk", "revive", "trend", "--json").stdout) == [{"name": "trend", "entries": "on"}]
    (lifted,) = json.loads(quantstrip("risk", "clear", "trend", "--json").stdout)
    assert (lifted["rule"], lifted["reason"]) == ("max_drawdown", "equity fell 12.00%")
    assert json.loads(quantstrip("risk", "clear", "trend", "--json").stdout) == []


def test_an_unknown_client_and_an_unknown_rule_are_refused(quantstrip: Run) -> None:
    missing = quantstrip("risk", "kill", "trnd")
    assert missing.returncode == 1
    assert "no client 'trnd'" in missing.stderr
    assert "Clients: trend" in missing.stderr
    assert quantstrip("risk", "clear", "trend", "--rule", "max_loss").returncode == 2


def test_a_backtest_takes_a_warm_up_and_legs(quantstrip: Run) -> None:
    from quantstrip.home import asset

    file = str(asset("examples") / "ma_cross.py")
    options = ("--symbols", "AAPL", "--start", "2010-01-04", "--end", "2010-12-31", "--json")
    warm = json.loads(quantstrip("backtest", file, *options, "--warmup", "40", "--virtual-legs").stdout)
    assert (warm["run"]["warmup"], warm["run"]["start"]) == (40, "2010-01-04")
    refused = quantstrip("backtest", file, *options, "--warmup", "99999")
    assert refused.returncode == 1
    assert "a warm-up of 99999 was asked for" in refused.stderr
