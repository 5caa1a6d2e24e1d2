"""Whatever an event script asks for, its legs stay legs, its amounts are what they say, and its books add up."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.matching import CostModel
from quantstrip.model import Instrument, Leg, OrderType
from tests.unit.backtest.walks import walk

SCRIPT = """
# @strategy stopLossPct 0.02
# @strategy takeProfitPct 0.03
# @strategy entryPct 0.3
ASKED = {asked!r}
def on_bar(ctx, bar):
    for name, amount in ASKED.get(bar.timestamp.toordinal() - 719164, []):
        if amount is None:
            getattr(ctx, name)()
        elif name != "close_position":
            getattr(ctx, name)(amount=amount)
    seen = ctx.position
    assert seen.long_size >= 0 and seen.short_size >= 0, seen
    worth = ctx.balance + (seen.long_size - seen.short_size) * bar.close
    assert abs(worth - ctx.equity) < 1e-6, (worth, ctx.equity)
"""
Asked = dict[int, list[tuple[str, float | None]]]
names = st.sampled_from(["open_long", "close_long", "open_short", "close_short", "close_position", "buy", "sell"])
amounts = st.none() | st.integers(0, 4000).map(float)
asked = st.dictionaries(st.integers(0, 24), st.lists(st.tuples(names, amounts), min_size=1, max_size=3), max_size=12)


@given(asked=asked, seed=st.integers(0, 50), lot=st.sampled_from([0.0, 0.1, 1.0]))
@settings(max_examples=25)
def test_legs_amounts_and_books(tmp_path_factory: pytest.TempPathFactory, asked: Asked, seed: int, lot: float) -> None:
    file = tmp_path_factory.mktemp("s") / "script.py"
    file.write_text(SCRIPT.format(asked=asked))
    table = walk(25, seed)
    result = ran(file, table, lot)

    held = {Leg.LONG: 0.0, Leg.SHORT: 0.0}
    money = 10_000.0
    closes = dict(zip(table.ts.tolist(), table.close.tolist(), strict=True))
    for fill in result.fills:
        held[fill.leg] = round(held[fill.leg] + fill.quantity * fill.side.sign, 9)
        money -= fill.quantity * fill.side.sign * fill.price + fill.commission
        assert held[Leg.LONG] >= 0.0 >= held[Leg.SHORT], fill
        opens = (fill.side == "BUY") == (fill.leg is Leg.LONG)
        if opens:
            assert fill.order_type is OrderType.MARKET
            decided = closes[fill.ts - DAY]
            most = max(amount or 0.0 for _, amount in asked[fill.ts // DAY - 2])
            own = 0.3 * max(result.equity.value.max(), 10_000.0)
            assert fill.quantity * decided <= max(most, own) + 1e-6
        if lot:
            assert fill.quantity / lot == pytest.approx(round(fill.quantity / lot))
    assert result.equity_final == pytest.approx(money + sum(held.values()) * table.close[-1], abs=0.01 * 200)


def ran(file: Path, table: BarTable, lot: float) -> BacktestResult:
    strategy, form = dialects.load(file, symbols=["S"])
    return run_backtest(
        strategy, table, instruments={"S": Instrument("S", lot_size=lot)}, form=form, cash=10_000.0, risk=form.risk,
        costs=CostModel(0.0, 0.0, 0.001),
    )  # fmt: skip
