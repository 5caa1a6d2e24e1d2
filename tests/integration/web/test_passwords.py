"""Users log in with a password; whether that holds, and in which role, is asked anew at each look."""

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from quantstrip.config import SettingsManager
from quantstrip.ledger import open_ledger
from quantstrip.operations import users

PASSWORD = "correct horse battery"


def log_in(server: Any, name: str, password: str = PASSWORD) -> Any:
    body = f"name={quote(name)}&password={quote(password)}&next=%2Fmonitor"
    return server.request("POST", "/login", body=body, origin=server.origin)


@contextmanager
def page(server: Any, cookie: str, **headers: str) -> Iterator[ClientConnection]:
    """The websocket of an open page, which has asked for its first contents."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    with connect(
        f"ws://{server.host}/_stcore/stream",
        additional_headers={"cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}},
        origin=server.origin,
        subprotocols=[Subprotocol("streamlit")],
        open_timeout=60,
        proxy=None,
    ) as stream:
        stream.send(message.SerializeToString())
        yield stream


def read_until(stream: ClientConnection, words: str) -> bytes:
    got = b""
    while words.encode() not in got:
        part = stream.recv(timeout=60)
        assert isinstance(part, bytes)
        got += part
    return got


def drain(stream: ClientConnection) -> None:
    while True:
        stream.recv(timeout=60)


def read_to_the_end(stream: ClientConnection) -> float:
    """Seconds until the server closes the page."""
    begun = time.monotonic()
    with pytest.raises(ConnectionClosed) as closed:
        drain(stream)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def peopled(start: Any) -> Any:
    """A server with a user of each role, and one without a password."""
    server = start()
    for name, role in (("ann", "admin"), ("olga", "operator"), ("vic", "viewer")):
        users.add_user(server.home, name, role, PASSWORD)
    users.add_user(server.home, "o@example.com", "admin", None)
    return server


def test_a_user_logs_in_and_lands_on_the_page_that_was_asked_for(peopled: Any) -> None:
    reply = log_in(peopled, "ann")
    assert (reply.status, reply.headers["location"]) == (303, "/monitor")
    written = set(reply.headers["set-cookie"].lower().split("; "))
    assert {"httponly", "samesite=strict", "path=/"} <= written
    assert "secure" not in written, "without TLS a browser would not send it back"
    assert peopled.request("GET", "/", cookie=reply.cookie).status == 200


def test_the_login_page_offers_the_password_and_the_token_still_opens_the_door(peopled: Any) -> None:
    shown = peopled.request("GET", "/", accept="text/html").body
    assert 'name="password"' in shown
    assert 'name="token"' in shown
    assert peopled.request("GET", "/", cookie=peopled.login()).status == 200


def test_a_wrong_password_an_unknown_user_and_one_without_a_password_get_the_same_answer(peopled: Any) -> None:
    replies = [
        log_in(peopled, name, password)
        for name, password in (("ann", "wrong"), ("nobody", PASSWORD), ("o@example.com", ""), ("", "x" * 900))
    ]
    assert {reply.status for reply in replies} == {403}
    assert len({reply.body for reply in replies}) == 1
    assert "The user&#x27;s name or the password is wrong." in replies[0].body
    assert all("set-cookie" not in reply.headers for reply in replies)


@pytest.mark.parametrize(("name", "role"), [("ann", "admin"), ("olga", "operator"), ("vic", "viewer")])
def test_the_page_knows_the_user_and_the_role(peopled: Any, name: str, role: str) -> None:
    cookie = log_in(peopled, name).cookie
    with page(peopled, cookie, x_quantstrip_role="admin", x_quantstrip_user="ann") as stream:
        read_until(stream, f"{name}, {role}")


def test_a_viewer_uploads_nothing(peopled: Any) -> None:
    headers = {"origin": peopled.origin}
    path = "/_stcore/upload_file/session/file"
    as_viewer = peopled.request("PUT", path, body="", cookie=log_in(peopled, "vic").cookie, **headers)
    as_operator = peopled.request("PUT", path, body="", cookie=log_in(peopled, "olga").cookie, **headers)
    assert as_viewer.status == 403
    assert "vic may look, and upload nothing" in as_viewer.body
    assert "upload nothing" not in as_operator.body, "Streamlit's own checks come next"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/_stcore/upload_file/session/file"),
        ("DELETE", "/_stcore/upload_file/session/file"),
        ("GET", "/media/0123456789abcdef.csv"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/component/streamlit.x/index.html"),
        ("GET", "/_stcore/bidi-components/x/index.js"),
        ("POST", "/_stcore/agent/run"),
    ],
)
def test_files_uploads_and_components_need_a_login(peopled: Any, method: str, path: str) -> None:
    assert peopled.request(method, path, body="", origin=peopled.origin).status == 401


def test_logging_out_ends_the_login_in_every_copy_of_the_cookie_and_past_a_restart(start: Any) -> None:
    server = start()
    users.add_user(server.home, "ann", "admin", PASSWORD)
    cookie, other = log_in(server, "ann").cookie, log_in(server, "ann").cookie
    with page(server, cookie) as stream:
        reply = server.request("GET", "/auth/logout", cookie=cookie, accept="text/html")
        assert reply.status == 200
        assert "You are logged out." in reply.body
        assert "max-age=0" in reply.headers["set-cookie"].lower()
        assert read_to_the_end(stream) < 10
    assert server.request("GET", "/", cookie=cookie).status == 401
    assert server.request("GET", "/", cookie=other).status == 200, "logged in elsewhere"
    server.stop()
    again = start(home=server.home, port=server.port)
    assert again.request("GET", "/", cookie=cookie).status == 401
    assert again.request("GET", "/", cookie=other).status == 200


def test_a_new_password_a_removal_and_another_role_are_felt_by_open_pages_within_seconds(start: Any) -> None:
    server = start()
    for name in ("ann", "ben", "cleo"):
        users.add_user(server.home, name, "operator", PASSWORD)
    cookies = {name: log_in(server, name).cookie for name in ("ann", "ben", "cleo")}
    with (
        page(server, cookies["ann"]) as ann,
        page(server, cookies["ben"]) as ben,
        page(server, cookies["cleo"]) as cleo,
    ):
        for stream, name in ((ann, "ann"), (ben, "ben"), (cleo, "cleo")):
            read_until(stream, f"{name}, operator")
        users.set_password(server.home, "ann", "another horse battery")
        users.remove_user(server.home, "ben")
        users.set_role(server.home, "cleo", "viewer")
        assert max(map(read_to_the_end, (ann, ben, cleo))) < 10
    assert [server.request("GET", "/", cookie=cookies[name]).status for name in ("ann", "ben", "cleo")] == [
        401,
        401,
        200,
    ]
    with page(server, cookies["cleo"]) as stream:
        read_until(stream, "cleo, viewer")
    assert log_in(server, "ann").status == 403
    assert log_in(server, "ann", "another horse battery").status == 303


def test_how_long_a_login_lasts_is_a_setting_that_counts_at_once(peopled: Any) -> None:
    settings = SettingsManager(peopled.home)
    cookie = log_in(peopled, "ann").cookie
    with page(peopled, cookie) as stream:
        read_until(stream, "ann, admin")
        time.sleep(0.5)  # a login of 0.01 hours would have to be 36 s old
        settings.set_by_path("dashboard.session_hours", 0.01)
        try:
            seconds = log_in(peopled, "ann").headers["set-cookie"].lower().partition("max-age=")[2].split(";")[0]
        finally:
            settings.delete("dashboard.session_hours")
    assert 30 <= int(seconds) <= 36


def test_wrong_passwords_pause_the_login_and_are_in_the_log(start: Any) -> None:
    server = start()
    users.add_user(server.home, "ann", "admin", PASSWORD)
    cookie = log_in(server, "ann").cookie
    statuses = [log_in(server, "ann", "guess").status for _ in range(8)]
    assert statuses[:5] == [403] * 5
    assert 429 in statuses
    paused = log_in(server, "ann")
    assert paused.status == 429, "also with the right password, or a guesser would know it"
    assert 0 < int(paused.headers["retry-after"]) <= 60
    assert server.request("GET", "/", cookie=cookie).status == 200, "who is in stays in"
    log = (server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert "a login of ann from 127.0.0.1 was refused" in log
    assert PASSWORD not in log


def test_users_that_others_can_read_let_nobody_in_with_a_password_and_the_log_says_why(start: Any) -> None:
    server = start()
    users.add_user(server.home, "ann", "admin", PASSWORD)
    assert stat.S_IMODE(server.home.users_file.stat().st_mode) == 0o600
    server.home.users_file.chmod(0o644)
    reply = log_in(server, "ann")
    assert reply.status == 503
    assert "logs/dashboard.log" in reply.body
    log = (server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert "its mode is 644" in log
    assert server.request("GET", "/", cookie=server.login()).status == 200, (
        "the token's holder comes in to put it right"
    )


def test_nothing_of_a_password_is_in_the_ledger_a_backup_or_an_export(peopled: Any) -> None:
    log_in(peopled, "ann")
    hashes = [row["password"] for row in json.loads(peopled.home.users_file.read_text())["users"].values()]
    assert any(each.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for each in hashes)
    copy = open_ledger(peopled.home).backup(peopled.home.backups / "copy.db")
    for folder, _, names in os.walk(peopled.home.root):
        for name in names:
            path = peopled.home.root / folder / name
            if path != peopled.home.users_file and path.is_file():
                content = path.read_bytes()
                assert b"$argon2id$" not in content, path
                assert PASSWORD.encode() not in content, path
    assert copy.exists()
