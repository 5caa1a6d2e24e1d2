"""A causal dataframe script says the same of a bar whether it sees the history at once or grow bar by bar."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import ManualClock
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import StrategyFault
from quantstrip.feeds import HistoryFeed
from quantstrip.matching import FREE
from quantstrip.model import Bar, Fill, Instrument
from tests.unit.backtest.walks import walk
from tests.unit.dialects.scripts import loaded, traded, written

CAUSAL = """
# @param kind string ewm What is computed
# @param length int 5 Bars
# @strategy entryPct 0.5
# @strategy stopLossPct 0.02
# @strategy trailingEnabled true
# @strategy trailingStopPct 0.01
# @strategy trailingActivationPct 0.01
df = df.copy()
n = params["length"]
line = {
    "ewm": lambda: df["close"].ewm(span=n, adjust=False).mean(),
    "rolling": lambda: df["close"].rolling(n).mean(),
    "channel": lambda: df["high"].rolling(n).max().shift(1),
    "momentum": lambda: df["close"].shift(n),
    "expanding": lambda: df["close"].expanding().median(),
}[params["kind"]]()
above = (df["close"] > line).fillna(False)
edge = lambda s: s & ~s.shift(1, fill_value=False)
df["open_long"] = edge(above)
df["close_long"] = edge(~above)
df["open_short"] = edge(~above & (df["volume"] > 4000)) & edge(~above)
df["close_short"] = edge(above)
"""


class LiveFeed:
    """A feed that knows no future, as live ones do."""

    name = "live"

    def __init__(self, table: BarTable) -> None:
        self._history = HistoryFeed(table)

    def slices(self) -> Iterator[tuple[int, Sequence[Bar]]]:
        return iter(self._history.slices())

    def stop(self) -> None:
        self._history.stop()


@given(
    kind=st.sampled_from(["ewm", "rolling", "channel", "momentum", "expanding"]),
    length=st.integers(2, 12),
    seed=st.integers(0, 99),
)
@settings(max_examples=15)
def test_the_last_row_of_a_cut_history_is_the_row_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, kind: str, length: int, seed: int
) -> None:
    file = written(tmp_path_factory.mktemp("s"), CAUSAL)
    strategy = loaded(file, kind=kind, length=length)
    assert isinstance(strategy, DataframeStrategy)
    columns = HistoryFeed(walk(40, seed)).columns()["S"]
    whole = strategy.signals_on(columns)
    for stop in range(1, 41, 3):
        cut = strategy.signals_on(HistoryFeed(walk(40, seed).rows(0, stop)).columns()["S"])
        assert all(np.array_equal(part, all_of[:stop]) for part, all_of in zip(cut, whole, strict=True))


@pytest.mark.parametrize("kind", ["ewm", "channel"])
def test_a_run_that_knows_no_future_fills_what_the_backtest_fills(tmp_path: Path, kind: str) -> None:
    table = walk(120, 3)
    file = written(tmp_path, CAUSAL)
    tested = traded(file, table, kind=kind)
    assert len(tested.fills) > 20
    assert [facts(fill) for fill in played(file, table, kind=kind)] == [facts(fill) for fill in tested.fills]


def test_a_script_that_looks_ahead_is_not_the_same(tmp_path: Path) -> None:
    """What this file proves would hold for anything if it did not see this one."""
    file = written(
        tmp_path,
        "df = df.copy()\nup = df['close'] > df['close'].mean()\n"
        "df['open_long'] = up & ~up.shift(1, fill_value=False)\n"
        "df['close_long'] = ~up & up.shift(1, fill_value=False)\n",
    )
    table = walk(60, 3)
    assert [facts(fill) for fill in played(file, table)] != [facts(fill) for fill in traded(file, table).fills]


def test_warm_up_bars_are_part_of_what_the_script_sees(tmp_path: Path) -> None:
    table = walk(60, 5)
    file = written(tmp_path, "df = df.copy()\ndf['open_long'] = df.index == 35\n")
    strategy, form = dialects.load(file, symbols=["S"])
    (fill,) = run_backtest(strategy, table, form=form, risk=form.risk, warmup=30).fills
    assert fill.ts == table.ts[36]
    (again,) = played(file, table, begin=int(table.ts[30]))
    assert again.ts == table.ts[36]


def test_a_column_that_breaks_a_rule_later_is_refused_when_it_does(tmp_path: Path) -> None:
    file = written(tmp_path, "df = df.copy()\ndf['open_long'] = df.index.isin([5, 6])\n")
    with pytest.raises(StrategyFault, match="line 2: open_long stays true"):
        played(file, walk(20))


def played(file: Path, table: BarTable, *, begin: int = 0, **parameters: Any) -> list[Fill]:
    """The fills of a run whose bars come one by one."""
    strategy, form = dialects.load(file, symbols=["S"], parameters=parameters)
    instruments = {"S": Instrument("S", lot_size=0.0)}
    recorder = MemoryRecorder()
    Engine(
        strategy, feed=LiveFeed(table), broker=SimulatedBroker(instruments, FREE), recorder=recorder,
        instruments=instruments, cash=10_000.0, risk=form.risk, clock=ManualClock(), run_key="replay", begin=begin,
    ).run()  # fmt: skip
    return recorder.fills


def facts(fill: Fill) -> tuple[Any, ...]:
    """What a fill is, without the names that carry the run's identity."""
    return fill.ts, fill.side, fill.leg, fill.quantity, fill.price, fill.commission
