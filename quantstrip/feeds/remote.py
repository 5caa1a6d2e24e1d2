"""The port to feeds of history elsewhere: what a download asks, page by page."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import Micros
from quantstrip.errors import FeedRefused


class Page(NamedTuple):
    """A piece of history.

    Attributes:
        bars: by their labels, rising; None where the feed has none in what was asked.
        next: where the next piece begins, microseconds UTC; None where there is nothing more.

    """

    bars: RawBars | None
    next: Micros | None


class History(Protocol):
    """A feed that gives bars of the past.

    Attributes:
        name: what stored bars are said to be from.
        timeframes: those it has, finest first.
        calendar: whose sessions its bars follow, unless the user names another.
        adjusted: are its prices adjusted for splits or dividends? None where that means nothing.

    """

    name: str
    timeframes: tuple[str, ...]
    calendar: str
    adjusted: bool | None

    def page(self, symbol: str, timeframe: str, start: Micros, end: Micros) -> Page:
        """The first bars whose labels lie in ``[start, end)``, as many as one request gives.

        Raises:
            FeedRefused: it has no such symbol, or refuses the request for good.
            FeedUnreachable: it did not answer, or was asked too often.

        """
        ...


Opener = Callable[[str, bool], History]
"""Makes a feed: what stands behind the colon of its name, and whether prices are to be adjusted."""


def _yfinance(exchange: str, adjusted: bool) -> History:
    from quantstrip.feeds.yahoo import Yahoo

    if exchange:
        raise FeedRefused(f"yfinance has no {exchange!r}", hint="Write yfinance alone.")
    return Yahoo(adjusted=adjusted)


def _ccxt(exchange: str, _adjusted: bool) -> History:
    from quantstrip.feeds.crypto import open_exchange

    if not exchange:
        raise FeedRefused("ccxt needs an exchange", hint="Write it behind a colon: ccxt:binance.")
    return open_exchange(exchange)


OPENERS: dict[str, Opener] = {"yfinance": _yfinance, "ccxt": _ccxt}
"""Feeds by name; a program that uses the library may add its own."""


def open_history(name: str, *, adjusted: bool = True) -> History:
    """The feed of a name: ``yfinance``, or ``ccxt:EXCHANGE`` such as ``ccxt:binance``.

    Args:
        name: of the feed.
        adjusted: prices adjusted for splits and dividends, where the feed has both.

    Raises:
        FeedRefused: there is none of that name, or its package is not installed.

    """
    kind, _, exchange = name.partition(":")
    opener = OPENERS.get(kind)
    if opener is None:
        raise FeedRefused(
            f"there is no feed called {name!r}", hint="Write yfinance, or ccxt with an exchange: ccxt:binance."
        )
    return opener(exchange, adjusted)
