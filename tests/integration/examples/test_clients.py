"""Every example client runs as it is, in a process of its own, and can be killed at any moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import DAY, MINUTE, SECOND, system_clock
from quantstrip.home import Home

EXAMPLES = Path(__file__).parents[3] / "examples"
PATIENCE = 40.0
_LIFE_CYCLE = ("orders", "order_status", "execution", "commission", "position_event", "strategy_event")


@pytest.fixture(autouse=True)
def _one_day() -> None:
    """The life cycle makes one order a day: start where a run does not reach into the next one."""
    left = DAY - system_clock.now() % DAY
    if left < 2 * MINUTE:
        time.sleep(left / SECOND + 1)


@contextmanager
def running(home: Home, example: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The example as ``quantstrip run`` starts it; ended when the block ends."""
    command = [sys.executable, "-m", "quantstrip.client", "--home", str(home.root), "--file", str(EXAMPLES / example)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=home.root, stdout=quiet, stderr=quiet, env={**os.environ, "TZ": "UTC"})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def wait_for(condition: Callable[[], Any], process: "subprocess.Popen[bytes]", home: Home) -> Any:
    """The first true answer of ``condition``; fails with the log when the process ends or patience does."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    logs = "\n".join(path.read_text() for path in home.logs.glob("*.log"))
    raise AssertionError(f"exit code {process.poll()}, log:\n{logs}")


def rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the ledger, none while it is being made."""
    if not home.database.exists():
        return []
    with closing(sqlite3.connect(f"{home.database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        return connection.execute(sql).fetchall() if {"execution", "job_run", *_LIFE_CYCLE} <= tables else []


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


def test_the_ten_line_client_has_ten_lines_and_runs(home: Home) -> None:
    code = (EXAMPLES / "ten_line_client.py").read_text().split('"""')[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10

    def counted() -> bool:
        log = home.logs / "ten_line_client.log"
        return log.exists() and "0 fills so far" in log.read_text()

    with running(home, "ten_line_client.py") as process:
        wait_for(counted, process, home)
        assert stop(process) == 0


def finished(home: Home) -> bool:
    return bool(rows(home, "SELECT 1 FROM order_status WHERE status = 'FILLED'"))


def snapshot(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(home, f"SELECT * FROM {table}") for table in _LIFE_CYCLE}


def test_the_life_cycle_is_written_whole_and_once_however_often_it_starts(home: Home) -> None:
    with running(home, "scheduled_life_cycle.py") as process:
        wait_for(lambda: finished(home), process, home)
        assert stop(process) == 0

    first = snapshot(home)
    assert {table: len(found) for table, found in first.items()} == {
        "orders": 1,
        "order_status": 2,
        "execution": 1,
        "commission": 1,
        "position_event": 1,
        "strategy_event": 1,
    }
    position = "SELECT position, trade_quantity, realized_pnl FROM position_event WHERE execution_seq IS NOT NULL"
    assert rows(home, position) == [(10.0, 10.0, 0.0)]
    assert rows(home, "SELECT status, position FROM strategy_event") == [("CONFIRMED", 10.0)]
    assert rows(home, "SELECT mode, side, total_quantity FROM orders") == [("paper", "BUY", 10.0)]

    jobs = "SELECT 1 FROM job_run WHERE outcome = 'ok'"
    before = len(rows(home, jobs))
    with running(home, "scheduled_life_cycle.py") as process:
        wait_for(lambda: len(rows(home, jobs)) > before, process, home)
        assert stop(process) == 0
    assert snapshot(home) == first


def test_killed_at_any_moment_nothing_is_lost_or_doubled(home: Home) -> None:
    marks = ("SELECT 1 FROM orders", "SELECT 1 FROM order_status", "SELECT 1 FROM execution")
    for mark in marks:
        with running(home, "scheduled_life_cycle.py") as process:
            wait_for(partial(rows, home, mark), process, home)
            process.kill()  # SIGKILL between two of its writes, wherever it is
            process.wait(PATIENCE)
    with running(home, "scheduled_life_cycle.py") as process:
        wait_for(lambda: finished(home), process, home)
        stop(process)

    assert {table: len(found) for table, found in snapshot(home).items()} == {
        "orders": 1,
        "order_status": 2,
        "execution": 1,
        "commission": 1,
        "position_event": 1,
        "strategy_event": 1,
    }
    assert rows(home, "SELECT status FROM strategy_event") == [("CONFIRMED",)]
