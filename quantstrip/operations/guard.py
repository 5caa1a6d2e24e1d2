"""What stands between the network and the dashboard: host, origin, login, headers.

A page that runs code must answer to its owner's browser alone. ``Guard`` wraps the ASGI application:

- ``Host`` must be this machine's loopback name with the right port, against DNS rebinding.
- ``Origin`` must be the dashboard's own on websockets and on every request that changes something.
- A cookie, given in exchange for the token, on everything else; ``/healthz`` alone is open.
- A content security policy that lets the page talk to nobody but this server.
"""

import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import SecretError
from quantstrip.log import logger
from quantstrip.operations import access
from quantstrip.operations.login_page import login_page, refusal_page
from quantstrip.operations.roles import HEADERS, OWNER, ROLE_HEADER, USER_HEADER, WAY_HEADER, Identity

HEALTH_PATH: Final = "/healthz"
LOGIN_PATH: Final = "/login"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ATTEMPTS: Final = 10
_WINDOW_SECONDS: Final = 60.0
_LONGEST_FORM: Final = 4096
_COOKIE_SECONDS: Final = 30 * 24 * 3600
_POLICY_VIOLATION: Final = 1008
_LONGEST_TARGET: Final = 1000
_TOKEN_IN_ADDRESS: Final = re.compile(r"[?&]token=([A-Za-z0-9_-]+)")
_WRONG: Final = "This token is not the dashboard's. The command quantstrip token prints the one that holds now."
_ENDED: Final = "Your login has ended: the token was renewed. Log in with the new one."


class Attempts:
    """Wrong tokens of the last minute; when there are too many, logging in pauses. Open logins are not touched."""

    def __init__(self, clock: Clock, limit: int = _ATTEMPTS, window: float = _WINDOW_SECONDS) -> None:
        self._clock, self._limit, self._window = clock, limit, window
        self._failures: deque[float] = deque()

    def failed(self) -> None:
        """Count a wrong token."""
        self._failures.append(self._clock.monotonic())

    def pause(self) -> float:
        """Seconds until the next try is allowed; 0 when it is allowed now."""
        now = self._clock.monotonic()
        while self._failures and now - self._failures[0] >= self._window:
            self._failures.popleft()
        return self._window - (now - self._failures[0]) if len(self._failures) >= self._limit else 0.0


class Guard:
    """ASGI middleware; ``read_token`` gives the current token, so that a rotated one counts at once."""

    def __init__(self, app: ASGIApp, read_token: Callable[[], str], port: int, clock: Clock = system_clock) -> None:
        self.app = app
        self._read_token = read_token
        self._port = port
        self._hosts = access.allowed_hosts(port)
        self._cookie = access.cookie_name(port)
        self._attempts = Attempts(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send, self._policy(scope)))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = self._refusal(request) or await self._door(request)
        except SecretError as error:
            # Whoever asks is not known to be the owner: the file's place is told in the log alone.
            logger.error("nobody can be let in: {}", error)
            words = "The login token cannot be used. See logs/dashboard.log in the home."
            answer = self._refused(request, "Nobody can log in", words, 503)
        await (answer or self.app)(_as(OWNER, scope), receive, send)

    def _refusal(self, request: Request) -> Response | None:
        """Requests that no login makes good."""
        if not self._host_allowed(request.headers):
            words = (
                f"Expected a request for one of {', '.join(sorted(self._hosts))}; the Host header names something else."
            )
            return self._refused(request, "This address is not the dashboard's", words)
        if request.method not in _SAFE_METHODS and not self._own_origin(request.headers):
            words = "Refused: this request comes from another site. Log in on the dashboard's own page:"
            return self._refused(request, "Not from here", words)
        return None

    def _refused(self, request: Request, title: str, words: str, status: int = 403) -> Response:
        """A page for a person, a line for a program."""
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(words, status_code=status)
        address = "" if status != 403 else f"http://{access.LOOPBACK}:{self._port}/"
        return HTMLResponse(refusal_page(title, words, address), status_code=status)

    async def _door(self, request: Request) -> Response | None:
        """The health answer, the login, or None where the request may pass."""
        path = request.url.path
        if path == HEALTH_PATH:
            return JSONResponse({"status": "ok", "app": "quantstrip"})
        if path == LOGIN_PATH and request.method == "POST":
            return await self._login_form(request)
        if "token" in request.query_params and request.method == "GET":
            return self._login_link(request)
        if self._logged_in(request.cookies):
            return RedirectResponse("/", status_code=303) if path == LOGIN_PATH else None
        if "text/html" in request.headers.get("accept", ""):
            ended = _ENDED if self._cookie in request.cookies else ""
            return HTMLResponse(login_page(ended, _target(request)), status_code=401)
        return PlainTextResponse("Log in first: open the address that `quantstrip up` printed.", status_code=401)

    def _login_link(self, request: Request) -> Response:
        if (
            request.headers.get("sec-fetch-site") == "cross-site"
            and request.headers.get("sec-fetch-dest") != "document"
        ):
            # An image or a frame on another site; counted, it could lock the owner out.
            return PlainTextResponse("Refused: this request comes from another site.", status_code=403)
        return self._login(request.query_params["token"], _target(request))

    async def _login_form(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM:
                return PlainTextResponse("The form is longer than a token can be.", status_code=413)
        form = parse_qs(body.decode("utf-8", "replace"))
        given = form.get("token", [""])[0].strip()
        printed = _TOKEN_IN_ADDRESS.search(given)  # whoever pastes the whole printed address means its token
        return self._login(printed[1] if printed else given, _own_path(form.get("next", ["/"])[0]))

    def _login(self, given: str, target: str) -> Response:
        pause = self._attempts.pause()
        if pause > 0:
            page = login_page(f"Too many wrong tokens. Try again in {pause:.0f} s.", target)
            return HTMLResponse(page, status_code=429, headers={"retry-after": f"{pause:.0f}"})
        expected = self._read_token()
        if not access.matches(expected, given):
            self._attempts.failed()
            return HTMLResponse(login_page(_WRONG, target), status_code=403)
        response = RedirectResponse(target, status_code=303)
        response.set_cookie(
            self._cookie,
            access.cookie_value(expected, self._port),
            max_age=_COOKIE_SECONDS,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        cookies = Request({**scope, "type": "http"}).cookies
        if not (self._host_allowed(headers) and self._own_origin(headers) and self._stays_in(cookies)):
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return

        async def while_logged_in() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not self._stays_in(cookies):
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
            return message

        await self.app(_as(OWNER, scope), while_logged_in, send)

    def _logged_in(self, cookies: dict[str, str]) -> bool:
        given = cookies.get(self._cookie)
        return given is not None and access.matches(access.cookie_value(self._read_token(), self._port), given)

    def _stays_in(self, cookies: dict[str, str]) -> bool:
        try:
            return self._logged_in(cookies)
        except SecretError as error:
            logger.error("a page is closed: {}", error)
            return False

    def _host_allowed(self, headers: Headers) -> bool:
        return headers.getlist("host") != [] and all(host.lower() in self._hosts for host in headers.getlist("host"))

    def _own_origin(self, headers: Headers) -> bool:
        return headers.get("origin", "").lower() == f"http://{headers.get('host', '').lower()}"

    def _policy(self, scope: Scope) -> dict[str, str]:
        host = Headers(scope=scope).get("host", "").lower()
        socket = f" ws://{host}" if host in self._hosts else ""
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


def _as(who: Identity, scope: Scope) -> Scope:
    """The request as who logged in makes it: what it says itself about who that is counts for nothing."""
    told = {USER_HEADER: who.name, ROLE_HEADER: who.role, WAY_HEADER: who.way}
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1").lower() not in HEADERS]
    return {**scope, "headers": kept + [(name.encode(), value.encode()) for name, value in told.items()]}


def _target(request: Request) -> str:
    """The page that was asked for, without the token: where the login leads to."""
    kept = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
    return _own_path(request.url.path + (f"?{urlencode(kept)}" if kept else ""))


def _own_path(target: str) -> str:
    """A path on this server. Leading slashes are folded: ``//host`` would send the browser to another host."""
    path = "/" + target.lstrip("/\\")
    is_page = len(path) <= _LONGEST_TARGET and path.isprintable() and path.partition("?")[0] != LOGIN_PATH
    return path if is_page else "/"


def _with_headers(send: Send, extra: dict[str, str]) -> Callable[[Any], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in extra.items():
                headers[name] = value
        await send(message)

    return sending
