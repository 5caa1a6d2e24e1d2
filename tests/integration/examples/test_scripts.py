"""The example scripts load, trade the sample, know no future, and fill on a replay what the backtest fills."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import ManualClock
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.dialects.event import EventStrategy
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.feeds import HistoryFeed
from quantstrip.home import Home
from quantstrip.model import Fill, Leg
from quantstrip.operations.research import backtest, prepare
from quantstrip.sandbox import check_source
from tests.replays import EndingReplay

EXAMPLES = Path(__file__).parents[3] / "examples"
DATAFRAME = ["dataframe_bands", "dataframe_breakout", "dataframe_ema_cross", "dataframe_fade"]
EVENT = ["event_dca", "event_grid", "event_martingale", "event_trend"]
BARS = 700


@cache
def tables() -> Mapping[str, BarTable]:
    """The first years of two symbols."""
    return {name: table.rows(0, BARS) for name, table in read_folder(sample_folder(), ["AAPL", "IBM"]).items()}


def backtested(name: str, **parameters: Any) -> BacktestResult:
    strategy, form = dialects.load(EXAMPLES / f"{name}.py", symbols=["AAPL", "IBM"], parameters=parameters)
    instruments = {symbol: form.instrument(symbol, "NYSE") for symbol in tables()}
    return run_backtest(strategy, tables(), instruments=instruments, form=form, risk=form.risk, costs=form.costs)


def facts(fills: list[Fill]) -> list[tuple[Any, ...]]:
    """What a fill is, without the names that carry the run's identity."""
    return [(f.ts, f.symbol, f.side, f.leg, f.quantity, f.price, f.commission) for f in fills]


BOT = {"runtime": "bot", "tick_steps": 1}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *((name, {}) for name in DATAFRAME + EVENT),
        *((name, BOT) for name in EVENT),
        ("dataframe_ema_cross", {"leverage": 3.0, "tradeDirection": "short", "signal_mode": "confirmed"}),
    ],
)
def test_a_replay_fills_what_the_backtest_fills(name: str, parameters: dict[str, Any]) -> None:
    result = backtested(name, **parameters)
    assert len(result.fills) > 20
    assert {fill.symbol for fill in result.fills} == {"AAPL", "IBM"}

    strategy, form = dialects.load(EXAMPLES / f"{name}.py", symbols=["AAPL", "IBM"], parameters=parameters)
    instruments = {symbol: form.instrument(symbol, "NYSE") for symbol in tables()}
    recorder = MemoryRecorder()
    Engine(
        strategy, feed=EndingReplay(tables(), strategy.tick_steps),
        broker=SimulatedBroker(instruments, form.costs, netting=not strategy.virtual_legs),
        recorder=recorder, instruments=instruments, cash=100_000.0, risk=form.risk, clock=ManualClock(), run_key="r",
    ).run()  # fmt: skip
    assert facts(recorder.fills) == facts(list(result.fills))


@pytest.mark.parametrize("name", DATAFRAME)
def test_a_dataframe_example_says_the_same_of_a_bar_whatever_comes_after_it(name: str) -> None:
    strategy = dialects.load(EXAMPLES / f"{name}.py", symbols=["IBM"]).strategy
    assert isinstance(strategy, DataframeStrategy)
    table = tables()["IBM"]
    whole = strategy.signals_on(HistoryFeed(table).columns()["IBM"])
    for stop in (1, 30, 210, 400, BARS - 1):
        cut = strategy.signals_on(HistoryFeed(table.rows(0, stop)).columns()["IBM"])
        assert all(np.array_equal(part, of_all[:stop]) for part, of_all in zip(cut, whole, strict=True))


def test_the_crossing_flips_and_draws_its_averages() -> None:
    strategy, form = dialects.load(EXAMPLES / "dataframe_ema_cross.py", symbols=["IBM"])
    assert isinstance(strategy, DataframeStrategy)
    result = run_backtest(strategy, tables()["IBM"], form=form, risk=form.risk)
    times = [fill.ts for fill in result.fills]
    assert len(times) > len(set(times))  # a close and an open at one time
    drawn = strategy.output["IBM"]
    assert [plot.name for plot in drawn.plots] == ["EMA 12", "EMA 40", "gap"]
    entries = sum(value is not None for marks in drawn.marks for value in marks.data)
    assert entries == sum(each.any() for each in np.transpose(strategy.signals_on(
        HistoryFeed(tables()["IBM"]).columns()["IBM"])))  # fmt: skip


def test_the_breakout_is_long_alone_and_ends_by_its_stops() -> None:
    fills = backtested("dataframe_breakout", trend=False).fills
    assert {fill.leg for fill in fills} == {Leg.LONG}
    assert {str(fill.order_type) for fill in fills if fill.side == "SELL"} == {"STOP", "TRAILING_STOP"}
    assert facts(list(backtested("dataframe_breakout", trend=False, source="high").fills)) != facts(list(fills))


def test_the_grid_holds_both_legs_at_once_and_writes_to_its_log() -> None:
    strategy, form = dialects.load(EXAMPLES / "event_grid.py", symbols=["IBM"], parameters={"order_pct": 0.05})
    assert isinstance(strategy, EventStrategy)
    instruments = {"IBM": form.instrument("IBM", "NYSE")}
    result = run_backtest(strategy, tables()["IBM"], form=form, risk=form.risk, instruments=instruments)
    assert {fill.leg for fill in result.fills} == {Leg.LONG, Leg.SHORT}
    assert strategy.lines[0][2].startswith("grid around ")


def test_the_martingale_stays_below_its_cap() -> None:
    result = backtested("event_martingale", max_position=0.1, take_profit=0.2)
    held: dict[str, float] = {}
    for fill in result.fills:
        held[fill.symbol] = held.get(fill.symbol, 0.0) + fill.quantity * fill.side.sign
        assert held[fill.symbol] * fill.price < 0.12 * 100_000 * 1.5


def test_the_savings_plan_buys_every_month_and_sells_at_its_target() -> None:
    fills = [fill for fill in backtested("event_dca", target=0.2).fills if fill.symbol == "IBM"]
    bought = {tables()["IBM"].label_text(int(np.searchsorted(tables()["IBM"].ts, fill.ts)))[:7]
              for fill in fills if fill.side == "BUY"}  # fmt: skip
    assert len(bought) >= BARS // 21 - 2
    assert any(fill.side == "SELL" for fill in fills)


def test_a_script_without_symbols_trades_all_that_has_bars_and_says_what_it_ran_with(home: Home) -> None:
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()[:201]
    (home.bars / "IBM.csv").write_text("\n".join(lines))
    run = backtest(home, EXAMPLES / "dataframe_bands.py", parameters={"leverage": 2.0, "period": 20}).run
    assert run["symbols"] == ["IBM"]
    assert (run["form"], run["parameters"]["period"], run["parameters"]["leverage"]) == ("dataframe", 20, 2.0)
    assert run["notes"] == ["line 9: entryPct 10 is read as per cent: 0.1"]
    assert run["costs"]["commission_rate"] == 0.001
    assert run["risk"].startswith("CASH_ONLY")
    assert "leverage=2," in run["risk"]


@pytest.mark.parametrize("name", DATAFRAME + EVENT)
def test_the_examples_pass_for_strangers_code_as_well(name: str) -> None:
    assert check_source((EXAMPLES / f"{name}.py").read_bytes(), look_ahead=True) == []


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("dataframe_bands", "period", [15, 30]),
        ("dataframe_breakout", "lookback", [20, 40]),
        ("dataframe_ema_cross", "stopLossPct", [0.02, 0.08]),
        ("dataframe_fade", "takeProfitPct", [0.02, 0.2]),
        ("event_dca", "schedule", ["weekly", "monthly"]),
        ("event_grid", "grid_levels", [2, 8]),
        ("event_martingale", "factor", [1.2, 2.0]),
        ("event_trend", "trailingStopPct", [0.02, 0.1]),
    ],
)
def test_their_parameters_and_settings_can_be_swept(home: Home, name: str, parameter: str, values: list[Any]) -> None:
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()[:301]
    (home.bars / "IBM.csv").write_text("\n".join(lines))
    ready = prepare(home, EXAMPLES / f"{name}.py", parameters={"trend": False} if "breakout" in name else None)
    curves = [ready.run({**ready.parameters, parameter: value}) for value in values]
    assert [each.run["parameters"][parameter] for each in curves] == values
    assert curves[0].equity_final != curves[1].equity_final
