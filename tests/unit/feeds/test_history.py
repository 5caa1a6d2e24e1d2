"""Bars of several symbols come in the order in which they could have been known."""

import threading
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.clock import MINUTE
from quantstrip.errors import DataError
from quantstrip.feeds import HistoryFeed
from quantstrip.model import Bar
from quantstrip.ports import ColumnFeed


def table(symbol: str, starts: list[int], timeframe: str = "1m") -> BarTable:
    price = np.arange(1.0, len(starts) + 1)
    return BarTable.from_arrays(symbol, timeframe, np.array(starts) * MINUTE, price, price, price, price, price)


def test_it_is_a_feed_that_knows_its_columns() -> None:
    feed = HistoryFeed(table("ABC", [0, 1]))
    assert isinstance(feed, ColumnFeed)
    assert feed.columns()["ABC"].close.tolist() == [1.0, 2.0]


def test_one_symbol_gives_one_bar_a_slice() -> None:
    feed = HistoryFeed(table("ABC", [0, 1, 5]))
    assert [(ts, [bar.symbol for bar in bars]) for ts, bars in feed.slices()] == [
        (1 * MINUTE, ["ABC"]),
        (2 * MINUTE, ["ABC"]),
        (6 * MINUTE, ["ABC"]),
    ]


def test_bars_that_close_together_are_one_slice_in_symbol_order() -> None:
    feed = HistoryFeed({"ZED": table("ZED", [0, 1]), "ABC": table("ABC", [1, 2])})
    assert [(ts, [bar.symbol for bar in bars]) for ts, bars in feed.slices()] == [
        (1 * MINUTE, ["ZED"]),
        (2 * MINUTE, ["ABC", "ZED"]),
        (3 * MINUTE, ["ABC"]),
    ]


def test_the_close_orders_bars_of_different_length() -> None:
    feed = HistoryFeed([table("HOUR", [0], "1h"), table("MIN", [58, 59, 60])])
    assert [[bar.symbol for bar in bars] for _ts, bars in feed.slices()] == [["MIN"], ["HOUR", "MIN"], ["MIN"]]


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from("ABCDE"), st.sets(st.integers(0, 60), min_size=1), min_size=1))
def test_merging_equals_sorting_by_close_then_symbol(starts: dict[str, set[int]]) -> None:
    tables = {symbol: table(symbol, sorted(minutes)) for symbol, minutes in starts.items()}
    every = sorted((bar for each in tables.values() for bar in each.bars()), key=lambda bar: (bar.ts, bar.symbol))
    expected = [(ts, list(bars)) for ts, bars in groupby(every, key=lambda bar: bar.ts)]
    assert [(ts, list(bars)) for ts, bars in HistoryFeed(tables).slices()] == expected


def test_many_chunks_give_every_bar_once_as_plain_numbers() -> None:
    starts = list(range(10_000))
    for tables in ([table("ABC", starts)], [table("ABC", starts), table("ZED", starts[::3])]):
        bars = [bar for _ts, bars in HistoryFeed(tables).slices() for bar in bars]
        assert [bar.ts_open // MINUTE for bar in bars if bar.symbol == "ABC"] == starts
        assert len(bars) == sum(map(len, tables))
        assert {type(value) for bar in bars for value in bar[2:9]} == {int, float}
        assert all(type(bar) is Bar for bar in bars)


def test_the_slices_can_be_asked_for_again() -> None:
    feed = HistoryFeed(read_folder(sample_folder(), calendar=None))
    assert sum(1 for _ in feed.slices()) == sum(1 for _ in feed.slices()) == 3270


def test_the_name_follows_the_data() -> None:
    assert HistoryFeed(table("ABC", [0, 1])).name == HistoryFeed(table("ABC", [0, 1])).name
    assert HistoryFeed(table("ABC", [0, 1])).name != HistoryFeed(table("ABC", [0, 2])).name
    assert HistoryFeed(table("ABC", [0]), name="mine").name == "mine"


def test_stop_ends_it_from_another_thread() -> None:
    feed = HistoryFeed(table("ABC", list(range(20_000))))
    slices = feed.slices()
    next(slices)
    stopper = threading.Thread(target=feed.stop)
    stopper.start()
    stopper.join()
    assert sum(1 for _ in slices) < 5_000
    assert list(feed.slices()) == []


def test_feeds_without_bars_are_refused() -> None:
    for tables, what in (
        ([], "needs bars of at least one symbol"),
        (table("ABC", [0]).rows(0, 0), "ABC: no bars"),
        ([table("ABC", [0]), table("ABC", [1])], "two tables of ABC"),
    ):
        with pytest.raises(DataError, match=what):
            HistoryFeed(tables)
