"""Homes with something to lose, and clients that are tried out in them."""

import hashlib
import sqlite3
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import tasks
from quantstrip.operations.tasks import Task

HEAD = """
import os, shutil, socket, sqlite3, subprocess, sys, threading, time, datetime
from pathlib import Path
from quantstrip import ClientBase, db_handler, email_manager, logger, send_email, settings
from quantstrip.home import find_home


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        {schedule}

    def job(self):
        {job}
"""
SOON = "self.scheduler.every().second.do(self.job)"


@dataclass
class Lab:
    """A home with a fill, a secret, a mail account and a client that runs; and files to be tried out."""

    home: Home
    folder: Path

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.home)

    def client(self, job: str = "pass", schedule: str = SOON, name: str = "tried", extra: str = "") -> Path:
        """A client's file."""
        indented = textwrap.indent(textwrap.dedent(job).strip(), " " * 8).strip()
        planned = textwrap.indent(textwrap.dedent(schedule).strip(), " " * 8).strip()
        path = self.folder / f"{name}.py"
        more = textwrap.indent(textwrap.dedent(extra), "    ")
        path.write_text(HEAD.replace("{schedule}", planned).replace("{job}", indented) + more)
        return path

    def simulate(self, file: Path, **arguments: Any) -> Task:
        """Run a simulation in this process until it ends."""
        return tasks.run_now(self.home, "simulation", {"file": str(file), **arguments})

    def rehearse(self, file: Path, **arguments: Any) -> Task:
        return tasks.run_now(self.home, "rehearsal", {"file": str(file), **arguments})

    def output(self, task: Task | int) -> str:
        number = task if isinstance(task, int) else task.task_id
        return (self.home.tasks / str(number) / "output.log").read_text()

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the real ledger, but those of the tasks themselves."""
        with closing(sqlite3.connect(self.home.database)) as raw:
            names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: raw.execute(f"SELECT * FROM {name}").fetchall()
                for name in names
                if name not in {"task", "sqlite_sequence"}
            }

    def files(self) -> Mapping[str, str]:
        """Digest of every file of the home."""
        return {
            str(path.relative_to(self.home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.home.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def lab(empty_database: Path) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="lab-") as short:  # the address of a socket may not be long
        yield from a_lab(Path(short), empty_database)


def a_lab(tmp_path: Path, empty_database: Path) -> Iterator[Lab]:
    home = Home(tmp_path / "home").create()
    home.database.write_bytes(empty_database.read_bytes())
    settings = SettingsManager(home)
    settings.set_by_path("broker.token", "s3cret-of-the-broker", "secret")
    settings.set_by_path("broker.host", "api.broker.example", "text")
    settings.set_by_path("clients.tried.size", 7, "int")
    settings.set_by_path("notify.recipients", ["me@example.com"], "list")
    ledger = open_ledger(home)
    order = ledger.insert_order(
        strategy_id="S", side="BUY", symbol="IBM", total_quantity=10, order_type="MARKET", mode="live"
    )
    ledger.insert_execution("x1", order, side="BUY", quantity=10, price=100.0)
    folder = tmp_path / "files"
    folder.mkdir()
    yield Lab(home, folder)
    ledger.close()
