"""A fill is recorded whole or not at all, wherever its process ends and whatever the disk says."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quantstrip.ledger import Ledger
from tests.integration.ledger.cut_off import EXECUTIONS, live

Open = Callable[..., Ledger]
PROGRAM = Path(__file__).with_name("cut_off.py")
ORDER = "SELECT symbol, side, total_quantity, client_reference, mode, leg, account, currency FROM orders"
STATUS = "SELECT status, filled_quantity, remaining_quantity, event_time FROM order_status ORDER BY order_status_id"
INTENTION = "SELECT symbol, position, event_type, status FROM strategy_event"
EXECUTION = "SELECT exec_id, side, quantity, price, amount, exec_time, trade_date FROM execution ORDER BY seq_id"
BOOKING = (
    "SELECT exec_id, position, avg_price, cost, realized_pnl, event_type FROM position_event ORDER BY execution_seq"
)
FEE = "SELECT exec_id, amount, currency FROM commission ORDER BY commission_id"
WHOLE_LIFE = (ORDER, STATUS, INTENTION, EXECUTION, BOOKING, FEE)


def content(ledger: Ledger) -> list[list[tuple[Any, ...]]]:
    return [ledger.query(sql)[1] for sql in WHOLE_LIFE]


def run(*arguments: object) -> list[str]:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=150
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.fixture
def template(open_at: Open, tmp_path: Path) -> Path:
    """A migrated database that no process has open."""
    ledger = open_at()
    path = ledger.path
    ledger.close()
    return Path(shutil.copy(path, tmp_path / "template.db"))


def test_killed_before_any_statement_of_an_orders_life_nothing_is_half_and_a_repeat_completes_it(
    template: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    undisturbed = Ledger(Path(shutil.copy(template, tmp_path / "whole.db")))
    live(undisturbed)
    whole = content(undisturbed)
    undisturbed.close()

    (statements,) = run("kill", template, killed)
    seen = set()
    for statement in range(1, int(statements) + 1):
        ledger = Ledger(killed / f"{statement}.db")
        assert ledger.integrity_check() == []
        orders, _, intentions, executions, bookings, fees = content(ledger)
        done = [row[0] for row in executions]
        assert done == list(EXECUTIONS[: len(done)])
        assert [row[0] for row in bookings] == [row[0] for row in fees] == done
        assert [row[1] for row in bookings] == [10.0, 20.0][: len(done)]
        assert len(orders) == len(intentions)
        assert [row[3] for row in intentions] == ["EXECUTED" if done else "PENDING"] * len(orders)
        seen.add((len(orders), len(done)))

        live(ledger)
        assert content(ledger) == whole
        ledger.close()

    assert int(statements) > 30
    assert seen == {(0, 0), (1, 0), (1, 1), (1, 2)}


def test_a_disk_that_takes_no_more_is_named_and_what_was_acknowledged_stays(template: Path) -> None:
    *told, error, last = run("full", template, 600_000)

    assert len(told) > 3
    assert "could not be read or written; nothing was written" in error
    assert "Look whether it is full" in error
    assert last == f"x{len(told)}"  # the one that failed is recorded at the next try
    with closing(Ledger(template)) as ledger:
        assert ledger.integrity_check() == []
        for table in ("execution", "position_event", "commission"):
            assert ledger.query(f"SELECT exec_id FROM {table} ORDER BY 1")[1] == sorted((one,) for one in [*told, last])
        assert ledger.query("SELECT position FROM v_positions")[1] == [(len(told) + 1.0,)]


def test_a_backup_onto_a_disk_that_takes_no_more_leaves_no_file(open_at: Open, tmp_path: Path) -> None:
    ledger = open_at()
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom quantstrip.ledger import Ledger\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "Ledger(Path(sys.argv[1])).backup(Path(sys.argv[2]))\n"
    )
    target = tmp_path / "copies" / "copy.db"

    ran = subprocess.run(
        [sys.executable, "-c", program, str(ledger.path), str(target)], capture_output=True, text=True, timeout=60
    )

    assert ran.returncode == 1
    assert f"LedgerError: the backup {target} cannot be written: " in ran.stderr
    assert "Free some space there, or choose another folder." in ran.stderr
    assert list(target.parent.iterdir()) == []
    assert ledger.integrity_check() == []
