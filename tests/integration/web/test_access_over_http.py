"""Nobody but the owner's browser gets in."""

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest

from quantstrip.operations import access


def test_without_a_login_there_is_only_the_login_page(server: Any) -> None:
    reply = server.request("GET", "/monitor", accept="text/html")
    assert reply.status == 401
    assert '<form method="post" action="/login">' in reply.body
    assert access.token(server.home) not in reply.body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/metrics",
        "/static/js/index.js",
        "/healthz/../",
        "/media/x",
    ],
)
def test_without_a_login_nothing_of_the_application_is_served(server: Any, path: str) -> None:
    assert server.request("GET", path).status == 401


def test_the_supervisor_may_ask_for_health_without_a_login(server: Any) -> None:
    reply = server.request("GET", "/healthz")
    assert reply.status == 200
    assert reply.body == '{"status":"ok","app":"quantstrip"}'


def test_the_printed_address_gives_a_cookie_and_leads_to_an_address_without_the_token(server: Any) -> None:
    token = access.token(server.home)
    assert access.login_url(server.home, server.port) == f"{server.origin}/?token={token}"
    reply = server.request("GET", f"/?token={token}")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    written = reply.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(written.split("; "))
    assert token not in reply.headers["set-cookie"]
    page = server.request("GET", "/", cookie=reply.cookie, accept="text/html")
    assert page.status == 200
    assert "<title>Quantstrip</title>" in page.body


def test_the_address_keeps_its_page_and_its_other_parameters(server: Any) -> None:
    reply = server.request("GET", f"/monitor?client=a%26b&token={access.token(server.home)}")
    assert reply.headers["location"] == "/monitor?client=a%26b"


@pytest.mark.parametrize("path", ["//evil.example/", "///evil.example", "/\\evil.example"])
def test_the_login_never_leads_to_another_host(server: Any, path: str) -> None:
    reply = server.request("GET", f"{path}?token={access.token(server.home)}")
    assert reply.status == 303
    assert "\\" not in reply.headers["location"]
    assert urlsplit(urljoin(server.origin, reply.headers["location"])).netloc == server.host


def test_the_token_can_be_pasted(server: Any) -> None:
    token = access.token(server.home)
    reply = server.request("POST", "/login", body=f"token=%20{token}%0A", origin=server.origin)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert server.request("GET", "/", cookie=reply.cookie).status == 200


def test_the_whole_printed_address_can_be_pasted(server: Any) -> None:
    printed = quote(access.login_url(server.home, server.port), safe="")
    reply = server.request("POST", "/login", body=f"token={printed}", origin=server.origin)
    assert (reply.status, reply.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("%2Fmonitor%3Fclient%3Da%2526b", "/monitor?client=a%26b"),
        ("%2F%2Fevil.example", "/evil.example"),
        ("https://evil.example", "/https://evil.example"),
        ("%2Flogin", "/"),
        ("%2Fa%0D%0Aset-cookie:x", "/"),
        ("x" * 2000, "/"),
    ],
)
def test_the_login_leads_to_the_page_that_was_asked_for_and_to_no_other_host(
    server: Any, asked: str, leads: str
) -> None:
    token = access.token(server.home)
    reply = server.request("POST", "/login", body=f"token={token}&next={asked}", origin=server.origin)
    assert (reply.status, reply.headers["location"]) == (303, leads)


def test_the_login_page_remembers_the_page_as_text(server: Any) -> None:
    page = server.request("GET", '/monitor?client="><script>', accept="text/html").body
    assert 'value="/monitor?client=%22%3E%3Cscript%3E"' in page


def test_whoever_was_logged_in_is_told_that_it_has_ended(start: Any) -> None:
    server = start()
    cookie = server.login()
    assert "has ended" not in server.request("GET", "/", accept="text/html").body
    access.rotate(server.home)
    reply = server.request("GET", "/monitor", cookie=cookie, accept="text/html")
    assert reply.status == 401
    assert "Your login has ended: the token was renewed." in reply.body


def test_a_restart_of_the_server_ends_no_login(start: Any) -> None:
    server = start()
    cookie = server.login()
    server.stop()
    again = start(home=server.home, port=server.port)
    assert again.request("GET", "/", cookie=cookie).status == 200


def test_a_person_at_a_wrong_address_is_shown_the_right_one(server: Any) -> None:
    reply = server.request("GET", "/", host=f"evil.example:{server.port}", accept="text/html")
    assert reply.status == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert f'<a href="{server.origin}/">' in reply.body
    assert "evil" not in reply.body


def test_a_person_whose_browser_hides_where_it_comes_from_is_told(server: Any) -> None:
    reply = server.request("POST", "/login", body="token=x", origin="null", accept="text/html")
    assert reply.status == 403
    assert "comes from another site" in reply.body
    assert f'<a href="{server.origin}/">' in reply.body


def test_the_page_knows_its_server_before_it_asks(server: Any) -> None:
    cookie = server.login()
    reply = server.request("GET", "/monitor", cookie=cookie, accept="text/html", accept_encoding="gzip")
    assert "content-encoding" not in reply.headers
    assert int(reply.headers["content-length"]) == len(reply.body.encode())
    start, script = reply.body.index("BACKEND_BASE_URL"), reply.body.index('<script type="module"')
    assert start < script
    again = server.request("GET", "/monitor", cookie=cookie, accept="text/html", if_none_match="*")
    assert again.body == reply.body


@pytest.mark.parametrize("given", ["", "wrong", "%00%ff", "x" * 43])
def test_a_wrong_token_is_refused(server: Any, given: str) -> None:
    reply = server.request("GET", f"/?token={given}")
    assert reply.status == 403
    assert "set-cookie" not in reply.headers
    assert "not the dashboard&#x27;s" in reply.body


def test_too_many_wrong_tokens_pause_the_login_but_not_those_who_are_in(start: Any) -> None:
    server = start()
    cookie = server.login()
    answers = [server.request("GET", "/?token=guess").status for _ in range(12)]
    assert answers == [403] * 10 + [429] * 2
    paused = server.request("GET", f"/?token={access.token(server.home)}")
    assert paused.status == 429
    assert 0 < int(paused.headers["retry-after"]) <= 60
    assert server.request("GET", "/", cookie=cookie).status == 200


def test_a_picture_on_another_site_cannot_lock_the_owner_out(server: Any) -> None:
    for _ in range(30):
        reply = server.request("GET", "/?token=guess", sec_fetch_site="cross-site", sec_fetch_dest="image")
        assert reply.status == 403
    server.login()


@pytest.mark.parametrize("value", ["", "1", "x" * 64, "\u00e9"])
def test_a_forged_cookie_is_worth_nothing(server: Any, value: str) -> None:
    cookie = f"{access.cookie_name(server.port)}={value}"
    assert server.request("GET", "/", cookie=cookie).status == 401


def test_the_cookie_of_another_home_is_worth_nothing(server: Any, start: Any) -> None:
    other = start()
    value = other.login().split("=")[1]
    assert server.request("GET", "/", cookie=f"{access.cookie_name(server.port)}={value}").status == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "10.0.0.1:{port}", ""]
)
def test_a_host_that_is_not_this_machine_is_refused(server: Any, host: str) -> None:
    named = host.format(port=server.port)
    assert server.request("GET", "/", host=named, cookie=server.login()).status == 403
    assert server.request("GET", "/healthz", host=named).status == 403
    assert server.request("GET", f"/?token={access.token(server.home)}", host=named).status == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_machine_may_be_named_in_each_of_its_ways(server: Any, name: str) -> None:
    assert server.request("GET", "/", host=f"{name}:{server.port}", cookie=server.login()).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://localhost:{port}", None]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_changes_something_must_come_from_the_dashboard_itself(
    server: Any, method: str, origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origin.format(port=server.port)}
    reply = server.request(method, "/login", body=f"token={access.token(server.home)}", **headers)
    assert reply.status == 403
    assert "set-cookie" not in reply.headers


def test_a_form_longer_than_a_token_is_not_read_to_its_end(server: Any) -> None:
    assert server.request("POST", "/login", body="token=" + "x" * 10_000, origin=server.origin).status == 413


def test_a_browser_is_told_to_talk_to_nobody_else(server: Any) -> None:
    reply = server.request("GET", "/", cookie=server.login())
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == f"'self' ws://{server.host} data: blob:"
    assert policy["frame-ancestors"] == "'self'"
    assert not any("http:" in sources or "https:" in sources or "*" in sources for sources in policy.values())


def test_a_new_token_ends_every_login(start: Any) -> None:
    server = start()
    cookie, old = server.login(), access.token(server.home)
    assert access.rotate(server.home) != old
    assert server.request("GET", "/", cookie=cookie).status == 401
    assert server.request("GET", f"/?token={old}").status == 403
    assert server.request("GET", "/", cookie=server.login()).status == 200


def test_a_token_file_that_others_can_read_lets_nobody_in(start: Any) -> None:
    server = start()
    cookie = server.login()
    server.home.token_file.chmod(0o644)
    reply = server.request("GET", "/", cookie=cookie)
    assert reply.status == 503
    assert str(server.home.root) not in reply.body
    assert "mode 600" in (server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    server.home.token_file.chmod(0o600)
    assert server.request("GET", "/", cookie=cookie).status == 200
