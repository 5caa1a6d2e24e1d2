"""Candlesticks with volume and marks. A category axis: nights and weekends take no room.

All bars go to the browser, as Arrow, up to ``MOST``; of more, several in a row become one candle, and the chart says
so. ECharts draws what is in the window and escapes every word of its tooltips; templates of our own would be HTML.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from components import candle_levels, candle_lines, markup, times
from components.candle_levels import Level
from components.candle_lines import Drawn
from quantstrip.redaction import scrub

MOST: Final = 100_000
"""Candles of one chart."""
SHOWN: Final = 400
"""Candles in the window at first."""
_DAY: Final = 20 * 3600
"""Seconds; bars at least so far apart are named by their date, the exchange's; others in the user's zone."""
_UP, _DOWN, _BLUE, _ORANGE, _GREY = "#16a34a", "#dc2626", "#2f8fc0", "#d97706", "#8593a1"
"""Told apart on white and on the dark page; a mark's form says the same as its colour."""

Kind = Literal["buy", "sell", "rejected"]
_CROSS: Final = "path://M2 0L5 3L8 0L10 2L7 5L10 8L8 10L5 7L2 10L0 8L3 5L0 2Z"
_FORMS: Final[dict[Kind, tuple[str, str, int]]] = {  # name, form, size
    "buy": ("Buy", "triangle", 11),
    "sell": ("Sell", "path://M0 0L10 0L5 9Z", 11),
    "rejected": ("Rejected", _CROSS, 9),
}
_COLOURS: Final[dict[Kind, str]] = {"buy": _BLUE, "sell": _ORANGE, "rejected": _GREY}


class Marker(NamedTuple):
    """A mark at a bar.

    Attributes:
        time: within the bar; UTC where it names no zone.
        price: where it stands.
        words: what its tooltip says; text, never HTML.

    """

    time: datetime
    price: float
    kind: Kind
    words: str


def show(
    bars: pd.DataFrame,
    marks: Sequence[Marker] = (),
    levels: Sequence[Level] = (),
    drawn: Sequence[Drawn] = (),
    *,
    key: str,
    height: int = 480,
    name: str = "Bars",
) -> None:
    """Draw bars, the newest in the window at first; wheel, drag and slider move it.

    Args:
        bars: columns ``time`` (start of the bar, UTC), ``open``, ``high``, ``low``, ``close``, ``volume``; oldest
            first.
        marks: drawn over the bar that each falls into; those before the first bar are left out.
        levels: prices at which orders waited, drawn as lines.
        drawn: what the strategy draws itself, one value a bar.
        name: of what the bars are, for those who do not see the chart.

    """
    if bars.empty:
        st.html(markup.tag("div", markup.text("There are no bars to draw."), "qs-blank"))
        return
    grouped, together = thinned(bars, MOST)
    words = f"{len(bars):,} bars of {name}, {len(marks):,} marks"
    st.echarts_chart(
        option(grouped, marks, levels, drawn if together == 1 else ()),
        key=key,
        height=height,
        alt=scrub(f"Candlestick chart: {words}"),
        width="stretch",
    )
    if together > 1:
        said = f"Each candle is {together} bars in a row: {len(bars):,} bars are more than a chart can show one by one."
        st.html(markup.tag("div", markup.text(said), "qs-soft"))


def thinned(bars: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """At most ``most`` candles, and how many bars in a row became one of them."""
    together = -(-len(bars) // most)
    if together <= 1:
        return bars, 1
    groups = np.arange(len(bars)) // together
    rules = {"time": "first", "open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return bars.groupby(groups).agg(rules), together


def option(
    bars: pd.DataFrame, marks: Sequence[Marker], levels: Sequence[Level] = (), own: Sequence[Drawn] = ()
) -> dict[str, Any]:
    """The chart as ECharts wants it: candles, volume at the foot, marks of each kind as a series of their own.

    One x axis for all: it indexes the name of every bar, which is most of what a long chart costs. So volume has the
    lowest fifth of the same grid, which the price axis leaves free.
    """
    labels = axis_labels(bars["time"], times.zone())
    table = bars[["open", "high", "low", "close", "volume"]].reset_index(drop=True)
    table.insert(0, "time", labels)
    written = price_format(bars)
    left = 14 + 7 * len(f"{float(bars['high'].max()):,.{_digits(bars)}f}")  # of figures 7 pixels wide
    kinds = [kind for kind in _FORMS if any(mark.kind == kind for mark in marks)]
    lines = candle_levels.kinds(levels)
    named = [*(_FORMS[kind][0] for kind in kinds), *map(candle_levels.name_of, lines)]
    named += dict.fromkeys(scrub(each.name) for each in own)
    drawn = [
        *(_placed(bars, labels, marks, kind) for kind in kinds),
        *(candle_levels.points(bars, labels, levels, kind) for kind in lines),
        *(candle_lines.points(labels, each) for each in own),
    ]
    return {
        "animation": False,
        "dataset": [{"source": each} for each in (table, *drawn)],
        "legend": {"top": 0, "left": 0, "itemWidth": 12, "itemHeight": 10, "show": bool(named), "data": named},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "cross"}, "confine": True,
                    "extraCssText": "max-width:min(24rem,84vw);white-space:normal;overflow-wrap:anywhere",
                    "valueFormatter": written},
        "grid": {"left": left, "right": 12, "top": 28, "bottom": 66},
        "xAxis": {"type": "category", "axisTick": {"show": False}, "axisLine": {"onZero": False}},
        "yAxis": [
            {"scale": True, "splitNumber": 6, "boundaryGap": ["22%", "3%"]},
            {"boundaryGap": ["0%", "400%"], "show": False, "axisPointer": {"show": False}},
            *([] if all(each.overlay for each in own) else [candle_lines.PANEL]),
        ],
        "dataZoom": [
            {"type": kind, **_window(len(table)),
             **({"bottom": 8, "height": 26, "showDetail": False} if kind == "slider" else {})}
            for kind in ("inside", "slider")
        ],
        "series": [
            {
                "type": "candlestick", "name": "Price", "datasetIndex": 0, "large": True, "largeThreshold": 2000,
                "encode": {"x": "time", "y": ["open", "close", "low", "high"],
                           "tooltip": ["open", "high", "low", "close"]},
                "itemStyle": {"color": _UP, "color0": _DOWN, "borderColor": _UP, "borderColor0": _DOWN},
            },
            {
                "type": "bar", "name": "Volume", "datasetIndex": 0, "yAxisIndex": 1, "large": True,
                "largeThreshold": 2000, "encode": {"x": "time", "y": "volume"},
                "itemStyle": {"color": _GREY, "opacity": 0.7}, "tooltip": {"valueFormatter": "%,.0f"},
            },
            *(_mark_series(kind, place) for place, kind in enumerate(kinds, 1)),
            *(candle_levels.series(kind, place) for place, kind in enumerate(lines, 1 + len(kinds))),
            *(candle_lines.series(each, place) for place, each in enumerate(own, 1 + len(kinds) + len(lines))),
        ],
    }  # fmt: skip


def axis_labels(moments: pd.Series, zone: tzinfo) -> np.ndarray[Any, np.dtype[np.object_]]:
    """What the axis calls each bar: a date, or the minute in ``zone``; no two alike.

    The hour that is there twice when a summer ends has its zone's short name behind it: a category is known by its
    name alone.
    """
    known = pd.DatetimeIndex(pd.to_datetime(moments, utc=True))
    if len(known) < 2 or np.median(np.diff(known.as_unit("s").asi8)) >= _DAY:
        return _written(known, "D")
    here = known.tz_convert(zone)
    found = _written(here.tz_localize(None), "m" if bool((known.second == 0).all()) else "s")
    twice = pd.Series(found).duplicated(keep=False).to_numpy()
    if twice.any():
        found[twice] = here[twice].strftime("%Y-%m-%d %H:%M:%S %Z").to_numpy(dtype=object)
    return found


def _written(moments: pd.DatetimeIndex, unit: Literal["D", "m", "s"]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Text of each; numpy's is ten times as fast as ``strftime``."""
    texts = np.datetime_as_string(moments.to_numpy("datetime64[s]"), unit=unit)
    return np.char.replace(texts, "T", " ").astype(object)


def price_format(bars: pd.DataFrame) -> str:
    """How prices are written: cents, more digits where a price is small."""
    return f"%,.{_digits(bars)}f"


def _digits(bars: pd.DataFrame) -> int:
    typical = float(np.nanmedian(np.abs(bars["close"].to_numpy(dtype=np.float64))))
    return 2 if typical >= 10 else 4 if typical >= 0.1 else 8


def _window(count: int) -> dict[str, int]:
    return {"startValue": max(0, count - SHOWN), "endValue": count - 1}


def _placed(bars: pd.DataFrame, labels: np.ndarray[Any, Any], marks: Sequence[Marker], kind: Kind) -> pd.DataFrame:
    """The marks of one kind at the bars that they fall into."""
    begins = pd.DatetimeIndex(pd.to_datetime(bars["time"], utc=True))
    chosen = [mark for mark in marks if mark.kind == kind]
    rows = begins.searchsorted(pd.DatetimeIndex(pd.to_datetime([mark.time for mark in chosen], utc=True)), "right") - 1
    there = [(labels[row], mark.price, scrub(mark.words)) for row, mark in zip(rows, chosen, strict=True) if row >= 0]
    return pd.DataFrame(there, columns=["time", "price", "words"])


def _mark_series(kind: Kind, place: int) -> dict[str, Any]:
    name, form, size = _FORMS[kind]
    return {
        "type": "scatter", "name": name, "datasetIndex": place, "symbol": form,
        "symbolSize": size, "z": 5, "large": False, "encode": {"x": "time", "y": "price", "tooltip": ["words"]},
        "itemStyle": {"color": _COLOURS[kind], "borderColor": "#ffffff", "borderWidth": 0.8},
    }  # fmt: skip
