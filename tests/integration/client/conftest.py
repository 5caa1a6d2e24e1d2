"""Real clients in real processes on a real ledger."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import system_clock
from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger


class Station:
    """A home, its ledger, and the client processes that a test starts."""

    def __init__(self, root: Path, bytecode: Path) -> None:
        self.home = Home(root).create()
        # Compiled once a session: without bytecode each process would spend a second of CPU on compiling alone.
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
        self.ledger: Ledger = open_ledger(self.home)
        self.settings = SettingsManager(self.home)
        self.processes: list[subprocess.Popen[str]] = []

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
        """The first true value of ``condition``, polled until a deadline."""
        deadline = system_clock.monotonic() + seconds
        while not (value := condition()):
            assert system_clock.monotonic() < deadline, f"waited {seconds} s for {what}"
            system_clock.wait(0.02)
        return value

    def deploy(self, name: str, text: str, code_hash: str = "v1", **helpers: str) -> Path:
        """Put a version of a client where deploying puts it."""
        folder = self.home.deployed / name / code_hash
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in {name: text, **helpers}.items():
            (folder / f"{stem}.py").write_text(textwrap.dedent(content), encoding="utf-8")
        self.ledger.set_client(name, code_hash=code_hash, desired_state="running")
        return folder / f"{name}.py"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a client's process as the service does."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "quantstrip.client", *arguments, "--home", str(self.home.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )
        self.processes.append(process)
        return process

    def start_beating(self, name: str) -> "subprocess.Popen[str]":
        """Start a client and wait until its schedule runs."""
        process = self.start(name)
        self.wait_for(lambda: self.says(name, "ready") or process.poll() is not None, f"{name} to be ready")
        assert process.poll() is None, process.communicate()[0]
        return process

    def says(self, name: str, words: str) -> bool:
        """True when the client's log holds ``words``."""
        log = self.home.logs / f"{name}.log"
        return log.exists() and words in log.read_text(encoding="utf-8")

    def run(self, *arguments: str, seconds: float = 30.0) -> tuple[int, str]:
        """Run a client to its end: exit code and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output

    def outcomes(self, name: str) -> list[str]:
        """Outcomes of the client's job runs, oldest first."""
        return [str(run["outcome"] or "running") for run in reversed(self.ledger.job_runs(name))]

    def last_run(self, name: str) -> dict[str, Any]:
        """The newest process of the client, as recorded."""
        run = self.ledger.last_client_run(name)
        assert run is not None
        return run

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()
        self.ledger.close()


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def station(tmp_path: Path, bytecode: Path) -> Iterator[Station]:
    station = Station(tmp_path / "home", bytecode)
    yield station
    station.close()
