"""Programs read one JSON value from standard output, whatever a strategy prints."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home

TALKER = """
from quantstrip import Signal, StrategyBase

print("a file that talks")


class Talker(StrategyBase):
    parameters = ["units"]
    timeframe = "1d"

    def __init__(self, symbols=None, units=5):
        super().__init__(name="talker", symbols=symbols or ["IBM"])
        self.units = units

    def on_stop(self):
        print("so long")

    def on_bar(self, bar):
        return [Signal("WHAT", "BUY", quantity=self.units)]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home")).create()


def asked(home: Home, file: Path, *words: str) -> tuple[Any, str]:
    """What a command answers as JSON, and what it says besides."""
    command = [sys.executable, "-m", "quantstrip", "--home", str(home.root), *words, str(file), "--json"]
    done = subprocess.run(
        [*command, "--end", "2000-03-10"], capture_output=True, text=True, check=True, timeout=120
    )  # fmt: skip
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["backtest", "--no-keep"], "run"),
        (["sweep", "--grid", "units=1,2"], "points"),
        (["validate", "lookahead"], "clean"),
    ],
    ids=["backtest", "sweep", "validate"],
)  # fmt: skip
def test_json_stands_alone_and_what_the_strategy_prints_goes_to_the_other_stream(
    home: Home, tmp_path: Path, words: list[str], key: str
) -> None:
    file = tmp_path / "talker.py"
    file.write_text(TALKER)
    found, said = asked(home, file, *words)
    assert key in found
    assert "a file that talks\n" in said
    if words[0] == "backtest":
        first = found["rejected"][0]
        assert "so long\n" in said
        assert (first["time"], first["symbol"], first["rule"]) == ("2000-03-01", "WHAT", "validity")
