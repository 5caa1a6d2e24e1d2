"""Walk-forward: choosing looks only back, and the judged parts make one result without a gap."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.backtest.walkforward import walk_forward, windows
from quantstrip.bars import BarTable
from quantstrip.errors import DataError, StrategyLoadError
from quantstrip.model import Bar, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase
from tests.unit.backtest.walks import walk


@given(st.integers(3, 200), st.integers(2, 50), st.integers(1, 50), st.booleans())
def test_judged_parts_follow_one_another_and_cover_all_after_the_first_choice(
    bars: int, train: int, test: int, anchored: bool
) -> None:
    ts = np.arange(bars, dtype=np.int64) * 10
    if bars <= train:
        with pytest.raises(DataError):
            windows(ts, train, test, anchored=anchored)
        return
    found = windows(ts, train, test, anchored=anchored)
    assert found[0].split == ts[train]
    assert found[-1].end > ts[-1]
    assert all(first.end == second.split for first, second in itertools.pairwise(found))
    assert all(window.begin == 0 for window in found) if anchored else True
    assert all((window.split - window.begin) // 10 == train for window in found) or anchored


class Hold(StrategyBase):
    """Holds a share for ``bars`` bars, again and again; notes the first bar it was asked about."""

    parameters = ["bars"]  # noqa: RUF012

    def __init__(self, symbols: list[str] | None = None, bars: int = 5) -> None:
        super().__init__("hold", symbols or ["S"])
        if bars > 50:
            raise ValueError("too long")
        self.bars, self.count = bars, 0

    def on_bar(self, bar: Bar) -> list[Signal]:
        self.count += 1
        side = {1: "BUY", self.bars + 1: "SELL"}.get(self.count % (2 * self.bars))
        return [Signal("S", side, quantity=1)] if side else []


def _run(seen: list[tuple[int, int, int]]) -> Any:
    def run(tables: Mapping[str, BarTable], parameters: Mapping[str, Any], warmup: int) -> BacktestResult:
        table = tables["S"]
        seen.append((int(table.ts[0]), int(table.ts[-1]), warmup))
        try:
            strategy = Hold(**parameters)
        except ValueError as error:
            raise StrategyLoadError("refused") from error
        return run_backtest(strategy, dict(tables), cash=1_000.0, risk=OFF, warmup=warmup)

    return run


def test_each_choice_sees_only_what_was_before_and_is_judged_on_what_came_after() -> None:
    table = walk(100)
    seen: list[tuple[int, int, int]] = []
    points = [{"bars": 2}, {"bars": 5}, {"bars": 60}]
    found = walk_forward(_run(seen), {"S": table}, points, train=40, test=20, metric="total_return")
    assert len(found.steps) == 3
    for number, step in enumerate(found.steps):
        split = int(table.ts[40 + 20 * number])
        chosen, judged = seen[4 * number : 4 * number + 3], seen[4 * number + 3]
        assert all(last < split for _, last, _ in chosen)
        assert judged[2] == 40
        assert step.parameters["bars"] in (2, 5)
    assert found.ts.tolist() == table.ts[40:].tolist()


def test_the_parts_equity_is_carried_on() -> None:
    table = walk(100)
    found = walk_forward(_run([]), {"S": table}, [{"bars": 3}], train=40, test=30, metric="total_return")
    grown = np.prod([1.0 + (step.total_return or 0.0) for step in found.steps])
    assert found.equity[-1] == pytest.approx(1_000.0 * grown)


def test_anchored_windows_begin_with_the_first_bar() -> None:
    seen: list[tuple[int, int, int]] = []
    table = walk(100)
    walk_forward(_run(seen), {"S": table}, [{"bars": 3}], train=40, test=30, anchored=True, metric="total_return")
    assert {begin for begin, _, warmup in seen if not warmup} == {int(table.ts[0])}


def test_a_grid_that_the_strategy_refuses_is_an_error() -> None:
    with pytest.raises(DataError, match="takes no point"):
        walk_forward(_run([]), {"S": walk(60)}, [{"bars": 60}], train=30, test=20)
