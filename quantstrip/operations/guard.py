"""What stands between the network and the dashboard: host, origin, login, role, headers.

A page that runs code must answer to those who may use it alone. ``Guard`` wraps the ASGI application:

- ``Host`` must be one of the dashboard's, against DNS rebinding; this machine's loopback names count from here alone.
- ``Origin`` must be the dashboard's own on websockets and on every request that changes something.
- A login's cookie on everything else; ``/healthz`` alone is open. A websocket ends within a second of its login.
- Who that is, and their role, go to the page in headers that no browser can set.
- A content security policy that lets the page talk to nobody but this server.
"""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantstrip.errors import QuantstripError, SecretError
from quantstrip.log import logger
from quantstrip.operations import access, oidc
from quantstrip.operations.access_hosts import Door, Hosts
from quantstrip.operations.access_login import LOGIN_PATH, LOGOUT_PATH, Logins, target_of
from quantstrip.operations.access_sessions import Login, Sessions
from quantstrip.operations.guard_socket import Watched, refuse
from quantstrip.operations.login_page import refusal_page
from quantstrip.operations.roles import (
    HEADERS,
    OWNER,
    ROLE_HEADER,
    USER_HEADER,
    WAY_HEADER,
    WHO_HEADER,
    Identity,
    allows,
)

HEALTH_PATH: Final = "/healthz"
_UPLOADS: Final = "/_stcore/upload_file"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ENDED: Final = "Your login has ended. Log in again."
_RENEWED: Final = "Your login has ended: the token was renewed. Log in with the new one."


class Guard:
    """ASGI middleware.

    Args:
        app: the dashboard.
        hosts: its names.
        sessions: whose cookies are good.
        logins: exchange a token, a password or a provider's word for a cookie.
        cookie: its name.

    """

    def __init__(self, app: ASGIApp, hosts: Hosts, sessions: Sessions, logins: Logins, cookie: str) -> None:
        self.app = app
        self._hosts, self._sessions, self._logins, self._cookie = hosts, sessions, logins, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            door = self._hosts.door(scope)
            await self._http(scope, door, receive, _with_headers(send, self._headers(scope, door), self._cookie))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, door: Door | None, receive: Receive, send: Send) -> None:
        request, who = Request(scope, receive), None
        try:
            answer = self._refusal(request, door)
            if answer is None and door is not None:
                who = self._who(request.cookies, door)
                answer = await self._answer(request, door, who)
                send = send if who is None else _with_headers(send, lambda: [(WHO_HEADER, str(who))], self._cookie)
        except QuantstripError as error:
            # Whoever asks is not known to be the owner: what is wrong is told in the log alone.
            logger.error("nobody can be let in: {}", error)
            what = "token" if isinstance(error, SecretError) else "way to log in"
            words = f"The login {what} cannot be used. See logs/dashboard.log in the home."
            answer = self._refused(request, "Nobody can log in", words.replace("login way", "way"), 503)
        await (answer or self.app)(_as(who, scope), receive, send)

    def _refusal(self, request: Request, door: Door | None) -> Response | None:
        """Requests that no login makes good."""
        if door is None:
            words = (
                f"Expected a request for one of {self._hosts}; the Host header names something else, or came through a "
                "proxy that does not pass it on."
            )
            return self._refused(request, "This address is not the dashboard's", words)
        if request.method not in _SAFE_METHODS and request.headers.get("origin", "").lower() != door.origin:
            words = "Refused: this request comes from another site. Log in on the dashboard's own page:"
            return self._refused(request, "Not from here", words, origin=door.origin)
        return None

    def _refused(self, request: Request, title: str, words: str, status: int = 403, origin: str = "") -> Response:
        """A page for a person, a line for a program."""
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(words, status_code=status)
        own = f"http://{access.LOOPBACK}:{self._hosts.port}"
        address = "" if status != 403 else f"{origin or own}/"
        return HTMLResponse(refusal_page(title, words, address), status_code=status)

    async def _answer(self, request: Request, door: Door, who: Identity | None) -> Response | None:
        """The health answer, the login, or None where the request may pass."""
        path, get = request.url.path, request.method == "GET"
        if path == HEALTH_PATH:
            return JSONResponse({"status": "ok", "app": "quantstrip"})
        if path == LOGIN_PATH and request.method == "POST":
            return await self._logins.form(request, door)
        if path == LOGOUT_PATH and get:
            return self._logins.leave(request, door)
        if path == oidc.LOGIN_PATH and get:
            return await self._logins.to_provider(request, door)
        if path == oidc.CALLBACK_PATH and get:
            return await self._logins.from_provider(door)
        if "token" in request.query_params and get:
            return self._logins.link(request, door)
        if who is None:
            return self._turned_away(request, door)
        if path == LOGIN_PATH:
            return RedirectResponse("/", status_code=303)
        if path.startswith(_UPLOADS) and request.method not in _SAFE_METHODS and not allows(who.role, "operator"):
            return PlainTextResponse(f"Refused: {who.name} may look, and upload nothing.", status_code=403)
        self._note(request)
        return None

    def _turned_away(self, request: Request, door: Door) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Log in first: open the address that `quantstrip up` printed.", status_code=401)
        cookie = request.cookies.get(self._cookie)
        by_token = cookie is not None and self._sessions.claimed_way(cookie) == OWNER.way
        words = "" if cookie is None else _RENEWED if by_token else _ENDED
        return self._logins.page(door, words, target_of(request))

    def _note(self, request: Request) -> None:
        """Opening a page is something that its user does; what a page asks for by itself is not."""
        login = self._sessions.login(request.cookies.get(self._cookie, ""))
        if login is not None and request.headers.get("sec-fetch-dest", "document") == "document":
            self._sessions.touch(login)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies, headers = Request({**scope, "type": "http"}).cookies, Headers(scope=scope)
        door = self._hosts.door(scope)
        own = door is not None and headers.get("origin", "").lower() == door.origin
        who = self._stays(cookies, door) if door is not None and own else None
        if door is None or who is None:
            await refuse(receive, send)
            return
        place = door

        def active() -> None:
            if (login := self._login(cookies, place)) is not None:
                self._sessions.touch(login)

        stream = Watched(receive, send, lambda: self._stays(cookies, place) == who, active)
        await self.app(_as(who, scope), stream.receive, stream.send)

    def _login(self, cookies: dict[str, str], door: Door) -> Login | None:
        """The login of a request; that of the token's holder holds on this machine alone."""
        login = self._sessions.login(cookies.get(self._cookie, ""))
        return login if login is not None and (door.local or login.way != "token") else None

    def _who(self, cookies: dict[str, str], door: Door) -> Identity | None:
        login = self._login(cookies, door)
        return self._sessions.identity(login) if login else None

    def _stays(self, cookies: dict[str, str], door: Door) -> Identity | None:
        try:
            return self._who(cookies, door)
        except QuantstripError as error:
            logger.error("a page is closed: {}", error)
            return None

    def _headers(self, scope: Scope, door: Door | None) -> Callable[[], list[tuple[str, str]]]:
        """What each answer carries, asked for when it begins: the policy, and a cookie that is out of date."""

        def made() -> list[tuple[str, str]]:
            found = list(_policy(door).items())
            cookie = Request(scope).cookies.get(self._cookie, "")
            try:
                fresh = self._sessions.renewed(cookie) if cookie and door else ""
            except QuantstripError:
                fresh = ""  # the request itself says so
            if fresh and door:
                carrier = Response()
                self._logins.put_cookie(carrier, fresh, door)
                found.append(("set-cookie", carrier.headers["set-cookie"]))
            return found

        return made


def _as(who: Identity | None, scope: Scope) -> Scope:
    """The request as who logged in makes it: what it says itself about who that is counts for nothing."""
    told = {USER_HEADER: who.name, ROLE_HEADER: who.role, WAY_HEADER: who.way} if who else {}
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1").lower() not in HEADERS]
    return {**scope, "headers": kept + [(name.encode(), value.encode()) for name, value in told.items()]}


def _policy(door: Door | None) -> dict[str, str]:
    socket = f" {door.origin.replace('http', 'ws', 1)}" if door else ""
    policy = {
        "default-src": "'self'",
        "connect-src": f"'self'{socket} data: blob:",
        "script-src": "'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "referrer-policy": "same-origin",  # with no-referrer a browser sends the login form with Origin: null
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    }


def _with_headers(send: Send, extra: Callable[[], list[tuple[str, str]]], cookie: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            written = any(each.startswith(f"{cookie}=") for each in headers.getlist("set-cookie"))  # in or out just now
            for name, value in extra():
                if name != "set-cookie":
                    headers[name] = value
                elif not written:
                    headers.append(name, value)
        await send(message)

    return sending
