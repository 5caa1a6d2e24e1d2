"""Feeds elsewhere, here: a server that speaks Yahoo's chart protocol, an exchange like ccxt's, and a feed in memory.

All three have the bars of ``market``: the contract suite asks each the same.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import requests

from quantstrip.bars import BarTable
from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import DAY, SECOND, Micros
from quantstrip.errors import FeedRefused, FeedUnreachable
from quantstrip.feeds.remote import Page
from quantstrip.model import TIMEFRAMES

Market = dict[tuple[str, str], BarTable]
"""Bars by symbol and timeframe."""


class Trouble:
    """What goes wrong at the other end.

    Attributes:
        failures: so many requests fail from now on.
        status: with this one.
        requests: so many were asked.

    """

    def __init__(self) -> None:
        self.failures = 0
        self.status = 503
        self.requests = 0

    def strikes(self) -> bool:
        self.requests += 1
        self.failures -= 1
        return self.failures >= 0


class MemoryFeed:
    """A feed in this process; ``size`` bars a page."""

    name = "memory"
    calendar = "24/7"
    adjusted: bool | None = True

    def __init__(self, market: Market, size: int = 10) -> None:
        self.market, self.size, self.trouble = market, size, Trouble()
        self.timeframes = tuple(name for name in TIMEFRAMES if any(name == each for _, each in market))
        self.asked: list[Micros] = []

    def page(self, symbol: str, timeframe: str, start: Micros, end: Micros) -> Page:
        self.asked.append(start)
        if self.trouble.strikes():
            raise FeedUnreachable("memory does not answer", hint="Try again later.")
        if (symbol, timeframe) not in self.market:
            raise FeedRefused(f"memory knows no {symbol}", hint="Name another.")
        table = self.market[symbol, timeframe].between(start, end)
        part = table.rows(0, self.size)
        if not len(part):
            return Page(None, None)
        more = len(table) > len(part)
        return Page(raw(part), int(table.label[len(part)]) if more else None)


def raw(table: BarTable) -> RawBars:
    return RawBars(
        Path("memory"), False, 1, table.label, table.open, table.high, table.low, table.close, table.volume
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------- an exchange like ccxt's


class BaseError(Exception): ...


class NetworkError(BaseError): ...


class RateLimitExceeded(NetworkError): ...


class BadSymbol(BaseError): ...


class TwinExchange:
    """What ``feeds.crypto`` uses of a ccxt exchange, with errors of the same names; at most ``size`` candles a call."""

    id = "twin"

    def __init__(self, market: Market, size: int = 10) -> None:
        self.market, self.size, self.trouble = market, size, Trouble()
        self.timeframes = {name: name for _, name in market}

    def fetch_ohlcv(self, symbol: str, timeframe: str, since: int | None, limit: int | None) -> list[list[float]]:
        if self.trouble.strikes():
            raise (
                RateLimitExceeded("twin 429 too many requests") if self.trouble.status == 429 else NetworkError("down")
            )
        if (symbol, timeframe) not in self.market:
            raise BadSymbol(f"twin does not have market symbol {symbol}")
        table = self.market[symbol, timeframe].between((since or 0) * 1000)
        rows = table.rows(0, min(self.size, limit or self.size))
        columns = (rows.open, rows.high, rows.low, rows.close, rows.volume)
        return [list(row) for row in zip((rows.label // 1000).tolist(), *(c.tolist() for c in columns), strict=True)]


# --------------------------------------------------------------------------------------------- Yahoo's chart protocol


class _Chart(BaseHTTPRequestHandler):
    """``/v8/finance/chart/SYMBOL?period1=..&period2=..&interval=..`` and the cookie and crumb before it."""

    market: Market
    trouble: Trouble
    zone = "America/New_York"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if "quote" in url.path:  # asked for symbols that the chart does not know
            return self._send(404, b'{"quoteSummary":{"result":null,"error":{"code":"Not Found"}}}')
        if not url.path.startswith("/v8/finance/chart/"):
            return self._send(200, b"crumb", {"Set-Cookie": "A3=cookie; Path=/"})
        if self.trouble.strikes():
            return self._send(self.trouble.status, b"Will be right back")
        symbol, asked = url.path.rsplit("/", 1)[1], {name: value[0] for name, value in parse_qs(url.query).items()}
        interval = {"60m": "1h"}.get(asked["interval"], asked["interval"])
        known = [table for (name, _), table in self.market.items() if name == symbol]
        if not known:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return self._send(404, json.dumps({"chart": {"result": None, "error": error}}).encode())
        table = self.market.get((symbol, interval), known[0].rows(0, 0))
        if "period1" in asked:
            # A day's bar stands at its opening; Yahoo's spans do too.
            first, last = (int(asked[name]) * SECOND for name in ("period1", "period2"))
            table = table.take((table.ts_open >= first) & (table.ts_open < last))
        return self._send(200, json.dumps({"chart": {"result": [self._result(symbol, table)], "error": None}}).encode())

    def _result(self, symbol: str, table: BarTable) -> dict[str, Any]:
        quote = {name: getattr(table, name).tolist() for name in ("open", "high", "low", "close", "volume")}
        meta = {
            "currency": "USD", "symbol": symbol, "exchangeName": "NYQ", "instrumentType": "EQUITY",
            "exchangeTimezoneName": self.zone, "timezone": "EST", "gmtoffset": -18000, "priceHint": 2,
            "firstTradeDate": 0, "validRanges": ["1d", "max"], "dataGranularity": "1d", "range": "",
        }  # fmt: skip
        found: dict[str, Any] = {"meta": meta, "indicators": {"quote": [quote if len(table) else {}]}}
        if table.timeframe == "1h":
            days = np.unique(table.ts_open // DAY) * DAY // SECOND
            hours = {"timezone": "EST", "gmtoffset": -18000}
            meta["tradingPeriods"] = [
                [{"start": day + 52_200, "end": day + 75_600, **hours}] for day in days.tolist()
            ]  # fmt: skip
        if len(table):
            found["timestamp"] = (table.ts_open // SECOND).tolist()
            found["indicators"]["adjclose"] = [{"adjclose": (table.close / 2).tolist()}]
        return found

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the tests' output clean."""


class _Here(requests.Session):
    """A session to which Yahoo's hosts are a server of this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.trust_env = False
        self._port = port

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        found = urlsplit(str(url))
        return super().request(method, f"http://127.0.0.1:{self._port}{found.path}?{found.query}", *args, **options)


@contextmanager
def yahoo_server(market: Market) -> Iterator[tuple[requests.Session, Trouble]]:
    """A session for yfinance to a server with the bars of ``market``, and what may go wrong there."""
    trouble = Trouble()
    handler = type("Chart", (_Chart,), {"market": market, "trouble": trouble})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    session = _Here(server.server_port)
    try:
        yield session, trouble
    finally:
        session.close()
        server.shutdown()
        thread.join()
        server.server_close()


def walk(symbol: str, timeframe: str, label: Any, *, seed: int = 1) -> BarTable:
    """Bars at ``label`` along a random walk."""
    random = np.random.default_rng(seed)
    close = np.round(100 + random.normal(0, 0.3, len(label)).cumsum(), 4)
    opens = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opens, close) + 0.5, np.minimum(opens, close) - 0.5
    return BarTable.from_arrays(symbol, timeframe, label, opens, high, low, close, np.arange(len(label)) + 1.0)
