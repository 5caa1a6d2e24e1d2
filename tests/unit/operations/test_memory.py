"""Code that only ever grows fails with its line, long before the machine runs short."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from quantstrip.home import Home

_GROWS = """\
from quantstrip import StrategyBase


class Grows(StrategyBase):
    def __init__(self, symbols=None):
        super().__init__("grows", symbols or ["AAPL"])

    def on_bar(self, bar):
        kept = []
        while True:
            kept.append(bytearray(50_000_000))
"""


def _in_a_child(code: str) -> list[int]:
    text = f"import resource\nfrom quantstrip.operations.memory import bound_memory\n{code}"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_a_run_may_take_nine_tenths_of_the_machine_or_what_is_said_and_never_more_than_it_might() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    shown = "print(resource.getrlimit(resource.RLIMIT_DATA)[0])\n"
    found = _in_a_child(f"bound_memory()\n{shown}bound_memory(500)\n{shown}bound_memory(900)\n{shown}")
    assert 0.85 * whole < found[0] < 0.95 * whole
    assert found[1:] == [500_000_000, 500_000_000]


def test_a_strategy_that_grows_without_end_is_told_with_its_line_and_nothing_is_kept(tmp_path: Path) -> None:
    file, home = tmp_path / "grows.py", Home(tmp_path / "home").create()
    file.write_text(_GROWS)
    done = subprocess.run(
        [sys.executable, "-m", "quantstrip", "--home", str(home.root), "backtest", str(file)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (1_500_000_000, resource.RLIM_INFINITY)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "raised MemoryError" in done.stderr
    assert f"{file}, line 11" in done.stderr
    assert not list(home.runs.glob("*"))
