"""What an open page that nobody touches costs the server: twenty clients that run a job now and then, a million fills.

The server's processor time is measured while one browser has the page open, and given as a share of one core: so it
does not depend on what else the machine does meanwhile.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
from playwright.sync_api import Browser

from benchmarks.browsing import browser, figure, until, visitor
from benchmarks.pages import CLIENTS
from benchmarks.supervision import beating
from benchmarks.year import make_year
from quantstrip.errors import ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, service, service_health
from quantstrip.supervise.adapter import SupervisordSupervisor

SECONDS: Final = 30.0
BOUND: Final = 0.05
_SETTLED: Final = 6.0
_PATIENCE: Final = 300.0
_PAGES: Final = {"Client Monitor": "/monitor", "Home": "/", "a client's page": "/client?name=idle_00"}
_CLIENT: Final = """
from quantstrip import ClientBase


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.scheduler.every(30).seconds.do(self.look)

    def look(self):
        pass
"""


def run() -> Iterator[dict[str, Any]]:
    """Start a service with its clients, look at each page for half a minute, remove all of it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="quantstrip-monitor-") as folder:
        home = Home(Path(folder) / "home").create()
        make_year(home.database).close()
        names = {f"idle_{number:02d}" for number in range(CLIENTS)}
        for name in names:
            (home.clients / f"{name}.py").write_text(_CLIENT)
            clients.deploy(home, name, start=False)
            open_ledger(home).set_client(name, desired_state="running")
        try:
            port = service_health.start_service(home).port
            until("all clients beat", lambda: beating(open_ledger(home)) >= names, _PATIENCE)
            with browser() as chromium:
                for title, path in _PAGES.items():
                    yield idle(chromium, home, port, title, path)
        finally:
            with suppress(ServiceNotRunning):  # it did not even start
                service.down(home)
            open_ledger(home).close()


def idle(chromium: Browser, home: Home, port: int, title: str, path: str) -> dict[str, Any]:
    """The server's share of a core while the page is open and nobody touches it."""
    with visitor(chromium, home, port) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}{path}")
        page.wait_for_selector("[data-testid=stDataFrame], .qs-tiles")
        time.sleep(_SETTLED)
        before, begun = _used(home), time.monotonic()
        time.sleep(SECONDS)
        used, passed = _used(home) - before, time.monotonic() - begun
        rows = page.locator("[data-testid=stDataFrame] tbody tr").count()
    share = used / passed
    detail = {"processor_s": round(used, 2), "seconds": round(passed, 1), "rows": rows}
    return figure(f"{title} open and idle, {CLIENTS} clients: the server's share of a core", share, BOUND, detail)


def _used(home: Home) -> float:
    """Processor seconds of the dashboard's process."""
    pid = next(state.pid for state in SupervisordSupervisor(home).states() if state.name == "dashboard")
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
