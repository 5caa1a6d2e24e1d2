"""The contract of feeds elsewhere, asked of each: yfinance with a server of its protocol, ccxt's twin, memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.bars import read_folder, sample_folder
from quantstrip.bars.intake import take_in
from quantstrip.clock import DAY, HOUR, ManualClock, Micros, from_text
from quantstrip.errors import FeedRefused, FeedUnreachable
from quantstrip.feeds.crypto import Crypto, open_exchange
from quantstrip.feeds.remote import History, Page, open_history
from quantstrip.feeds.yahoo import Yahoo

from .remote_feeds import Market, MemoryFeed, Trouble, TwinExchange, walk, yahoo_server

START, END = from_text("2012-11-01"), from_text("2012-12-01")
NOW = from_text("2012-12-10")


@dataclass
class Remote:
    """A feed, the symbol it has, the bars that it should give, and what may go wrong at its other end."""

    feed: History
    symbol: str
    market: Market
    trouble: Trouble


@pytest.fixture(params=["yfinance", "ccxt", "memory"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    hours = walk("BTC/USDT", "1h", START + np.arange(24 * 30) * HOUR)
    days = walk("BTC/USDT", "1d", START + np.arange(30) * DAY)
    always: Market = {("BTC/USDT", "1h"): hours, ("BTC/USDT", "1d"): days}
    if request.param == "memory":
        feed = MemoryFeed(always)
        yield Remote(feed, "BTC/USDT", always, feed.trouble)
    elif request.param == "ccxt":
        exchange = TwinExchange(always)
        yield Remote(Crypto(exchange), "BTC/USDT", always, exchange.trouble)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        ibm = read_folder(sample_folder(), ["IBM"])["IBM"].between(START, END)
        opens = np.repeat(ibm.ts_open, 6) + np.tile(np.arange(6), len(ibm)) * HOUR
        market: Market = {("IBM", "1d"): ibm, ("IBM", "1h"): walk("IBM", "1h", opens[opens < np.repeat(ibm.ts, 6)])}
        with yahoo_server(market) as (session, trouble):
            yield Remote(Yahoo(adjusted=False, session=session, clock=ManualClock(NOW)), "IBM", market, trouble)


def pages(remote: Remote, timeframe: str, start: Micros, end: Micros) -> list[Page]:
    found = [remote.feed.page(remote.symbol, timeframe, start, end)]
    while found[-1].next is not None:
        assert found[-1].next > start, "every page goes on"
        start = found[-1].next
        found.append(remote.feed.page(remote.symbol, timeframe, start, end))
    return found


@pytest.mark.parametrize("timeframe", ["1h", "1d"])
def test_all_pages_are_the_bars_of_the_span_by_their_labels(remote: Remote, timeframe: str) -> None:
    expected = remote.market[remote.symbol, timeframe].between(START + 3 * DAY, END - 3 * DAY)
    found = [page.bars for page in pages(remote, timeframe, START + 3 * DAY, END - 3 * DAY) if page.bars is not None]
    assert np.array_equal(np.concatenate([bars.time for bars in found]), expected.label)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.allclose(np.concatenate([getattr(bars, name) for bars in found]), getattr(expected, name), rtol=1e-9)


def test_a_page_is_a_table_of_the_feeds_own_calendar(remote: Remote) -> None:
    page = remote.feed.page(remote.symbol, "1d", START, END)
    assert page.bars is not None
    table, report = take_in(page.bars, remote.symbol, "1d", remote.feed.calendar)
    assert report.gaps.missing_sessions == ()
    assert len(table) > 0


def test_a_span_without_bars_is_empty_and_no_error(remote: Remote) -> None:
    for page in pages(remote, "1d", from_text("2012-12-08"), from_text("2012-12-09")):
        assert page.bars is None


def test_a_symbol_that_is_not_known_is_refused(remote: Remote) -> None:
    with pytest.raises(FeedRefused):
        remote.feed.page("NOPE", "1d", START, END)


@pytest.mark.parametrize("status", [503, 429])
def test_no_answer_and_too_many_questions_are_for_asking_again(remote: Remote, status: int) -> None:
    remote.trouble.failures, remote.trouble.status = 1_000, status
    with pytest.raises(FeedUnreachable) as refused:
        remote.feed.page(remote.symbol, "1d", START, END)
    assert refused.value.hint
    remote.trouble.failures = 0
    assert remote.feed.page(remote.symbol, "1d", START, END).bars is not None


# -------------------------------------------------------------------------------------------------- each on its own


@pytest.fixture
def yahoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ibm = read_folder(sample_folder(), ["IBM"])["IBM"].between(START, END)
    with yahoo_server({("IBM", "1d"): ibm}) as (session, trouble):
        yield session, trouble, ibm


def test_yahoo_adjusts_prices_where_that_is_asked(yahoo: Any) -> None:
    session, _, ibm = yahoo  # the server's adjusted closes are half of the others
    adjusted = Yahoo(session=session).page("IBM", "1d", START, END).bars
    assert adjusted is not None
    assert np.allclose(adjusted.close, ibm.close / 2)
    assert np.allclose(adjusted.high, ibm.high / 2)
    assert ((adjusted.high >= adjusted.close) & (adjusted.low <= adjusted.close)).all()


def test_yahoo_is_not_asked_for_minutes_that_it_no_longer_has(yahoo: Any) -> None:
    session, trouble, _ = yahoo
    feed = Yahoo(session=session, clock=ManualClock(END + 400 * DAY))
    assert feed.page("IBM", "1m", START, END) == Page(None, None)
    assert trouble.requests == 0


def test_minutes_of_yahoo_come_a_week_at_a_time(yahoo: Any) -> None:
    session, _, _ = yahoo
    page = Yahoo(session=session, clock=ManualClock(END)).page("IBM", "1m", END - 20 * DAY, END)
    assert page.next == END - 13 * DAY


def test_weeks_of_an_exchange_are_left_to_its_days() -> None:
    exchange = TwinExchange({("X", name): walk("X", name, START + np.arange(2) * DAY) for name in ("1w", "1d")})
    assert Crypto(exchange).timeframes == ("1d",)


def test_candles_before_a_market_began_are_looked_for_window_by_window() -> None:
    exchange = TwinExchange({("BTC/USDT", "1d"): walk("BTC/USDT", "1d", START + np.arange(30) * DAY)})
    feed = Crypto(exchange)
    exchange.fetch_ohlcv = lambda symbol, timeframe, since, limit: []  # type: ignore[method-assign]
    page = feed.page("BTC/USDT", "1d", START - 3000 * DAY, END)
    assert page == Page(None, START - 2000 * DAY)


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("nowhere", "no feed called 'nowhere'", "ccxt:binance"),
        ("yfinance:x", "yfinance has no 'x'", "yfinance alone"),
        ("ccxt", "ccxt needs an exchange", "ccxt:binance"),
    ],
)
def test_a_feed_that_does_not_exist_is_refused_with_those_that_do(name: str, what: str, hint: str) -> None:
    with pytest.raises(FeedRefused, match=what) as refused:
        open_history(name)
    assert hint in refused.value.hint


def test_a_package_that_is_not_installed_is_named_with_its_extra() -> None:
    with pytest.raises(FeedRefused) as refused:  # the tests' own environment has no ccxt
        open_exchange("binance")
    assert "quantstrip[ccxt]" in refused.value.hint
