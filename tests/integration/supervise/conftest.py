"""A real service: ``quantstrip up`` in a process of its own, with a supervisord, a warden and real clients."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import clients
from quantstrip.operations.client_status import ClientStatus
from quantstrip.supervise.adapter import SupervisordSupervisor
from tests.ports import free_port

IDLE = """
    from quantstrip import ClientBase

    class Client(ClientBase):
        pass
"""


def until(what: str, check: Callable[[], Any], seconds: float = 90.0) -> Any:
    """The first true answer of ``check``, asked again and again; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s (last answer: {found!r})")
        time.sleep(0.02)


def processes_of(home: Home, *words: str) -> list[psutil.Process]:
    """Every live process whose command line names ``home`` and all ``words``."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if process.info["status"] == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            continue
        if any(str(home.root) in part for part in line) and all(word in line for word in words):
            found.append(process)
    return found


@dataclass
class Service:
    """One home and its service."""

    home: Home
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.home)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "quantstrip", "--home", str(self.home.root), *arguments]

    def cli(self, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False, input=given
        )

    def up(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start ``quantstrip up`` in the foreground and wait until its supervisor and warden run."""
        self.process = subprocess.Popen(
            self.command("up", "--port", str(self.port), *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        until("the warden runs", self.warden_pid)
        return self.process

    def warden_pid(self) -> int:
        assert self.process is None or self.process.poll() is None, self.words()
        return self.pid_of("warden")

    def pid_of(self, program: str) -> int:
        if not SupervisordSupervisor(self.home).alive():
            return 0
        states = SupervisordSupervisor(self.home).states()
        return next((state.pid for state in states if state.name == program), 0)

    def words(self) -> str:
        """What ``up`` printed, once it ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def end(self, number: int = signal.SIGTERM) -> str:
        """Signal ``up``, wait for its end, give back what it printed."""
        assert self.process is not None
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=120)
        return out

    def write(self, name: str, source: str = IDLE) -> Path:
        path = self.home.clients / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    def deploy(self, name: str, source: str = IDLE) -> None:
        """Deploy a client without waiting for what becomes of it."""
        clients.deploy(self.home, self.write(name, source), wait_seconds=0)

    def run(self, name: str, source: str = IDLE) -> ClientStatus:
        """Deploy a client and wait until it beats."""
        self.deploy(name, source)
        return self.await_state(name, "running")

    def status(self, name: str) -> ClientStatus:
        return clients.client_status(self.home, name)

    def await_state(self, name: str, state: str, seconds: float = 90.0) -> ClientStatus:
        def reached() -> ClientStatus | None:
            status = self.status(name)
            return status if status.state == state else None

        try:
            found: ClientStatus = until(f"{name} is {state}", reached, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.status(name)}") from None
        return found

    def copies(self, name: str) -> list[psutil.Process]:
        return processes_of(self.home, "quantstrip.client", name)

    def finish(self) -> None:
        """End whatever is left, by its own pid."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.communicate(timeout=120)
                except subprocess.TimeoutExpired:
                    self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process.wait(60)
        for process in processes_of(self.home):
            process.kill()


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Every client is a new interpreter: without compiled files each one compiles the whole package again."""
    kept = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    yield
    if kept is not None:
        os.environ["PYTHONDONTWRITEBYTECODE"] = kept


def prepare(folder: Path) -> Service:
    """A home with short times, so that tests wait for seconds and not for minutes."""
    home = Home(folder).create()
    settings = SettingsManager(home)
    settings.set_by_path("service.heartbeat_seconds", 0.25, "float")
    settings.set_by_path("service.heartbeat_stale_seconds", 6.0, "float")
    settings.set_by_path("service.restart_delays", [0, 0.1, 0.2], "list")
    settings.set_by_path("service.stop_seconds", 5.0, "float")
    return Service(home)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that runs for a whole module; each test uses clients of its own."""
    made = prepare(tmp_path_factory.mktemp("service") / "home")
    made.up()
    try:
        yield made
    finally:
        made.finish()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A home whose service the test itself starts and ends."""
    made = prepare(tmp_path / "home")
    try:
        yield made
    finally:
        made.finish()
