"""Pseudo ticks: a bar as a path of prices, from which the bar can be had back."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.bars import BarTable, is_first, pseudo_ticks
from quantstrip.clock import HOUR
from quantstrip.errors import DataError
from tests.unit.backtest.walks import walk

BAR = 4 * HOUR


def table(*bars: tuple[float, float, float, float], volume: float = 13.0) -> BarTable:
    """Bars of four hours, as (open, high, low, close)."""
    opens, highs, lows, closes = zip(*bars, strict=True)
    begins = np.arange(len(bars), dtype=np.int64) * BAR
    return BarTable.from_arrays("S", "4h", begins, opens, highs, lows, closes, [volume] * len(bars))


@given(seed=st.integers(0, 99), steps=st.integers(1, 9), bars=st.integers(1, 12))
def test_the_ticks_of_a_bar_make_the_bar_again(seed: int, steps: int, bars: int) -> None:
    whole = walk(bars, seed)
    ticks = pseudo_ticks(whole, steps)
    count = 1 + 3 * steps
    assert len(ticks) == count * bars
    assert all(np.array_equal(ticks.close, column) for column in (ticks.open, ticks.high, ticks.low))
    prices, volume = ticks.close.reshape(bars, count), ticks.volume.reshape(bars, count)
    assert np.array_equal(prices[:, 0], whole.open)
    assert np.array_equal(prices.max(axis=1), whole.high)
    assert np.array_equal(prices.min(axis=1), whole.low)
    assert np.array_equal(prices[:, -1], whole.close)
    assert np.array_equal(volume.sum(axis=1), whole.volume)
    assert np.array_equal(ticks.label, np.repeat(whole.label, count))


@given(seed=st.integers(0, 99), steps=st.integers(1, 9))
def test_they_come_one_after_the_other_the_last_one_at_the_close(seed: int, steps: int) -> None:
    whole = walk(8, seed)
    ticks = list(pseudo_ticks(whole, steps).bars())
    assert all(earlier.ts <= later.ts_open < later.ts for earlier, later in pairwise(ticks))
    assert [tick.ts for tick in ticks[3 * steps :: 1 + 3 * steps]] == whole.ts.tolist()
    begins = [tick for tick in ticks if is_first(tick)]
    assert [tick.ts_open for tick in begins] == whole.ts_open.tolist()
    assert begins == ticks[:: 1 + 3 * steps]


def test_the_nearer_of_high_and_low_comes_first_and_moves_are_even() -> None:
    near_low, near_high, even = (pseudo_ticks(table(bar), 2).close.tolist() for bar in (
        (10.0, 14.0, 8.0, 12.0), (10.0, 12.0, 6.0, 12.0), (10.0, 12.0, 8.0, 10.0),
    ))  # fmt: skip
    assert near_low == [10.0, 9.0, 8.0, 11.0, 14.0, 13.0, 12.0]
    assert near_high == [10.0, 11.0, 12.0, 9.0, 6.0, 9.0, 12.0]
    assert even == [10.0, 11.0, 12.0, 10.0, 8.0, 9.0, 10.0]


def test_daily_bars_become_ticks_within_their_session() -> None:
    whole = walk(2)
    ticks = pseudo_ticks(whole, 1)
    assert (whole.timeframe, ticks.timeframe) == ("1d", "1m")
    assert pseudo_ticks(table((1.0, 1.0, 1.0, 1.0)), 1).timeframe == "4h"


def test_what_cannot_be_made_into_ticks_is_refused() -> None:
    with pytest.raises(DataError, match="at least 1 step"):
        pseudo_ticks(walk(2), 0)
    moment = BarTable.from_arrays("S", "1m", [0], [1.0], [1.0], [1.0], [1.0], [1.0], ts=[7])
    with pytest.raises(DataError, match="a bar of 7 microseconds is too short for 4 ticks"):
        pseudo_ticks(moment, 1)
