"""The shipped vectorised examples: checked, backtested, fed bar by bar, and swept, all to the same fills."""

from pathlib import Path

import pytest

from quantstrip.backtest import run_backtest
from quantstrip.backtest.vectorized import Kernel, unfit
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.clock import from_text
from quantstrip.dialects import load
from quantstrip.dialects.vectorized import VectorizedRunner
from quantstrip.feeds import HistoryFeed
from quantstrip.home import asset
from quantstrip.matching import CostModel
from quantstrip.model import Instrument
from quantstrip.operations.strategy_check import check
from quantstrip.risk import OFF
from tests.unit.dialects.test_vectorized import Unknown, run

EXAMPLES = ("vectorized_cross", "vectorized_bands", "vectorized_momentum")


def example(name: str) -> VectorizedRunner:
    strategy, _ = load(asset("examples") / f"{name}.py")
    assert isinstance(strategy, VectorizedRunner)
    return strategy


@pytest.fixture(scope="module")
def tables() -> list[BarTable]:
    found = read_folder(sample_folder(), ["AAPL", "GOOG", "IBM", "MSFT"], "1d", "NYSE")
    return [table.between(from_text("2010-06-01"), from_text("2011-03-01")) for table in found.values()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_passes_the_check_of_untrusted_code(name: str) -> None:
    found = check(Path(asset("examples")) / f"{name}.py")
    assert found.passed, found


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fed_bar_by_bar_fills_as_on_a_known_history(name: str, tables: list[BarTable]) -> None:
    known = run(example(name), HistoryFeed(tables), tables)
    assert len(known) > 10
    assert run(example(name), Unknown(tables), tables) == known


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_in_compiled_code_does_what_its_backtest_does(name: str, tables: list[BarTable]) -> None:
    strategy = example(name)
    instruments = {table.symbol: Instrument(table.symbol) for table in tables}
    assert unfit(strategy, tables, CostModel(), OFF, instruments=instruments) == ""
    found = Kernel(tables, instruments, cash=1e5, costs=CostModel(), risk=OFF).run(strategy)
    engine = run_backtest(example(name), tables, instruments=instruments, cash=1e5, risk=OFF)
    assert (found.fills, found.rejected) == (len(engine.fills), len(engine.rejected))
    assert found.equity_final == pytest.approx(engine.equity_final, rel=1e-12)
