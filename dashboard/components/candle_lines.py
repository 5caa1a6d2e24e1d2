"""Lines and marks that a strategy's script draws itself: on the prices, or over the volume on a scale of their own."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from quantstrip.redaction import scrub

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}")
_FALLBACK: Final = "#8593a1"
PANEL: Final = {"scale": True, "boundaryGap": ["2%", "400%"], "show": False, "axisPointer": {"show": False}}
"""The axis of lines that are no prices: the lowest fifth of the chart, where the volume is."""


class Drawn(NamedTuple):
    """One line, or marks of one kind.

    Attributes:
        values: one a candle, NaN where there is nothing.
        color: as the script wrote it; what is no plain colour becomes grey.
        overlay: on the prices.
        text: what each mark says; "" for a line.

    """

    name: str
    values: Sequence[float]
    color: str = ""
    overlay: bool = True
    text: str = ""


def points(labels: np.ndarray[Any, Any], drawn: Drawn) -> pd.DataFrame:
    """The values at their bars; of marks, only those there are."""
    found = pd.DataFrame({"time": labels, "price": np.asarray(drawn.values, dtype=np.float64)})
    return found.dropna(subset=["price"]).reset_index(drop=True) if drawn.text else found


def series(drawn: Drawn, place: int) -> dict[str, Any]:
    """The line or the marks, drawn from the dataset at ``place``."""
    colour = drawn.color if _COLOUR.fullmatch(drawn.color) else _FALLBACK
    common: dict[str, Any] = {
        "name": scrub(drawn.name), "datasetIndex": place, "encode": {"x": "time", "y": "price"},
        "itemStyle": {"color": colour},
    }  # fmt: skip
    if drawn.text:
        label = {"show": True, "formatter": scrub(drawn.text), "position": "inside", "fontSize": 9, "color": "#ffffff"}
        return common | {"type": "scatter", "symbol": "circle", "symbolSize": 14, "z": 4, "label": label}
    axis = {} if drawn.overlay else {"yAxisIndex": 2}
    return common | axis | {
        "type": "line", "showSymbol": False, "connectNulls": False, "z": 3,
        "lineStyle": {"width": 1.2, "color": colour},
    }  # fmt: skip
