"""The examples of the native and the vectorised form: what the guide describes is in them, and each goes all the way.

Loaded, checked in a cell, backtested, swept, and replayed on paper, to the same fills and figures.
"""

import ast
from pathlib import Path
from typing import Any

import pytest

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import ManualClock, from_text
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.home import Home
from quantstrip.model import Instrument
from quantstrip.operations import sweeps, tasks
from quantstrip.operations.research import backtest
from quantstrip.operations.strategy_check import check
from quantstrip.strategy import StrategyBase
from tests.replays import EndingReplay

EXAMPLES = Path(__file__).parents[3] / "examples"
NATIVE: dict[str, dict[str, list[Any]]] = {
    "ma_cross": {"fast": [10, 12]},
    "rsi_reversion": {"oversold": [35, 40]},
    "channel_orders": {"entry": ["STOP", "STOP_LIMIT"]},
    "guide_names": {"width": [2.0, 1.5]},
    "rotation": {"nervous": [1.1, 1.0]},
    "learned_trend": {"window": [100, 80]},
}
VECTORISED: dict[str, dict[str, list[Any]]] = {
    "vectorized_cross": {"fast": [10, 5]},
    "vectorized_bands": {"width": [2.0, 1.5]},
    "vectorized_momentum": {"window": [20, 10]},
    "vectorized_keltner": {"width": [1.5, 1.0]},
}
ALL = {**NATIVE, **VECTORISED}
START, END = "2010-03-01", "2011-06-01"


def loaded(name: str) -> StrategyBase:
    strategy, form = dialects.load(EXAMPLES / f"{name}.py")
    assert form.name == ("native" if name in NATIVE else "vectorized")
    return strategy


@pytest.fixture(scope="module")
def tables() -> dict[str, BarTable]:
    found = read_folder(sample_folder(), ["AAPL", "GOOG", "IBM", "MSFT"], "1d", "NYSE")
    return {symbol: table.between(from_text(START), from_text(END)) for symbol, table in found.items()}


@pytest.mark.parametrize("name", ALL)
def test_a_paper_run_on_the_replay_feed_fills_what_the_backtest_fills(name: str, tables: dict[str, BarTable]) -> None:
    strategy = loaded(name)
    own = {symbol: tables[symbol] for symbol in strategy.symbols}
    instruments = {symbol: Instrument(symbol) for symbol in own}
    known = run_backtest(strategy, own, instruments=instruments)
    assert len(known.fills) >= 4
    again, recorder = loaded(name), MemoryRecorder()
    Engine(
        again, feed=EndingReplay(own), broker=SimulatedBroker(instruments), recorder=recorder, instruments=instruments,
        cash=100_000.0, clock=ManualClock(), run_key="paper",
    ).run()  # fmt: skip
    facts = [[each[3:9] for each in fills] for fills in (recorder.fills, known.fills)]
    assert facts[0] == facts[1]
    assert again.get_parameters() == strategy.get_parameters()


@pytest.mark.parametrize("name", ALL)
def test_a_sweep_has_the_figures_of_the_backtests_to_the_last_digit(name: str, tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    file = EXAMPLES / f"{name}.py"
    ((parameter, values),) = ALL[name].items()
    done = tasks.run_now(
        home, "sweep", {"file": str(file), "grid": {parameter: values}, "start": START, "end": END, "workers": 1}
    )  # fmt: skip
    assert (done.state, done.error) == ("done", "")
    for point in sweeps.load(home, done.task_id).points:
        known = backtest(home, file, start=START, end=END, parameters=dict(point.parameters))
        counted = {"fills": len(known.fills), "rejected": len(known.rejected), "equity_final": known.equity_final}
        expected = {**known.figures, **counted}
        assert dict(point.figures) == {figure: expected[figure] for figure in point.figures}


@pytest.mark.parametrize("name", ["rotation", "learned_trend", "vectorized_keltner"])
def test_an_example_passes_the_check_of_code_that_nobody_vouches_for(name: str) -> None:
    assert check(EXAMPLES / f"{name}.py").findings == ()


# --------------------------------------------------------------------------------- together they use all of the guide


def names_used(names: dict[str, Any]) -> set[str]:
    """Names, attributes, keywords, methods, texts and imported modules of some examples."""
    found: set[str] = set()
    for name in names:
        for node in ast.walk(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))):
            match node:
                case (
                    ast.Name(id=word)
                    | ast.Attribute(attr=word)
                    | ast.FunctionDef(name=word)
                    | ast.keyword(arg=str(word))
                ):
                    found.add(word)
                case ast.Constant(value=str(word)):
                    found.add(word)
                case ast.Import(names=imported) | ast.ImportFrom(names=imported):
                    found |= {each.name for each in imported} | {getattr(node, "module", None) or ""}
    return found


def test_the_native_examples_use_everything_that_the_guide_describes() -> None:
    wanted = """
        author parameters variables timeframe symbols _bars indicators_for _calculate_atr feed_bar _MAX_BAR_HISTORY
        on_init on_start on_bar on_trade on_order on_tick on_stop
        Signal symbol side strength order_type limit_price quantity reason timestamp stop_price
        BUY SELL LIMIT STOP STOP_LIMIT OrderType OrderSide high close volume
        sma ema rsi macd atr bbands obv volume_sma
        core.models core.enums strategies.base numpy pandas talib scipy sklearn.linear_model statsmodels.api pydantic
    """
    assert set(wanted.split()) - names_used(NATIVE) == set()


def test_the_vectorised_examples_use_everything_that_the_guide_describes() -> None:
    wanted = "VectorizedStrategy name param_schema generate_signals prices volumes params fillna get sma ema rsi atr"
    assert {*wanted.split(), "bollinger_bands", "strategies.vectorized"} - names_used(VECTORISED) == set()
