"""A real service with the demo's strategies, watched through a real Chromium."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    expect,
)
from playwright.sync_api import Response as PageResponse

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import access, clients, service
from quantstrip.operations.demo import DEMO_CLIENTS, prepare_demo
from tests.package_index import Index, served
from tests.ports import free_port

REPLAY_SECONDS = 6.0
LAST_SESSION = "2013-03-01"
PATIENCE = 60_000.0  # milliseconds; a busy machine is slow, not wrong
STATUS = re.compile(r"status of (\d+)")

expect.set_options(timeout=PATIENCE)


def until(what: str, check: Callable[[], Any], seconds: float = 120.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Running:
    """A service on the demo's home."""

    home: Home
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def login(self) -> str:
        return access.login_url(self.home, self.port)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "quantstrip", "--home", str(self.home.root), *words]

    def run(self, *words: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QUANTSTRIP")}
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=180, env=kept | dict(self.environment),
            cwd=self.home.root, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    def replayed(self) -> bool:
        """Both strategies have seen the last bar."""
        rows = open_ledger(self.home).query("SELECT strategy, feed_date FROM v_strategy_pnl ORDER BY strategy")[1]
        return rows == [(name, LAST_SESSION) for name in DEMO_CLIENTS]

    def state(self, name: str) -> str:
        return clients.client_status(self.home, name).state


@contextmanager
def running_demo(
    folder: Path, replay_seconds: float, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Running]:
    """The demo, up; ended with the block. Its service alone has ``environment``."""
    home = Home(folder)
    running = Running(home, free_port(), environment)
    prepare_demo(home)
    settings = SettingsManager(home)
    for name in DEMO_CLIENTS:
        settings.set_by_path(f"clients.{name}.replay_seconds", replay_seconds, "float")
    running.run("up", "--port", str(running.port), "--detach")
    try:
        yield running
    finally:
        if service.status(home, clients=False).running:
            running.run("down")


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The index that the demo's service asks for packages: it never asks another one."""
    with served(tmp_path_factory.mktemp("index")) as index:
        yield index


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, package_index: Index) -> Iterator[Running]:
    """The demo, up and replayed to its end."""
    folder = tmp_path_factory.mktemp("browser") / "home"
    with running_demo(folder, REPLAY_SECONDS, package_index.environment()) as running:
        until("both strategies have seen the whole history", running.replayed, 120)
        yield running


@dataclass
class Visitor:
    """Opens browser windows and notes what a page must never do: ask another host, or report an error."""

    browser: Browser
    demo: Running
    contexts: list[BrowserContext] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)
    """HTTP statuses that the test asks for; any other from 400 on is an error."""
    outage: bool = False
    """The test ends the server or the login, so requests fail and the frontend complains."""

    def window(
        self, path: str = "/", *, login: bool = True, width: int = 1440, height: int = 900, **options: Any
    ) -> Page:
        """A new browser's first page, logged in by the printed address unless told otherwise."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, timezone_id="Europe/Zurich", locale="en-GB", **options
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", self._look)
        page = context.new_page()
        self._watch(page)
        if login:
            assert context.request.get(self.demo.login).ok
            page.goto(f"{self.demo.origin}{path}")
            expect(page.locator(".qs-title h1")).to_be_visible()
        return page

    def _watch(self, page: Page) -> None:
        page.on("websocket", self._look_at_socket)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)
        page.on("requestfailed", self._look_at_failure)
        page.on("response", self._look_at_answer)

    def _hear(self, said: ConsoleMessage) -> None:
        status = STATUS.search(said.text)
        told = self.outage or bool(status and int(status[1]) in self.refusals)
        if said.type == "error" and not told:
            self.errors.append(f"{said.text} {said.location}")

    def _look_at_answer(self, answer: PageResponse) -> None:
        if answer.status >= 400 and answer.status not in self.refusals:
            self.errors.append(f"{answer.status} {answer.url}")

    def _look_at_failure(self, request: Request) -> None:
        left = "ERR_ABORTED" in (request.failure or "")  # the page was left, or loaded again, meanwhile
        if not left and not self.outage:
            self.errors.append(f"{request.failure} {request.url}")

    def _look(self, request: Request) -> None:
        if not request.url.startswith((self.demo.origin, "data:", "blob:")):
            self.foreign.append(request.url)

    def _look_at_socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(self.demo.origin.replace("http", "ws")):
            self.foreign.append(socket.url)

    def leave(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.foreign == [], "no request leaves the machine"
        assert self.errors == []


@pytest.fixture
def visitor(chromium: Browser, demo: Running) -> Iterator[Visitor]:
    someone = Visitor(chromium, demo)
    try:
        yield someone
    finally:
        someone.leave()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; ``QUANTSTRIP_PICTURES`` names a folder that outlives the tests."""
    named = os.environ.get("QUANTSTRIP_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
