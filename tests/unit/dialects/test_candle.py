"""Candle strategies: ticks become candles, candles signals, and the same signals as a vectorised prototype."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable, resample
from quantstrip.clock import DAY, SECOND, from_text
from quantstrip.dialects.candle import (
    CandleAggregator,
    MarketDataClient,
    MidPriceCandle,
    Quote,
    ReplayClient,
    SignalAt,
    Strategy,
    StrategyManager,
    compare_signals,
)
from quantstrip.errors import DataError, StrategyError, StrategyFault
from quantstrip.model import Bar, Signal, Tick
from quantstrip.risk import OFF
from quantstrip.strategy.vectorized import VectorizedStrategy, sma

MINUTE = 60 * SECOND
FIRST = from_text("2024-01-02")

CROSS = """
class SMACrossover(Strategy):
    parameters = ["fast", "slow"]
    interval = "5m"

    def __init__(self, symbols=None, fast=2, slow=4):
        super().__init__(symbols=symbols or ["ABC"])
        self.fast, self.slow = fast, slow
        self.holds = False

    def on_candle(self, candle: MidPriceCandle):
        closes = [one.close for one in self.candles[candle.symbol]]
        if len(closes) < self.slow:
            return None
        fast, slow = (sum(closes[-length:]) / length for length in (self.fast, self.slow))
        if fast > slow and not self.holds:
            self.holds = True
            return "BUY"
        if fast < slow and self.holds:
            self.holds = False
            return "SELL"
"""


def table(closes: list[float], timeframe: str = "1m", length: int = MINUTE) -> BarTable:
    close = np.array(closes, dtype=np.float64)
    begin = np.concatenate([close[:1], close[:-1]])
    low, high = np.minimum(begin, close) - 0.25, np.maximum(begin, close) + 0.5
    moments = FIRST + np.arange(len(closes)) * length
    return BarTable.from_arrays("ABC", timeframe, moments, begin, high, low, close, close * 0 + 3)


def load(folder: Path, text: str, **parameters: Any) -> Any:
    file = folder / "mine.py"
    file.write_text(text)
    loaded = dialects.load(file, parameters=parameters)
    assert loaded.form.name == "candle"
    return loaded.strategy


def wave(bars: int) -> list[float]:
    return [100.0 + 10.0 * float(np.sin(number / 9.0)) + number % 3 for number in range(bars)]


# ---------------------------------------------------------------------------------------------------------- the form


def test_names_need_no_import_and_an_import_does_as_well(tmp_path: Path) -> None:
    load(tmp_path, CROSS, fast=3)
    strategy = load(tmp_path, "from quantstrip.dialects.candle import MidPriceCandle, Strategy\n" + CROSS)
    assert (strategy.name, strategy.get_parameters()) == ("sma_crossover", {"fast": 2, "slow": 4})
    assert [each.name for each in dialects.declared(tmp_path / "mine.py")] == ["fast", "slow"]


@pytest.mark.parametrize("head", ["class Strategy:\n    pass\n", "from elsewhere import Strategy\n"])
def test_another_strategy_class_of_the_user_is_not_this_form(tmp_path: Path, head: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(head + CROSS)
    assert dialects.recognise(file).name == "native"


def test_update_is_on_candle_under_another_name_and_one_of_them_is_needed(tmp_path: Path) -> None:
    text = CROSS.replace("def on_candle", "def update")
    assert run_backtest(load(tmp_path, text), table(wave(200)), risk=OFF).fills
    with pytest.raises(StrategyError, match=r"Idle has no on_candle"):
        type("Idle", (Strategy,), {})()
    with pytest.raises(StrategyError, match="wants candles of '7m'"):
        type("Odd", (Strategy,), {"interval": "7m", "update": lambda _self, _candle: None})()


def test_what_on_candle_returns_may_be_a_word_a_number_a_signal_or_several() -> None:
    said: list[Any] = ["BUY", -1, 0, None, [Signal("XYZ", "SELL"), 1], ("SELL",), []]

    class Says(Strategy):
        def on_candle(self, candle: MidPriceCandle) -> Any:
            return said[int(candle.open)]

    strategy = Says(symbols=["ABC"])
    for number in range(len(said)):
        strategy.decide(MidPriceCandle("ABC", "1m", number, number + 1, number, 9, 0, 5))
    assert strategy.signals == [
        (1, "ABC", "BUY"), (2, "ABC", "SELL"), (5, "XYZ", "SELL"), (5, "ABC", "BUY"), (6, "ABC", "SELL"),
    ]  # fmt: skip
    said[0] = "HOLD"
    with pytest.raises(StrategyError, match="on_candle returned 'HOLD'"):
        strategy.decide(MidPriceCandle("ABC", "1m", 0, 1, 0, 9, 0, 5))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("return candle.last", r"has no attribute 'last' See FILE, line 4"),
        ("return 7", r"wrong.on_candle returned 7 .* It begins in FILE, line 3"),
        ("return self.candles['ABC'][9]", r"IndexError: .* See FILE, line 4"),
    ],
)
def test_what_goes_wrong_is_told_with_file_and_line_also_where_the_path_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    text = f"class Wrong(Strategy):\n    symbols = ['ABC']\n    def on_candle(self, candle):\n        {line}\n"
    monkeypatch.chdir(tmp_path)
    for file in (Path("mine.py"), tmp_path / "mine.py"):
        file.write_text(text)
        with pytest.raises(StrategyFault) as raised:
            run_backtest(dialects.load(file).strategy, table(wave(9)), risk=OFF)
        assert re.search(says.replace("FILE", re.escape(str(file))), f"{raised.value.message} {raised.value.hint}")


def test_coins_are_traded_in_parts_and_shares_are_not(tmp_path: Path) -> None:
    text = (
        "class Buys(Strategy):\n    def on_candle(self, candle):\n        return Signal('ABC', 'BUY', quantity=0.25)\n"
    )
    for calendar, bought in [("24/7", 0.25), ("NYSE", None)]:
        (tmp_path / "mine.py").write_text(text)
        strategy, form = dialects.load(tmp_path / "mine.py", symbols=["ABC"])
        one = {"ABC": form.instrument("ABC", calendar)}
        result = run_backtest(strategy, table([100.0, 100.0]), instruments=one, risk=OFF, form=form)
        assert [fill.quantity for fill in result.fills] == ([] if bought is None else [bought])
        assert {each.rule for each in result.rejected} == (set() if bought else {"sizing"})


# ------------------------------------------------------------------------------------------- one run, however it is fed


def test_candles_of_finer_bars_and_of_ticks_give_the_signals_of_whole_bars(tmp_path: Path) -> None:
    fine = table(wave(300))
    coarse = resample(fine, "5m", "24/7")
    of_bars, of_minutes = load(tmp_path, CROSS), load(tmp_path, CROSS)
    whole = run_backtest(of_bars, coarse, risk=OFF)
    minutes = run_backtest(of_minutes, fine, risk=OFF)
    managed = StrategyManager([load(tmp_path, CROSS)])
    managed.run(ReplayClient(fine.bars()))

    assert len(whole.fills) > 5
    assert of_bars.signals == of_minutes.signals == managed.signals
    # The next open is the same, whichever bars bring it.
    assert [fill.price for fill in minutes.fills] == [fill.price for fill in whole.fills]
    report = compare_signals(of_bars, managed)
    assert (report.parity, report.only_event, report.only_vectorised) == (100.0, (), ())


def test_a_strategy_that_asks_what_it_holds_signals_under_a_manager_what_it_signals_in_a_run(tmp_path: Path) -> None:
    text = CROSS.replace("not self.holds", "self.position('ABC') == 0").replace(
        "self.holds:", "self.position('ABC') > 0:"
    )
    of_bars, managed = load(tmp_path, text), load(tmp_path, text)
    run_backtest(of_bars, table(wave(300)), risk=OFF)
    StrategyManager([managed]).run(ReplayClient(table(wave(300)).bars()))
    assert len(managed.signals) > 5
    assert managed.signals == of_bars.signals


def test_what_is_held_under_a_manager_is_what_market_signals_come_to() -> None:
    said: list[Any] = [
        "SELL", "BUY", Signal("ABC", "BUY", quantity=4), Signal("ABC", "SELL", quantity=2),
        Signal("ABC", "SELL", order_type="LIMIT", limit_price=9.0), Signal("XYZ", "BUY"), "SELL",
    ]  # fmt: skip

    class Says(Strategy):
        def on_candle(self, candle: MidPriceCandle) -> Any:
            return said[int(candle.open)]

    strategy, held = Says(symbols=["ABC"]), []
    for number in range(len(said)):
        strategy.decide(MidPriceCandle("ABC", "1m", number, number + 1, number, 9, 0, 5))
        held.append(strategy.position("ABC"))
    assert held == [0.0, 1.0, 5.0, 3.0, 3.0, 3.0, 0.0]
    assert strategy.position("XYZ") == 1.0


def test_ticks_of_a_live_feed_end_candles_too(tmp_path: Path) -> None:
    strategy = load(tmp_path, CROSS)
    ticks = [tick for bar in table(wave(300)).bars() for tick in ReplayClient([bar]).stream()]
    signals = [signal for tick in ticks for signal in strategy.on_tick(tick)]
    replayed = load(tmp_path, CROSS)
    StrategyManager([replayed]).run(ReplayClient(ticks))
    assert strategy.signals
    assert [one.side for one in signals] == [one.side for one in strategy.signals]
    assert strategy.signals == replayed.signals


def test_bars_too_coarse_for_its_candles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyFault, match="wants candles of 5m, which bars of 1h cannot make"):
        run_backtest(load(tmp_path, CROSS), table(wave(9), "1h", 60 * MINUTE), risk=OFF)


def test_a_warm_up_fills_the_candles(tmp_path: Path) -> None:
    strategy = load(tmp_path, CROSS.replace('interval = "5m"', 'interval = "1m"'))
    run_backtest(strategy, table(wave(60)), risk=OFF, warmup=20)
    assert len(strategy.candles["ABC"]) == 60
    assert strategy.signals
    assert all(one.ts > FIRST + 20 * MINUTE for one in strategy.signals)


# ----------------------------------------------------------------------------------------------- against the prototype


class Prototype(VectorizedStrategy):
    name = "prototype"

    def generate_signals(self, prices: Any, volumes: Any, **params: Any) -> Any:
        fast, slow = sma(prices, 2), sma(prices, 4)
        return fast > slow, fast < slow


def test_a_vectorised_prototype_and_the_class_are_compared_signal_by_signal(tmp_path: Path) -> None:
    bars = table(wave(200), "5m", 5 * MINUTE)
    index = pd.to_datetime(bars.ts, unit="us", utc=True)
    prices = pd.DataFrame({"ABC": bars.close}, index=index)
    frames = Prototype().generate_signals(prices, prices)
    managed = StrategyManager([load(tmp_path, CROSS)])
    managed.run(ReplayClient(bars.bars()))
    report = compare_signals(frames, managed)
    assert report.parity == 100.0
    assert len(report.matched) > 5

    other = compare_signals(frames, load_and_run(tmp_path, bars, fast=3))
    assert other.parity is not None
    assert other.parity < 100.0
    assert "only event-driven: " in str(other)
    assert len(other.matched) + len(other.only_event) == len(set(other.matched) | set(other.only_event))


def load_and_run(folder: Path, bars: BarTable, **parameters: Any) -> Any:
    strategy = load(folder, CROSS, **parameters)
    StrategyManager([strategy]).run(ReplayClient(bars.bars()))
    return strategy


def test_a_report_counts_what_each_side_has_alone() -> None:
    ours = [(1, "A", "BUY"), (2, "A", "SELL"), (2, "A", "SELL")]
    report = compare_signals(ours, [(2, "A", "SELL"), (3, "B", "BUY")])
    assert report.matched == (SignalAt(2, "A", "SELL"),)
    assert report.only_vectorised == (SignalAt(1, "A", "BUY"), SignalAt(2, "A", "SELL"))
    assert report.only_event == (SignalAt(3, "B", "BUY"),)
    assert report.parity == pytest.approx(100 / 3)
    assert compare_signals([], []).parity is None


# --------------------------------------------------------------------------------------------------------- the data


def test_quotes_make_candles_of_their_mid() -> None:
    given: list[MidPriceCandle] = []
    aggregator = CandleAggregator("ABC", "1m", given.append)
    for second, bid, ask in [(0, 99.0, 101.0), (20, 104.0, 106.0), (40, 97.0, 98.0)]:
        assert aggregator.add(Quote("ABC", FIRST + second * SECOND, bid, ask)) is None
    candle = aggregator.add(Quote("ABC", FIRST + 61 * SECOND, 98.0, 99.0))
    assert candle == MidPriceCandle("ABC", "1m", FIRST, FIRST + MINUTE, 100.0, 105.0, 97.5, 97.5, 0.0)
    assert given == [candle]
    assert aggregator.add(Quote("ABC", FIRST, 1.0, 2.0)) is None
    assert aggregator.late == 1
    assert (aggregator.flush(FIRST + MINUTE), aggregator.flush(FIRST + 2 * MINUTE)) == (None, given[-1])
    with pytest.raises(DataError, match="a tick of XYZ"):
        aggregator.add(Tick("XYZ", FIRST, 1.0))


@given(st.lists(st.integers(50, 150), min_size=1, max_size=40))
def test_replayed_bars_aggregate_to_themselves(closes: list[int]) -> None:
    bars = list(table([float(close) for close in closes]).bars())
    found: list[MidPriceCandle] = []
    aggregator = CandleAggregator("ABC", "1m", found.append)
    client = ReplayClient(bars)
    for update in client.stream():
        aggregator.add(update)
    aggregator.flush(client.until)
    assert found == [MidPriceCandle.of(bar) for bar in bars]


def test_a_replay_stops_and_refuses_what_is_out_of_order() -> None:
    client = ReplayClient([Tick("ABC", 2, 1.0), Tick("ABC", 1, 1.0)])
    assert isinstance(client, MarketDataClient)
    with pytest.raises(DataError, match="in the order of time"):
        list(client.stream())
    stopped = ReplayClient([Tick("ABC", 1, 1.0), Tick("ABC", 2, 1.0)])
    seen = []
    for update in stopped.stream():
        seen.append(update.ts)
        stopped.stop()
    assert seen == [1]


def test_the_manager_tells_who_listens_and_only_whom_a_candle_is_for(tmp_path: Path) -> None:
    strategy, other = load(tmp_path, CROSS), load(tmp_path, CROSS.replace('["ABC"]', '["XYZ"]'))
    manager = StrategyManager([strategy])
    manager.add(other)
    heard: list[tuple[str, str]] = []
    manager.listen(lambda who, signal, candle: heard.append((who.symbols[0], f"{signal.side} {candle.symbol}")))
    for bar in table(wave(60), "5m", 5 * MINUTE).bars():
        manager.on_candle(MidPriceCandle.of(bar))
    assert heard == [("ABC", f"{one.side} ABC") for one in manager.signals] != []
    assert not other.candles
    with pytest.raises(StrategyError, match="names no interval"):
        StrategyManager([load(tmp_path, CROSS.replace('interval = "5m"', ""))]).run(ReplayClient([]))


def test_candles_and_quotes_tell_their_times() -> None:
    bar = Bar("ABC", "1d", DAY, 2 * DAY, 1, 2, 0.5, 1.5, 7)
    candle = MidPriceCandle.of(bar)
    assert (candle.open_time, candle.timestamp) == (bar.open_time, bar.timestamp)
    assert Quote("ABC", DAY, 1, 2).timestamp == bar.open_time
