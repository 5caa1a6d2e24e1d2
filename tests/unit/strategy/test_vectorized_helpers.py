"""The vectorised form has the native indicators, whatever bars a column lacks; what is no decision is refused."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import StrategyError
from quantstrip.indicators import History, Indicators
from quantstrip.ports import Columns
from quantstrip.strategy import vectorized
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.signal_columns import checked
from quantstrip.strategy.vectorized import atr, bollinger_bands, ema, remembering, rsi, sma


def columns(size: int, seed: int = 1) -> Columns:
    close = 100.0 + np.cumsum(np.random.default_rng(seed).normal(0.0, 1.0, size))
    ts = (np.arange(size) + 1) * 60_000_000
    return Columns(ts - 60_000_000, ts, close - 0.3, close + 1.0, close - 1.0, close, close * 10.0)


def native(given: Columns) -> Indicators:
    history = History("A", limit=len(given.ts))
    history.preload(given)
    history.length = len(given.ts)
    return Indicators(history)


@given(st.integers(1, 60), st.integers(1, 25), st.integers(0, 5))
def test_every_helper_equals_the_native_indicator_to_the_last_bit(size: int, period: int, seed: int) -> None:
    data = columns(size, seed)
    close, high, low = (pd.DataFrame({"A": values}) for values in (data.close, data.high, data.low))
    expected, series = native(data), SymbolSeries("A", data)
    pairs: list[tuple[Any, Any, Any]] = [
        (sma(close, period), expected.sma(period), series.sma(period)),
        (ema(close, period), expected.ema(period), series.ema(period)),
        (rsi(close, period), expected.rsi(period), series.rsi(period)),
        (atr(high, low, close, period), expected.atr(period), series.atr(period)),
        *zip(
            bollinger_bands(close, period, 1.5), expected.bbands(period, 1.5), series.bbands(period, 1.5), strict=True
        ),
    ]
    for frame, values, kept in pairs:
        np.testing.assert_array_equal(frame["A"].to_numpy(), values)
        np.testing.assert_array_equal(kept, values)


def test_a_bar_that_a_symbol_lacks_is_left_out_and_breaks_no_average() -> None:
    prices = pd.DataFrame({"A": [1.0, 2.0, 3.0, 4.0], "B": [1.0, np.nan, 3.0, 5.0]})
    found = sma(prices, 2)
    np.testing.assert_array_equal(found["A"], [np.nan, 1.5, 2.5, 3.5])
    np.testing.assert_array_equal(found["B"], [np.nan, np.nan, 2.0, 4.0])
    pd.testing.assert_series_equal(sma(prices["B"], 2), found["B"])


def test_the_highest_and_lowest_of_a_window_end_with_the_bar_at_hand() -> None:
    data = columns(6)
    series = SymbolSeries("A", data)
    assert series.highest(3)[4] == data.high[2:5].max()
    assert series.lowest(3)[4] == data.low[2:5].min()
    assert np.isnan(series.highest(3)[1])
    assert np.isnan(series.highest(7)).all()


def test_what_is_shared_is_computed_once_and_cannot_be_changed() -> None:
    series = SymbolSeries("A", columns(50))
    assert series.sma(5) is series.sma(5)
    with pytest.raises(ValueError, match="read-only"):
        series.sma(5)[0] = 1.0
    small = SymbolSeries("A", columns(50), most_bytes=900)  # room for two
    first = small.sma(3)
    small.sma(4), small.sma(5)
    assert small.sma(3) is not first
    np.testing.assert_array_equal(small.sma(3), first)


def test_indicators_of_shared_frames_are_remembered_and_a_change_of_one_changes_no_other() -> None:
    prices = pd.DataFrame({"A": columns(30).close})
    with remembering([prices]):
        first = sma(prices, 3)
        first.iloc[5] = -1.0
        again = sma(prices, 3)
        assert again.iloc[5, 0] != -1.0
        own = prices * 2.0
        np.testing.assert_array_equal(sma(own, 3), 2.0 * again)
        assert len(vectorized._remembered[-1]._found) == 1  # what is new with every call is not kept
    assert not vectorized._remembered


@pytest.mark.parametrize("period", [0, -1, 2.5, float("nan"), True])
def test_a_period_that_is_none_is_refused(period: float) -> None:
    with pytest.raises(StrategyError, match="sma needs a period of at least 1 bar"):
        sma(pd.DataFrame({"A": [1.0]}), period)  # type: ignore[arg-type]


TS = np.arange(2) * 1_000_000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pd.DataFrame({"A": [True]}), r"shape \(1, 1\), expected \(2, 1\)"),
        (pd.DataFrame({"B": [True, False]}), "has the columns B, expected A"),
        (pd.DataFrame({"A": [1.0, 0.0]}), "holds float64, expected bool"),
        (pd.DataFrame({"A": [True, None]}), r"is None for A in row 1 \(1970-01-01 00:00:01"),
        (pd.DataFrame({"A": [np.nan, True]}, dtype=object), r"is nan for A in row 0"),
        (None, "shape"),
    ],
)
def test_what_is_no_truth_for_every_bar_is_refused_with_its_place(wrong: object, message: str) -> None:
    with pytest.raises(StrategyError, match=f"cross.py, line 3: Cross: entries .*{message}|entries {message}"):
        checked(wrong, (2, 1), ("A",), TS, "entries", "cross.py, line 3: Cross")


def test_truths_as_objects_and_single_columns_do() -> None:
    for good in (pd.DataFrame({"A": [True, False]}, dtype=object), pd.Series([True, False]), np.array([True, False])):
        assert checked(good, (2, 1), ("A",), TS, "entries", "here").tolist() == [[True], [False]]


def test_the_room_of_strategies_brings_no_pandas() -> None:
    code = "import sys, quantstrip.strategy.vectorized, quantstrip.dialects.vectorized; print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
