"""Whose sessions bars follow, where nobody says: told by when they are."""

from typing import Final

import numpy as np

from quantstrip.bars.checks import check_gaps
from quantstrip.bars.sessions import session_grid
from quantstrip.bars.table import BarTable
from quantstrip.clock import DAY
from quantstrip.errors import QuantstripError

AUTO: Final = "auto"
"""The calendar that stands for finding one out."""
_HOME: Final = "NYSE"
_ALWAYS: Final = "24/7"
_STRAYS: Final = 0.01
"""Share of bars outside of the sessions up to which they are taken for mistakes, and refused as such."""
_WEEKEND: Final = (5, 6)


def fitting_calendar(table: BarTable) -> str | None:
    """``NYSE`` for bars that lie in its sessions but for a few strays, which then are refused as mistakes.

    Else ``24/7`` for bars at weekends that lack nothing, and None, which takes them as they are, for all others:
    another exchange's, currencies, made-up ones.
    """
    try:
        if _outside(table) <= _STRAYS:
            return _HOME
        weekday = ((table.label // DAY) + 3) % 7  # 1970-01-01 was a Thursday
        if table.timeframe != "1w" and bool(np.isin(weekday, _WEEKEND).any()):
            grid = session_grid(_ALWAYS, int(table.label[0]), int(table.ts[-1]))
            return _ALWAYS if check_gaps(table, grid, "accept").clean else None
    except QuantstripError:  # beyond what the calendars know, or not on their grid
        return None
    return None


def _outside(table: BarTable) -> float:
    """Share of the bars that lie in no session of the standard calendar."""
    if table.timeframe == "1w":
        return 0.0
    grid = session_grid(_HOME, int(table.label[0]), int(table.ts[-1]))
    _, inside = grid.find(table.label) if table.timeframe == "1d" else grid.containing(table.ts_open)
    return 1.0 - float(inside.mean())
