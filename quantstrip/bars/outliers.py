"""Bars that look wrong though they are possible: spikes that go back at once, jumps, wicks without a body."""

from typing import NamedTuple

import numpy as np

from quantstrip.bars.sessions import Mask
from quantstrip.bars.table import BarTable

_LEAST = 0.05
"""Log return below which nothing is an outlier, however quiet the market."""
_DEVIATIONS = 12.0
_MAD = 1.4826
"""Makes the median absolute deviation of normal returns their standard deviation (Rousseeuw and Croux, 1993)."""
_JUMP = 0.4
"""Log return from one close to the next open that a split explains better than a market: 0.4 is a third."""


class Outlier(NamedTuple):
    """A bar that looks wrong: its row, its label as text, and why."""

    row: int
    label: str
    why: str


def outliers(table: BarTable) -> list[Outlier]:
    """Bars that look wrong, in order.

    A *spike* is a close far from the one before it and the one after it, to the same side. A *jump* is an opening far
    from the close before, where prices then stay: a split that was not adjusted, or two series in one file. A *wick*
    is a high or a low far from both open and close. Far is more than 5 % and 12 robust standard deviations of the
    table's own returns.
    """
    if len(table) < 3:
        return []
    close = np.log(table.close)
    steps = np.diff(close)
    spread = _MAD * float(np.median(np.abs(steps - np.median(steps))))
    far = max(_LEAST, _DEVIATIONS * spread)
    found: dict[int, str] = {}
    up, down = steps[:-1], steps[1:]
    back = (np.abs(up) > far) & (np.abs(down) > far) & (np.sign(up) != np.sign(down)) & (np.abs(up + down) < far)
    for row in (np.flatnonzero(back) + 1).tolist():
        before, here, after = table.close[row - 1 : row + 2].tolist()
        found[row] = f"its close {here:g} stands between {before:g} and {after:g}"
    opening = np.log(table.open[1:]) - close[:-1]
    for row in (np.flatnonzero(np.abs(opening) > max(far, _JUMP)) + 1).tolist():
        if row - 1 in found:
            continue  # the way back from a spike
        before, here = float(table.close[row - 1]), float(table.open[row])
        found.setdefault(row, f"it opens at {here:g} after a close of {before:g}: {_split(before / here)}")
    body_high, body_low = np.maximum(table.open, table.close), np.minimum(table.open, table.close)
    for row in _rows(np.log(table.high / body_high) > far):
        found.setdefault(row, f"its high {table.high[row]:g} stands far above {body_high[row]:g}")
    for row in _rows(np.log(body_low / table.low) > far):
        found.setdefault(row, f"its low {table.low[row]:g} stands far below {body_low[row]:g}")
    return [Outlier(row, table.label_text(row), found[row]) for row in sorted(found)]


def _rows(mask: Mask) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows


def _split(ratio: float) -> str:
    """What a ratio of two prices looks like."""
    many, one = (ratio, "for 1 split") if ratio >= 1 else (1 / ratio, "to 1 reverse split")
    near = round(many)
    if near >= 2 and abs(many - near) < 0.05 * near:
        return f"as after a {near} {one} that was not adjusted"
    return f"a factor of {ratio:.3g}"
