"""A package that a user installed is importable in the first line of whatever runs for them, and shadows nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from tests.package_index import served

CLIENT = """import alpha, json, click
from quantstrip import ClientBase

class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        own = [each.__name__ for each in (json, click) if ".versions" in each.__file__]
        print("alpha", alpha.VERSION, "shadowed", own, flush=True)
        self.scheduler.every(1).seconds.do(self.stop_client)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Home]:
    """A home with two packages, one of which brings modules that Python and the platform have too."""
    folder = tmp_path_factory.mktemp("packages")
    made = Home(folder / "home").create()
    made.database.write_bytes(empty_database.read_bytes())
    with served(folder / "index") as index:
        index.wheel("alpha", "1.0")
        index.wheel("alpha", "2.0")
        index.wheel("shadow", "1.0", modules={"json.py": "", "click/__init__.py": ""})
        command(made, "package", "install", "alpha<2", "shadow", **index.environment())
        for name in ("uses_alpha", "own_alpha"):
            (made.clients / f"{name}.py").write_text(CLIENT, encoding="utf-8")
        command(made, "package", "install", "alpha", "--client", "own_alpha", **index.environment())
    yield made
    open_ledger(made).close()


def command(home: Home, *words: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root), *words],
        capture_output=True, text=True, check=False, timeout=120, cwd=home.root, env=os.environ | variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_in_a_client_which_may_have_an_environment_of_its_own(home: Home) -> None:
    assert "alpha 1.0 shadowed []" in command(home, "run", str(home.clients / "uses_alpha.py"))
    assert "alpha 2.0 shadowed []" in command(home, "run", str(home.clients / "own_alpha.py"))


@pytest.mark.parametrize(
    ("kind", "client", "version"),
    [("simulation", "uses_alpha", "1.0"), ("simulation", "own_alpha", "2.0"), ("rehearsal", "own_alpha", "2.0")],
)
def test_in_a_client_on_trial(home: Home, kind: str, client: str, version: str) -> None:
    command(home, "task", "run", kind, "--now", "--arguments", f'{{"file": "{home.clients / client}.py"}}')
    newest = max(home.tasks.iterdir(), key=lambda folder: int(folder.name))
    assert f"alpha {version} shadowed []" in (newest / "output.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("client", "version"), [("with_alpha", "1.0"), ("own_strategy", "2.0")])
def test_in_a_backtest(home: Home, client: str, version: str) -> None:
    strategy = home.clients / f"{client}.py"
    shutil.copytree(home.client_packages / "own_alpha", home.client_packages / "own_strategy", dirs_exist_ok=True)
    source = (asset("examples") / "ma_cross.py").read_text(encoding="utf-8")
    head, mark, rest = source.partition("from quantstrip")
    strategy.write_text(f"{head}import alpha\nassert alpha.VERSION == {version!r}\n{mark}{rest}", encoding="utf-8")
    assert "error" not in command(home, "backtest", str(strategy), "--symbols", "IBM").lower()
