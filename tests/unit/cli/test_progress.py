"""The progress bar: on a terminal and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from quantstrip.cli.progress import Bar
from quantstrip.home import Home, asset


def test_a_bar_draws_only_what_can_be_seen() -> None:
    drawn: list[tuple[int, str]] = []
    bar = Bar(lambda step, note: drawn.append((step, note)))
    for number in range(100_001):
        bar.to(number / 100_000, "running")
    bar.to(0.5, "back")
    assert sum(step for step, _ in drawn) == 200
    assert len(drawn) <= 202
    assert drawn[-1] == (0, "back"), "it never goes back"
    assert bar.shown
    assert not Bar().shown
    Bar().to(0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backtest", "FILE", "--symbols", "IBM", "--end", "2001-01-01"], "total return"),
        (
            [
                "task",
                "run",
                "backtest",
                "--now",
                "--arguments",
                '{"file": "FILE", "symbols": ["IBM"], "end": "2001-01-01"}',
            ],
            "done, 100% done",
        ),
        (["data", "import", "DATA/IBM.csv", "DATA/MSFT.csv"], "MSFT 1d: "),
    ],
)
def test_long_commands_show_how_far_they_are_on_a_terminal_and_what_is_piped_stays_clean(
    home: Home, tmp_path: Path, arguments: list[str], words: str
) -> None:
    example = str(asset("examples") / "ma_cross.py")
    command = [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root)]
    prices = str(asset("examples") / "data")
    command += [each.replace("FILE", example).replace("DATA", prices) for each in arguments]
    ours, theirs = pty.openpty()
    piped = tmp_path / "out"
    try:
        with piped.open("wb") as out:
            assert subprocess.run(command, stdout=out, stderr=theirs, timeout=120, check=False).returncode == 0
        os.set_blocking(ours, False)
        seen = os.read(ours, 10_000_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "#" in seen
    assert "100%" in seen
    assert words in piped.read_text()
    assert "#" not in piped.read_text()
    quiet = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert quiet.stderr == b""
