import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from quantstrip.cli import run
from quantstrip.home import Home
from quantstrip.ledger import open_ledger


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, empty_database: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home").create()
    made.database.write_bytes(empty_database.read_bytes())
    yield made
    open_ledger(made).close()


@pytest.fixture
def quantstrip(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command as a user types it, in a folder that is no home."""
    monkeypatch.setenv("QUANTSTRIP_HOME", str(home.root))
    monkeypatch.chdir(home.root.parent)

    def command(*arguments: str, given: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        capsys.readouterr()
        code = run(arguments)
        out = capsys.readouterr()
        return Done(code, out.out, out.err)

    return command
