"""The four indicators of kline strategies: plain lists in, the latest value out, None where there is too little."""

from collections.abc import Sequence
from itertools import pairwise

Prices = Sequence[float]


class Short:
    """How often an indicator was asked for more prices than there were, in this process."""

    times = 0


def calculate_sma(data: Prices, period: int) -> float | None:
    """Mean of the last ``period`` prices; None for fewer."""
    if period < 1 or len(data) < period:
        _note_short()
        return None
    return sum(data[-period:]) / period


def calculate_ema(data: Prices, period: int) -> float | None:
    """Exponential average, ``k = 2 / (period + 1)``, seeded with the mean of the first ``period``; None for fewer."""
    if period < 1 or len(data) < period:
        _note_short()
        return None
    return _emas(data, period)[-1]


def calculate_rsi(data: Prices, period: int = 14) -> float | None:
    """Wilder's RSI over all of ``data``, 0 to 100, 50 where nothing moved; None for less than ``period + 1`` prices."""
    if period < 1 or len(data) < period + 1:
        _note_short()
        return None
    up = down = 0.0
    for number, (before, now) in enumerate(pairwise(data), 1):
        gain, loss = max(now - before, 0.0), max(before - now, 0.0)
        if number <= period:
            up, down = up + gain / period, down + loss / period
        else:
            up, down = (up * (period - 1) + gain) / period, (down * (period - 1) + loss) / period
    return 100.0 * up / (up + down) if up + down else 50.0


def calculate_macd(
    data: Prices, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[float, float, float] | tuple[None, None, None]:
    """MACD line, signal line, histogram; three times None for less than ``slow + signal - 1`` prices.

    The line is ``calculate_ema(fast) - calculate_ema(slow)`` at each price, the signal line its exponential average.
    """
    longest = max(fast, slow)
    if min(fast, slow, signal) < 1 or len(data) < longest + signal - 1:
        _note_short()
        return None, None, None
    faster, slower = _emas(data, fast), _emas(data, slow)
    rows = len(data) - longest + 1
    lines = [quick - calm for quick, calm in zip(faster[-rows:], slower[-rows:], strict=True)]
    average = _emas(lines, signal)[-1]
    return lines[-1], average, lines[-1] - average


def _note_short() -> None:
    Short.times += 1


def _emas(data: Prices, period: int) -> list[float]:
    """The average at each price from the ``period``-th on."""
    share, value = 2.0 / (period + 1), sum(data[:period]) / period
    found = [value]
    for price in data[period:]:
        value += (price - value) * share
        found.append(value)
    return found
