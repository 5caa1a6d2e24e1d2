"""The empty page that Streamlit's frontend starts in, with a script that runs before it: ``dashboard/connection.js``.

Left alone, the frontend looks for its server below the page's own path first (``/monitor/_stcore/health``), which fails
with two errors in the browser's console at every visit of a page but the first. And when the server ends, or the login
does, it says so in words of its own that help nobody.
"""

from html import escape
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantstrip.home import asset
from quantstrip.operations.roles import ROLE_HEADER, USER_HEADER

_MARK: Final = b"<title>Streamlit</title>"
_UNWANTED: Final = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since", b"if-range", b"range"})
"""Headers that would have the page come compressed, in parts or not at all."""


class Shell:
    """ASGI middleware inside ``Guard``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        script = (asset("dashboard") / "connection.js").read_text(encoding="utf-8")
        self._head = (
            f'<title>Quantstrip</title><meta name="color-scheme" content="light dark"><script>{script}</script>'
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _asks_for_page(scope):
            await self.app(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in _UNWANTED]
        headers = Headers(scope=scope)
        who = escape(f"{headers.get(USER_HEADER)}, {headers.get(ROLE_HEADER)}")  # as the guard says it of each answer
        page = _Page(send, f'<meta name="qs-who" content="{who}">{self._head}'.encode())
        await self.app({**scope, "headers": kept}, receive, page.take)


class _Page:
    """One answer on its way: HTML is held until it is whole, anything else passes."""

    def __init__(self, send: Send, head: bytes) -> None:
        self._send, self._head = send, head
        self._start: Message | None = None
        self._body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif message["type"] != "http.response.body" or self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start, self._body.replace(_MARK, self._head, 1))

    async def _finish(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified", "accept-ranges"):  # they tell of the file, not of what is sent
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _asks_for_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
