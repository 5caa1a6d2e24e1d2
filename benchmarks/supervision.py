"""Supervision: fifty idle clients under one service, and how soon a killed one is back.

Both bounds are absolute seconds, so ``detail`` carries what this machine needs for the same imports in bare processes.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.browsing import figure, free_port, until
from quantstrip.clock import SECOND, from_text, system_clock
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import clients, service

CLIENTS = 50
KILLS = 9
START_BOUND = 30.0
RESTART_BOUND = 3.0
IDLE = "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"
BARE = "import sqlalchemy, schedule, loguru"


def run() -> Iterator[dict[str, Any]]:
    """Start the service on a home of its own, measure, stop it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once, not in every process
    with tempfile.TemporaryDirectory(prefix="quantstrip-bench-") as folder:
        home = Home(Path(folder) / "home").create()
        names = [f"idle_{number:02d}" for number in range(CLIENTS)]
        for name in names:
            (home.clients / f"{name}.py").write_text(IDLE)
            clients.deploy(home, name, start=False)
        bare = bare_imports(CLIENTS)
        service.up(home, port=free_port(), detach=True)
        try:
            yield start_all(home, names, bare)
            yield from kill_some(home, names[:KILLS])
        finally:
            service.down(home)
            open_ledger(home).close()


def start_all(home: Home, names: list[str], bare: float) -> dict[str, Any]:
    """Seconds from the first ``start`` until all clients beat."""
    ledger = open_ledger(home)
    begun = time.monotonic()
    for name in names:
        clients.start(home, name)
    given = time.monotonic() - begun
    until("all clients beat", lambda: beating(ledger) >= set(names), 180)
    seconds = time.monotonic() - begun
    detail = {"clients": len(names), "starts_given_s": round(given, 2), "bare_imports_s": round(bare, 2)}
    return figure("50 idle clients beat after start, s", seconds, START_BOUND, detail)


def kill_some(home: Home, names: list[str]) -> Iterator[dict[str, Any]]:
    """Seconds from ``kill -9`` of a client to the first heartbeat of its next process; the other clients go on."""
    ledger = open_ledger(home)
    until("all run", lambda: all(clients.client_status(home, name).state == "running" for name in names), 60)
    time.sleep(2)  # the start's burst is over
    taken = []
    for name in names:
        before = ledger.last_client_run(name)
        assert before is not None
        killed = system_clock.now()
        os.kill(before["pid"], signal.SIGKILL)
        after = _await_next(ledger, name, before["pid"])
        taken.append((from_text(after["started"]) - killed) / SECOND)
    detail = {"kills": len(taken), "each_s": [round(seconds, 3) for seconds in taken], "bare_import_s": bare_imports(1)}
    yield figure("kill -9 to the next heartbeat, median s", statistics.median(taken), RESTART_BOUND, detail)
    yield figure("kill -9 to the next heartbeat, worst s", max(taken), RESTART_BOUND, detail)


def beating(ledger: Ledger) -> set[str]:
    """Clients whose run is open and has a heartbeat."""
    return {row["client"] for row in ledger.open_client_runs() if row["heartbeat"]}


def bare_imports(count: int) -> float:
    """Seconds until ``count`` bare processes, started together, have imported what every client needs."""
    begun = time.monotonic()
    processes = [subprocess.Popen([sys.executable, "-c", BARE]) for _ in range(count)]
    for process in processes:
        process.wait()
    return round(time.monotonic() - begun, 3)


def _await_next(ledger: Ledger, name: str, old: int) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (found := ledger.last_client_run(name)) is None or found["pid"] == old:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} did not come back")
        time.sleep(0.02)
    return found
