"""Round numbers and dates along the sides of a chart."""

import math
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from quantstrip.report.periods import Days

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


def value_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that enclose ``low`` to ``high``, about ``wanted`` of them, ascending."""
    if high - low <= 1e-9 * max(abs(low), abs(high), 1.0):
        pad = max(abs(high), 1.0) / 10
        low, high = low - pad, high + pad
    rough = (high - low) / wanted
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * scale for factor in _STEPS if factor * scale >= rough * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def date_ticks(days: Days, wanted: int = 6) -> list[tuple[float, str]]:
    """Places (0 to 1 along ``days``) and labels of about ``wanted`` first sessions of months or years."""
    if len(days) < 2:
        return [(0.5, str(days[0]))] if len(days) else []
    months = days.astype("datetime64[M]").astype(np.int64)
    if months[-1] - months[0] < 2:
        places = np.unique(np.linspace(0, len(days) - 1, min(wanted, len(days))).round().astype(int))
        return [(place / (len(days) - 1), _day(days[place])) for place in places]
    step = next((step for step in _MONTH_STEPS if (months[-1] - months[0]) / step <= wanted), _MONTH_STEPS[-1])
    firsts = np.flatnonzero(months[1:] != months[:-1]) + 1
    chosen = [int(place) for place in firsts if months[place] % step == 0]
    years = step % 12 == 0
    return [(place / (len(days) - 1), str(days[place])[: 4 if years else 7]) for place in chosen]


def _day(day: np.datetime64) -> str:
    return f"{date.fromisoformat(str(day)):%b %d}"


def thinned(values: npt.NDArray[np.floating[Any]], most: int) -> npt.NDArray[np.intp]:
    """Places of at most ``most`` values: the lowest and the highest of each stretch, so that no extreme is lost."""
    size = len(values)
    if size <= most:
        return np.arange(size)
    filled = np.nan_to_num(values, nan=0.0)
    edges = np.linspace(0, size, most // 2, dtype=int)
    places = [0, size - 1]
    for start, end in pairwise(edges.tolist()):
        places += [start + int(filled[start:end].argmin()), start + int(filled[start:end].argmax())]
    return np.unique(places)
