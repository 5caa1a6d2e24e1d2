"""Pseudo ticks: a bar as the prices it may have passed, for what decides between two closes."""

from dataclasses import replace

import numpy as np

from quantstrip.bars.table import BarTable
from quantstrip.errors import DataError
from quantstrip.model import Bar

_MOVES = 3
_DAILY = ("1d", "1w")
_MOMENT = 1
"""Length of a tick, in microseconds."""


def ticks_of_bar(steps: int) -> int:
    """How many pseudo ticks a bar is made into."""
    return 1 + _MOVES * steps


def pseudo_ticks(table: BarTable, steps: int) -> BarTable:
    """Bars of one price each: the open of each bar, then its three moves, each in ``steps`` equal parts.

    The moves go from the open to the nearer of high and low (to the high where both are as near), from there to the
    other, and to the close. The ticks are spread evenly over the bar's time; the last one is at its close. The first
    one of a bar opens with it, the others are moments (``is_first`` tells them apart). Each keeps the bar's label, and
    has its share of the volume in whole units, the last one the rest. It is a path that the prices may have taken.

    Args:
        table: whole bars.
        steps: parts of a move, at least 1.

    Returns:
        ``1 + 3 * steps`` rows for each bar; those of daily and weekly bars count as bars within a session.

    Raises:
        DataError: a bar is too short for so many moments, or ``steps`` is no such number.

    """
    if steps < 1:
        raise DataError(f"a move has at least 1 step, got {steps!r}", hint="For example 4.")
    count = ticks_of_bar(steps)
    length = table.ts - table.ts_open
    if len(length) and int(length.min()) < count * 2 * _MOMENT:
        raise DataError(
            f"{table.symbol}: a bar of {int(length.min())} microseconds is too short for {count} ticks",
            hint="Take fewer steps, or longer bars.",
        )
    prices = _path(table, steps)
    moments = table.ts_open[:, None] + length[:, None] * np.arange(1, count + 1) // count
    share = np.floor(table.volume / count)
    volume = np.repeat(share[:, None], count, axis=1)
    volume[:, -1] = table.volume - share * (count - 1)
    opens = moments - _MOMENT
    opens[:, 0] = table.ts_open
    each = prices.ravel()
    return replace(
        table, timeframe="1m" if table.timeframe in _DAILY else table.timeframe, label=np.repeat(table.label, count),
        ts_open=opens.ravel(), ts=moments.ravel(), open=each, high=each, low=each, close=each,
        volume=volume.ravel(), path="", line=0,
    )  # fmt: skip


def is_first(tick: Bar) -> bool:
    """Whether a pseudo tick is the first one of its bar."""
    return tick.ts - tick.ts_open > _MOMENT


def _path(table: BarTable, steps: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Prices of the ticks, one row a bar."""
    up_first = table.high - table.open <= table.open - table.low
    near = np.where(up_first, table.high, table.low)
    far = np.where(up_first, table.low, table.high)
    corners = (table.open, near, far, table.close)
    prices = np.empty((len(table), ticks_of_bar(steps)))
    prices[:, 0] = table.open
    parts = np.arange(1, steps + 1) / steps
    for move in range(_MOVES):
        begin, end = corners[move][:, None], corners[move + 1][:, None]
        rows = slice(1 + move * steps, 1 + (move + 1) * steps)
        prices[:, rows] = begin + (end - begin) * parts
        prices[:, rows.stop - 1] = end[:, 0]  # to the last bit
    return np.clip(prices, table.low[:, None], table.high[:, None])
