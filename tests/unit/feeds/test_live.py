"""Live quotes: a source tells them, a client streams them, candles are made of them, the same as of their replay."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import SECOND, ManualClock, from_text
from quantstrip.dialects.candle import (
    CandleAggregator,
    MarketDataClient,
    MidPriceCandle,
    ReplayClient,
    Strategy,
    StrategyManager,
    compare_signals,
)
from quantstrip.errors import FeedError, FeedRefused, FeedUnreachable
from quantstrip.feeds.crypto_quotes import CryptoQuotes
from quantstrip.feeds.ibkr_quotes import IbkrQuotes
from quantstrip.feeds.live import Book, LiveClient, open_quotes
from quantstrip.model import Pulse, Quote

from .quote_sources import SHARES, Books, Gateway, self_signed

START = from_text("2026-01-05 14:30:00")
MINUTE = 60 * SECOND


class Told:
    """A source that tells a list of steps, one each time it is asked how it is: a book, or seconds that go by."""

    name = "told"

    def __init__(self, steps: list[Any], clock: ManualClock) -> None:
        self.steps, self.clock = list(steps), clock
        self.client: LiveClient
        self.stops = 0

    def start(self, tell: Callable[[Book], None]) -> None:
        self.tell = tell

    def check(self) -> None:
        if not self.steps:
            self.client.stop()
            return
        step = self.steps.pop(0)
        if isinstance(step, Book):
            self.tell(step)
        elif isinstance(step, FeedError):
            raise step
        else:
            self.clock.set(self.clock.now() + step * SECOND)

    def stop(self) -> None:
        self.stops += 1


def told(*steps: Any) -> LiveClient:
    clock = ManualClock(START)
    source = Told(list(steps), clock)
    source.client = LiveClient(source, clock, pulse=0.0)
    return source.client


class Rises(Strategy):
    """Buys a candle that rose and sells one that fell."""

    interval = "1m"

    def on_candle(self, candle: MidPriceCandle) -> int:
        return (candle.close > candle.open) - (candle.close < candle.open)


# ------------------------------------------------------------------------------------------------------- the stream


def test_a_live_client_is_a_market_data_client() -> None:
    assert isinstance(told(), MarketDataClient)


def test_quotes_bear_the_moment_at_which_they_came_in() -> None:
    quotes = [each for each in told(5, Book("A", 1.0, 2.0, 3.0, 4.0), 7, Book("A", 2.0, 3.0)).stream() if each[1:]]
    assert quotes == [
        Quote("A", START + 5 * SECOND, 1.0, 2.0, 3.0, 4.0, "told"),
        Quote("A", START + 12 * SECOND, 2.0, 3.0, 0.0, 0.0, "told"),
    ]


def test_a_candle_ends_on_time_in_a_market_that_falls_silent() -> None:
    seen: list[tuple[MidPriceCandle, int]] = []
    client = told(Book("A", 9.0, 11.0), 20, Book("A", 10.0, 12.0), 41, Book("B", 1.0, 2.0))
    builder = CandleAggregator("A", "1m")
    for update in client.stream():
        ended = builder.flush(update.ts) if isinstance(update, Pulse) else None
        if ended is not None:
            seen.append((ended, update.ts - START))
        if isinstance(update, Quote) and update.symbol == "A":
            builder.add(update)
    assert [(each.open, each.high, each.close) for each, _ in seen] == [(10.0, 11.0, 11.0)]
    assert seen[0][1] == 61 * SECOND  # not with the next quote of A: there was none


@given(st.lists(st.one_of(st.integers(0, 90), st.floats(1.0, 2.0).map(lambda bid: Book("A", bid, bid + 0.5)))))
def test_what_was_streamed_live_and_its_replay_give_the_same_candles_and_signals(steps: list[Any]) -> None:
    live, replayed = Rises(symbols=["A"]), Rises(symbols=["A"])
    kept: list[Quote] = []
    client = told(*steps, 61)

    class Noted:
        def stream(self) -> Iterator[Quote | Pulse]:
            for update in client.stream():
                kept.extend([update] if isinstance(update, Quote) else [])
                yield update

        def stop(self) -> None:
            client.stop()

    StrategyManager([live]).run(Noted())
    again = ReplayClient([*kept, Quote("A", kept[-1].ts + 61 * SECOND, 1.0, 1.0)] if kept else [])
    StrategyManager([replayed]).run(again)
    assert list(live.candles["A"]) == list(replayed.candles["A"])
    assert compare_signals(live, replayed).parity in (None, 100.0)


def test_what_a_source_raises_ends_the_stream_and_the_source() -> None:
    client = told(Book("A", 1.0, 2.0), FeedUnreachable("gone", hint="Wait."))
    with pytest.raises(FeedUnreachable, match="gone"):
        list(client.stream())
    assert client._source.stops == 1  # type: ignore[attr-defined]


def test_quotes_that_come_faster_than_they_are_taken_are_an_error_and_no_growing_queue() -> None:
    client = told(1)
    stream = client.stream()
    next(stream)
    for _ in range(100_002):
        client._told(Book("A", 1.0, 2.0))
    with pytest.raises(FeedUnreachable, match=r"100,000 quotes of told wait for the strategy"):
        next(stream)


def test_a_stream_is_stopped_from_another_thread_while_it_waits() -> None:
    clock = ManualClock(START)
    client = LiveClient(Told([], clock), clock, pulse=60.0)
    threading.Timer(0.05, client.stop).start()
    assert list(client.stream()) == []


# --------------------------------------------------------------------------------- the gateway of Interactive Brokers


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway().serving() as serving:
        yield serving


def quotes_of(client: LiveClient) -> Iterator[tuple[Any, ...]]:
    return ((each.symbol, *each[2:]) for each in client.stream() if isinstance(each, Quote))


def test_the_gateway_tells_what_changed_and_the_whole_book_is_streamed(gateway: Gateway) -> None:
    client = LiveClient(IbkrQuotes(["AAPL", str(SHARES["IBM"])], gateway.url), pulse=0.1)
    stream = quotes_of(client)
    first = sorted(islice(stream, 2))
    assert first == [("8314", 100.0, 100.1, 3.0, 1200.0, "ibkr"), ("AAPL", 100.0, 100.1, 3.0, 1200.0, "ibkr")]
    gateway.tell(SHARES["AAPL"], f84="100.05")
    gateway.tell(SHARES["AAPL"], f31="C99.00")  # a trade, of no interest to who asked for quotes
    gateway.tell(SHARES["AAPL"], f86="1,100.25", f85="7")
    assert list(islice(stream, 2)) == [
        ("AAPL", 100.05, 100.1, 3.0, 1200.0, "ibkr"), ("AAPL", 100.05, 1100.25, 3.0, 7.0, "ibkr"),
    ]  # fmt: skip
    client.stop()
    assert list(stream) == []
    assert {text.split("+")[1] for text in gateway.asked} >= {"265598", "8314"}


def test_a_book_with_one_side_has_no_middle_and_is_not_told(gateway: Gateway) -> None:
    client = LiveClient(IbkrQuotes(["IBM"], gateway.url), pulse=0.1)
    stream = quotes_of(client)
    next(stream)
    gateway.tell(SHARES["IBM"], f84="-1")
    gateway.tell(SHARES["IBM"], f84="")
    gateway.tell(SHARES["IBM"], f84="99.5")
    assert next(stream)[1] == 99.5
    stream.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("symbols", "error"), [(["XYZ"], "no share of the United States called XYZ"),
                                                (["42"], "tells nothing of 42")])  # fmt: skip
def test_what_the_gateway_does_not_have_is_refused(gateway: Gateway, symbols: list[str], error: str) -> None:
    with pytest.raises(FeedRefused, match=error):
        next(LiveClient(IbkrQuotes(symbols, gateway.url, seconds=0.2)).stream())


def test_a_gateway_that_nobody_is_logged_in_to_or_that_is_not_there_is_told_with_what_to_do(gateway: Gateway) -> None:
    gateway.logged_in = False
    try:
        with pytest.raises(FeedRefused, match="nobody is logged in") as refused:
            next(LiveClient(IbkrQuotes(["AAPL"], gateway.url)).stream())
    finally:
        gateway.logged_in = True
    assert "log in to it" in str(refused.value.hint)
    with pytest.raises(FeedUnreachable, match="gives no quotes"):
        next(LiveClient(IbkrQuotes(["AAPL"], "http://127.0.0.1:9/v1/api/")).stream())


def test_a_certificate_that_nobody_vouches_for_is_taken_of_this_machine_alone(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "gateway.pem")
    with Gateway().serving(certificate=certificate) as here:
        client = LiveClient(IbkrQuotes(["AAPL"], here.url), pulse=0.1)
        assert next(quotes_of(client))[:3] == ("AAPL", 100.0, 100.1)
        client.stop()
    with Gateway().serving("127.0.0.2", certificate) as elsewhere:
        with pytest.raises(FeedUnreachable, match=r"(?i)certificate"):
            next(LiveClient(IbkrQuotes(["AAPL"], elsewhere.url)).stream())
        assert elsewhere.asked == []


def test_a_stream_that_breaks_off_is_taken_up_again_with_all_it_was_asked_for(gateway: Gateway) -> None:
    client = LiveClient(IbkrQuotes(["AAPL", "IBM"], gateway.url), pulse=0.1)
    stream = quotes_of(client)
    assert len(list(islice(stream, 2))) == 2
    asked = len(gateway.asked)
    gateway.cut()
    while len(gateway.asked) < asked + 2:
        time.sleep(0.01)
    gateway.tell(SHARES["IBM"], f84="99.75")
    assert next(each for each in stream if each[1] != 100.0)[:2] == ("IBM", 99.75)
    client.stop()


def test_a_silent_market_is_no_lost_stream_and_a_lost_one_is_given_up_after_a_while(gateway: Gateway) -> None:
    client = LiveClient(IbkrQuotes(["AAPL"], gateway.url, patience=1.5), pulse=0.1)
    stream = client.stream()
    next(stream)
    assert all(isinstance(each, Pulse) for each in islice(stream, 8))
    gateway.refuses = True
    gateway.cut()
    with pytest.raises(FeedUnreachable, match=r"nothing was heard of it for 1.5 seconds"):
        list(stream)
    gateway.refuses = False


# ------------------------------------------------------------------------------------------------ order books of ccxt


class BaseError(Exception):
    """The base of ccxt's errors: they are told apart by the names of their classes."""


class NetworkError(BaseError):
    pass


class BadSymbol(BaseError):
    pass


def book(bid: float, ask: float) -> dict[str, Any]:
    return {"bids": [[bid, 2.0], [bid - 1, 9.0]], "asks": [[ask, 3.0, 7]], "timestamp": None}


def test_an_order_book_is_told_where_it_changed() -> None:
    books = Books(BTC=book(10.0, 11.0), ETH=book(1.0, 2.0))
    stream = quotes_of(LiveClient(CryptoQuotes(books, ["BTC", "ETH"], every=0.01), pulse=0.1))
    assert list(islice(stream, 2)) == [
        ("BTC", 10.0, 11.0, 2.0, 3.0, "ccxt:twin"),
        ("ETH", 1.0, 2.0, 2.0, 3.0, "ccxt:twin"),
    ]
    books.books["ETH"] = {"bids": [], "asks": [[2.0, 1.0]]}
    asked = books.calls
    while books.calls < asked + 4:
        time.sleep(0.01)
    books.books["ETH"] = book(1.5, 2.0)
    assert next(stream)[:3] == ("ETH", 1.5, 2.0)
    stream.close()  # type: ignore[attr-defined]


def test_trouble_of_the_network_is_sat_out_and_what_is_refused_ends_the_stream() -> None:
    books = Books(BTC=book(10.0, 11.0))
    stream = quotes_of(LiveClient(CryptoQuotes(books, ["BTC"], every=0.01), pulse=0.02))
    next(stream)
    books.books["BTC"] = book(10.5, 11.0)
    books.errors += [NetworkError("slow"), NetworkError("slow")]
    assert next(stream)[1] == 10.5
    books.errors.append(BadSymbol("delisted"))
    with pytest.raises(FeedRefused, match=r"ccxt:twin refused the order book of BTC: BadSymbol: delisted"):
        next(stream)


def test_an_exchange_that_stays_silent_is_given_up() -> None:
    books = Books(BTC=book(10.0, 11.0))
    stream = quotes_of(LiveClient(CryptoQuotes(books, ["BTC"], every=0.01, patience=0.05), pulse=0.02))
    next(stream)
    books.errors += [NetworkError("down")] * 1000
    with pytest.raises(FeedUnreachable, match=r"did not give the order book of BTC: NetworkError: down"):
        next(stream)


# ------------------------------------------------------------------------------------------------------------ by name


def test_the_names_of_sources_are_ibkr_and_exchanges() -> None:
    assert isinstance(open_quotes("ibkr:gateway.lan:5001", ["AAPL"])._source, IbkrQuotes)
    for name, symbols, says in [("kraken", ["A"], "no source of quotes called 'kraken'"), ("ibkr", [], "got none"),
                                ("ccxt", ["A"], "no source of quotes called 'ccxt'")]:  # fmt: skip
        with pytest.raises(FeedRefused, match=says):
            open_quotes(name, symbols)
