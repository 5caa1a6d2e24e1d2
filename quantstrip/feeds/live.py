"""Quotes of a live market as one stream, whoever tells them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import FeedRefused, FeedUnreachable
from quantstrip.model import Pulse, Quote

_MOST: Final = 100_000
"""Quotes that may wait for a strategy: with more, what it decides on is long past."""


class Book(NamedTuple):
    """The top of one order book, as a source tells it: prices in price units, sizes in units."""

    symbol: str
    bid: float
    ask: float
    bid_size: float = 0.0
    ask_size: float = 0.0


class QuoteSource(Protocol):
    """Where quotes come from; it tells them from threads of its own.

    Attributes:
        name: what quotes are said to be from.

    """

    name: str

    def start(self, tell: Callable[[Book], None]) -> None:
        """Begin to ``tell`` each change.

        Raises:
            FeedRefused: no such symbol, no right to its quotes, nobody logged in.
            FeedUnreachable: nobody answers.

        """
        ...

    def check(self) -> None:
        """Asked while nothing comes: raises ``FeedError`` where that is because nothing can come."""
        ...

    def stop(self) -> None:
        """End; a source that was not started, or stopped already, is left alone."""
        ...


class LiveClient:
    """Streams the quotes of a source, as candle strategies take them (``quantstrip.dialects.candle``).

    A quote's moment is the one at which it came in, so that a candle that was given out never changes. While none
    comes, a ``Pulse`` tells the time: candles end on time in a silent market too.

    Args:
        source: who tells.
        clock: whose moments count.
        pulse: seconds without a quote after which the time is told.

    """

    def __init__(self, source: QuoteSource, clock: Clock = system_clock, pulse: float = 1.0) -> None:
        self._source = source
        self._clock = clock
        self._pulse = pulse
        self._waiting: deque[Quote] = deque()
        self._arrived = threading.Condition()
        self._stopped = self._overrun = False

    def stream(self) -> Iterator[Quote | Pulse]:
        """Quotes as they come, until ``stop``.

        Raises:
            FeedRefused, FeedUnreachable: as the source says; or quotes come faster than they are taken.

        """
        self._stopped = self._overrun = False
        self._waiting.clear()
        try:
            self._source.start(self._told)
            while (update := self._next()) is not None:
                if isinstance(update, Pulse):
                    self._source.check()
                yield update
        finally:
            self._source.stop()

    def stop(self) -> None:
        """End the stream, from any thread."""
        with self._arrived:
            self._stopped = True
            self._arrived.notify_all()

    def _told(self, book: Book) -> None:
        # Under the lock, as the pulse: no quote can bear a moment before a pulse that was told already.
        with self._arrived:
            if len(self._waiting) >= _MOST:
                self._overrun = True
                return
            self._waiting.append(Quote(book.symbol, self._clock.now(), *book[1:], self._source.name))
            self._arrived.notify_all()

    def _next(self) -> Quote | Pulse | None:
        with self._arrived:
            if not self._waiting and not self._stopped:
                self._arrived.wait(self._pulse)
            if self._stopped:
                return None
            if self._overrun:
                raise FeedUnreachable(
                    f"{_MOST:,} quotes of {self._source.name} wait for the strategy, and more come",
                    hint="Give the strategy fewer symbols, or have it do less at each candle.",
                )
            return self._waiting.popleft() if self._waiting else Pulse(self._clock.now())


def open_quotes(name: str, symbols: Sequence[str]) -> LiveClient:
    """A live client of some symbols' quotes.

    Args:
        name: ``ibkr`` for Interactive Brokers' gateway on this machine, ``ibkr:HOST:PORT`` for another one, whose
            certificate this system has to trust; ``ccxt:EXCHANGE`` for a crypto exchange.
        symbols: as the source has them; at Interactive Brokers shares of the United States, or contract ids.

    Raises:
        FeedRefused: there is no such source, or its package is not installed.

    """
    kind, _, rest = name.partition(":")
    if not symbols:
        raise FeedRefused("a stream of quotes needs at least one symbol, got none", hint='For example ["AAPL"].')
    if kind == "ibkr":
        from quantstrip.feeds.ibkr_quotes import IbkrQuotes

        host, _, port = rest.partition(":")
        return LiveClient(IbkrQuotes(symbols, f"https://{host or '127.0.0.1'}:{port or 5000}/v1/api/"))
    if kind == "ccxt" and rest:
        from quantstrip.feeds.crypto import connect
        from quantstrip.feeds.crypto_quotes import CryptoQuotes

        return LiveClient(CryptoQuotes(connect(rest), symbols))
    raise FeedRefused(
        f"there is no source of quotes called {name!r}",
        hint="Write ibkr, or ccxt with an exchange: ccxt:binance.",
    )
