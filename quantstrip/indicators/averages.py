"""Moving averages that go on where they stopped.

Each class is one running indicator: ``extend`` takes the next rows of its input and returns as many values, NaN while
warming up. Splitting the input differently changes no bit of the output.
"""

import math
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def nans(count: int) -> Values:
    """``count`` values that are not there yet."""
    return np.full(count, np.nan)


class Sma:
    """Simple moving average over ``period`` rows; first value at row ``period - 1``.

    The sum of a window is the tail of one aligned block plus the head of the next (van Herk's method), so rounding
    never builds up over a long history, as it does in a running sum, and each row costs two additions.
    """

    def __init__(self, period: int) -> None:
        self.period = period
        self._rows = 0
        self._recent: Values = np.empty(0)
        """Rows from the start of the block before the current one; its index is a multiple of ``period``."""

    def extend(self, values: Values) -> Values:
        period, count = self.period, len(values)
        recent = np.concatenate((self._recent, values))
        first = self._rows - len(self._recent)
        padded = np.zeros(-(-len(recent) // period) * period)
        padded[: len(recent)] = recent
        blocks = padded.reshape(-1, period)
        heads = np.cumsum(blocks, axis=1).ravel()
        tails = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
        rows = np.arange(len(self._recent), len(recent))
        sums = heads[rows]
        # A window that starts inside the block before adds what is left of that block.
        begins = rows - (period - 1)
        split = (begins >= 0) & (begins % period != 0)
        sums[split] += tails[begins[split]]
        self._rows += count
        block = self._rows // period
        keep = max(0, (block - 1) * period) - first
        self._recent = recent[keep:].copy()
        result = sums / period
        result[first + begins < 0] = np.nan
        return result


class Smoothed:
    """A recursive average: ``step(previous, row)`` from row to row, seeded with the mean of ``period`` rows.

    The seed covers the rows up to row ``first``, where the first value stands.
    """

    def __init__(self, period: int, first: int, step: Callable[[float, float], float]) -> None:
        self.period = period
        self._skip = first - (period - 1)
        self._step = step
        self._seed: list[float] = []
        self._value = math.nan

    def extend(self, values: Values) -> Values:
        rows = values.tolist()
        result = nans(len(rows))
        start = 0
        if len(self._seed) < self.period:
            start = self._skip + self.period - len(self._seed)
            self._seed += rows[self._skip : start]
            self._skip = max(0, self._skip - len(rows))
            if len(self._seed) < self.period:
                return result
            self._value = sum(self._seed) / self.period
            result[start - 1] = self._value
        if start < len(rows):
            smooth = accumulate(rows[start:], self._step, initial=self._value)
            next(smooth)
            result[start:] = np.fromiter(smooth, dtype=np.float64, count=len(rows) - start)
            self._value = float(result[-1])
        return result


def ema(period: int, first: int | None = None) -> Smoothed:
    """Exponential moving average, ``k = 2 / (period + 1)``; first value at row ``period - 1``.

    Seeded with a simple mean, TA-Lib's classic start (``ta_EMA.c``); ``first`` moves the seed to a later row.
    """
    factor = 2.0 / (period + 1)
    return Smoothed(period, period - 1 if first is None else first, lambda mean, row: mean + factor * (row - mean))


def wilder(period: int) -> Smoothed:
    """Wilder's smoothing, ``(previous * (period - 1) + row) / period``; first value at row ``period - 1``.

    Source: J. W. Wilder, New Concepts in Technical Trading Systems (1978), as seeded in ``ta_RSI.c``.
    """
    keep = period - 1
    return Smoothed(period, period - 1, lambda mean, row: (mean * keep + row) / period)
