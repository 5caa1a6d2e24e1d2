"""The login itself: a token, a password or a provider's word is exchanged for a session's cookie."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlencode

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from quantstrip.clock import Clock
from quantstrip.errors import QuantstripError
from quantstrip.log import logger
from quantstrip.operations import access, oidc, passwords
from quantstrip.operations.access_hosts import Door
from quantstrip.operations.access_limits import Attempts, Gate
from quantstrip.operations.access_sessions import Sessions
from quantstrip.operations.login_page import Ways, arrival_page, login_page, refusal_page
from quantstrip.operations.oidc import Oidc, OidcRefused, StateApp, with_state
from quantstrip.operations.roles import OWNER
from quantstrip.operations.users import User, Users, find

LOGIN_PATH: Final = "/login"
LOGOUT_PATH: Final = "/auth/logout"
ALERT_AFTER: Final = 10
_LONGEST_FORM: Final = 8192
_LONGEST_TARGET: Final = 1000
_AT_ONCE: Final = 2
_TOKEN_IN_ADDRESS: Final = re.compile(r"[?&]token=([A-Za-z0-9_-]+)")
_NO_TOKEN: Final = "This token is not the dashboard's. The command quantstrip token prints the one that holds now."  # noqa: S105
_WRONG: Final = "The user's name or the password is wrong."
_NOT_HERE: Final = "The token holds on the dashboard's own machine alone. Log in as a user."
_NEXT: Final = "next"
_NO_PAGES: Final = frozenset({LOGIN_PATH, LOGOUT_PATH, oidc.LOGIN_PATH, oidc.CALLBACK_PATH})


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is asked for at each login, so that a change counts at once: the token, and the users."""

    token: Callable[[], str]
    users: Callable[[], Users]


class Logins:
    """Logging in and out.

    Args:
        cookie: its name.
        provider: None where none is set up.
        alarm: told of an address from which many wrong passwords came, and how many.

    """

    def __init__(
        self,
        secrets: Secrets,
        sessions: Sessions,
        cookie: str,
        provider: Oidc | None,
        alarm: Callable[[str, int], None],
        clock: Clock,
    ) -> None:
        self._secrets, self._sessions, self._cookie = secrets, sessions, cookie
        self._oidc, self._alarm = provider, alarm
        self._attempts, self._gate = Attempts(clock), Gate(clock)
        self._work = anyio.CapacityLimiter(_AT_ONCE)  # each check of a password takes 19 MiB and a core

    def page(self, door: Door, problem: str = "", target: str = "/", status: int = 401, note: str = "") -> Response:
        """The login page, with what can be used at this door."""
        by_password = any(user.password for user in self._secrets.users().values())
        ways = Ways(door.local, by_password, self._oidc.provider.label if self._oidc else "")
        return HTMLResponse(login_page(problem, target, ways, note=note), status_code=status)

    def link(self, request: Request, door: Door) -> Response:
        """The printed address was opened."""
        if (
            request.headers.get("sec-fetch-site") == "cross-site"
            and request.headers.get("sec-fetch-dest") != "document"
        ):
            # An image or a frame on another site; counted, it could lock the owner out.
            return PlainTextResponse("Refused: this request comes from another site.", status_code=403)
        return self._by_token(request.query_params["token"], target_of(request), door)

    async def form(self, request: Request, door: Door) -> Response:
        """The login page was sent."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM:
                return PlainTextResponse("The form is longer than a login can be.", status_code=413)
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: values[0] for name, values in fields.items()}
        target = own_path(form.get(_NEXT, "/"))
        if "name" in form:
            return await self._by_password(form["name"].strip(), form.get("password", ""), target, door)
        given = form.get("token", "").strip()
        printed = _TOKEN_IN_ADDRESS.search(given)  # whoever pastes the whole printed address means its token
        return self._by_token(printed[1] if printed else given, target, door)

    async def to_provider(self, request: Request, door: Door) -> Response:
        """The way to the provider; where to go afterwards is kept with the state."""
        if self._oidc is None:
            return self.page(door, "No provider is set up here.", status=404)
        provider = self._oidc

        async def send_there(inner: Request) -> Response:
            inner.session[_NEXT] = own_path(request.query_params.get(_NEXT, "/"))
            try:
                return await provider.authorize(inner, door.origin)
            except OidcRefused as error:
                logger.opt(exception=error).warning("a login by OIDC could not begin: {}", error.message)
                return self.page(door, error.message, status=502)

        return _Held(with_state(StateApp(send_there), self._secrets.token(), secure=door.secure))

    async def from_provider(self, door: Door) -> Response:
        """The browser is back from there."""
        if self._oidc is None:
            return self.page(door, "No provider is set up here.", status=404)
        provider = self._oidc

        async def take(inner: Request) -> Response:
            target = own_path(str(inner.session.pop(_NEXT, "/")))
            try:
                user = await provider.user(inner, self._secrets.users())
            except OidcRefused as error:
                logger.opt(exception=error.__cause__).warning("a login by OIDC was refused: {}", error.message)
                return HTMLResponse(refusal_page("You cannot log in", error.message, "/"), status_code=403)
            return self._welcome(HTMLResponse(arrival_page(target)), user.name, "oidc", door)

        return _Held(with_state(StateApp(take), self._secrets.token(), secure=door.secure))

    def leave(self, request: Request, door: Door) -> Response:
        """Log out: the login ends here and in every copy of its cookie."""
        login = self._sessions.login(request.cookies.get(self._cookie, ""))
        answer = self.page(door, note="You are logged out.", status=200)
        if login is not None:  # a link on another site comes without the cookie, and takes nothing away
            self._sessions.end(login)
            logger.info("{} logged out at {}", login.name, door.address)
            answer.delete_cookie(self._cookie, httponly=True, samesite="strict", secure=door.secure)
        return answer

    def _by_token(self, given: str, target: str, door: Door) -> Response:
        if not door.local:
            return self.page(door, _NOT_HERE, target, 403)
        pause = self._attempts.pause()
        if pause > 0:
            return self._wait(door, "tokens", pause, target)
        if not access.matches(self._secrets.token(), given):
            self._attempts.failed()
            return self.page(door, _NO_TOKEN, target, 403)
        return self._welcome(RedirectResponse(target, status_code=303), OWNER.name, OWNER.way, door)

    async def _by_password(self, name: str, password: str, target: str, door: Door) -> Response:
        pause = self._gate.pause(door.address, name)
        if pause > 0:
            return self._wait(door, "passwords", pause, target)
        failures = self._gate.begin(door.address, name)
        user = find(self._secrets.users(), name)
        stored = user.password if user else ""
        right = await anyio.to_thread.run_sync(partial(passwords.matches, password, stored), limiter=self._work)
        if user is None or not right:
            await self._tell(user, door, failures)
            return self.page(door, _WRONG, target, 403)
        self._gate.right(door.address, name)
        return self._welcome(RedirectResponse(target, status_code=303), user.name, "password", door)

    async def _tell(self, user: User | None, door: Door, failures: int) -> None:
        """A name that is no user's is not written: it may be a password in the wrong field."""
        whose = f"of {user.name}" if user else "with a name that is no user's"
        logger.warning("a login {} from {} was refused, the {}. in a row", whose, door.address, failures)
        if failures % ALERT_AFTER == 0:
            try:
                await anyio.to_thread.run_sync(self._alarm, door.address, failures)
            except QuantstripError as error:
                logger.opt(exception=error).error("an alert about wrong passwords cannot be raised: {}", error.message)

    def _wait(self, door: Door, what: str, pause: float, target: str) -> Response:
        answer = self.page(door, f"Too many wrong {what}. Try again in {max(1.0, pause):.0f} s.", target, 429)
        answer.headers["retry-after"] = f"{max(1.0, pause):.0f}"
        return answer

    def _welcome(self, answer: Response, name: str, way: str, door: Door) -> Response:
        value = self._sessions.begin(name, way)
        logger.info("{} logged in by {} from {}", name, way, door.address)
        self.put_cookie(answer, value, door)
        return answer

    def put_cookie(self, answer: Response, value: str, door: Door) -> None:
        """Give the browser its cookie: for this server alone, and for no script."""
        login = self._sessions.login(value)
        seconds = self._sessions.seconds(login) if login else 0
        answer.set_cookie(self._cookie, value, max_age=seconds, httponly=True, samesite="strict", secure=door.secure)


class _Held(Response):
    """An answer that an ASGI application makes."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def target_of(request: Request) -> str:
    """The page that was asked for, without the token: where the login leads to."""
    kept = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
    return own_path(request.url.path + (f"?{urlencode(kept)}" if kept else ""))


def own_path(target: str) -> str:
    """A path on this server. Leading slashes are folded: ``//host`` would send the browser to another host."""
    path = "/" + target.lstrip("/\\")
    is_page = len(path) <= _LONGEST_TARGET and path.isprintable() and path.partition("?")[0] not in _NO_PAGES
    return path if is_page else "/"
