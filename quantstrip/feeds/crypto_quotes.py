"""Quotes of crypto exchanges by the package ccxt (extra ``ccxt``): their order books, asked again and again."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from quantstrip.errors import FeedError, FeedRefused, FeedUnreachable
from quantstrip.feeds.crypto import asked
from quantstrip.feeds.live import Book

_DEPTH = 5
"""The fewest levels that every exchange gives."""


class OrderBooks(Protocol):
    """What is used of a ccxt exchange: its unified API for public order books.

    Attributes:
        id: its name.

    """

    @property
    def id(self) -> str: ...

    def fetch_order_book(self, symbol: str, limit: int | None = None) -> Mapping[str, Any]:
        """``bids`` and ``asks`` of a symbol, each a list of ``[price, size]``, the best first."""
        ...


class CryptoQuotes:
    """Top of the book of some symbols of one exchange, asked each in turn; ccxt keeps the exchange's own pace.

    Args:
        exchange: of ccxt.
        symbols: as it writes them: ``BTC/USDT``.
        every: seconds between two rounds of questions.
        patience: seconds without an answer after which it is given up.

    """

    def __init__(
        self, exchange: OrderBooks, symbols: Sequence[str], every: float = 1.0, patience: float = 60.0
    ) -> None:
        self.name = f"ccxt:{exchange.id}"
        self._exchange = exchange
        self._symbols = list(symbols)
        self._every = every
        self._patience = patience
        self._books: dict[str, Book] = {}
        self._failed: FeedError | None = None
        self._stop = threading.Event()

    def start(self, tell: Callable[[Book], None]) -> None:
        """Ask once for each symbol, then again and again; errors as of ``QuoteSource.start``."""
        self._books, self._failed, self._stop = {}, None, threading.Event()
        for symbol in self._symbols:
            self._ask(symbol, tell)
        threading.Thread(target=self._go_on, args=(tell, self._stop), name="crypto-quotes", daemon=True).start()

    def check(self) -> None:
        """Raise what ended the questions."""
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _go_on(self, tell: Callable[[Book], None], stop: threading.Event) -> None:
        answered = time.monotonic()
        while not stop.wait(self._every):
            try:
                for symbol in self._symbols:
                    self._ask(symbol, tell)
                answered = time.monotonic()
            except FeedUnreachable as error:
                if time.monotonic() - answered > self._patience:
                    self._failed = error
                    return
            except FeedRefused as error:
                self._failed = error
                return

    def _ask(self, symbol: str, tell: Callable[[Book], None]) -> None:
        """Ask for one book, and tell it where it changed; one with an empty side has no middle."""
        found = asked(self.name, f"the order book of {symbol}", lambda: self._exchange.fetch_order_book(symbol, _DEPTH))
        if self._stop.is_set() or not found["bids"] or not found["asks"]:
            return
        (bid, bid_size, *_), (ask, ask_size, *_) = found["bids"][0], found["asks"][0]
        book = Book(symbol, float(bid), float(ask), float(bid_size), float(ask_size))
        if book != self._books.get(symbol):
            self._books[symbol] = book
            tell(book)
