"""Random walks as bars."""

import numpy as np

from quantstrip.bars import BarTable
from quantstrip.clock import DAY


def walk(bars: int, seed: int = 1, symbol: str = "S", start: int = 0) -> BarTable:
    """Daily bars of a walk of 1 % a day."""
    draw = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.01, bars)))
    opens = np.concatenate(([100.0], closes[:-1]))
    spread = np.abs(draw.normal(0.0, 0.003, bars)) * closes
    begins = (start + np.arange(bars, dtype=np.int64)) * DAY
    high, low = np.maximum(opens, closes) + spread, np.minimum(opens, closes) - spread
    volume = draw.integers(1, 9, bars) * 1e3
    return BarTable.from_arrays(symbol, "1d", begins, opens, high, low, closes, volume)
