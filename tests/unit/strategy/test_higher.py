"""Higher timeframes within a strategy: closed bars only, the same however the fine ones come."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable, resample
from quantstrip.bars.read import in_sessions
from quantstrip.bars.sessions import session_grid
from quantstrip.clock import MINUTE, from_text
from quantstrip.errors import StrategyError, StrategyFault
from quantstrip.feeds.synthetic import synthetic
from quantstrip.model import Bar, Instrument
from quantstrip.strategy import StrategyBase

# Thanksgiving, its half-day, and the change to winter time stand in these weeks.
START, END = from_text("2023-11-01"), from_text("2023-12-05")


def made(timeframe: str, calendar: str = "NYSE") -> BarTable:
    return synthetic("X", timeframe, calendar, start=START, end=END)


class Watcher(StrategyBase):
    """Notes the higher bars it sees at each bar."""

    higher: ClassVar[tuple[str, ...]] = ("1h", "4h", "1d", "1w")

    def __init__(self, symbols: Any = None, every: int = 1) -> None:
        super().__init__(name="watcher", symbols=symbols or ["X"])
        self.every = every
        self.seen: list[tuple[int, str, list[Bar]]] = []

    def on_bar(self, bar: Bar) -> list[Any]:
        if len(self.seen) // len(self.higher) % self.every == 0:
            for timeframe in self.higher:
                self.seen.append((bar.ts, timeframe, list(self.bars_of(bar.symbol, timeframe))))
        return []


def told(bars: Sequence[Bar]) -> list[tuple[Any, ...]]:
    return [tuple(bar[:9]) for bar in bars]


def expected(table: BarTable, timeframe: str, calendar: str = "NYSE") -> list[tuple[Any, ...]]:
    return told(list(resample(table, timeframe, calendar, outside="drop").bars()))


@pytest.mark.parametrize("fine", ["15m", "30m"])
def test_at_every_bar_they_are_the_resampled_bars_that_are_over(fine: str) -> None:
    table = made(fine)
    strategy = Watcher()
    for bar in table.bars():
        strategy.feed_bar(bar)
    for row in range(0, len(table), 7):
        for number, timeframe in enumerate(Watcher.higher):
            ts, name, bars = strategy.seen[row * len(Watcher.higher) + number]
            assert (ts, name) == (int(table.ts[row]), timeframe)
            assert told(bars) == expected(table.rows(0, row + 1), timeframe)


def test_a_run_that_knows_its_history_shows_the_same() -> None:
    table = made("30m")
    fed, run = Watcher(), Watcher()
    for bar in table.bars():
        fed.feed_bar(bar)
    run_backtest(run, table)
    assert [(ts, name, told(bars)) for ts, name, bars in run.seen] == [
        (ts, name, told(bars)) for ts, name, bars in fed.seen
    ]


@settings(max_examples=15)
@given(missing=st.sets(st.integers(0, 129)), calendar=st.sampled_from(["NYSE", "24/7"]))
def test_with_holes_no_bar_is_seen_before_its_end_and_none_changes(missing: set[int], calendar: str) -> None:
    table = made("30m", calendar).rows(0, 130)
    table = table.take(np.array([row not in missing for row in range(130)]))
    strategy = Watcher()
    strategy._seat = Seated(calendar)  # type: ignore[assignment]
    for bar in table.bars():
        strategy.feed_bar(bar)
    for timeframe in Watcher.higher:
        views = [(ts, told(bars)) for ts, name, bars in strategy.seen if name == timeframe]
        assert all(bar[3] <= ts for ts, bars in views for bar in bars)
        assert all(later[: len(earlier)] == earlier for (_, earlier), (_, later) in pairwise(views))
        if views:
            assert views[-1][1] == expected(table, timeframe, calendar)[: len(views[-1][1])]


class Seated:
    """A seat that tells a calendar."""

    def __init__(self, calendar: str) -> None:
        self.calendar = calendar

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(symbol, calendar=self.calendar)


def test_a_round_the_clock_market_counts_in_its_own_days() -> None:
    table = made("1h", "24/7")
    strategy = Watcher()
    strategy.higher = ("4h", "1d", "1w")  # type: ignore[misc]
    run_backtest(strategy, table)
    days = next(bars for _, name, bars in reversed(strategy.seen) if name == "1d")
    assert told(days) == expected(table, "1d", "24/7")


def test_what_was_traded_outside_the_sessions_is_no_part_of_them() -> None:
    label = from_text("2023-11-20 13:00") + np.arange(60) * 30 * MINUTE
    ones = np.ones(len(label))
    table = BarTable.from_arrays("X", "30m", label, ones, ones, ones, ones, ones)
    grid = session_grid("NYSE", int(label[0]), int(label[-1]))
    strategy = Watcher()
    for bar in in_sessions(table, grid).bars():
        strategy.feed_bar(bar)
    days = next(bars for _, name, bars in reversed(strategy.seen) if name == "1d")
    assert [bar.volume for bar in days] == [13.0]


def test_asking_seldom_gives_what_asking_always_gives() -> None:
    table = made("15m")
    always, seldom = Watcher(), Watcher()
    for bar in table.bars():
        always.feed_bar(bar)
        seldom._bars.history("X").add(bar)
    for timeframe in Watcher.higher:
        last = next(bars for _, name, bars in reversed(always.seen) if name == timeframe)
        assert told(seldom.bars_of("X", timeframe)) == told(last)


def test_the_last_ones_are_kept() -> None:
    table = synthetic("X", "30m", start=from_text("2021-01-01"), end=from_text("2023-06-01"))
    strategy = Watcher()
    for bar in table.bars():
        strategy._bars.history("X").add(bar)
    assert len(strategy.bars_of("X", "1d")) == 500
    assert strategy.bars_of("X", "1d")[-1].ts == int(table.ts[-1])


def test_before_the_first_bar_there_is_none() -> None:
    assert Watcher().bars_of("X", "1d") == []


@pytest.mark.parametrize(
    ("declared", "asked", "what"),
    [
        ((), "1d", "bars of '1d' were asked for, and the strategy declares none"),
        (("30m",), "30m", "30m bars cannot be made of the 1h bars"),
        (("1h",), "1h", "1h bars cannot be made of the 1h bars"),
        (("7h",), "7h", "7h bars cannot be made of the 1h bars"),
    ],
)
def test_what_is_not_declared_or_cannot_be_made_is_refused(declared: tuple[str, ...], asked: str, what: str) -> None:
    class Wrong(Watcher):
        higher = declared

        def on_bar(self, bar: Bar) -> list[Any]:
            self.bars_of(bar.symbol, asked)
            return []

    with pytest.raises(StrategyFault) as caught:
        run_backtest(Wrong(), made("1h"))
    assert isinstance(caught.value.__cause__, StrategyError)
    assert what in str(caught.value.__cause__)
