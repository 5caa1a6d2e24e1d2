"""Real workers on a home of their own; strategies stand for work that is slow, stubborn, wrong or greedy."""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import tasks
from quantstrip.operations.tasks import Task

STRATEGY = """
import os, signal, subprocess, sys, time
from pathlib import Path
from quantstrip import StrategyBase


class Test(StrategyBase):
    parameters = ["label"]

    def __init__(self, symbols=None, label=""):
        super().__init__(name="test", symbols=symbols or ["IBM"])
        self.label = label
        self.seen = 0

    def on_bar(self, bar):
        self.seen += 1
        {body}
        return []
"""
SLOW = "time.sleep(0.02)"
STUBBORN = "time.sleep(600)"


def until(what: str, check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer of ``check``; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s (last answer: {found!r})"
        time.sleep(0.02)
    return found


@dataclass
class Desk:
    """A home whose tasks are queued straight into its ledger, and its workers."""

    home: Home
    folder: Path
    workers: "list[subprocess.Popen[bytes]]"

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.home)

    def set(self, path: str, value: Any, kind: str) -> None:
        SettingsManager(self.home).set_by_path(path, value, kind)

    def start(self, idle: float = 60.0) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "quantstrip.operations.worker", "--home", str(self.home.root)]
        self.workers.append(subprocess.Popen([*command, "--idle", str(idle)]))
        return self.workers[-1]

    def strategy(self, body: str) -> str:
        """A file with a strategy that does ``body`` at each bar."""
        lines = textwrap.indent(textwrap.dedent(body).strip(), " " * 8).strip()
        path = self.folder / f"strategy_{len(list(self.folder.iterdir()))}.py"
        path.write_text(STRATEGY.replace("{body}", lines))
        return str(path)

    def queue(self, body: str, **arguments: Any) -> int:
        """Queue a backtest of such a strategy; its number."""
        return self.ledger.add_task("backtest", {"file": self.strategy(body), **arguments}, "a test")

    def task(self, number: int) -> Task:
        return tasks.get(self.home, number)

    def await_state(self, number: int, *states: str) -> Task:
        def reached() -> Task | None:
            task = self.task(number)
            return task if task.state in states else None

        found: Task = until(f"task {number} is {' or '.join(states)}", reached)
        return found

    def await_work(self, number: int) -> Task:
        """Wait until bars are being shown to the strategy of a task."""

        def at_work() -> Task | None:
            task = self.task(number)
            assert not task.over, task
            return task if task.note == "running" else None

        found: Task = until(f"task {number} is at work", at_work)
        return found

    def output(self, number: int) -> str:
        return (self.home.tasks / str(number) / "output.log").read_text()


@pytest.fixture
def desk(tmp_path: Path, empty_database: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "home").create()
    home.database.write_bytes(empty_database.read_bytes())
    strategies = tmp_path / "strategies"
    strategies.mkdir()
    made = Desk(home, strategies, [])
    yield made
    for worker in made.workers:
        worker.kill()
        worker.wait(20)
    made.ledger.close()
