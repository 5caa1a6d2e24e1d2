"""A secret typed at a real terminal: asked for, not echoed, and never in an argument list."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import psutil

from quantstrip.config import SettingsManager
from quantstrip.home import Home

SECONDS = 90.0


def read_until(terminal: int, text: str) -> str:
    """What the terminal shows until ``text`` is in it, or the command has ended."""
    shown, deadline = "", time.monotonic() + SECONDS
    while text not in shown:
        assert time.monotonic() < deadline, shown
        try:
            shown += os.read(terminal, 1024).decode()
        except OSError:  # Linux says so when the last process has closed the terminal
            break
    return shown


def test_a_secret_is_asked_for_and_not_echoed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "quantstrip", "--home", str(home.root), "settings", "set", "broker.password"]
    process = subprocess.Popen(
        [*command, "--type", "secret"], stdin=side, stdout=side, stderr=side, start_new_session=True
    )
    os.close(side)
    try:
        shown = read_until(terminal, "Value: ")
        arguments = psutil.Process(process.pid).cmdline()
        os.write(terminal, b"hunter22\n")
        shown += read_until(terminal, "is set")
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert "hunter22" not in shown
    assert "hunter22" not in " ".join(arguments)
    assert SettingsManager(home).get("broker.password") == "hunter22"
