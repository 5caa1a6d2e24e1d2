"""The dashboard's server as the supervisor runs it: a process, real HTTP, real websockets."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.operations import access
from tests.ports import free_port

START_SECONDS = 60.0


def until(what: str, check: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def cookie(self) -> str:
        """Name and value of the cookie that was set, as a browser sends them back."""
        return self.headers.get("set-cookie", "").split(";")[0]


@dataclass
class Server:
    home: Home
    port: int
    process: "subprocess.Popen[str]"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def request(self, method: str, path: str, *, body: str | None = None, **headers: str) -> Reply:
        """One request; header names are written with underscores, ``host`` replaces the right one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True)
            sent = {"host": self.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
            if body is not None:
                sent |= {"content-length": str(len(body)), "content-type": "application/x-www-form-urlencoded"}
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body.encode() if body is not None else None)
            answer = connection.getresponse()
            got: dict[str, str] = {}
            for name, value in answer.getheaders():
                got[name.lower()] = f"{got[name.lower()]}\n{value}" if name.lower() in got else value
            return Reply(answer.status, got, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def login(self) -> str:
        """A cookie, as the printed address gives it."""
        reply = self.request("GET", f"/?token={access.token(self.home)}")
        assert reply.status == 303, reply
        return reply.cookie

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def command(home: Home, port: int) -> list[str]:
    return [sys.executable, "-P", "-m", "quantstrip.operations.web", "--home", str(home.root), "--port", str(port)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not re.match("QUANTSTRIP|STREAMLIT", name)}


def answers(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


@dataclass
class Starter:
    """Starts servers and ends them all."""

    folder: Path
    servers: list[Server] = field(default_factory=list)

    def __call__(self, home: Home | None = None, port: int = 0) -> Server:
        home = (home or Home(self.folder / f"home{len(self.servers)}")).create()
        port = port or free_port()
        process = subprocess.Popen(
            command(home, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
        )
        server = Server(home, port, process)
        self.servers.append(server)
        until("the dashboard answers", lambda: process.poll() is not None or answers(port), START_SECONDS)
        assert process.poll() is None, process.communicate()[0]
        return server

    def finish(self) -> None:
        for server in self.servers:
            server.stop()
            assert server.process.stdout is not None
            server.process.stdout.close()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    starter = Starter(tmp_path_factory.mktemp("web"))
    try:
        yield starter
    finally:
        starter.finish()


@pytest.fixture(scope="module")
def server(start: Starter) -> Server:
    """One server for the tests that leave it as it was."""
    return start()
