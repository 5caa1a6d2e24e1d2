"""What a client costs before it does anything: time and modules of its imports, and resident memory while idle.

The yardstick is what no client can do without: importing SQLAlchemy Core, schedule and loguru. Both sides run on
compiled bytecode, in turn, each in a process of its own; ratios are of medians.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from quantstrip.clock import system_clock
from quantstrip.home import Home
from quantstrip.ledger import Ledger

YARDSTICK = "import sqlalchemy, schedule, loguru"
PUBLIC = "from quantstrip import ClientBase, db_handler, settings"
ROUNDS = 15
IMPORT_BOUND = MEMORY_BOUND = 1.5
HEAVY = ("pandas", "numpy", "streamlit", "alembic", "sqlalchemy.orm")
IDLE = """
from quantstrip import ClientBase, db_handler, settings

class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.scheduler.every().day.at("15:45", "America/New_York").do(self.job)

    def job(self):
        pass
"""
_PROBE = """
import json, sys, time
start = time.process_time()
{imports}
taken = time.process_time() - start
status = open("/proc/self/status").read()
print(json.dumps([taken * 1000, int(status.split("VmRSS:")[1].split()[0]) / 1024, sorted(sys.modules)]))
"""


def run() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="quantstrip-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        pairs = [(_probe(YARDSTICK, environment), _probe(PUBLIC, environment)) for _ in range(ROUNDS + 1)][1:]
        base_ms, ours_ms = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
        base_mb = statistics.median(pair[0][1] for pair in pairs)
        yield _row(
            "import of the public names / sqlalchemy+schedule+loguru",
            ours_ms / base_ms,
            IMPORT_BOUND,
            f"{ours_ms:.0f} ms against {base_ms:.0f} ms of CPU time, median of {ROUNDS}",
        )
        loaded = [name for name in HEAVY if name in pairs[0][1][2]]
        yield _row("heavy modules loaded by the public names", len(loaded), 0, ", ".join(loaded) or "none")
        idle_mb, mapped = _idle(Path(folder) / "home", environment)
        yield _row(
            "resident memory of an idle client / sqlalchemy+schedule+loguru",
            idle_mb / base_mb,
            MEMORY_BOUND,
            f"{idle_mb:.1f} MB after five heartbeats against {base_mb:.1f} MB",
        )
        yield _row("heavy extension modules mapped by an idle client", len(mapped), 0, ", ".join(mapped) or "none")


def _probe(imports: str, environment: dict[str, str]) -> tuple[float, float, list[str]]:
    """CPU milliseconds, resident MB and modules of a process that runs ``imports``."""
    command = [sys.executable, "-P", "-c", _PROBE.format(imports=imports)]
    milliseconds, megabytes, modules = json.loads(subprocess.check_output(command, env=environment, text=True))
    return milliseconds, megabytes, modules


def _idle(root: Path, environment: dict[str, str]) -> tuple[float, list[str]]:
    """Resident MB of a real idle client after five heartbeats, and what heavy it has mapped."""
    home = Home(root).create()
    home.settings_file.write_text("[service]\nheartbeat_seconds = 0.5\n", encoding="utf-8")
    file = home.deployed / "idle" / "v1" / "idle.py"
    file.parent.mkdir(parents=True)
    file.write_text(IDLE, encoding="utf-8")
    ledger = Ledger(home)
    ledger.ensure()
    ledger.set_client("idle", code_hash="v1")
    command = [sys.executable, "-P", "-m", "quantstrip.client", "idle", "--home", str(root)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        beats: set[str] = set()
        deadline = system_clock.monotonic() + 60
        while len(beats) < 6:
            if process.poll() is not None or system_clock.monotonic() > deadline:
                raise RuntimeError(f"the idle client gave no five heartbeats, exit code {process.poll()}")
            run = ledger.last_client_run("idle")
            beats |= {str(run["heartbeat"])} if run and run["next_job_time"] else set()
            system_clock.wait(0.05)
        client = psutil.Process(process.pid)
        maps = {Path(each.path).parts for each in client.memory_maps()}
        mapped = [name for name in HEAVY if any(name in parts for parts in maps)]
        return client.memory_info().rss / 2**20, mapped
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        ledger.close()


def _row(name: str, value: float, bound: float, detail: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "bound": bound, "ok": value <= bound, "detail": detail}


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row))
