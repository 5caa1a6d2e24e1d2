"""``quantstrip validate`` as a user types it, on the shipped sample."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_EXAMPLES = Path(__file__).parents[3] / "examples"
_SPAN = ("--symbols", "AAPL", "--start", "2011-01-01", "--end", "2012-12-31", "--risk", "off")
Quantstrip = Callable[..., Any]


@pytest.fixture
def ahead(tmp_path: Path) -> Path:
    file = tmp_path / "ahead.py"
    file.write_text(_AHEAD)
    return file


_AHEAD = """
from quantstrip.strategy.vectorized import VectorizedStrategy
class Ahead(VectorizedStrategy):
    name = "ahead"
    symbols = ["AAPL"]
    def generate_signals(self, prices, volumes, **params):
        cheap = prices < prices.mean()
        return cheap, ~cheap
"""


def test_a_strategy_that_knows_the_future_ends_with_1_and_is_not_backtested(
    quantstrip: Quantstrip, ahead: Path
) -> None:
    done = quantstrip("validate", "lookahead", str(ahead), *_SPAN, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["clean"]) == (1, False)
    assert told["differences"][0]["symbol"] == "AAPL"
    run = quantstrip("backtest", str(ahead), *_SPAN)
    assert run.returncode == 1
    assert "knows the future" in run.stderr
    assert "expected" not in run.stdout


def test_a_clean_one_is_said_to_be(quantstrip: Quantstrip) -> None:
    done = quantstrip("validate", "lookahead", str(_EXAMPLES / "vectorized_cross.py"), *_SPAN)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "clean")


def test_the_warm_up_that_is_enough_is_named(quantstrip: Quantstrip) -> None:
    told = json.loads(quantstrip("validate", "startup", str(_EXAMPLES / "ma_cross.py"), *_SPAN, "--json").stdout)
    assert told["warmups"][-1]["differ"] == 0
    assert told["enough"] in [each["bars"] for each in told["warmups"]]


def test_a_walk_forward_judges_after_what_it_chose_on(quantstrip: Quantstrip) -> None:
    done = quantstrip(
        "validate", "walk-forward", str(_EXAMPLES / "ma_cross.py"), *_SPAN, "--grid", "fast=3,5", "--grid", "slow=15",
        "--train", "200", "--test", "150", "--json",
    )  # fmt: skip
    steps = json.loads(done.stdout)["steps"]
    assert len(steps) == 3
    assert all(step["window"][0] < step["window"][1] < step["window"][2] for step in steps)
    assert {step["parameters"]["fast"] for step in steps} <= {3, 5}


def test_the_trades_of_a_kept_run_are_shuffled(quantstrip: Quantstrip) -> None:
    quantstrip("backtest", str(_EXAMPLES / "ma_cross.py"), *_SPAN, "--param", "fast=3", "--param", "slow=8")
    (run,) = [each["run_id"] for each in json.loads(quantstrip("runs", "list", "--json").stdout)]
    told = json.loads(quantstrip("validate", "monte-carlo", run, "--tries", "50", "--json").stdout)
    assert told["trades"] > 5
    assert len(told["drawdowns"]) == 5


def test_two_forms_of_one_strategy_are_compared(quantstrip: Quantstrip) -> None:
    file = str(_EXAMPLES / "ma_cross.py")
    same = quantstrip("validate", "parity", file, "--against", file, *_SPAN, "--json")
    assert same.returncode == 0
    assert json.loads(same.stdout)["percent"] == 100.0


def test_a_mode_without_fills_is_said_to_have_none(quantstrip: Quantstrip) -> None:
    done = quantstrip("validate", "parity", str(_EXAMPLES / "ma_cross.py"), "--mode", "live", *_SPAN)
    assert done.returncode == 1
    assert "no live fills of ma_cross" in done.stderr


def test_a_list_of_trades_of_tradingview_is_compared(quantstrip: Quantstrip, tmp_path: Path) -> None:
    file = str(_EXAMPLES / "pine" / "roc.py")
    ran = json.loads(quantstrip("backtest", file, *_SPAN, "--fee-rate", "0", "--slippage-bps", "0", "--json").stdout)
    rows = ["Trade #,Type,Signal,Date/Time,Price USD,Contracts"]
    rows += [f"1,{'Entry' if f['side'] == 'BUY' else 'Exit'} Long,x,{f['time']},{f['price']},1" for f in ran["fills"]]
    trades = tmp_path / "trades.csv"
    trades.write_text("\n".join(rows[:-1]))
    done = quantstrip("validate", "pine", file, *_SPAN, "--trades", str(trades), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["matched"], told["causes"]) == (1, len(rows) - 2, {"not traded there": 1})
