"""The dashboard reached from elsewhere: over TLS, as a user, and never with the token.

127.0.0.2 stands for another machine's view: an address that is not the one the token holds on.
"""

import http.client
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import trustme
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.operations import access, users
from tests.integration.web.conftest import answers, until

OUTSIDE = "127.0.0.2"
PASSWORD = "correct horse battery"
Ask = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def outside(start: Any, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that listens on another address with a certificate of its own, and answers to a name too."""
    home = Home(tmp_path_factory.mktemp("outside") / "home").create()
    issued = authority.issue_cert(OUTSIDE, "quant.example")
    issued.cert_chain_pems[0].write_to_path(home.settings / "cert.pem")
    issued.private_key_pem.write_to_path(home.settings / "key.pem")
    settings = SettingsManager(home)
    for name, value in (
        ("address", OUTSIDE),
        ("tls_certificate", "settings/cert.pem"),
        ("tls_key", "settings/key.pem"),
        ("hosts", ["https://proxied.example"]),
    ):
        settings.set_by_path(f"dashboard.{name}", value)
    users.add_user(home, "ann", "admin", PASSWORD)
    server = start(home=home)
    until("it listens outside as well", lambda: answers(server.port, OUTSIDE))
    return server


@pytest.fixture(scope="module")
def ask(outside: Any, trusting: ssl.SSLContext) -> Ask:
    """A request over TLS to the outside address."""

    def ask(method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPSConnection(OUTSIDE, outside.port, timeout=60, context=trusting)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, got, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    return ask


def form(name: str = "ann", password: str = PASSWORD) -> str:
    return f"name={name}&password={quote(password)}"


def test_it_listens_on_both_addresses_and_ends_with_both(outside: Any) -> None:
    connections = psutil.Process(outside.process.pid).net_connections("inet")
    listening = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1", OUTSIDE}


def test_a_user_logs_in_over_tls_and_the_cookie_is_for_encrypted_ways_alone(outside: Any, ask: Ask) -> None:
    origin = f"https://{OUTSIDE}:{outside.port}"
    status, headers, _ = ask("POST", "/login", form(), origin=origin)
    assert status == 303
    assert {"secure", "httponly", "samesite=strict"} <= set(headers["set-cookie"].lower().split("; "))
    cookie = headers["set-cookie"].split(";")[0]
    status, headers, body = ask("GET", "/", cookie=cookie, accept="text/html")
    assert (status, "<title>Quantstrip</title>" in body) == (200, True)
    assert f"wss://{OUTSIDE}:{outside.port}" in headers["content-security-policy"]


def test_a_page_is_connected_over_tls_and_not_from_the_plain_origin(
    outside: Any, ask: Ask, trusting: ssl.SSLContext
) -> None:
    origin = f"https://{OUTSIDE}:{outside.port}"
    cookie = ask("POST", "/login", form(), origin=origin)[1]["set-cookie"].split(";")[0]
    with connect(
        f"wss://{OUTSIDE}:{outside.port}/_stcore/stream",
        additional_headers={"cookie": cookie},
        origin=Origin(origin),
        subprotocols=[Subprotocol("streamlit")],
        ssl=trusting,
        proxy=None,
    ) as stream:
        assert stream.subprotocol == "streamlit"
    assert ask("POST", "/login", form(), origin=origin.replace("https", "http"))[0] == 403


def test_the_token_and_a_login_with_it_hold_on_the_machine_itself_alone(outside: Any, ask: Ask) -> None:
    token = access.token(outside.home)
    status, headers, body = ask("GET", f"/?token={token}", accept="text/html")
    assert status == 403
    assert "set-cookie" not in headers
    assert "holds on the dashboard&#x27;s own machine alone" in body
    assert 'name="token"' not in body
    cookie = outside.login()
    assert outside.request("GET", "/", cookie=cookie).status == 200
    assert ask("GET", "/", cookie=cookie)[0] == 401


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "evil.example:{port}", "quant.example:{port}"]
)
def test_no_other_name_is_answered_there(outside: Any, ask: Ask, host: str) -> None:
    assert ask("GET", "/healthz", host=host.format(port=outside.port), x_forwarded_for="10.0.0.1")[0] == 403


def test_behind_a_proxy_on_this_machine_the_name_is_its_own_and_the_cookie_is_secure(outside: Any) -> None:
    given = {"host": "proxied.example", "x_forwarded_for": "203.0.113.9", "origin": "https://proxied.example"}
    reply = outside.request("POST", "/login", body=form(), **given)
    assert reply.status == 303
    assert "secure" in reply.headers["set-cookie"].lower()
    assert outside.request("GET", "/", **given, cookie=reply.cookie).status == 200
    assert outside.request("POST", "/login", body=form(), **{**given, "origin": "http://proxied.example"}).status == 403
    assert outside.request("GET", f"/?token={access.token(outside.home)}", **given).status == 403
    log = (outside.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert "ann logged in by password from 203.0.113.9" in log


def test_the_server_itself_refuses_to_listen_where_nobody_can_log_in(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quantstrip.operations.web", "--home", str(tmp_path / "home"), "--port", "18998"]
    done = subprocess.run([*command, "--address", OUTSIDE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"would listen on {OUTSIDE}, where nobody can log in" in done.stderr
    assert "Traceback" not in done.stderr
