"""A loop without end is found by Ctrl-C: the message names where it was."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from quantstrip.home import Home


def test_a_stopped_backtest_names_the_line_of_the_script_it_was_in_and_keeps_nothing(tmp_path: Path) -> None:
    file, begun = tmp_path / "loop.py", tmp_path / "begun"
    file.write_text(
        "from quantstrip import StrategyBase\n\n\nclass Loop(StrategyBase):\n"
        "    def __init__(self, symbols=None):\n        super().__init__('loop', symbols or ['AAPL'])\n\n"
        f"    def on_bar(self, bar):\n        open({str(begun)!r}, 'w').close()\n"
        "        while True:\n            pass\n"
    )
    home = Home(tmp_path / "home").create()
    command = [sys.executable, "-m", "quantstrip", "--home", str(home.root), "backtest", str(file)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        while not begun.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert any(f"Stopped by the user in {file}, line {line}." in said for line in (9, 10, 11))
    assert not list(home.runs.glob("*"))
