"""Prices at which orders waited, as dashed lines over the candles of the time they waited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd

Kind = Literal["limit", "stop"]
_LOOKS: Final[dict[Kind, tuple[str, str]]] = {"limit": ("Limit", "#2f8fc0"), "stop": ("Stop", "#d97706")}


class Level(NamedTuple):
    """One price of an order.

    Attributes:
        begin: when it was decided; UTC where it names no zone.
        end: when it was filled or ended otherwise; None while it waits.

    """

    kind: Kind
    price: float
    begin: datetime
    end: datetime | None


def kinds(levels: Sequence[Level]) -> list[Kind]:
    """Those that there are, in the order of the legend."""
    return [kind for kind in _LOOKS if any(level.kind == kind for level in levels)]


def name_of(kind: Kind) -> str:
    """What the legend calls it."""
    return _LOOKS[kind][0]


def points(bars: pd.DataFrame, labels: np.ndarray[Any, Any], levels: Sequence[Level], kind: Kind) -> pd.DataFrame:
    """A point at every bar of each level, so that a window that shows a part of it has its line; gaps between them.

    What ended before the first bar is left out.
    """
    begins = pd.DatetimeIndex(pd.to_datetime(bars["time"], utc=True))
    names: list[str] = []
    prices: list[float] = []
    for level in levels:
        ends = len(bars) - 1 if level.end is None else _row(begins, level.end)
        if level.kind != kind or ends < 0:
            continue
        there = labels[max(_row(begins, level.begin), 0) : ends + 1]
        names += [*there, *there[-1:]]
        prices += [level.price] * len(there) + [float("nan")] * len(there[-1:])
    return pd.DataFrame({"time": names[:-1], "price": prices[:-1]})


def series(kind: Kind, place: int) -> dict[str, Any]:
    """The line of a kind, drawn from the dataset at ``place``."""
    name, colour = _LOOKS[kind]
    return {
        "type": "line", "name": name, "datasetIndex": place, "showSymbol": False, "connectNulls": False, "z": 4,
        "encode": {"x": "time", "y": "price"}, "lineStyle": {"type": "dashed", "width": 1.2, "color": colour},
        "itemStyle": {"color": colour},
    }  # fmt: skip


def _row(begins: pd.DatetimeIndex, moment: datetime) -> int:
    """The bar that a moment falls into; -1 before the first."""
    return int(begins.searchsorted(pd.DatetimeIndex(pd.to_datetime([moment], utc=True)), "right")[0]) - 1
