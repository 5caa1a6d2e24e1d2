"""Markets that tell quotes, here: a server that speaks the protocol of Interactive Brokers' gateway, and order books
as ccxt's exchanges give them."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidState

SHARES = {"AAPL": 265598, "IBM": 8314}
"""Contract ids of the gateway's shares."""


def self_signed(path: Path) -> Path:
    """A certificate that nobody vouches for, with its key, as a gateway ships with."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


class Gateway:
    """The Client Portal gateway: its session, its contracts, and its stream of market data.

    Attributes:
        logged_in: whether somebody is.
        known: the contracts that it has quotes of, with the first ones it tells.
        asked: what was subscribed to, as it came.
        refuses: whether it opens no stream.
        beats: seconds between two beats of its heart; the real one's are 10.

    """

    def __init__(self) -> None:
        self.logged_in = True
        self.known: dict[int, dict[str, str]] = {
            number: {"84": "100.00", "86": "100.10", "88": "3", "85": "1,200"} for number in SHARES.values()
        }
        self.asked: list[str] = []
        self.refuses = False
        self.beats = 0.05
        self.host, self.port, self.scheme = "127.0.0.1", 0, "http"
        self._streams: list[WebSocket] = []
        self._loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/v1/api/"

    def tell(self, conid: int, **fields: str) -> None:
        """Tell who listens what changed: ``f84="100.5"``."""
        changed = {name.removeprefix("f"): value for name, value in fields.items()}
        asyncio.run_coroutine_threadsafe(self._tell(conid, changed), self._loop).result(5)

    def cut(self) -> None:
        """Break every stream off."""
        for stream in list(self._streams):
            asyncio.run_coroutine_threadsafe(stream.close(1011), self._loop).result(5)

    async def _tell(self, conid: int, changed: dict[str, str]) -> None:
        message = {"topic": f"smd+{conid}", "conid": conid, "_updated": int(time.time() * 1e3), "server_id": "q0"}
        for stream in list(self._streams):
            with suppress(WebSocketDisconnect):  # who went a moment ago
                await stream.send_text(json.dumps(message | changed))

    async def _session(self, request: Request) -> JSONResponse:
        return JSONResponse({"session": "5f0c", "iserver": {"authStatus": {"authenticated": self.logged_in}}})

    async def _status(self, request: Request) -> JSONResponse:
        return JSONResponse({"authenticated": self.logged_in, "competing": False, "connected": True})

    async def _stocks(self, request: Request) -> JSONResponse:
        there = {
            symbol: [{
                "name": symbol, "assetClass": "STK",
                "contracts": [{"conid": SHARES[symbol], "exchange": "NASDAQ", "isUS": True},
                              {"conid": 1, "exchange": "MEXI", "isUS": False}],
            }]
            for symbol in request.query_params["symbols"].split(",") if symbol in SHARES
        }  # fmt: skip
        return JSONResponse(there)

    async def _stream(self, stream: WebSocket) -> None:
        if self.refuses:
            return await stream.close()
        await stream.accept()
        status = {"topic": "sts", "args": {"authenticated": self.logged_in, "competing": False}}
        for message in ({"topic": "system", "success": "me"}, status):
            await stream.send_text(json.dumps(message))
        self._streams.append(stream)
        beating = asyncio.create_task(self._beat(stream))
        try:
            while True:
                text = await stream.receive_text()
                self.asked.append(text)
                kind, conid, *_ = text.split("+")
                if kind == "smd" and int(conid) in self.known:
                    await self._tell(int(conid), self.known[int(conid)])
        except WebSocketDisconnect:
            pass
        finally:
            beating.cancel()
            self._streams.remove(stream)

    async def _beat(self, stream: WebSocket) -> None:
        while True:
            await asyncio.sleep(self.beats)
            await stream.send_text(json.dumps({"topic": "system", "hb": int(time.time() * 1e3)}))

    @contextmanager
    def serving(self, host: str = "127.0.0.1", certificate: Path | None = None) -> Iterator["Gateway"]:
        """On a free port of this machine, until the end of the block; over TLS with a file of certificate and key."""
        self.host, self.scheme = host, "https" if certificate else "http"
        routes = [
            Route("/v1/api/tickle", self._session, methods=["POST"]),
            Route("/v1/api/iserver/auth/status", self._status, methods=["POST"]),
            Route("/v1/api/trsrv/stocks", self._stocks),
            WebSocketRoute("/v1/api/ws", self._stream),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), host=host, port=0, log_level="error", ws="websockets-sansio",
            ssl_certfile=certificate, ssl_keyfile=certificate,
        )  # fmt: skip
        server = uvicorn.Server(config)

        def serve() -> None:
            with asyncio.Runner() as runner:  # whatever is still pending is ended, and its sockets closed
                self._loop = runner.get_loop()
                with suppress(InvalidState):  # the server ends a stream that its client is just closing
                    runner.run(server.serve())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join(10)


class Books:
    """Order books as ``fetch_order_book`` of a ccxt exchange gives them; ``errors`` are raised first, one a call."""

    id = "twin"

    def __init__(self, **books: dict[str, Any]) -> None:
        self.books = books
        self.errors: list[Exception] = []
        self.calls = 0

    def fetch_order_book(self, symbol: str, limit: int | None = None) -> dict[str, Any]:
        """The book of a symbol: ``bids`` and ``asks``, each a list of price and size, the best first."""
        self.calls += 1
        assert limit is None or limit > 0
        if self.errors:
            raise self.errors.pop(0)
        return self.books[symbol]
