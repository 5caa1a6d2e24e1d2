"""The guard over days, and from other machines: with a clock and connections that a test makes."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from quantstrip.clock import ManualClock, from_text
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import access, users
from quantstrip.operations.access_limits import FREE
from quantstrip.operations.access_setup import guarded
from quantstrip.operations.exposure import Exposure
from quantstrip.operations.guard import Guard
from quantstrip.operations.guard_socket import Watched
from tests.loops import run

HERE = "http://127.0.0.1:8051"
PASSWORD = "correct horse battery"
Ask = Callable[..., httpx.Response]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that says what the guard told it."""
    told = {name.decode(): value.decode() for name, value in scope["headers"] if name.startswith(b"x-quantstrip")}
    await PlainTextResponse(str(sorted(told.values())))(scope, receive, send)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_text("2024-01-02 09:00:00"))


@pytest.fixture
def guard(home: Home, clock: ManualClock) -> Guard:
    users.add_user(home, "ann", "operator", PASSWORD)
    return guarded(echo, home, 8051, Exposure("", (), None, None, False), clock)


@pytest.fixture
def ask(guard: Guard) -> Ask:
    def ask(
        method: str, path: str, *, peer: str = "127.0.0.1", origin: str = HERE, cookie: str = "", **given: Any
    ) -> httpx.Response:
        async def asking() -> httpx.Response:
            transport = httpx.ASGITransport(guard, client=(peer, 50000))
            headers = {"origin": origin, "sec-fetch-dest": "document", **({"cookie": cookie} if cookie else {})}
            async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
                return await client.request(method, path, headers={**headers, **given.pop("headers", {})}, **given)

        return run(asking())

    return ask


def log_in(ask: Ask, password: str = PASSWORD, **given: Any) -> httpx.Response:
    return ask("POST", "/login", data={"name": "ann", "password": password}, **given)


def cookie_of(reply: httpx.Response) -> str:
    return reply.headers["set-cookie"].split(";")[0]


def test_a_page_is_told_who_asks_and_no_header_of_the_browser_gets_through(ask: Ask) -> None:
    cookie = cookie_of(log_in(ask))
    forged = {"X-Quantstrip-Role": "admin", "x-quantstrip-user": "eve", "X-QUANTSTRIP-WAY": "token"}
    assert ask("GET", "/", cookie=cookie, headers=forged).text == "['ann', 'operator', 'password']"


def test_ten_wrong_passwords_from_an_address_raise_one_alert_without_any_of_them(
    ask: Ask, home: Home, clock: ManualClock
) -> None:
    replies = []
    for number in range(12):
        clock.advance(900)  # the longest pause
        replies.append(log_in(ask, f"guess number {number}").status_code)
    assert replies == [403] * 12
    (alert,) = [each for each in open_ledger(home).alerts(10) if each["kind"] == "login_failures"]
    assert alert["subject"] == "10 wrong passwords from 127.0.0.1"
    assert "guess" not in alert["body"]


def test_a_pause_is_kept_and_the_right_password_gets_in_after_it(ask: Ask, clock: ManualClock) -> None:
    assert [log_in(ask, "wrong").status_code for _ in range(FREE + 1)] == [403] * FREE + [429]
    clock.advance(1)
    assert log_in(ask).status_code == 303
    assert log_in(ask).status_code == 429, "a guesser with a login of its own is not washed clean by it"


def test_a_login_lives_by_its_users_clicks_and_not_by_what_a_page_asks_for_itself(ask: Ask, clock: ManualClock) -> None:
    cookie = cookie_of(log_in(ask))
    for _ in range(2):
        clock.advance(11 * 3600)
        reply = ask("GET", "/", cookie=cookie)
        assert reply.status_code == 200
        cookie = cookie_of(reply)  # it carries the activity past a start of the server
    for _ in range(11):
        clock.advance(3600)
        assert ask("GET", "/_stcore/health", cookie=cookie, headers={"sec-fetch-dest": "empty"}).status_code == 200
    clock.advance(3600)
    assert ask("GET", "/_stcore/health", cookie=cookie, headers={"sec-fetch-dest": "empty"}).status_code == 401


def test_a_week_is_the_end_whatever_its_user_does(ask: Ask, clock: ManualClock) -> None:
    cookie = cookie_of(log_in(ask))
    for _ in range(7 * 4 - 1):
        clock.advance(6 * 3600)
        assert ask("GET", "/", cookie=cookie).status_code == 200
    clock.advance(6 * 3600)
    reply = ask("GET", "/", cookie=cookie, headers={"accept": "text/html"})
    assert reply.status_code == 401
    assert "Your login has ended" in reply.text


def test_a_link_to_the_logout_on_another_site_logs_nobody_out(ask: Ask) -> None:
    cookie = cookie_of(log_in(ask))
    assert "set-cookie" not in ask("GET", "/auth/logout").headers, "a strict cookie does not come along with it"
    assert ask("GET", "/", cookie=cookie).status_code == 200
    assert "set-cookie" in ask("GET", "/auth/logout", cookie=cookie).headers
    assert ask("GET", "/", cookie=cookie).status_code == 401


@pytest.mark.parametrize("peer", ["192.168.1.77", "10.0.0.1", "::ffff:192.168.1.77"])
def test_another_machine_that_names_this_one_reaches_nothing_not_even_with_the_token(
    ask: Ask, home: Home, peer: str
) -> None:
    token = access.token(home)
    assert ask("GET", f"/?token={token}", peer=peer).status_code == 403
    assert ask("GET", "/healthz", peer=peer).status_code == 403
    assert log_in(ask, peer=peer).status_code == 403


def test_an_open_socket_tells_clicks_from_refreshes_and_ends_with_its_login() -> None:
    """``Watched`` alone: what it lets through, what counts as an act, and how it ends."""
    automatic, clicked = BackMsg(), BackMsg()
    automatic.rerun_script.is_auto_rerun = True
    clicked.rerun_script.query_string = "x"
    coming: list[Message] = [
        {"type": "websocket.receive", "bytes": each}
        for each in (automatic.SerializeToString(), clicked.SerializeToString(), b"\xff\xff")
    ]
    acts: list[str] = []
    sent: list[Message] = []
    holds = [True]

    async def receive() -> Message:
        if coming:
            return coming.pop(0)
        await asyncio.sleep(60)
        raise AssertionError("it was told to end before")

    async def send(message: Message) -> None:
        sent.append(message)

    async def life() -> list[str]:
        stream = Watched(receive, send, lambda: holds[0], lambda: acts.append("act"))
        got = [(await stream.receive())["type"] for _ in range(3)]
        holds[0] = False
        got.append((await stream.receive())["type"])
        await stream.send({"type": "websocket.send", "bytes": b"too late"})
        return got

    assert run(life()) == ["websocket.receive"] * 3 + ["websocket.disconnect"]
    assert acts == ["act"], "the page's own refresh is none, and neither is nonsense"
    assert sent == [{"type": "websocket.close", "code": 1008}]
