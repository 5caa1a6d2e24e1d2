"""Indicators built on the moving averages; each ``extend`` returns a tuple of arrays, one for each output."""

import numpy as np

from quantstrip.indicators.averages import Sma, Smoothed, Values, ema, nans, wilder


class Shift:
    """The row before each row; the very first one, which has none, is compared with itself."""

    def __init__(self) -> None:
        self._last: Values = np.empty(0)

    def extend(self, values: Values) -> tuple[Values, int]:
        """The rows one earlier, and how many rows of ``values`` (0 or 1) have none."""
        lead = 1 - len(self._last)
        before = np.concatenate((self._last if not lead else values[:1], values[:-1]))
        self._last = values[-1:].copy()
        return before, lead


class Average:
    """One moving average as an indicator with a single output."""

    def __init__(self, average: Sma | Smoothed) -> None:
        self._average = average

    def extend(self, values: Values) -> tuple[Values, ...]:
        return (self._average.extend(values),)


class Rsi:
    """Relative Strength Index, 0 to 100; first value at row ``period``.

    ``100 * gain / (gain + loss)`` with Wilder's averages, seeded by the mean of the first ``period`` changes
    (``ta_RSI.c``). A market that has not moved at all is at 50, neither overbought nor oversold (TA-Lib says 0).
    """

    def __init__(self, period: int) -> None:
        self._gains = wilder(period)
        self._losses = wilder(period)
        self._closes = Shift()

    def extend(self, close: Values) -> tuple[Values, ...]:
        before, lead = self._closes.extend(close)
        change = (close - before)[lead:]
        gain = self._gains.extend(np.maximum(change, 0.0))
        loss = self._losses.extend(np.maximum(-change, 0.0))
        moved = gain + loss
        result = np.divide(100.0 * gain, moved, out=np.full(len(change), 50.0), where=moved != 0.0)
        return (np.concatenate((nans(lead), result)),)


class Atr:
    """Average True Range in price units; first value at row ``period``.

    True range is ``max(high, previous close) - min(low, previous close)``; Wilder's average, seeded by the mean of
    the first ``period`` ranges that have a previous close (``ta_ATR.c``).
    """

    def __init__(self, period: int) -> None:
        self._ranges = wilder(period)
        self._closes = Shift()

    def extend(self, high: Values, low: Values, close: Values) -> tuple[Values, ...]:
        before, lead = self._closes.extend(close)
        ranges = np.maximum(high, before) - np.minimum(low, before)
        return (np.concatenate((nans(lead), self._ranges.extend(ranges[lead:]))),)


class Macd:
    """MACD line, its signal line and their difference; first values at row ``slow + signal - 2``.

    Both averages start at row ``slow - 1``, the fast one seeded with the ``fast`` rows before it (``ta_MACD.c``).
    """

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        fast, slow = sorted((fast, slow))
        self._fast = ema(fast, first=slow - 1)
        self._slow = ema(slow)
        self._signal = ema(signal)
        self._warming = slow - 1

    def extend(self, close: Values) -> tuple[Values, ...]:
        line = self._fast.extend(close) - self._slow.extend(close)
        lead = min(self._warming, len(close))
        self._warming -= lead
        signal = np.concatenate((nans(lead), self._signal.extend(line[lead:])))
        line[np.isnan(signal)] = np.nan
        return line, signal, line - signal


class Bbands:
    """Bollinger Bands: the simple average plus and minus ``nbdev`` population standard deviations (``ta_BBANDS.c``).

    The deviation is taken around each window's own mean, which stays exact where the difference of two large sums
    would not.
    """

    def __init__(self, period: int, nbdev: float) -> None:
        self.period = period
        self.nbdev = nbdev
        self._average = Sma(period)
        self._recent: Values = np.empty(0)

    def extend(self, close: Values) -> tuple[Values, ...]:
        mid = self._average.extend(close)
        lead = nans(self.period - 1 - len(self._recent))
        rows = np.concatenate((lead, self._recent, close))
        squares = np.zeros(len(close))
        for back in range(self.period):
            squares += (rows[back : back + len(close)] - mid) ** 2
        self._recent = np.concatenate((self._recent, close))[max(0, len(self._recent) + len(close) - self.period + 1) :]
        width = self.nbdev * np.sqrt(squares / self.period)
        return mid + width, mid, mid - width


class Obv:
    """On-Balance Volume: volume added on rising and taken off on falling closes, from the first volume on."""

    def __init__(self) -> None:
        self._closes = Shift()
        self._total = 0.0

    def extend(self, close: Values, volume: Values) -> tuple[Values, ...]:
        before, lead = self._closes.extend(close)
        signed = np.sign(close - before) * volume
        signed[:lead] = volume[:lead]
        totals = np.cumsum(np.concatenate(([self._total], signed)))[1:]
        self._total = float(totals[-1])
        return (totals,)
