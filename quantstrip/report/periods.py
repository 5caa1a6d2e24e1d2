"""Stretches of days: the horizons of a report, months and years."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.datetime64]

HORIZONS: Final = {"3M": 3, "6M": 6, "1Y": 12, "2Y": 24, "3Y": 36, "5Y": 60, "ALL": None}
"""Months of each horizon; None is everything."""


@dataclass(frozen=True, slots=True)
class Year:
    """Returns of one calendar year, as fractions: twelve months (None where there was no session) and the year."""

    year: int
    months: tuple[float | None, ...]
    total: float | None


def horizon_start(last: date, name: str) -> date | None:
    """The day before a horizon's first: ``last`` so many calendar months earlier, or that month's last day.

    None for ``ALL``.

    Raises:
        KeyError: no horizon has the name.

    """
    months = HORIZONS[name]
    if months is None:
        return None
    month = np.datetime64(last, "M") - months
    days = int((month + 1).astype("datetime64[D]").astype(np.int64) - month.astype("datetime64[D]").astype(np.int64))
    first = month.astype("datetime64[D]").astype(date)
    return first.replace(day=min(last.day, days)) if isinstance(first, date) else None


def yearly_table(days: Days, equity: npt.ArrayLike) -> tuple[Year, ...]:
    """Return of each month and year: equity at its last session / equity before its first - 1, newest year first.

    Args:
        days: the sessions, ascending.
        equity: one value more than ``days``, beginning with the capital before the first; without capital every
            return is None.

    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(days):
        return ()
    months = days.astype("datetime64[M]").astype(np.int64)
    years = months // 12
    if values[0] <= 0.0:
        values = np.zeros(len(values))
    monthly, yearly = _changes(months, values), _changes(years, values)
    return tuple(
        Year(int(year) + 1970, tuple(monthly.get(int(year) * 12 + month) for month in range(12)), yearly[int(year)])
        for year in np.unique(years)[::-1]
    )


def _changes(labels: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> dict[int, float | None]:
    """Relative change of ``values`` over each run of equal labels."""
    ends = np.flatnonzero(np.append(labels[1:] != labels[:-1], True)) + 1
    starts = np.concatenate(([0], ends[:-1]))
    return {
        int(labels[start]): float(values[end] / values[start] - 1.0) if values[start] > 0.0 else None
        for start, end in zip(starts, ends, strict=True)
    }
