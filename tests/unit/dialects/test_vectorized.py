"""The vectorised form: recognised by its base class, traded bar by bar, the same with and without a known history."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.backtest import run_backtest
from quantstrip.backtest.lookahead import look_ahead
from quantstrip.bars import BarTable
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import DAY
from quantstrip.dialects import declared, load, recognise
from quantstrip.dialects.vectorized import VectorizedRunner
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import StrategyFault, StrategyLoadError
from quantstrip.feeds import HistoryFeed
from quantstrip.model import Bar, Fill, Instrument
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

CROSS = """
from quantstrip.strategy.vectorized import VectorizedStrategy, sma

class Cross(VectorizedStrategy):
    name = "cross"
    param_schema = {"fast": (2, 20), "slow": (3, 40), "share": (0.0, 1.0)}
    def generate_signals(self, prices, volumes, fast=3, **params):
        slow = params.get("slow", 7)
        return sma(prices, fast) > sma(prices, slow), sma(prices, fast) < sma(prices, slow)
"""
ARRAYS = CROSS.replace(
    "def generate_signals(self, prices, volumes, fast=3, **params):",
    "def generate_arrays(self, bars, fast=3, **params):",
).replace("sma(prices, ", "bars.sma(")
RANKED = """
from quantstrip.strategy.vectorized import VectorizedStrategy
import quantstrip.strategy.vectorized as v

class Ranked(VectorizedStrategy):
    "Holds what rose most: every symbol's decision depends on all the others."
    name = "ranked"
    def generate_signals(self, prices, volumes, **params):
        best = prices.pct_change(3, fill_method=None).rank(axis=1, ascending=False) == 1.0
        return best, ~best
"""


def walk(symbol: str, size: int = 120, seed: int = 3, leave_out: int = 0) -> BarTable:
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.02, size)))
    open_ = np.concatenate(([100.0], close[:-1])) * 1.001
    begin = np.arange(size) * DAY
    kept = np.arange(size) != leave_out if leave_out else np.full(size, fill_value=True)
    columns = (begin, open_, np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99, close, close * 0 + 1e3)
    return BarTable.from_arrays(symbol, "1d", *(each[kept] for each in columns))


class Unknown:
    """A feed that does not know its history, as a live one."""

    name = "unknown"

    def __init__(self, tables: Sequence[BarTable]) -> None:
        self._feed = HistoryFeed(tables)

    def slices(self) -> Iterator[tuple[int, Sequence[Bar]]]:
        return self._feed.slices()

    def stop(self) -> None:
        self._feed.stop()


def run(strategy: StrategyBase, feed: Any, tables: Sequence[BarTable]) -> list[Fill]:
    instruments = {table.symbol: Instrument(table.symbol, calendar="24/7") for table in tables}
    recorder = MemoryRecorder()
    Engine(
        strategy, feed=feed, broker=SimulatedBroker(instruments), recorder=recorder, instruments=instruments,
        cash=100_000.0, risk=OFF, run_key="test",
    ).run(threading.Event())  # fmt: skip
    return list(recorder.fills)


def loaded(tmp_path: Path, text: str, symbols: Sequence[str], **parameters: Any) -> VectorizedRunner:
    path = tmp_path / "strategy_file.py"
    path.write_text(text)
    strategy, form = load(path, symbols=symbols, parameters=parameters)
    assert form.name == "vectorized"
    assert isinstance(strategy, VectorizedRunner)
    return strategy


@pytest.mark.parametrize("text", [CROSS, ARRAYS, RANKED])
def test_a_feed_that_knows_its_history_and_one_that_does_not_give_the_same_fills(tmp_path: Path, text: str) -> None:
    tables = [walk("A"), walk("B", seed=4, leave_out=60), walk("C", seed=5)]
    known = run(loaded(tmp_path, text, "ABC"), HistoryFeed(tables), tables)
    unknown = run(loaded(tmp_path, text, "ABC"), Unknown(tables), tables)
    assert len(known) > 20
    assert known == unknown


def test_frames_and_arrays_of_the_same_rule_give_the_same_fills(tmp_path: Path) -> None:
    tables = [walk("A"), walk("B", seed=4, leave_out=60)]
    fills = [run(loaded(tmp_path, text, "AB"), HistoryFeed(tables), tables) for text in (CROSS, ARRAYS)]
    assert fills[0] == fills[1]
    assert fills[0]


def test_it_buys_at_the_open_after_an_entry_and_sells_all_at_the_open_after_an_exit(tmp_path: Path) -> None:
    text = """
from quantstrip.strategy.vectorized import VectorizedStrategy
class Scripted(VectorizedStrategy):
    name = "scripted"
    def generate_signals(self, prices, volumes, **params):
        entries, exits = prices > 0, prices < 0
        entries.iloc[:] = [[row in (1, 2, 6)] for row in range(10)]
        exits.iloc[:] = [[row in (0, 4, 5, 6)] for row in range(10)]
        return entries, exits
"""
    table = walk("A", 10)
    strategy = loaded(tmp_path, text, ["A"])
    result = run_backtest(strategy, table, risk=OFF)
    at = [(int(np.searchsorted(table.ts, fill.ts)), str(fill.side)) for fill in result.fills]
    # 6 is both: flat then, so it enters; there is no exit after it.
    assert at == [(2, "BUY"), (5, "SELL"), (7, "BUY")]


def test_the_hash_of_a_run_is_that_of_the_users_file(tmp_path: Path) -> None:
    import hashlib

    result = run_backtest(loaded(tmp_path, CROSS, ["A"], fast=4), walk("A"), risk=OFF)
    assert result.run["code_hash"] == hashlib.sha256(CROSS.encode()).hexdigest()
    assert result.run["parameters"] == {"fast": 4, "slow": 7}


def test_parameters_are_declared_with_bounds_kinds_and_the_defaults_in_the_code(tmp_path: Path) -> None:
    path = tmp_path / "cross.py"
    path.write_text(CROSS)
    assert [(each.name, each.kind, each.default, each.allowed.low, each.allowed.high) for each in declared(path)] == [
        ("fast", "whole", 3, 2, 20), ("slow", "whole", 7, 3, 40), ("share", "number", None, 0.0, 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fast": 100}, "line 4: Cross: fast is at least 2 and at most 20, got 100"),
        ({"fast": 2.5}, "fast is a whole number, got 2.5"),
        ({"slow": "many"}, "slow is a whole number, got 'many'"),
        ({"fats": 3}, "line 4: Cross takes no fats"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_before_anything_runs(
    tmp_path: Path, given: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(StrategyLoadError, match=message):
        loaded(tmp_path, CROSS, ["A"], **given)


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("return prices > 0", r"line 4: Wrong: generate_signals returned DataFrame, expected the tuple"),
        ("return prices > 0, prices < 0, prices > 1", "generate_signals returned a tuple of 3, expected the tuple"),
        ("return prices > 0, prices", "line 4: Wrong: exits holds float64, expected bool"),
        ("return (prices > 0).iloc[1:], prices > 0", r"entries has shape \(119, 1\), expected \(120, 1\)"),
        ("return (prices > 0).shift(1), prices < 0", "entries is nan for A in row 0 .*expected True or False"),
        ("return prices > params['level'], prices < 0", "the parameter level was not given, and has no default"),
        ("return prices > params['other'], prices < 0", "KeyError: 'other'"),
    ],
)
def test_what_is_no_decision_is_refused_with_file_line_and_class(tmp_path: Path, ending: str, message: str) -> None:
    text = f"""
from quantstrip.strategy.vectorized import VectorizedStrategy

class Wrong(VectorizedStrategy):
    param_schema = {{"level": (1, 2)}}
    def generate_signals(self, prices, volumes, **params):
        {ending}
"""
    with pytest.raises(StrategyFault, match=message):
        run_backtest(loaded(tmp_path, text, ["A"]), walk("A"))


@pytest.mark.parametrize("method", ["generate_signals(self, prices, volumes", "generate_arrays(self, bars"])
def test_what_it_raises_is_told_with_file_and_line_before_a_run_and_in_it(tmp_path: Path, method: str) -> None:
    text = f"""
from quantstrip.strategy.vectorized import VectorizedStrategy

class Wrong(VectorizedStrategy):
    def {method}, **params):
        return self.helper(0)
    def helper(self, number):
        return 1 / number
"""
    strategy = loaded(tmp_path, text, ["A"])
    for act in (look_ahead, run_backtest):
        with pytest.raises(StrategyFault, match=r"\.py, line 8: ZeroDivisionError: division by zero"):
            act(strategy, {"A": walk("A")})


def test_a_file_with_both_forms_runs_the_native_one(tmp_path: Path) -> None:
    path = tmp_path / "both.py"
    path.write_text(CROSS + "\nfrom quantstrip import StrategyBase\nclass Own(StrategyBase):\n    pass\n")
    assert recognise(path).name == "native"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CROSS.replace("generate_signals", "signals"),
            r"line 4: expected one class derived from VectorizedStrategy, and Cross has no generate_signals\n.*is "
            "generate_signals meant",
        ),
        (CROSS + CROSS.replace("Cross", "Other"), "found Cross, Other"),
    ],
)
def test_a_file_holds_one_strategy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StrategyLoadError, match=message):
        loaded(tmp_path, text, ["A"])


def test_without_symbols_from_anybody_a_run_decides_what_it_trades(tmp_path: Path) -> None:
    path = tmp_path / "cross.py"
    path.write_text(CROSS)
    strategy, _ = load(path)
    assert strategy.symbols == []
    strategy.symbols = ["A"]
    assert run_backtest(strategy, walk("A"), risk=OFF).fills


def test_a_bar_fed_by_hand_is_answered(tmp_path: Path) -> None:
    strategy = loaded(tmp_path, CROSS, ["A"], fast=2, slow=3)
    answers: list[Any] = []
    for number, close in enumerate([3.0, 2.0, 1.0, 5.0]):
        answers.append(strategy.feed_bar(Bar("A", "1d", number * DAY, (number + 1) * DAY, 1.0, 9.0, 0.5, close, 1.0)))
    assert [[str(signal.side) for signal in answer] for answer in answers] == [[], [], [], ["BUY"]]
