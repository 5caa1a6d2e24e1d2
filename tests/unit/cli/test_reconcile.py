"""``quantstrip reconcile``: a Flex file in, one report out; differences decide the exit code where that is asked."""

import json
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from tests.unit.brokers.flex_samples import position, positions, response, statement, trade, trades, write
from tests.unit.cli.conftest import Run


@pytest.fixture
def week(home: Home, tmp_path: Path) -> str:
    ledger = open_ledger(home)
    ledger.insert_broker("IBKR")
    ledger.insert_order(None, "trend", "IBKR", "U1", "SPY", "BUY", "MKT", 10, client_reference="ref")
    text = response(statement(trades(trade("x1", orderReference="ref")), positions(position("SPY", 10))))
    return str(write(tmp_path, text))


def test_it_reports_takes_over_and_then_agrees(quantstrip: Run, week: str) -> None:
    first = quantstrip("reconcile", "flex", week, "--check")
    assert (first.returncode, "Missing here" in first.stdout) == (1, True)
    assert "2 differences are left." in first.stdout

    second = quantstrip("reconcile", "flex", week, "--take-over", "--check")
    assert second.returncode == 0
    assert "x1: BUY 10 SPY at 400 on 2024-03-06, fee 1 USD -> trend, order" in second.stdout
    assert second.stdout.endswith("Ledger and broker agree.\n")

    third = quantstrip("reconcile", "flex", week, "--take-over", "--json")
    found = json.loads(third.stdout)
    assert (found["taken_over"], found["differences"], found["executions"], found["positions"]) == ([], [], 1, 1)


def test_past_ones_are_listed_and_shown(quantstrip: Run, week: str) -> None:
    quantstrip("reconcile", "flex", week)

    assert "Flex: week.xml" in quantstrip("reconcile", "list").stdout
    shown = quantstrip("reconcile", "show", "1").stdout
    assert "MISSING_HERE" in shown
    assert quantstrip("reconcile", "show", "9").returncode == 1


def test_a_dry_run_keeps_nothing_and_does_not_go_with_taking_over(quantstrip: Run, week: str) -> None:
    assert "(dry run)" in quantstrip("reconcile", "flex", week, "--dry-run").stdout
    assert json.loads(quantstrip("reconcile", "list", "--json").stdout) == []
    assert quantstrip("reconcile", "flex", week, "--dry-run", "--take-over").returncode == 2


def test_a_broken_file_and_another_account_are_one_readable_message(quantstrip: Run, week: str, home: Home) -> None:
    Path(week).write_text(Path(week).read_text()[:300])
    done = quantstrip("reconcile", "flex", week, "--take-over")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not whole" in done.stderr

    other = write(Path(week).parent, response(statement(trades(), account="U9")), "other.xml")
    done = quantstrip("reconcile", "flex", str(other), "--take-over")
    assert (done.returncode, "is of U9; the live ledger knows U1" in done.stderr) == (1, True)
    assert open_ledger(home).reconciliations() == []


def test_positions_that_clients_wrote_are_compared(quantstrip: Run, home: Home, week: str) -> None:
    open_ledger(home).insert_position_external("U1", "SPY", 10.0)

    done = quantstrip("reconcile", "positions", "--check")

    assert (done.returncode, "  position U1 SPY: 10\n" in done.stdout) == (1, True)


def test_fees_that_came_alone_are_not_told_as_a_trade(quantstrip: Run, week: str, home: Home) -> None:
    open_ledger(home).insert_execution(
        "x1", None, "trend", symbol="SPY", side="BUY", quantity=10, price=400.0, exec_time="2024-03-06 15:30:00",
        account="U1", contract_id="c-SPY",
    )  # fmt: skip

    told = quantstrip("reconcile", "flex", week, "--take-over").stdout

    assert "  x1: the fees alone, of BUY 10 SPY at 400 on 2024-03-06, fee 1 USD -> trend\n" in told


def test_a_line_names_its_symbol_once(quantstrip: Run, week: str) -> None:
    told = quantstrip("reconcile", "flex", week).stdout
    lines = [line for line in told.splitlines() if line.startswith("  ")]
    assert lines == [
        "  execution U1 x1: BUY 10 SPY at 400 on 2024-03-06, fee 1 USD",
        "  position U1 SPY (c-SPY): 10",
    ]


def test_an_account_is_named_once(quantstrip: Run, home: Home, tmp_path: Path) -> None:
    other = str(write(tmp_path, response(statement(trades(), positions(), account="U9")), "other.xml"))
    assert quantstrip("reconcile", "flex", other, "--take-over").returncode == 1
    assert quantstrip("reconcile", "flex", other, "--take-over", "--account", "U9").returncode == 0

    again = quantstrip("reconcile", "flex", other, "--take-over")

    assert again.returncode == 0, again.stderr
