"""Warm-ups of several lengths: what remembers where it began needs some, what does not needs none."""

from collections.abc import Mapping

import pytest

from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.backtest.startup import Startup, enough, startup
from quantstrip.bars import BarTable
from quantstrip.errors import DataError
from quantstrip.model import Bar, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase
from tests.unit.backtest.walks import walk


class Ema(StrategyBase):
    """Above its own average of ``period`` bars, which never forgets where it began, it holds a share."""

    def __init__(self, period: int) -> None:
        super().__init__("ema", ["S"])
        self.period, self.held = period, False

    def on_trade(self, symbol: str, side: str, price: float, volume: float) -> None:
        self.held = side == "BUY"

    def on_bar(self, bar: Bar) -> list[Signal]:
        above = bar.close > self.indicators_for("S").ema(self.period)[-1]
        if above == self.held:
            return []
        return [Signal("S", "BUY" if above else "SELL", quantity=1)]


def _run(period: int) -> object:
    def run(tables: Mapping[str, BarTable], warmup: int) -> BacktestResult:
        return run_backtest(Ema(period), dict(tables), risk=OFF, warmup=warmup)

    return run


def test_an_average_over_itself_needs_a_warm_up_of_several_times_its_length() -> None:
    found = startup(_run(50), {"S": walk(1_200)})  # type: ignore[arg-type]
    assert found[0].differ > 0
    assert found[-1] == Startup(400, found[-1].deals, 0)
    bars = enough(found)
    assert bars is not None
    assert 50 <= bars <= 400


def test_what_looks_at_one_bar_needs_none() -> None:
    found = startup(_run(1), {"S": walk(300)})  # type: ignore[arg-type]
    assert {each.differ for each in found} == {0}
    assert enough(found) == 0


def test_where_even_the_longest_was_too_short_there_is_no_enough() -> None:
    assert enough([Startup(0, 5, 3), Startup(10, 5, 2)]) is None
    assert enough([Startup(0, 5, 0), Startup(10, 5, 2), Startup(25, 5, 0)]) == 25


def test_too_few_bars_are_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        startup(_run(1), {"S": walk(1)})  # type: ignore[arg-type]
