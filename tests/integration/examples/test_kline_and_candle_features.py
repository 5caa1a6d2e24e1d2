"""The examples of the kline and the candle form: what their guides describe is in them, and each goes all the way.

Loaded, checked in a cell, backtested and swept; backtests and their replays are in ``test_forms``. Together they use
every name of their guides.
"""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from quantstrip.cli import cli
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import runs, sweeps, tasks
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


# ---------------------------------------------------------------------------------------- what is wrong with a file

KLINE_HEAD = "class Mine(IStrategy):\n    def run(self, context, kline, params):\n        "
CANDLE_HEAD = "class Mine(Strategy):\n    symbols = ['IBM']\n    def on_candle(self, candle):\n        "


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (KLINE_HEAD + "x = 1 +\n", "line 3: SyntaxError"),
        (KLINE_HEAD + "import os\n", "line 3: a kline strategy cannot import os"),
        (KLINE_HEAD + "kline.last\n", "has no attribute 'last'.*line 3"),
        (KLINE_HEAD + "[0] * 10 ** 13\n", "MemoryError.*line 3"),
        (KLINE_HEAD + "params.get('length', 5)\n", "length is a whole number .default 5., got 'long'"),
        (KLINE_HEAD + "context.buy(kline.close)\n", "TypeError: .*timestamp.*line 3"),
        (CANDLE_HEAD + "x = 1 +\n", "line 4: SyntaxError"),
        (CANDLE_HEAD + "return candle.last\n", "has no attribute 'last'.*line 4"),
        (CANDLE_HEAD + "return 'HOLD'\n", "returned 'HOLD'.*line 3"),
        (CANDLE_HEAD + "return [0] * 10 ** 13\n", "MemoryError.*line 4"),
        (CANDLE_HEAD.replace("symbols", "interval = '7m'; symbols") + "pass\n", "wants candles of '7m'"),
        ("class Mine(Strategy):\n    def on_candel(self, candle):\n        pass\n", "Mine has no on_candle"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line_and_nothing_is_kept(
    home: Home, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "mine.py").write_text(text)
    command = ["backtest", str(tmp_path / "mine.py"), "--symbols", "IBM", "--start", "2012-01-01"]
    given = ["--param", "length=long"] if "length" in text else []
    done = CliRunner().invoke(cli, ["--home", str(home.root), *command, *given])
    assert isinstance(done.exception, QuantstripError)
    told = f"{done.exception.message} {done.exception.hint}"
    assert "mine.py" in told
    assert re.search(says, told)
    assert runs.list_runs(home) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"symbols": ["NONE"]}, "NONE"),
        ({"parameters": {"width": 3}}, "no width"),
        ({"parameters": {"klineWndSize": 0}}, "klineWndSize is a whole number of at least 1"),
        ({"cash": 0}, "cash must be a positive amount"),
        ({"fee_rate": 1.0}, "fee_rate is a fraction"),
        ({"start": "2013-01-01", "end": "2012-01-01"}, "lies after end"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_what_can(home: Home, options: dict[str, Any], says: str) -> None:
    with pytest.raises(QuantstripError, match=says):
        backtest(home, EXAMPLES / "kline_golden_cross.py", **options)


def test_an_empty_grid_is_refused_before_anything_runs(home: Home) -> None:
    grids: list[tuple[dict[str, list[Any]], str]] = [
        ({}, "at least one parameter that varies"), ({"fast_period": []}, "fast_period"),
    ]  # fmt: skip
    for grid, says in grids:
        with pytest.raises(QuantstripError, match=says):
            tasks.run_now(home, "sweep", {"file": str(EXAMPLES / "kline_golden_cross.py"), "grid": grid})
