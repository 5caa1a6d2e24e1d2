"""Dataframe scripts in compiled code: two legs, closes before opens, armed trailing stops; as the engine does it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.backtest.vectorized import Kernel, unfit
from quantstrip.bars import BarTable
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Instrument
from quantstrip.risk import NATIVE, OFF, RiskProfile
from tests.unit.backtest.test_kernel import check_same, fractions, walk

SCRIPT = b"""
# @param seed int 1 Chance
# @param often float 0.3 How often
import numpy as np
df = df.copy()
chance = np.random.default_rng([params["seed"], int(df["open"].iloc[0] * 100)])
def edges():
    on = pd.Series(chance.random(len(df)) < params["often"], index=df.index)
    return on & ~on.shift(1, fill_value=False)
long, short = edges(), edges()
df["open_long"], df["open_short"] = long & ~short, short & ~long
df["close_long"], df["close_short"] = edges() | df["open_short"], edges() | df["open_long"]
for name in ("open_long", "open_short", "close_long", "close_short"):
    df[name] = df[name] & ~df[name].shift(1, fill_value=False)
"""


def strategy(symbols: Sequence[str], parameters: dict[str, Any]) -> DataframeStrategy:
    found = dialects.load(Path("chance.py"), symbols=symbols, parameters=parameters, source=SCRIPT).strategy
    assert isinstance(found, DataframeStrategy)
    return found


def compare(
    tables: Sequence[BarTable], parameters: dict[str, Any], costs: CostModel, risk: RiskProfile | None = None,
    quantity: float | None = None,
) -> bool:  # fmt: skip
    """Hold a run to the engine's; False where the kernel left it to the engine."""
    first = strategy([table.symbol for table in tables], parameters)
    chosen = first.form.risk if risk is None else risk
    instruments = {
        table.symbol: Instrument(table.symbol, currency="USDT", lot_size=0.0, calendar="24/7") for table in tables
    }
    assert unfit(first, tables, costs, chosen, instruments=instruments) == ""
    asked: dict[str, Any] = {"cash": 10_000.0, "costs": costs, "risk": chosen, "quantity": quantity}
    kernel = Kernel(tables, instruments, **asked)
    found = kernel.run_script(first, logged=True)
    engine = run_backtest(
        strategy(first.symbols, parameters), tables, instruments=instruments, form=first.form, **asked
    )
    if found is None:
        held: dict[tuple[str, str], int] = {}
        for fill in engine.fills:  # an entry while the same side is held, or sold before it is covered
            held[fill.symbol, str(fill.leg)] = held.get((fill.symbol, str(fill.leg)), 0) + 1
        assert held
        return False
    check_same(engine, found, kernel)
    return True


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(3, 60),
    names=st.sampled_from(["A", "A", "AB"]),
    often=st.sampled_from([0.1, 0.3, 0.6]),
    brackets=st.tuples(fractions, fractions, fractions),
    activation=st.sampled_from([None, 0.01, 0.02]),
    entry=st.sampled_from([1.0, 0.6]),
    leverage=st.sampled_from([1.0, 2.0]),
    costs=st.sampled_from([FREE, CostModel(0.0, 0.0, 0.001), CostModel(5.0, 0.0, 0.001)]),
    risk=st.sampled_from([None, None, OFF, NATIVE]),
    quantity=st.sampled_from([None, None, 30.0]),
    direction=st.sampled_from(["both", "long", "short"]),
)
def test_any_script_on_any_bars_gives_what_the_engine_gives(
    seed: int, size: int, names: str, often: float, brackets: tuple[float, float, float], activation: float | None,
    entry: float, leverage: float, costs: CostModel, risk: RiskProfile | None, quantity: float | None, direction: str,
) -> None:  # fmt: skip
    stop, target, trailing = brackets
    parameters: dict[str, Any] = {
        "seed": seed, "often": often, "stopLossPct": stop, "takeProfitPct": target, "entryPct": entry,
        "leverage": leverage, "tradeDirection": direction,
    }  # fmt: skip
    if trailing:
        parameters |= {"trailingEnabled": True, "trailingStopPct": trailing}
        parameters |= {} if activation is None else {"trailingActivationPct": activation}
    tables = [walk(name, size, seed, "1d", 0.01 if seed % 2 else 0.03) for name in names]
    compare(tables, parameters, costs, risk, quantity)


@lru_cache
def lone() -> BarTable:
    return walk("A", 120, 7, "1d", 0.02)


@pytest.mark.parametrize("brackets", [{}, {"stopLossPct": 0.03, "takeProfitPct": 0.05}])
def test_entries_of_all_equity_are_never_left_to_the_engine(brackets: dict[str, float]) -> None:
    for seed in range(8):
        assert compare([lone()], {"seed": seed, "often": 0.4, "tradeDirection": "long", **brackets},
                       CostModel(0.0, 0.0, 0.001))  # fmt: skip


def test_a_run_whose_entries_add_to_a_position_is_left_to_the_engine() -> None:
    kinds = [compare([lone()], {"seed": seed, "often": 0.5, "entryPct": 0.1}, FREE) for seed in range(6)]
    assert not all(kinds)


def test_a_script_that_orders_nothing_is_none_for_the_kernel() -> None:
    told = strategy(["A"], {"execution": "signal"})
    assert "orders nothing" in unfit(told, [lone()], FREE, OFF)
    assert "a part of a leg" in unfit(strategy(["A"], {"closePct": 0.5}), [lone()], FREE, OFF)
