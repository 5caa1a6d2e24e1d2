"""The examples of the kline and the candle form: what their guides describe is in them, and each goes all the way.

Loaded, checked in a cell, backtested and swept; backtests and their replays are in ``test_forms``. Together they use
every name of their guides.
"""

import ast
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.operations import sweeps, tasks
from quantstrip.operations.research import backtest
from quantstrip.operations.strategy_check import check

EXAMPLES = Path(__file__).parents[3] / "examples"
KLINE: dict[str, dict[str, list[Any]]] = {
    "kline_golden_cross": {"fast_period": [10, 5]},
    "kline_breakout": {"lookback": [20, 15]},
    "kline_momentum": {"strong": [72, 65]},
    "kline_ladder": {"steps": [3, 2]},
}
CANDLE: dict[str, dict[str, list[Any]]] = {
    "candle_sma_crossover": {"fast": [10, 5]},
    "candle_reversal": {"pullback": [0.005, 0.01]},
    "candle_prototype": {"window": [20, 10]},
}
SCRIPTS = ["candle_compare", "candle_quotes"]
ALL = {**KLINE, **CANDLE}
SPAN = {"start": "2010-03-01", "end": "2011-06-01"}


@pytest.mark.parametrize("name", ALL)
def test_an_example_passes_the_check_of_code_that_nobody_vouches_for(name: str) -> None:
    found = check(EXAMPLES / f"{name}.py")
    assert (found.form, found.findings) == (name.partition("_")[0], ())


@pytest.mark.parametrize("name", ALL)
def test_a_sweep_has_the_figures_of_the_backtests_to_the_last_digit(name: str, tmp_path: Path) -> None:
    home, file = Home(tmp_path).create(), EXAMPLES / f"{name}.py"
    done = tasks.run_now(home, "sweep", {"file": str(file), "grid": ALL[name], "workers": 1, **SPAN})
    assert (done.state, done.error) == ("done", "")
    points = sweeps.load(home, done.task_id).points
    assert len({point.figures["equity_final"] for point in points}) == 2
    for point in points:
        known = backtest(home, file, parameters=dict(point.parameters), **SPAN)  # type: ignore[arg-type]
        assert point.figures["equity_final"] == known.equity_final
        assert point.figures["sharpe"] == known.figures["sharpe"]


# ------------------------------------------------------------------------------- together they use all of their guides


def words_of(names: list[str]) -> set[str]:
    """Names, attributes, keywords, methods and parameters of some examples."""
    found: set[str] = set()
    for name in names:
        for node in ast.walk(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))):
            match node:
                case (
                    ast.Name(id=word)
                    | ast.Attribute(attr=word)
                    | ast.FunctionDef(name=word)
                    | ast.keyword(arg=str(word))
                    | ast.alias(name=word)
                ):
                    found.add(word)
                case ast.Constant(value=str(word)):
                    found.add(word)
    return found


def test_the_kline_examples_use_everything_that_their_guide_describes() -> None:
    wanted = """
        IStrategy run initialize name kline_cache on_trade on_day_end
        Kline open high low close volume open_time close_time
        KlineCache append get_klines get_closes get_highs get_lows get_volumes get_opens is_full len
        Order price amount type order_side OrderType BUY OrderSide LONG PositionSide BOTH
        BacktestContext balance position initial_balance fee_rate trades orders equity_curve max_drawdown
        buy sell sell_all get_position_value get_equity get_avg_position_price get_drawdown
        calculate_sma calculate_ema calculate_rsi calculate_macd deque Decimal datetime fee equity
    """
    assert set(wanted.split()) - words_of(list(KLINE)) == set()


def test_the_candle_examples_use_everything_that_their_guide_describes() -> None:
    wanted = """
        Strategy on_candle update interval candles position parameters allowed Allowed
        MidPriceCandle symbol open high low close timestamp Signal BUY LIMIT limit_price time_in_force stop_loss_pct
        ReplayClient CandleAggregator add late StrategyManager on_signal listen Quote compare_signals open_quotes
    """
    assert set(wanted.split()) - words_of([*CANDLE, *SCRIPTS]) == set()
