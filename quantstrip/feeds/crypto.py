"""Bars from crypto exchanges by the package ccxt (extra ``ccxt``)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import SECOND, Micros
from quantstrip.errors import FeedRefused, FeedUnreachable
from quantstrip.feeds.remote import Page
from quantstrip.model import TIMEFRAMES

Answer = TypeVar("Answer")
_MILLI = 1_000
_AT_ONCE = 1_000


class Exchange(Protocol):
    """What is used of a ccxt exchange: its unified API for public candles.

    Attributes:
        id: its name.
        timeframes: those it has, by their unified names.

    """

    @property
    def id(self) -> str: ...

    @property
    def timeframes(self) -> Mapping[str, Any]: ...

    def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int | None
    ) -> Sequence[Sequence[float]]:
        """Candles ``[milliseconds, open, high, low, close, volume]`` from ``since`` on, rising."""
        ...


class Crypto:
    """Candles of one exchange.

    ccxt keeps its own pace (``enableRateLimit``); its errors are told apart by the names of their classes, which are
    part of its unified API, so that ccxt need not be imported here.
    """

    calendar = "24/7"
    adjusted: bool | None = None

    def __init__(self, exchange: Exchange) -> None:
        self.name = f"ccxt:{exchange.id}"
        # Weeks of some exchanges begin on a Thursday: ours are made of days.
        there = exchange.timeframes or ()
        self.timeframes = tuple(name for name in TIMEFRAMES if name in there and name != "1w")
        self._exchange = exchange

    def page(self, symbol: str, timeframe: str, start: Micros, end: Micros) -> Page:
        """The first candles that begin in ``[start, end)``; errors as of ``History.page``."""
        length = TIMEFRAMES[timeframe] * SECOND
        since = -(-start // length) * length
        if since >= end:
            return Page(None, None)
        limit = min(_AT_ONCE, max(1, -(-(end - since) // length)))
        rows = self._asked(symbol, timeframe, since // _MILLI, limit)
        chosen = [row for row in rows if since <= int(row[0]) * _MILLI < end]
        if not chosen:  # some exchanges give nothing before a market began, others its first candles
            later = since + limit * length
            return Page(None, later if not rows and later < end else None)
        columns = np.array([[np.nan if cell is None else float(cell) for cell in row[:6]] for row in chosen]).T
        time = np.array([int(row[0]) for row in chosen], dtype=np.int64) * _MILLI
        bars = RawBars(Path(f"{self.name} {symbol} {timeframe}"), False, 1, time, *columns[1:])
        following = int(time[-1]) + length
        return Page(bars, following if following < end else None)

    def _asked(self, symbol: str, timeframe: str, since: int, limit: int) -> Sequence[Sequence[float]]:
        return asked(
            self.name, f"the bars of {symbol}", lambda: self._exchange.fetch_ohlcv(symbol, timeframe, since, limit)
        )


def asked(name: str, what: str, ask: Callable[[], Answer]) -> Answer:
    """What an exchange answers, its errors as ours.

    Raises:
        FeedRefused: it has none of ``what``, or refuses for good.
        FeedUnreachable: it did not answer, or was asked too often.

    """
    try:
        return ask()
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "BaseError" not in kinds:
            raise
        if "NetworkError" in kinds:
            raise FeedUnreachable(
                f"{name} did not give {what}: {type(error).__name__}: {error}",
                hint="Is this machine connected, and is the exchange open to your country? Try again later.",
            ) from error
        raise FeedRefused(
            f"{name} refused {what}: {type(error).__name__}: {error}",
            hint="Write the symbol as the exchange has it, such as BTC/USDT.",
        ) from error


def open_exchange(name: str) -> Crypto:
    """Candles of the exchange that ccxt calls ``name``; errors as of ``connect``."""
    return Crypto(connect(name))


def connect(name: str) -> Any:
    """The exchange that ccxt calls ``name``.

    Raises:
        FeedRefused: there is none, or ccxt is not installed.

    """
    try:
        import ccxt
    except ImportError:
        raise FeedRefused(
            "the package ccxt is not installed", hint="Install it: pip install 'quantstrip[ccxt]'"
        ) from None
    if name not in ccxt.exchanges:
        raise FeedRefused(
            f"ccxt has no exchange {name!r}", hint="Its names are in lower case, such as binance, kraken."
        )
    return getattr(ccxt, name)({"enableRateLimit": True})
