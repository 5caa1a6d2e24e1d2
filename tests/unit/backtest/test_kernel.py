"""The kernel does what the engine does: the same fills, refusals, round trips and equity, to the cent and the bit."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.backtest.daily import daily_equity
from quantstrip.backtest.kernel_parts import rounded
from quantstrip.backtest.options import Options
from quantstrip.backtest.result import BacktestResult
from quantstrip.backtest.vectorized import Kernel, KernelRun, unfit
from quantstrip.bars import BarTable
from quantstrip.clock import HOUR
from quantstrip.dialects.vectorized import runner
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Instrument, OrderSide
from quantstrip.risk import CASH_ONLY, NATIVE, OFF, RiskProfile
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.vectorized import VectorizedStrategy

TIGHT = replace(
    NATIVE, name="TIGHT", max_order_value=9_000.0, max_symbol_weight=0.1, max_total_weight=0.12, min_cash_ratio=0.85,
    allow_short=True, max_daily_loss=0.002, max_drawdown=0.01,
)  # fmt: skip


class Scripted(VectorizedStrategy):
    """Decides by chance, from a seed that depends on the symbol."""

    name = "scripted"
    param_schema = {  # noqa: RUF012
        "seed": (0, 10**9), "often": (0.0, 1.0), "stop_loss": (0.0, 1.0), "take_profit": (0.0, 1.0),
        "trailing_stop": (0.0, 1.0), "sides": (2, 4),
    }  # fmt: skip

    def generate_arrays(self, bars: SymbolSeries, **params: Any) -> tuple[Any, ...]:
        chance = np.random.default_rng([params["seed"], ord(bars.symbol)])
        return tuple(chance.random(len(bars)) < params["often"] for _ in range(params["sides"]))


def walk(symbol: str, size: int, seed: int, timeframe: str, swing: float, absent: float = 0.0) -> BarTable:
    chance = np.random.default_rng([seed, ord(symbol)])
    close = np.round(100.0 * np.exp(np.cumsum(chance.normal(0.0, swing, size))), 2) + 0.01
    open_ = np.round(np.concatenate(([100.0], close[:-1])) * np.exp(chance.normal(0.0, swing / 2, size)), 2) + 0.01
    high = np.maximum(open_, close) * (1.0 + np.abs(chance.normal(0.0, swing, size)))
    low = np.minimum(open_, close) * (1.0 - np.minimum(0.9, np.abs(chance.normal(0.0, swing, size))))
    length = 24 * HOUR if timeframe == "1d" else HOUR
    kept = chance.random(size) >= absent
    kept[-1] = True
    columns = (np.arange(size) * length, open_, high, low, close, close * 0 + 1e3)
    return BarTable.from_arrays(symbol, timeframe, *(each[kept] for each in columns))


def both(
    tables: Sequence[BarTable], values: dict[str, Any], *, risk: RiskProfile = OFF, costs: CostModel = FREE,
    quantity: float | None = None, currency: str = "USD", lot: float = 1.0, multiplier: float = 1.0, warmup: int = 0,
) -> tuple[BacktestResult, KernelRun, Kernel]:  # fmt: skip
    instruments = {
        each.symbol: Instrument(each.symbol, currency=currency, lot_size=lot, multiplier=multiplier, calendar="24/7")
        for each in tables
    }
    strategy = runner(Scripted, [each.symbol for each in tables], values)
    assert not unfit(strategy, tables, costs, risk, instruments=instruments)
    asked: dict[str, Any] = {
        "cash": 10_000.0, "costs": costs, "risk": risk, "quantity": quantity, "warmup": warmup
    }  # fmt: skip
    kernel = Kernel(tables, instruments, **asked)
    engine = run_backtest(runner(Scripted, strategy.symbols, values), tables, instruments=instruments, **asked)
    return engine, kernel.run(strategy, logged=True), kernel


def check_same(engine: BacktestResult, found: KernelRun, kernel: Kernel) -> None:
    """To the last bit, and in one order, however many symbols there are."""
    symbols = kernel.panel.symbols
    mine = [
        (int(kernel.panel.ts[int(row)]), symbols[int(number)], units, price, fee)
        for row, number, units, price, fee in found.log.tolist()
    ]
    theirs = [
        (each.ts, each.symbol, each.quantity if each.side is OrderSide.BUY else -each.quantity, each.price,
         each.commission)
        for each in engine.fills
    ]  # fmt: skip
    assert mine == theirs
    assert (found.fills, found.rejected) == (len(engine.fills), len(engine.rejected))
    assert found.pnl.tolist() == [trade.pnl for trade in engine.trades]
    tables = list(engine.tables.values())
    expected = daily_equity(engine.equity.ts, engine.equity.value, tables, engine.run["cash"])
    assert found.daily.tolist() == expected.tolist()
    assert found.equity_final == engine.equity_final
    assert found.metrics == engine.metrics


fractions = st.sampled_from([0.0, 0.01, 0.03])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(2, 60),
    names=st.sampled_from(["A", "A", "AB", "ABC"]),
    often=st.sampled_from([0.05, 0.3, 0.8]),
    sides=st.sampled_from([2, 4]),
    protection=st.tuples(fractions, fractions, fractions),
    risk=st.sampled_from([OFF, NATIVE, CASH_ONLY, TIGHT]),
    costs=st.sampled_from([FREE, CostModel(), CostModel(5.0, 0.0, 0.001), CostModel(0.0, 0.01, 0.0, 1.0)]),
    quantity=st.sampled_from([None, 7.0, 0.35, 90.0]),
    traded=st.sampled_from([("USD", 1.0, 1.0), ("USDT", 0.001, 1.0), ("JPY", 1.0, 10.0), ("USDT", 0.0, 1.0)]),
    timeframe=st.sampled_from(["1d", "1h"]),
    absent=st.sampled_from([0.0, 0.3]),
    warmup=st.sampled_from([0, 1]),
)
def test_any_decisions_on_any_bars_give_what_the_engine_gives(
    seed: int, size: int, names: str, often: float, sides: int, protection: tuple[float, float, float],
    risk: RiskProfile, costs: CostModel, quantity: float | None, traded: tuple[str, float, float], timeframe: str,
    absent: float, warmup: int,
) -> None:  # fmt: skip
    values = {"seed": seed, "often": often, "sides": sides}
    values |= dict(zip(("stop_loss", "take_profit", "trailing_stop"), protection, strict=True))
    tables = [walk(name, size, seed, timeframe, 0.01 if seed % 2 else 0.03, absent) for name in names]
    if min(map(len, tables)) <= warmup:
        return
    currency, lot, multiplier = traded
    check_same(
        *both(tables, values, risk=risk, costs=costs, quantity=quantity, currency=currency, lot=lot,
              multiplier=multiplier, warmup=warmup)
    )  # fmt: skip


class ShortOnce(VectorizedStrategy):
    """Sells short on the first bar."""

    name = "short_once"
    trailing_stop = 0.03

    def generate_arrays(self, bars: SymbolSeries, **params: Any) -> tuple[Any, ...]:
        never = np.zeros(len(bars), dtype=np.bool_)
        first = never.copy()
        first[0] = True
        return never, never, first, never


def test_a_trailing_stop_is_not_moved_by_its_entry_bar_and_checked_in_it_again() -> None:
    flat, fallen = [100.0] * 4, np.array([100.0, 100.0, 91.0, 91.0])
    table = BarTable.from_arrays(
        "A", "1d", np.arange(4) * 24 * HOUR, [100.0, 100.0, 91.0, 91.0], [100.5, 100.5, 91.5, 95.0],
        [99.5, 90.0, 90.5, 90.0], fallen, flat,
    )  # fmt: skip
    strategy = runner(ShortOnce, "A", {})
    instruments = {"A": Instrument("A", calendar="24/7")}
    engine = run_backtest(strategy, table, instruments=instruments, risk=OFF, costs=FREE)
    # Sold at 100; 103 is not touched. The low of 90 moves the stop to 92.70, which the bars after it are checked with.
    assert [(str(fill.side), fill.price) for fill in engine.fills] == [("SELL", 100.0), ("BUY", pytest.approx(92.7))]
    assert [engine.labels.of("A", fill.ts) for fill in engine.fills] == ["1970-01-02", "1970-01-04"]
    kernel = Kernel([table], instruments, cash=100_000.0, costs=FREE, risk=OFF)
    check_same(engine, kernel.run(strategy, logged=True), kernel)


@given(st.floats(-1e7, 1e7), st.sampled_from([0, 2, 3, 8]))
def test_money_is_rounded_as_python_rounds_it(value: float, digits: int) -> None:
    assert rounded(value, 10.0**digits) == round(value, digits)


@pytest.mark.parametrize("value", [0.125, -0.125, 0.375, 2.675, 1.005, 1e13 + 0.5, 1e18, 0.0])
def test_halves_go_where_python_takes_them(value: float) -> None:
    assert rounded(value, 100.0) == round(value, 2)


def test_a_run_that_holds_to_its_end_is_marked_at_the_last_close() -> None:
    engine, found, kernel = both([walk("A", 30, 1, "1d", 0.02)], {"seed": 3, "often": 0.9, "sides": 2})
    check_same(engine, found, kernel)
    assert engine.open_trades


def test_threads_that_share_a_kernel_get_what_each_would_get_alone() -> None:
    tables = [walk("A", 2_000, 5, "1h", 0.01)]
    instruments = {"A": Instrument("A", calendar="24/7")}
    kernel = Kernel(tables, instruments, cash=1e5, costs=CostModel(), risk=NATIVE, quantity=None)
    runners = [runner(Scripted, "A", {"seed": seed, "often": 0.1, "sides": 4}) for seed in range(40)]
    alone = [kernel.run(each) for each in runners]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(kernel.run, runners))
    for one, other in zip(alone, together, strict=True):
        assert (one.metrics, one.equity_final, one.fills) == (other.metrics, other.equity_final, other.fills)
        assert one.daily.tolist() == other.daily.tolist()


def test_without_numba_the_same_functions_run_as_python(tmp_path: Path) -> None:
    table = walk("A", 300, 5, "1h", 0.01)
    np.savez(tmp_path / "bars.npz", **{name: getattr(table, name) for name in _FIELDS})
    code = f"""
import sys
if sys.argv[1] == "without":
    sys.modules["numba"] = None
import numpy as np
from quantstrip.backtest.vectorized import AVAILABLE, Kernel
from quantstrip.bars import BarTable
from quantstrip.matching import CostModel
from quantstrip.model import Instrument
from quantstrip.risk import NATIVE
data = np.load({str(tmp_path / "bars.npz")!r})
table = BarTable.from_arrays("A", "1h", *(data[name] for name in {_FIELDS!r}))
kernel = Kernel([table], {{"A": Instrument("A", calendar="24/7")}}, cash=1e5, costs=CostModel(), risk=NATIVE)
flags = tuple(np.random.default_rng(1).random((4, 300, 1)) < 0.2)
print(AVAILABLE, kernel.trade(flags)[:4])
"""
    told = [
        subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True, check=True).stdout.split(
            " ", 1
        )
        for word in ("with", "without")
    ]
    assert [first for first, _ in told] == ["True", "False"]
    assert told[0][1] == told[1][1]


_FIELDS = ("ts_open", "open", "high", "low", "close", "volume")


class ByBar(StrategyBase):
    def __init__(self) -> None:
        super().__init__("by_bar", ["A"])

    def on_bar(self, bar: Any) -> None:
        return None


def test_what_the_kernel_cannot_do_as_the_engine_would_it_refuses_with_the_reason() -> None:
    table = walk("A", 10, 1, "1d", 0.01)
    good = runner(Scripted, "A", {"seed": 1, "often": 0.1, "sides": 2})
    assert unfit(good, [table], FREE, NATIVE) == ""
    assert "bar by bar" in unfit(ByBar(), [table], FREE, NATIVE)
    assert "other symbols" in unfit(good, [table, walk("B", 10, 1, "1d", 0.01)], FREE, NATIVE)
    assert "partial fills" in unfit(good, [table], FREE, NATIVE, Options(max_volume_share=0.1))
    assert "funding" in unfit(good, [table], FREE, NATIVE, Options(funding_rate=0.001))
    assert "two legs" in unfit(good, [table], FREE, NATIVE, virtual_legs=True)
    assert "shorter than" in unfit(good, [walk("A", 9, 1, "1h", 0.01)], FREE, replace(NATIVE, duplicate_seconds=1e5))
    late = BarTable.from_arrays("A", "1d", table.ts_open, *(getattr(table, name) for name in _FIELDS[1:]),
                                ts=table.ts + HOUR)  # fmt: skip
    assert "overlap" in unfit(good, [late], FREE, NATIVE)
    two = runner(Scripted, ["A", "B"], {"seed": 1, "often": 0.1, "sides": 2})
    traded = {"A": Instrument("A", calendar="24/7"), "B": Instrument("B", calendar="NYSE")}
    tables = [table, walk("B", 10, 1, "1d", 0.01)]
    assert "several calendars" in unfit(two, tables, FREE, NATIVE, instruments=traded)
    assert unfit(two, tables, FREE, OFF, instruments=traded) == ""
