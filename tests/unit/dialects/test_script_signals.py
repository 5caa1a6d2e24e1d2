"""A run that orders nothing tells what an ordering run would have done: its signals, and the engine's own exits."""

from pathlib import Path
from typing import Any

import pytest

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.dialects.script import ScriptStrategy
from quantstrip.model import Instrument, OrderType
from tests.unit.backtest.walks import walk
from tests.unit.dialects.scripts import bars, written

FRAME = """
# @strategy stopLossPct 0.015
# @strategy takeProfitPct 0.02
# @strategy entryPct 0.4
df = df.copy()
up = df["close"] > df["close"].rolling(4).mean()
df["open_long"] = up & ~up.shift(1, fill_value=False)
df["close_long"] = ~up & up.shift(1, fill_value=False)
df["open_short"] = df["close_long"]
df["close_short"] = df["open_long"]
"""
STATE = """
# @strategy trailingEnabled true
# @strategy trailingStopPct 0.02
def on_bar(ctx, bar):
    seen = ctx.bars(6)
    mean = sum(each.close for each in seen) / len(seen)
    if bar.close > mean and not ctx.position.has_long():
        ctx.open_long(amount=ctx.equity * 0.3, reason="above")
    if bar.close < mean and ctx.position.has_long():
        ctx.close_long(amount=ctx.position.long_size * bar.close / 2, reason="half")
    if bar.close < mean and ctx.position.is_flat() and ctx.balance > 5000:
        ctx.open_short(reason="below")
    if bar.close > mean and ctx.position.has_short():
        ctx.close_position()
"""


def ran(file: Path, table: BarTable, **parameters: Any) -> tuple[ScriptStrategy, BacktestResult]:
    strategy, form = dialects.load(file, symbols=["S"], parameters=parameters)
    assert isinstance(strategy, ScriptStrategy)
    instruments = {"S": Instrument("S", lot_size=0.0)}
    return strategy, run_backtest(
        strategy, table, instruments=instruments, form=form, cash=10_000.0, risk=form.risk, costs=form.costs
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("text", [FRAME, STATE], ids=["dataframe", "event"])
def test_it_tells_each_signal_that_is_ordered_otherwise_and_each_exit_of_the_engine(
    tmp_path: Path, text: str, seed: int
) -> None:
    file, table = written(tmp_path, text), walk(90, seed)
    ordered = ran(file, table)[1]
    strategy, told = ran(file, table, execution="signal")
    expected = []
    for fill in ordered.fills:
        side = str(fill.leg).lower()
        act = "open" if (str(fill.side) == "BUY") == (side == "long") else "close"
        own = fill.order_type is not OrderType.MARKET
        expected.append((fill.ts if own else fill.ts - DAY, f"{act}_{side}", fill.price if own else None))
    assert len(expected) > 20
    assert {each[2] is None for each in expected} == {True, False}
    closes = dict(zip(table.ts.tolist(), table.close.tolist(), strict=True))
    found = [(ts, what, None if price == closes[ts] else price) for ts, _, what, price in strategy.told]
    found = [each for each in found if each[0] < table.ts[-1] or each[2] is not None]  # the last close orders nothing
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert told.fills == []
    assert told.equity_final == 10_000.0


def test_a_script_that_asks_what_it_holds_is_told_what_it_would_hold(tmp_path: Path) -> None:
    file = written(
        tmp_path, "def on_bar(ctx, bar):\n    if ctx.position.is_flat():\n        ctx.open_long(amount=500)\n"
    )
    strategy, result = ran(file, bars([100.0] * 12), execution="signal")
    assert [what for _, _, what, _ in strategy.told] == ["open_long"]
    assert [(each.rule, each.reason) for each in result.rejected] == [
        ("signal_only", "open_long at 100, 5 units; this run tells its signals alone")
    ]


def test_what_an_ordering_run_would_refuse_is_refused_and_not_told(tmp_path: Path) -> None:
    text = """
    def on_bar(ctx, bar):
        if ctx.position.is_flat():
            ctx.open_short(amount=50)
        else:
            ctx.open_long(amount=99999)
    """
    strategy, result = ran(written(tmp_path, text), bars([100.0] * 4), execution="signal")
    assert [what for _, _, what, _ in strategy.told] == ["open_short"]
    assert [each.rule for each in result.rejected] == ["signal_only", "allow_margin", "allow_margin", "allow_margin"]
