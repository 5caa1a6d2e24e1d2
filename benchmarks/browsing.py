"""What the measurements in a browser share: Chromium, a Streamlit server for a page, a window that is logged in."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from quantstrip.home import Home
from quantstrip.operations import access

HELLO: Final = 'import streamlit as st\n\nst.title("Hello world")\n'
PATIENCE: Final = 60_000.0
SIZE: Final[Any] = {"width": 1440, "height": 900}
_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
_SERVER: Final = (
    "--server.headless=true", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
)  # fmt: skip


@contextmanager
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    found = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("no Chromium is installed: apt-get install -y --no-install-recommends chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def served(folder: Path, name: str, source: str) -> Iterator[str]:
    """Streamlit's own server on a page; its address."""
    port, page, log = free_port(), folder / f"{name}.py", folder / f"{name}.log"
    page.write_text(source)
    command = [sys.executable, "-m", "streamlit", "run", str(page), f"--server.port={port}", *_SERVER]
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder)
    try:
        until("the server answers", lambda: _listens(port) or server.poll() is not None)
        if server.poll() is not None:
            raise RuntimeError(f"the server did not start: {log.read_text()}")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def visitor(chromium: Browser, home: Home, port: int) -> Iterator[BrowserContext]:
    """A browser window that is logged in."""
    context = chromium.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE)
    try:
        if not context.request.get(access.login_url(home, port)).ok:
            raise RuntimeError("the login was refused")
        yield context
    finally:
        context.close()


def until(what: str, check: Callable[[], bool], patience: float = 120.0) -> None:
    """Wait until ``check`` holds.

    Raises:
        RuntimeError: not within ``patience`` seconds.

    """
    deadline = time.monotonic() + patience
    while not check():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {patience:g} s: {what}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def figure(name: str, value: float, bound: float, detail: dict[str, Any]) -> dict[str, Any]:
    """One line of the report; ``bound`` is the most that is allowed."""
    return {"name": name, "value": round(value, 4), "bound": bound, "ok": value <= bound, "detail": detail}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
