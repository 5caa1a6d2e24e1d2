"""The dashboard's process: where it listens, what it logs, how it ends."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from quantstrip.home import Home
from quantstrip.operations import access

WEB = "quantstrip.operations.web"


def test_it_listens_on_loopback_alone(server: Any) -> None:
    listening = [
        c for c in psutil.Process(server.process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]
    assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", server.port)]


def test_it_ends_within_seconds_of_a_signal_though_a_page_is_open(start: Any) -> None:
    server = start()
    with connect(
        f"ws://{server.host}/_stcore/stream",
        additional_headers={"cookie": server.login()},
        origin=Origin(server.origin),
        subprotocols=[Subprotocol("streamlit")],
        proxy=None,
    ) as stream:
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 30
        with pytest.raises(ConnectionClosed):
            _drain(stream)


def test_it_ends_when_its_parent_dies(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    starter = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-m', {WEB!r}, '--home', {str(home.root)!r}, '--port', '0'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(120)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        _until_logged(home, "Application startup complete")
        parent.kill()
        gone, alive = psutil.wait_procs([child], timeout=60)
    assert [process.pid for process in gone] == [child.pid]
    assert alive == []


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path, server: Any) -> None:
    command = [sys.executable, "-m", WEB, "--home", str(tmp_path / "home"), "--port", str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"port {server.port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_its_log_has_one_form_and_no_token(start: Any) -> None:
    server = start()
    cookie = server.login()
    server.request("GET", "/?token=guess")
    server.request("GET", "/", cookie=cookie)
    assert server.stop() == 0
    text = (server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert all(line[4:5] == "-" and " - " in line for line in text.splitlines())
    assert "Application startup complete" in text
    assert "stderr" not in text
    assert access.token(server.home) not in text
    assert cookie.split("=")[1] not in text
    assert server.process.stdout.read() == ""


def test_a_users_own_streamlit_options_change_nothing_that_matters(tmp_path: Path) -> None:
    """``STREAMLIT_*`` variables are read by the library; what decides on safety is given as flags, which win."""
    code = (
        "import os\n"
        "os.environ.update(STREAMLIT_BROWSER_GATHER_USAGE_STATS='true', STREAMLIT_CLIENT_SHOW_ERROR_LINKS='true',\n"
        "                  STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION='false', STREAMLIT_SERVER_ENABLE_AGENT_API='true')\n"
        "from pathlib import Path\n"
        "from quantstrip.home import Home\n"
        "from quantstrip.operations.web import create_app\n"
        f"create_app(Home(Path({str(tmp_path / 'home')!r})).create(), 8051)\n"
        "from streamlit import config\n"
        "print([config.get_option(name) for name in ('browser.gatherUsageStats', 'server.enableXsrfProtection',\n"
        "                                            'client.showErrorLinks', 'server.enableAgentApi')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[False, True, False, False]"


def _drain(stream: ClientConnection) -> None:
    while True:
        stream.recv(timeout=30)


def _until_logged(home: Home, words: str) -> None:
    deadline = time.monotonic() + 60
    log = home.logs / "dashboard.log"
    while not (log.exists() and words in log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, f"never logged: {words}"
        time.sleep(0.05)
