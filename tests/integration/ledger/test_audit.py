"""The audit chain holds whatever processes do: writing together, being killed, being measured against their rows."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger
from tests.integration.ledger.cut_off import live

Open = Callable[..., Ledger]
FOLDER = Path(__file__).parent


@pytest.fixture
def audited(open_at: Open) -> Ledger:
    ledger = open_at()
    ledger.set_audit(True)
    return ledger


def test_four_processes_that_write_at_once_make_one_chain_without_a_hole(audited: Ledger) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, str(FOLDER / "writer.py"), "fills", str(audited.path), f"s{n}", "25"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(4)
    ]  # fmt: skip
    told = [writer.communicate(timeout=150) for writer in writers]

    found = audited.verify_audit(recorded=audited.audit_head())
    assert [error for _, error in told] == [""] * 4
    assert found.problem is None
    assert found.rows == 4 * (1 + 25 * 3)  # an order; execution, position event and commission of each fill
    assert audited.query("SELECT count(*), max(sequence), count(DISTINCT writer) FROM audit_link")[1] == [
        (found.links, found.links, 5)  # 0 stands for links about the chain itself
    ]


def test_a_forked_process_and_its_parent_both_carry_the_chain_on(audited: Ledger) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom quantstrip.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.insert_order(None, 'before', None, 'U1', 'AAPL', 'BUY', 'MKT', 1)\n"
        "child = os.fork()\n"
        "for _ in range(20):\n    ledger.insert_order(None, str(child == 0), None, 'U1', 'AAPL', 'BUY', 'MKT', 1)\n"
        "if child:\n    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(audited.path)], capture_output=True, text=True, timeout=60)

    assert ran.stderr == ""
    found = audited.verify_audit()
    assert found.problem is None
    assert found.rows == 41


def test_killed_before_any_statement_the_chain_verifies_and_a_repeat_completes_it(
    audited: Ledger, home: Home, tmp_path: Path
) -> None:
    """Each child kills itself at another statement of an order's life, the chain's own statements included."""
    audited.close()
    killed = tmp_path / "killed"
    killed.mkdir()
    ran = subprocess.run(
        [sys.executable, str(FOLDER / "cut_off.py"), "kill", str(home.root), str(killed)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr

    statements, rows = int(ran.stdout), set()
    for statement in range(1, statements + 1):
        with closing(Ledger(Home(killed / str(statement)))) as ledger:
            found = ledger.verify_audit()
            assert found.problem is None
            rows.add(found.rows)
            if statement % 4 == 0:
                live(ledger)
                completed = ledger.verify_audit()
                assert completed.problem is None
                assert completed.rows == 10
    assert statements > 60
    assert {0, 10} < rows
