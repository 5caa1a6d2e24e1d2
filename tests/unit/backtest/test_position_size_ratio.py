"""A strategy says what share of its equity an entry is worth; every run sizes by it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from quantstrip.backtest import run_backtest
from quantstrip.backtest.vectorized import Kernel
from quantstrip.dialects import load
from quantstrip.dialects.vectorized import VectorizedRunner
from quantstrip.errors import StrategyLoadError
from quantstrip.matching import FREE
from quantstrip.model import Bar, Instrument, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase
from tests.unit.backtest.walks import walk

COLUMNS = """
from strategies.vectorized import VectorizedStrategy, sma

class Cross(VectorizedStrategy):
    name = "cross"
    param_schema = {"fast": (2, 50), "position_size_ratio": (0.001, 2.0)}
    defaults = {"fast": 3}
    symbols = ["A"]
    position_size_ratio = RATIO
    def generate_signals(self, prices, volumes, **params):
        fast, slow = sma(prices, params["fast"]), sma(prices, 9)
        return fast > slow, fast < slow
"""


class BuyAtOnce(StrategyBase):
    """Buys with the first bar, without a quantity."""

    position_size_ratio = 0.5

    def __init__(self, symbols: Sequence[str] | None = None) -> None:
        super().__init__("buy_at_once", symbols or ["A"])

    def on_bar(self, bar: Bar) -> list[Signal]:
        return [Signal(bar.symbol, "BUY")] if len(self._bars[bar.symbol]) == 1 else []


def bought(strategy: StrategyBase, **options: Any) -> float:
    """Units times the close they were decided on, of 10,000."""
    table = walk(40, symbol="A")
    found = run_backtest(strategy, table, cash=10_000.0, costs=FREE, risk=OFF, **options)
    row = int(table.ts.searchsorted(found.fills[0].ts)) - 1
    return float(found.fills[0].quantity * table.close[row])


def test_an_entry_without_a_quantity_is_worth_the_strategys_share_of_its_equity() -> None:
    assert 0.0 <= 5_000.0 - bought(BuyAtOnce()) < 200.0, "half of it, down to the lot"


def test_two_percent_is_the_share_of_a_strategy_that_names_none() -> None:
    class Plain(BuyAtOnce):
        position_size_ratio = StrategyBase.position_size_ratio

    assert 0.0 < bought(Plain()) <= 200.0


def test_a_quantity_given_with_the_run_comes_before_the_share() -> None:
    strategy = BuyAtOnce()
    found = run_backtest(strategy, walk(40, symbol="A"), quantity=3.0, risk=OFF)
    assert found.fills[0].quantity == 3.0


def test_it_may_be_a_parameter_and_is_swept_as_it_is_backtested(tmp_path: Path) -> None:
    path = tmp_path / "cross.py"
    path.write_text(COLUMNS.replace("RATIO", "0.25"))
    tables = [walk(200, symbol="A")]
    instruments = {"A": Instrument("A", calendar="24/7")}
    finals = []
    for given in ({}, {"position_size_ratio": 0.25}, {"position_size_ratio": 0.75}):
        strategy, _ = load(path, parameters=given)
        assert isinstance(strategy, VectorizedRunner)
        swept = Kernel(tables, instruments, cash=1e5, costs=FREE, risk=OFF).run(strategy)
        engine = run_backtest(strategy, tables, instruments=instruments, cash=1e5, costs=FREE, risk=OFF)
        assert (swept.metrics, swept.fills, swept.equity_final) == (
            engine.metrics, len(engine.fills), engine.equity_final
        )  # fmt: skip
        finals.append(swept.equity_final - 1e5)
    assert finals[0] == finals[1] != 0.0
    assert finals[2] == pytest.approx(3.0 * finals[0], rel=0.1)


@pytest.mark.parametrize("ratio", ["0.0", "-1", "'two'", "float('nan')", "float('inf')", "True"])
@pytest.mark.parametrize("base", ["native", "vectorised"])
def test_a_share_that_is_no_positive_number_is_refused_with_the_file(tmp_path: Path, base: str, ratio: str) -> None:
    path = tmp_path / "mine.py"
    native = (
        "from quantstrip import StrategyBase\nclass Mine(StrategyBase):\n    position_size_ratio = RATIO\n"
        "    def __init__(self):\n        super().__init__('mine', ['A'])\n"
        "    def on_bar(self, bar):\n        return []\n"
    )
    path.write_text((native if base == "native" else COLUMNS).replace("RATIO", ratio))
    with pytest.raises(StrategyLoadError, match=r"mine\.py, line \d: .*position_size_ratio is a share of equity above"):
        load(path)
