"""Quotes of Interactive Brokers, from the Client Portal gateway.

The session and the contracts are asked by the package ibind. The stream is read here, by websocket-client alone: that
of ibind takes ten seconds to end, and calls a connection that broke off well.
"""

import json
import logging
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any, Final
from urllib.parse import urlsplit

import websocket
from ibind import ExternalBrokerError, IbkrClient

from quantstrip.errors import FeedError, FeedRefused, FeedUnreachable
from quantstrip.feeds.live import Book

_FIELDS: Final = {"84": "bid", "86": "ask", "88": "bid_size", "85": "ask_size"}
"""What is asked of each contract, by the gateway's numbers."""
_RENEW: Final = 540.0
"""Seconds after which quotes are asked for again: the gateway tells them for ten minutes."""
_ALIVE: Final = 60.0
"""Seconds between two signs of life: a session that is not asked for a few minutes ends."""
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_LOOK: Final = 0.2
"""Seconds between two looks whether the stream is to end."""
_TROUBLE: Final = (ExternalBrokerError, websocket.WebSocketException, OSError, ValueError, KeyError)
"""What a gateway that is gone, or says what nobody understands, is known by; a time that is over is an OSError."""
_GATEWAY: Final = "Start the Client Portal gateway on this machine and log in to it: https://localhost:5000."
logging.getLogger("ibind").addHandler(logging.NullHandler())  # else its words on retries land on the terminal


class IbkrQuotes:
    """Top of the book of some contracts, while the gateway has a login. What breaks off is taken up again.

    Args:
        symbols: shares of the United States by their symbols, anything by its contract id (digits).
        url: of the gateway's interface; one on another machine needs a certificate that this system trusts.
        patience: seconds that a lost stream may take to come back.
        seconds: that the gateway may take until it tells of each symbol.

    """

    name = "ibkr"

    def __init__(
        self, symbols: Sequence[str], url: str = "https://127.0.0.1:5000/v1/api/", patience: float = 60.0,
        seconds: float = 5.0,
    ) -> None:  # fmt: skip
        self._symbols = list(symbols)
        self._url = url if url.endswith("/") else f"{url}/"
        # A gateway comes with a certificate that nobody signed. On this machine none is needed; whoever else answers
        # has to prove who they are, for the session that is sent could place orders.
        self._here = (urlsplit(self._url).hostname or "") in _HERE
        self._patience = patience
        self._seconds = seconds
        self._names: dict[str, str] = {}
        self._books: dict[str, dict[str, float]] = {}
        self._tell: Callable[[Book], None]
        self._rest: Any = None
        self._heard = 0.0
        self._stop = threading.Event()

    def start(self, tell: Callable[[Book], None]) -> None:
        """Look the symbols up and ask for their quotes; errors as of ``QuoteSource.start``."""
        self._tell, self._books, self._stop = tell, {}, threading.Event()
        if self._here:  # once is enough to know it: the package warns at every request
            warnings.filterwarnings("ignore", "Unverified HTTPS request is being made to host '(127|local|::1)")
        self._rest = IbkrClient(
            url=self._url, cacert=not self._here, max_retries=1, auto_register_shutdown=False, use_oauth=False
        )  # fmt: skip
        with ExitStack() as failed:
            failed.callback(self._rest.close)
            try:
                self._log_in()
                self._names = {self._number_of(symbol): symbol for symbol in self._symbols}
                stream = self._connect()
                failed.callback(_end, stream)
                self._first_words(stream)
            except _TROUBLE as error:
                raise self._unreachable(f"{type(error).__name__}: {error}") from error
            failed.pop_all()  # it goes on: the thread closes them
        threading.Thread(target=self._listen, args=(stream, self._stop), name="ibkr-quotes", daemon=True).start()

    def check(self) -> None:
        """Refuse to wait longer than ``patience`` for a stream that broke off: a gateway's heart beats all the time."""
        if time.monotonic() - self._heard > self._patience:
            raise self._unreachable(f"nothing was heard of it for {self._patience:g} seconds")

    def stop(self) -> None:
        """End the stream."""
        self._stop.set()

    # ----------------------------------------------------------------------------------------------------- the stream

    def _listen(self, stream: websocket.WebSocket, stop: threading.Event) -> None:
        """Hear the stream until it is to end, and open it again where it breaks off; the thread's own work."""
        rest, alive, renewed = self._rest, time.monotonic(), time.monotonic()
        with closing(rest):
            while not stop.is_set():
                try:
                    self._hear(stream)
                    now = time.monotonic()
                    if now - alive > _ALIVE:
                        rest.tickle()
                        stream.send("tic")
                        alive = now
                    if now - renewed > _RENEW:
                        self._subscribe(stream)
                        renewed = now
                except _TROUBLE:
                    _end(stream)
                    if not stop.wait(_LOOK):
                        stream = self._again(stop) or stream
            _end(stream)

    def _again(self, stop: threading.Event) -> websocket.WebSocket | None:
        """A new stream; None while there is none to be had. ``check`` tells when that takes too long."""
        try:
            return self._connect()
        except _TROUBLE:
            stop.wait(1.0)
            return None

    def _connect(self) -> websocket.WebSocket:
        session = json.dumps({"session": self._rest.tickle().data["session"]})
        return websocket.create_connection(
            f"ws{self._url.removeprefix('http')}ws", timeout=_LOOK, cookie=f"api={session}",
            sslopt={"cert_reqs": ssl.CERT_NONE if self._here else ssl.CERT_REQUIRED},
        )  # fmt: skip

    def _subscribe(self, stream: websocket.WebSocket) -> None:
        wanted = json.dumps({"fields": list(_FIELDS)}, separators=(",", ":"))
        for number in self._names:
            stream.send(f"smd+{number}+{wanted}")

    def _first_words(self, stream: websocket.WebSocket) -> None:
        """Hear until something is told of each symbol."""
        until = time.monotonic() + self._seconds
        while len(self._books) < len(self._names) and time.monotonic() < until:
            self._hear(stream)
        silent = [symbol for number, symbol in self._names.items() if number not in self._books]
        if silent:
            raise FeedRefused(
                f"Interactive Brokers tells nothing of {', '.join(silent)}",
                hint="Has the account a subscription to these market data? See Market Data in the account's settings.",
            )

    def _hear(self, stream: websocket.WebSocket) -> None:
        """Wait a moment for one message, and do what it asks for."""
        try:
            said = json.loads(stream.recv())
        except websocket.WebSocketTimeoutException:
            return
        topic, what = str(said.get("topic", "")), said.get("args") or {}
        if topic == "sts" and what.get("authenticated"):
            self._subscribe(stream)
        if topic == "sts" and what.get("authenticated") is False:
            return  # logged out: its heart beats on, and nothing is to be expected of it
        self._heard = time.monotonic()
        if topic.startswith("smd+"):
            self._quoted(str(said.get("conid", "")), said)

    def _quoted(self, number: str, said: dict[str, Any]) -> None:
        """A market data message tells what changed of a book."""
        if number not in self._names or self._stop.is_set():
            return
        book = self._books.setdefault(number, {})
        before = dict(book)
        book |= {name: _number(said[field]) for field, name in _FIELDS.items() if field in said}
        bid, ask = book.get("bid", 0.0), book.get("ask", 0.0)
        if bid > 0.0 and ask > 0.0 and book != before:
            self._tell(Book(self._names[number], bid, ask, book.get("bid_size", 0.0), book.get("ask_size", 0.0)))

    # ---------------------------------------------------------------------------------------------------- the session

    def _log_in(self) -> None:
        try:
            known = self._rest.authentication_status().data.get("authenticated")
        except ExternalBrokerError as error:
            if error.status_code != 401:
                raise
            known = False
        if not known:
            raise FeedRefused("nobody is logged in to the gateway of Interactive Brokers", hint=_GATEWAY)

    def _number_of(self, symbol: str) -> str:
        """The contract id of a symbol."""
        if symbol.isdigit():
            return symbol
        try:
            return str(self._rest.stock_conid_by_symbol(symbol).data[symbol])
        except (RuntimeError, KeyError) as error:
            raise FeedRefused(
                f"Interactive Brokers has no share of the United States called {symbol}, or several",
                hint="Give its contract id: the number in the address of its page in the Client Portal.",
            ) from error

    def _unreachable(self, what: str) -> FeedError:
        return FeedUnreachable(
            f"the gateway of Interactive Brokers at {self._url} gives no quotes: {what}", hint=_GATEWAY
        )


def _end(stream: websocket.WebSocket) -> None:
    stream.close(timeout=1)
    # One that the other side ended is left open by the line above.
    stream.shutdown()  # type: ignore[no-untyped-call]


def _number(text: object) -> float:
    """A price or size as the gateway writes it: ``C`` and ``H`` before it say close and halted; 0 where it is none."""
    try:
        return float(str(text).lstrip("CH").replace(",", ""))
    except ValueError:
        return 0.0
