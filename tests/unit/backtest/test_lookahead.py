"""A strategy that knows the future is found out by taking the future away."""

from pathlib import Path

import pytest

from quantstrip import dialects
from quantstrip.backtest.lookahead import LookAhead, look_ahead
from quantstrip.bars import BarTable
from quantstrip.errors import LookAheadFound
from tests.unit.backtest.walks import walk

_CAUSAL = """
df = df.copy()
fast, slow = df["close"].rolling(3).mean(), df["close"].rolling(8).mean()
up = (fast > slow).fillna(False)
df["open_long"] = up & ~up.shift(1, fill_value=False)
df["close_long"] = ~up & up.shift(1, fill_value=False)
df["open_short"] = False
df["close_short"] = False
"""
_MEAN_OF_ALL = _CAUSAL.replace('df["close"].rolling(8).mean()', 'df["close"].mean()')
_SCALED_BY_THE_LAST = _CAUSAL.replace("fast > slow", "fast > slow + df['close'].iloc[-1] * 0.001")


def _check(tmp_path: Path, text: str, table: BarTable, **options: object) -> LookAhead:
    file = tmp_path / "script.py"
    file.write_text(text)
    strategy = dialects.load(file, symbols=["S"]).strategy
    return look_ahead(strategy, {"S": table}, **options)  # type: ignore[arg-type]


def test_the_line_is_that_of_the_column_also_in_the_two_way_form(tmp_path: Path) -> None:
    text = """
df = df.copy()
up = df["close"] > df["close"].mean()
df["buy"] = up & ~up.shift(1, fill_value=False)
df["sell"] = ~up & up.shift(1, fill_value=False)
"""
    found = _check(tmp_path, text, walk(60))
    assert {(each.decision, each.line) for each in found.differences} <= {
        ("open_long", 4), ("close_short", 4), ("close_long", 5), ("open_short", 5),
    }  # fmt: skip
    assert found.differences


def test_a_causal_script_is_clean_at_signal_bars_and_random_ones(tmp_path: Path) -> None:
    found = _check(tmp_path, _CAUSAL, walk(600))
    assert found.clean
    assert 64 < found.cuts <= 128


def test_every_cut_is_made_on_request(tmp_path: Path) -> None:
    assert _check(tmp_path, _CAUSAL, walk(150), every=True).cuts == 149


@pytest.mark.parametrize("text", [_MEAN_OF_ALL, _SCALED_BY_THE_LAST], ids=["a mean of all", "the last row"])
def test_a_script_that_knows_the_future_is_refused_with_the_bar_and_the_decision(tmp_path: Path, text: str) -> None:
    found = _check(tmp_path, text, walk(600))
    with pytest.raises(LookAheadFound, match=r"script knows the future, line [56]: S at \S+.*: (open|close)_long is"):
        found.refuse("script")


def test_the_same_seed_gives_the_same_cuts(tmp_path: Path) -> None:
    table = walk(600)
    assert _check(tmp_path, _MEAN_OF_ALL, table, seed=3) == _check(tmp_path, _MEAN_OF_ALL, table, seed=3)


def test_a_vectorised_class_is_checked_too(tmp_path: Path) -> None:
    text = (
        "from quantstrip.strategy.vectorized import VectorizedStrategy, sma\n"
        "class Ahead(VectorizedStrategy):\n    name = 'ahead'\n    symbols = ['S']\n"
        "    def generate_signals(self, prices, volumes, **params):\n"
        "        up = prices.shift(SHIFT) > prices\n        return up.fillna(False), (~up).fillna(False)\n"
    )
    assert _check(tmp_path, text.replace("SHIFT", "2"), walk(300)).clean
    found = _check(tmp_path, text.replace("SHIFT", "-1"), walk(300))
    with pytest.raises(LookAheadFound, match=r"knows the future, line 5: S at "):  # where the method begins
        found.refuse("ahead.py")
