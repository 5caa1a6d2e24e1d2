"""Parameters: which are the same indicator, and which mean nothing."""

import math

import numpy as np
import pytest

from quantstrip.errors import StrategyError
from quantstrip.indicators import History, Indicators
from quantstrip.ports import Columns


def indicators(rows: int = 60) -> Indicators:
    ts = np.arange(1, rows + 1, dtype=np.int64) * 60_000_000
    close = 100 + 8 * np.sin(np.arange(float(rows)) / 5)
    history = History("S")
    history.preload(Columns(ts - 60_000_000, ts, close, close + 1, close - 1, close, np.ones(rows), "1m", "made"))
    history.length = rows
    return Indicators(history)


def test_macd_takes_the_shorter_period_for_the_fast_one_whatever_their_order() -> None:
    """As TA-Lib does: the line rises with the market, never against it."""
    for one, other in zip(indicators().macd(12, 26, 9), indicators().macd(26, 12, 9), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("width", [-0.5, math.nan, math.inf])
def test_bands_of_a_width_that_means_nothing_are_refused(width: float) -> None:
    with pytest.raises(StrategyError, match="bbands needs a factor of at least 0"):
        indicators().bbands(20, width)


def test_bands_without_width_are_the_average() -> None:
    upper, mid, lower = indicators().bbands(20, 0.0)
    assert upper.tobytes() == mid.tobytes() == lower.tobytes()
