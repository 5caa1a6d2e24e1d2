"""Downloading: piece by piece into the store, going on where the last one ended, asking again within bounds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quantstrip.bars import BarStore, BarTable
from quantstrip.clock import DAY, HOUR, SECOND, ManualClock, Micros, from_text
from quantstrip.errors import DataError, FeedRefused, FeedUnreachable, TaskCancelled
from quantstrip.feeds.download import Downloaded, Retry, download

from .remote_feeds import MemoryFeed, walk

START = from_text("2024-01-01")
Get = Callable[..., Downloaded]


def hours(count: int = 100, symbol: str = "BTC/USDT") -> BarTable:
    return walk(symbol, "1h", START + np.arange(count) * HOUR)


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore(tmp_path / "bars")


@pytest.fixture
def feed() -> MemoryFeed:
    return MemoryFeed({("BTC/USDT", "1h"): hours()})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + 100 * HOUR)


@pytest.fixture
def get(store: BarStore, feed: MemoryFeed, clock: ManualClock) -> Get:
    def made(timeframe: str = "1h", **options: object) -> Downloaded:
        return download(store, feed, "BTC/USDT", timeframe, clock=clock, **options)  # type: ignore[arg-type]

    return made


def test_all_pages_come_into_the_store_with_where_they_are_from(get: Get, store: BarStore) -> None:
    done = get()
    assert (done.added, done.bars, done.first, done.last) == (100, 100, START, START + 99 * HOUR)
    assert store.read("BTC/USDT", "1h").digest() == hours().digest()
    (about,) = store.series()
    assert (about.sources, about.calendar, about.adjusted) == (("memory",), "24/7", True)


def test_what_is_missing_in_what_came_is_told(get: Get, feed: MemoryFeed) -> None:
    assert get(end=START + 24 * HOUR).gaps == ""
    table = hours()
    feed.market["BTC/USDT", "1h"] = table.take((table.label < START + 24 * HOUR) | (table.label >= START + 90 * HOUR))
    assert get().gaps == "24/7: 2 of 5 sessions missing (2024-01-02, 2024-01-03); 18 bars missing inside sessions"


def test_a_bar_that_is_not_over_is_left_out_until_it_is(get: Get, store: BarStore, clock: ManualClock) -> None:
    clock.set(START + 50 * HOUR + 30 * 60 * SECOND)
    assert get().last == START + 49 * HOUR
    clock.set(START + 51 * HOUR)
    assert get().added == 1


def test_the_next_download_asks_for_what_is_new(get: Get, feed: MemoryFeed, clock: ManualClock) -> None:
    clock.set(START + 60 * HOUR)
    get()
    feed.asked.clear()
    clock.set(START + 100 * HOUR)
    done = get()
    assert (done.added, done.bars) == (40, 100)
    assert min(feed.asked) == START + 54 * HOUR, "a few known ones are compared"


def test_a_newest_bar_that_was_not_final_is_corrected(get: Get, feed: MemoryFeed, clock: ManualClock) -> None:
    clock.set(START + 60 * HOUR)
    get()
    table = hours()
    volume = table.volume.copy()
    volume[59] += 1000
    feed.market["BTC/USDT", "1h"] = BarTable.from_arrays(
        "BTC/USDT", "1h", table.label, table.open, table.high, table.low, table.close, volume
    )
    clock.set(START + 70 * HOUR)
    assert (get().revised, get().revised) == (1, 0)


def test_a_past_that_was_revised_is_refused_until_all_is_fetched_again(
    get: Get, feed: MemoryFeed, store: BarStore, clock: ManualClock
) -> None:
    clock.set(START + 60 * HOUR)
    get()
    table = hours()
    halved = BarTable.from_arrays(
        "BTC/USDT", "1h", table.label, table.open / 2, table.high / 2, table.low / 2, table.close / 2, table.volume
    )  # fmt: skip
    feed.market["BTC/USDT", "1h"] = halved
    clock.set(START + 100 * HOUR)
    with pytest.raises(DataError, match="memory revised its past; the close of 2024-01-03 06:00:00 is stored as") as no:
        get()
    assert "--again" in no.value.hint
    assert store.read("BTC/USDT", "1h").digest() == table.rows(0, 60).digest()
    done = get(again=True)
    assert (done.added, done.revised) == (40, 60)
    assert store.read("BTC/USDT", "1h").digest() == halved.digest()


def test_an_earlier_start_adds_what_comes_before(get: Get, store: BarStore) -> None:
    get(start=START + 70 * HOUR)
    assert get(start=START + 20 * HOUR).added == 50
    assert store.read("BTC/USDT", "1h").digest() == hours().rows(20).digest()


def test_a_timeframe_the_feed_lacks_is_made_of_the_coarsest_that_fits(get: Get, store: BarStore) -> None:
    assert get("4h").timeframe == "1h"
    assert len(store.read("BTC/USDT", "4h")) == 25
    with pytest.raises(FeedRefused, match="memory has no 30m bars, and none they could be made of"):
        get("30m")
    with pytest.raises(DataError, match="unknown timeframe '7m'"):
        get("7m")


def test_what_came_before_a_cancellation_is_kept_and_gone_on_from(
    get: Get, store: BarStore, feed: MemoryFeed, clock: ManualClock
) -> None:
    def cancel(share: float, _note: str) -> None:
        if share >= 0.3:
            raise TaskCancelled("no more")

    with pytest.raises(TaskCancelled):
        get(tell=cancel, start=START)
    assert store.about("BTC/USDT", "1h").rows == 30
    feed.asked.clear()
    assert get().added == 70
    assert min(feed.asked) >= START + 24 * HOUR


def test_progress_rises_to_one(get: Get) -> None:
    heard: list[float] = []
    get(tell=lambda share, _note: heard.append(share), start=START)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_the_few_bars_of_a_quiet_market_are_taken(get: Get, feed: MemoryFeed, store: BarStore) -> None:
    feed.market["BTC/USDT", "1h"] = hours().take(np.arange(0, 100, 3))
    feed.size = 2
    assert get(start=START).added == 34
    assert len(store.read("BTC/USDT", "1h")) == 34


# ----------------------------------------------------------------------------------------------------------- trouble


def test_a_feed_that_fails_now_and_then_is_asked_again_with_growing_pauses(
    get: Get, feed: MemoryFeed, clock: ManualClock
) -> None:
    feed.trouble.failures = 3
    before = clock.now()
    assert get(start=START, end=START + 10 * HOUR).added == 10
    assert clock.now() - before == (1 + 2 + 4) * SECOND
    assert feed.trouble.requests == 4


def test_one_that_does_not_answer_is_given_up_within_bounds(get: Get, feed: MemoryFeed, store: BarStore) -> None:
    feed.trouble.failures = 1_000
    with pytest.raises(FeedUnreachable, match=r"memory does not answer \(asked 3 times\)"):
        get(retry=Retry(attempts=3))
    assert feed.trouble.requests == 3
    assert store.symbols() == []


def test_what_was_stored_stays_when_a_later_page_fails(get: Get, feed: MemoryFeed, store: BarStore) -> None:
    feed.size = 40

    def break_down(share: float, _note: str) -> None:
        feed.trouble.failures = 1_000 if share > 0.3 else 0

    with pytest.raises(FeedUnreachable):
        get(tell=break_down, start=START, retry=Retry(attempts=1))
    assert store.about("BTC/USDT", "1h").rows == 40


def test_a_pause_ends_at_once_when_the_download_is_cancelled(get: Get, feed: MemoryFeed, clock: ManualClock) -> None:
    feed.trouble.failures = 1_000
    words: list[str] = []

    def cancel(_share: float, note: str) -> None:
        words.append(note)
        if len(words) > 3:
            raise TaskCancelled("no more")

    before = clock.now()
    with pytest.raises(TaskCancelled):
        get(tell=cancel, retry=Retry(5, 60.0))
    assert clock.now() - before < 2 * SECOND
    assert "asked again in 60 s" in words[1]


def test_a_symbol_without_bars_is_no_success(get: Get, store: BarStore) -> None:
    with pytest.raises(FeedRefused, match="memory has no 1h bars of BTC/USDT from 2030-01-01 on"):
        get(start=from_text("2030-01-01"))
    assert store.symbols() == []


def test_bars_that_are_wrong_are_refused_and_none_of_the_page_is_stored(
    get: Get, feed: MemoryFeed, store: BarStore
) -> None:
    table = hours()
    close = table.close.copy()
    close[5] = np.nan
    feed.market["BTC/USDT", "1h"] = BarTable.from_arrays(
        "BTC/USDT", "1h", table.label, table.open, table.high, table.low, close, table.volume
    )
    with pytest.raises(DataError, match="close is nan"):
        get(start=START)
    assert store.symbols() == []


def test_a_feed_that_goes_round_in_circles_is_noticed(get: Get, feed: MemoryFeed) -> None:
    honest = feed.page

    def lost(symbol: str, timeframe: str, start: Micros, end: Micros) -> object:
        return honest(symbol, timeframe, start, end)._replace(next=start)

    feed.page = lost  # type: ignore[method-assign, assignment]
    with pytest.raises(FeedRefused, match="goes round in circles"):
        get(start=START)


def test_days_before_there_was_a_calendar_are_not_asked_for(store: BarStore, clock: ManualClock) -> None:
    daily = MemoryFeed({("X", "1d"): walk("X", "1d", START - np.arange(50)[::-1] * DAY)})
    assert download(store, daily, "X", "1d", clock=clock).added == 50
    assert min(daily.asked) == 0
