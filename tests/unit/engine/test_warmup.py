"""Bars that only warm up: indicators are those of a longer run, and nothing is traded before the first bar."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import DataError
from quantstrip.feeds import HistoryFeed, ReplayFeed, trading_begins
from quantstrip.home import asset
from quantstrip.model import Bar, Signal
from quantstrip.operations.research import backtest
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase, load_strategy
from tests.unit.engine.conftest import Lab, ListFeed, Slices

Seen = dict[tuple[str, int], tuple[float, ...]]


class Watching(StrategyBase):
    """Notes what every indicator says at every bar it is asked about, and buys once."""

    def __init__(self, symbols: list[str]) -> None:
        super().__init__("watching", symbols)
        self.seen: Seen = {}
        self.at_start = -1

    def on_init(self) -> None:
        self.lines = {symbol: self.indicators_for(symbol).line("sma", 5) for symbol in self.symbols}

    def on_start(self) -> None:
        self.at_start = len(self._bars[self.symbols[0]])

    def on_bar(self, bar: Bar) -> list[Signal]:
        shown = self.indicators_for(bar.symbol)
        arrays = (shown.sma(5), shown.ema(7), shown.rsi(4), shown.macd(3, 6, 2)[0], shown.atr(3), shown.obv())
        self.seen[bar.symbol, bar.ts] = (self.lines[bar.symbol][-1], *(float(array[-1]) for array in arrays))
        return [Signal(bar.symbol, "BUY", quantity=1)] if len(self.seen) == 1 else []


def table(symbol: str, closes: list[float]) -> BarTable:
    """Daily bars without a calendar."""
    lab = Lab()
    bars = [lab.bar(day, close, symbol) for day, close in enumerate(closes)]
    ts_open, ts, *values = (np.array(column) for column in zip(*(each[2:9] for each in bars), strict=True))
    open_, high, low, close, volume = values
    return BarTable(symbol, "1d", ts_open.copy(), ts_open, ts, open_, high, low, close, volume)


def watch(lab: Lab, feed: HistoryFeed | Slices, symbols: list[str], begin: int = 0) -> tuple[Watching, Engine]:
    strategy = Watching(symbols)
    engine = lab.engine(strategy, feed, begin=begin)
    engine.run()
    return strategy, engine


@settings(max_examples=40, deadline=None)
@given(
    closes=st.lists(st.floats(50, 150), min_size=12, max_size=40),
    warmup=st.integers(0, 11),
    symbols=st.sampled_from([["S"], ["S", "T"]]),
    columns=st.booleans(),
)
def test_from_the_first_bar_on_every_indicator_is_that_of_the_run_with_the_earlier_bars(
    closes: list[float], warmup: int, symbols: list[str], columns: bool
) -> None:
    lab = Lab()
    made = lab.slices(*closes, symbols=symbols)

    def feed() -> HistoryFeed | Slices:
        return HistoryFeed([table(symbol, closes) for symbol in symbols]) if columns else made

    whole, _ = watch(lab, feed(), symbols)
    warm, engine = watch(lab, feed(), symbols, begin=(warmup + 1) * DAY)
    late = {key: values for key, values in whole.seen.items() if key[1] > warmup * DAY}
    assert list(warm.seen) == list(late)
    np.testing.assert_array_equal(list(warm.seen.values()), list(late.values()))
    assert warm.at_start == warmup
    assert engine.summary.warmup == warmup * len(symbols)
    assert engine.summary.bars == (len(closes) - warmup) * len(symbols)
    assert len(engine.summary.ts) == len(engine.summary.equity) == len(closes) - warmup


def test_nothing_is_decided_or_filled_before_the_first_bar(lab: Lab) -> None:
    bars = lab.slices(10, 11, 12, 13, 14, 15)
    strategy, summary = lab.run(lambda _strategy, bar: Signal(bar.symbol, "BUY", quantity=1), bars, begin=4 * DAY)
    assert strategy.heard[:3] == ["init", "start", "bar S 13"]
    assert [order.ts for order in lab.recorder.orders.values()] == [4 * DAY, 5 * DAY, 6 * DAY]
    assert summary.ts.tolist() == [4 * DAY, 5 * DAY, 6 * DAY]


def test_a_warm_up_that_no_bar_follows_trades_nothing(lab: Lab) -> None:
    strategy, summary = lab.run(None, lab.slices(10, 11), begin=9 * DAY)
    assert strategy.heard == ["init", "start", "stop"]
    assert (summary.bars, summary.warmup) == (0, 2)


def test_the_curve_with_columns_is_that_without_them(lab: Lab) -> None:
    closes = [10.0, 11, 12, 13, 9, 15, 14]
    _, plain = watch(lab, lab.slices(*closes), ["S"], begin=3 * DAY)
    recorder = MemoryRecorder()
    strategy = Watching(["S"])
    known = Engine(
        strategy, feed=HistoryFeed(table("S", closes)), broker=SimulatedBroker(lab.instruments, FREE), cash=100_000.0,
        recorder=recorder, instruments=lab.instruments, risk=OFF, run_key="run", begin=3 * DAY, progress_every=3,
    )  # fmt: skip
    summary = known.run()
    assert summary.ts.tolist() == plain.summary.ts.tolist()
    np.testing.assert_allclose(summary.equity, [100_000.0, 100_000.0, 99_996.0, 100_002.0, 100_001.0])


def test_trading_begins_when_every_symbol_has_the_bars(lab: Lab) -> None:
    early, late = table("S", [10.0] * 8), table("T", [10.0] * 8).rows(3, 8)
    assert trading_begins([early, late], 2) == int(late.ts[2])
    assert trading_begins([early, late], 0) == 0
    with pytest.raises(DataError, match="T has 5 bars; a warm-up of 5 leaves none"):
        trading_begins([early, late], 5)
    with pytest.raises(DataError, match="at least 0, got -1"):
        trading_begins([early], -1)


def test_a_replay_shows_its_warm_up_at_once_and_spreads_the_rest() -> None:
    whole = table("S", [10.0] * 6)
    feed = ReplayFeed(whole, 0, 40.0, begin=int(whole.ts[2]))
    assert [feed.due(index) / 1e6 for index in range(6)] == [0.0, 0.0, 10.0, 20.0, 30.0, 40.0]
    assert feed.position(0) == 2
    assert feed.name == ReplayFeed(whole, 0, 40.0).name


class TestBacktests:
    FILE = asset("examples") / "ma_cross.py"

    def test_the_warm_up_lies_before_the_start(self, tmp_path: Path) -> None:
        from quantstrip.home import Home

        home = Home(tmp_path)
        warm = backtest(home, self.FILE, symbols=["AAPL"], start="2005-06-01", warmup=60)
        cold = backtest(home, self.FILE, symbols=["AAPL"], start="2005-06-01")
        assert (warm.run["start"], warm.run["warmup"], warm.run["bars"]) == ("2005-06-01", 60, cold.run["bars"])
        assert len(warm.equity.ts) == len(cold.equity.ts)
        assert "after 60 bars of warm-up" in str(warm)
        assert warm.run["key"] != cold.run["key"]

    def test_it_trades_from_the_start_as_the_whole_run_would_have_decided(self) -> None:
        tables = read_folder(sample_folder(), ["AAPL"])
        whole = run_backtest(load_strategy(self.FILE, symbols=["AAPL"]), tables, risk=OFF, quantity=10)
        warm = run_backtest(load_strategy(self.FILE, symbols=["AAPL"]), tables, risk=OFF, quantity=10, warmup=500)
        begin = int(tables["AAPL"].ts[500])
        entries = [(fill.ts, fill.side, fill.price) for fill in whole.fills if fill.ts > begin]
        mine = [(fill.ts, fill.side, fill.price) for fill in warm.fills]
        assert mine == entries[len(entries) - len(mine) :]
        assert len(entries) - len(mine) in (0, 1)  # the exit of what the whole run held already

    def test_too_few_bars_before_the_start_are_refused(self, tmp_path: Path) -> None:
        from quantstrip.home import Home

        with pytest.raises(DataError, match=r"AAPL has \d+ bars before the start, a warm-up of 100000 was asked for"):
            backtest(Home(tmp_path), self.FILE, symbols=["AAPL"], start="2005-06-01", warmup=100_000)


def test_a_feed_that_is_stopped_while_warming_up_ends(lab: Lab) -> None:
    feed = ListFeed(lab.slices(10, 11, 12))
    feed.stop()
    strategy, summary = lab.run(None, feed, begin=3 * DAY)
    assert strategy.heard == ["init", "start", "stop"]
    assert summary.bars == 0
