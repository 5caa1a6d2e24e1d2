"""Logging in through a real OpenID Connect provider, served here: the browser's walk, step by step."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.operations import users
from tests.integration.web.provider import Provider

ANN = {"email": "Ann@example.com", "email_verified": True}


@dataclass
class Walk:
    """A browser between the dashboard and its provider."""

    server: Any
    provider: Provider

    def begin(self, following: str = "") -> tuple[str, str]:
        """Follow the login page's link: where the provider is asked, and the cookie that keeps the state."""
        reply = self.server.request("GET", f"/auth/login{following}")
        assert reply.status == 302, reply
        assert {"httponly", "samesite=lax", "path=/oauth2callback"} <= set(
            reply.headers["set-cookie"].lower().split("; ")
        )
        return reply.headers["location"], reply.cookie

    def ask(self, address: str) -> str:
        """The provider's answer: the path on the dashboard that it sends the browser back to."""
        parts = urlsplit(address)
        assert address.startswith(self.provider.origin)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("GET", f"{parts.path}?{parts.query}")
        back = urlsplit(connection.getresponse().headers["location"])
        connection.close()
        assert f"{back.scheme}://{back.netloc}" == self.server.origin
        return f"{back.path}?{back.query}"

    def __call__(self, following: str = "") -> Any:
        address, state = self.begin(following)
        return self.server.request("GET", self.ask(address), cookie=state, sec_fetch_site="cross-site")


@pytest.fixture(scope="module")
def walk(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A dashboard whose users log in through the provider."""
    provider = Provider()
    home = Home(tmp_path_factory.mktemp("oidc") / "home").create()
    settings = SettingsManager(home)
    settings.set_by_path("oidc.metadata_url", provider.metadata_url)
    settings.set_by_path("oidc.client_id", provider.client_id)
    settings.set_by_path("oidc.client_secret", provider.client_secret)
    settings.set_by_path("oidc.label", "Example <Ltd>")
    users.add_user(home, "ann@example.com", "operator", None)
    try:
        yield Walk(start(home=home), provider)
    finally:
        provider.stop()


@pytest.fixture(autouse=True)
def honest(walk: Walk) -> None:
    walk.provider.claims, walk.provider.changes, walk.provider.forger = dict(ANN), {}, None


def cookie_of(walk: Walk, reply: Any) -> str:
    name = f"quantstrip-{walk.server.port}="
    value: str = reply.headers["set-cookie"]
    return name + value.partition(name)[2].partition(";")[0]


def test_the_login_page_leads_to_the_provider(walk: Walk) -> None:
    page = walk.server.request("GET", "/monitor?client=a", accept="text/html").body
    assert 'href="/auth/login?next=%2Fmonitor%3Fclient%3Da"' in page
    assert "Log in with Example &lt;Ltd&gt;" in page


def test_whom_the_provider_vouches_for_is_in_and_comes_to_the_page_that_was_asked_for(walk: Walk) -> None:
    reply = walk("?next=%2Fmonitor%3Fclient%3Da")
    assert reply.status == 200, "a page of our own: from another site's redirect the strict cookie would not be sent"
    assert 'url=/monitor?client=a"' in reply.body
    cookie = cookie_of(walk, reply)
    assert walk.server.request("GET", "/", cookie=cookie).status == 200
    log = (walk.server.home.logs / "dashboard.log").read_text(encoding="utf-8")
    assert "ann@example.com logged in by oidc" in log
    assert walk.provider.client_secret not in log


def test_a_removed_user_is_out_at_the_next_look_and_does_not_come_in_again(walk: Walk) -> None:
    users.add_user(walk.server.home, "ben@example.com", "viewer", None)
    walk.provider.claims["email"] = "ben@example.com"
    cookie = cookie_of(walk, walk())
    assert walk.server.request("GET", "/", cookie=cookie).status == 200
    users.remove_user(walk.server.home, "ben@example.com")
    assert walk.server.request("GET", "/", cookie=cookie).status == 401
    assert walk().status == 403


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "eve@example.com"}, "nobody of that name may use this dashboard"),
        ({"email": "<b>eve</b>"}, "You are &lt;b&gt;eve&lt;/b&gt; to Example &lt;Ltd&gt;"),
        ({"email_verified": False}, "is verified, so it proves nothing"),
        ({"email": None}, "did not say your email"),
    ],
)
def test_whom_nobody_added_is_refused_with_a_page_that_says_so(walk: Walk, claims: dict[str, Any], words: str) -> None:
    walk.provider.claims |= claims
    reply = walk()
    assert reply.status == 403
    assert words in reply.body
    assert f"quantstrip-{walk.server.port}=" not in reply.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1_000_000_000}, {"nonce": "another"}],
    ids=lambda changes: next(iter(changes)),
)
def test_an_id_token_that_says_something_else_is_not_believed(walk: Walk, changes: dict[str, Any]) -> None:
    walk.provider.changes = changes
    reply = walk()
    assert reply.status == 403
    assert "not to be trusted" in reply.body


def test_an_id_token_of_another_key_is_not_believed(walk: Walk) -> None:
    walk.provider.forger = RSAKey.generate_key(2048, {"kid": "one"})
    assert walk().status == 403


def test_an_answer_without_the_browsers_own_state_is_refused(walk: Walk) -> None:
    """Somebody else's answer, put under a victim's link, would log the victim in as somebody else."""
    mine, state = walk.begin()
    other, _ = walk.begin()
    path = walk.ask(mine)
    assert walk.server.request("GET", walk.ask(other), cookie=state).status == 403
    assert walk.server.request("GET", path).status == 403
    assert walk.server.request("GET", path.replace("state=", "state=x"), cookie=state).status == 403


def test_a_code_is_used_once(walk: Walk) -> None:
    address, state = walk.begin()
    path = walk.ask(address)
    assert walk.server.request("GET", path, cookie=state).status == 200
    assert walk.server.request("GET", path, cookie=state).status == 403


def test_a_refusal_at_the_provider_is_told(walk: Walk) -> None:
    _, state = walk.begin()
    reply = walk.server.request("GET", "/oauth2callback?error=access_denied", cookie=state)
    assert reply.status == 403
    assert "did not let you in" in reply.body


def test_a_provider_that_does_not_answer_is_told_on_the_login_page(start: Any, tmp_path: Any) -> None:
    gone = Provider()
    gone.stop()
    home = Home(tmp_path / "home").create()
    settings = SettingsManager(home)
    for name, value in (("metadata_url", gone.metadata_url), ("client_id", "x"), ("client_secret", "y" * 8)):
        settings.set_by_path(f"oidc.{name}", value)
    server = start(home=home)
    reply = server.request("GET", "/auth/login", accept="text/html")
    assert reply.status == 502
    assert "single sign-on cannot be reached" in reply.body
    assert 'name="token"' in reply.body, "the owner comes in all the same"


def test_without_a_provider_there_is_nothing_of_it(server: Any) -> None:
    assert server.request("GET", "/auth/login").status == 404
    assert server.request("GET", "/oauth2callback?code=x&state=y").status == 404
