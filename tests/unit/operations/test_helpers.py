"""Helper files of a strategy: part of its hash, and served from the text that was hashed."""

import hashlib
from pathlib import Path

import pytest

from quantstrip.errors import StrategyLoadError
from quantstrip.home import Home
from quantstrip.operations.research import Setup, prepare

STRATEGY = """\
from quantstrip import Signal, StrategyBase
from sizes_of_mine import units
import parts_of_mine.inner


class Buys(StrategyBase):
    timeframe = "1d"

    def __init__(self, symbols=None):
        super().__init__(name="buys", symbols=symbols or ["IBM"])
        self.done = False

    def on_bar(self, bar):
        if self.done:
            return []
        self.done = True
        return [Signal(bar.symbol, "BUY", quantity=units() + parts_of_mine.inner.MORE)]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "buys.py"
    (path.parent / "parts_of_mine").mkdir(parents=True)
    path.write_text(STRATEGY)
    (path.parent / "sizes_of_mine.py").write_text("def units():\n    return 3\n")
    (path.parent / "parts_of_mine" / "__init__.py").write_text("")
    (path.parent / "parts_of_mine" / "inner.py").write_text("MORE = 1\n")
    return path


def _ready(file: Path) -> Setup:
    return prepare(Home(file.parent.parent / "home"), file, symbols=["IBM"], end="2000-04-01", risk="off")


def _bought(setup: Setup) -> float:
    return setup.run().fills[0].quantity


def test_an_edit_of_a_helper_changes_hash_and_run_at_once_though_size_and_second_are_the_same(file: Path) -> None:
    before = _ready(file)
    (file.parent / "sizes_of_mine.py").write_text("def units():\n    return 5\n")
    after = _ready(file)
    assert before.code_hash != after.code_hash
    assert before.run().run["code_hash"] == before.code_hash
    assert (_bought(after), _bought(before)) == (6.0, 4.0), "each runs the text that its hash is of"


def test_a_run_needs_no_file_any_more_once_it_is_prepared(file: Path) -> None:
    ready = _ready(file)
    for path in file.parent.rglob("*.py"):
        path.unlink()
    assert _bought(ready) == 4.0


def test_two_strategies_with_helpers_of_one_name_have_each_their_own(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "buys.py"
    other.parent.mkdir()
    other.write_text(STRATEGY.replace("import parts_of_mine.inner\n", "").replace(" + parts_of_mine.inner.MORE", ""))
    (other.parent / "sizes_of_mine.py").write_text("def units():\n    return 7\n")
    mine, theirs = _ready(file), _ready(other)
    assert (_bought(mine), _bought(theirs), _bought(mine)) == (4.0, 7.0, 4.0)


def test_the_hash_of_a_file_without_helpers_is_that_of_its_text(file: Path) -> None:
    file.write_text(STRATEGY.replace("from sizes_of_mine import units\nimport parts_of_mine.inner\n", ""))
    assert _ready(file).code_hash == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_helper_that_does_not_compile_is_told_with_its_line_and_nothing_runs(file: Path) -> None:
    (file.parent / "sizes_of_mine.py").write_text("def units():\n    return (\n")
    with pytest.raises(StrategyLoadError, match=r"sizes_of_mine\.py:2 does not compile"):
        _ready(file)


def test_an_installed_package_wins_over_a_helper_of_its_name(file: Path) -> None:
    (file.parent / "numpy.py").write_text("raise RuntimeError('never imported')\n")
    file.write_text("import numpy\n" + STRATEGY)
    assert "numpy.py" not in _ready(file).helpers.files
