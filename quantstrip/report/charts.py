"""Charts of the HTML report as SVG: static, themed by the page's CSS, sharp in print, a few kilobytes each.

A plot stretches to its page: lines keep their width (``non-scaling-stroke``) and labels are text beside it, so that a
phone shows them as large as a desk. The places of everything are fractions of the plot, from its top left corner.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quantstrip.report.axis import date_ticks, thinned, value_ticks
from quantstrip.report.catalogue import Floats
from quantstrip.report.periods import Days

WIDTH: Final = 1000
HEIGHT: Final = 300
MOST_POINTS: Final = 500
"""Points of a line: more than a page has columns for."""
_MOST_HOVERED: Final = 400
COLOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One series over a chart's days; NaN where it has no value. ``colour`` is 0 for the main line."""

    name: str
    values: Floats
    colour: int = 0
    area: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """An SVG path's data and how it is drawn."""

    d: str
    colour: int
    area: bool
    dashed: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in the units of the plot."""

    x: float
    y: float
    width: float
    height: float
    negative: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws.

    Attributes:
        paths, bars: in units of ``WIDTH`` x ``HEIGHT``.
        rows, columns: place (0 to 1) and label of each line of the grid.
        zero: place of the value zero; None where it is out of sight.
        hover: JSON of the days and the shown values, for the reader's pointer; "" for none.

    """

    name: str
    label: str
    paths: tuple[Path, ...] = ()
    bars: tuple[Bar, ...] = ()
    rows: tuple[tuple[float, str], ...] = ()
    columns: tuple[tuple[float, str], ...] = ()
    zero: float | None = None
    legend: tuple[tuple[str, int, bool], ...] = ()
    hover: str = ""


def line_chart(
    name: str,
    label: str,
    days: Days,
    lines: Sequence[Line],
    show: Callable[[float], str],
    short: Callable[[float], str],
    *,
    from_zero: bool = True,
) -> Chart:
    """Lines over days, the first drawn last, on top.

    Args:
        show, short: a value for the pointer's box, and for the axis.
        from_zero: the axis holds zero.

    """
    known = [each.values[np.isfinite(each.values)] for each in lines]
    values = np.concatenate([np.empty(0), *known])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    ticks = value_ticks(min(low, 0.0), max(high, 0.0)) if from_zero else value_ticks(low, high)
    bottom, top = ticks[0], ticks[-1]

    def place(value: float) -> float:
        return (top - value) / (top - bottom)

    return Chart(
        name,
        label,
        paths=tuple(_path(each, bottom, top) for each in reversed(lines)),
        rows=tuple((place(tick), short(tick)) for tick in ticks),
        columns=tuple(date_ticks(days)),
        zero=place(0.0) if bottom <= 0.0 <= top else None,
        legend=tuple((each.name, _colour(each.colour), _dashed(each.colour)) for each in lines),
        hover=_hover(days, lines, show),
    )


def histogram(name: str, label: str, values: Floats, show: Callable[[float], str]) -> Chart:
    """How often values fell into each of about thirty equal bins, one of which begins at zero."""
    if not len(values):
        return Chart(name, label)
    low, high = float(np.quantile(values, 0.002)), float(np.quantile(values, 0.998))
    width = max((high - low) / 30, 1e-9)
    first, last = int(np.floor(low / width)), int(np.ceil(high / width)) + 1
    edges = np.arange(first, last + 1) * width
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    ticks = [tick for tick in value_ticks(0.0, float(counts.max()), 4) if tick == round(tick)]
    top = ticks[-1]
    step = WIDTH / len(counts)
    bars = tuple(
        Bar(
            round(n * step + step * 0.06, 2),
            round(HEIGHT * (1 - count / top), 2),
            round(step * 0.88, 2),
            round(HEIGHT * count / top, 2),
            bool(edges[n] < -width / 2),
            f"{show(edges[n])} to {show(edges[n + 1])}: {count}",
        )
        for n, count in enumerate(counts)
    )
    columns = [tick for tick in value_ticks(edges[0], edges[-1], 5) if edges[0] <= tick <= edges[-1]]
    return Chart(
        name,
        label,
        bars=bars,
        rows=tuple(((top - tick) / top, f"{tick:g}") for tick in ticks),
        columns=tuple(((tick - edges[0]) / (edges[-1] - edges[0]), show(tick)) for tick in columns),
        zero=1.0,
    )


def _path(line: Line, bottom: float, top: float) -> Path:
    """The line, broken where values are missing."""
    size = len(line.values)
    kept = thinned(line.values, MOST_POINTS)
    x = kept * (WIDTH / max(size - 1, 1))
    y = (top - line.values[kept]) * (HEIGHT / (top - bottom))
    known = np.isfinite(y)
    begins = known & ~np.concatenate(([False], known[:-1]))
    parts = [f"{'M' if begin else 'L'}{px:.1f} {py:.1f}" for px, py, ok, begin in zip(x, y, known, begins) if ok]  # noqa: B905
    d = "".join(parts)
    if line.area and parts:
        zero = top * (HEIGHT / (top - bottom))
        shown = x[known]
        d += f"L{shown[-1]:.1f} {zero:.1f}L{shown[0]:.1f} {zero:.1f}Z"
    return Path(d, _colour(line.colour), line.area, _dashed(line.colour))


def _colour(number: int) -> int:
    return 0 if number == 0 else (number - 1) % COLOURS + 1


def _dashed(number: int) -> bool:
    """Beyond the palette colours repeat, dashed."""
    return number > COLOURS


def _hover(days: Days, lines: Sequence[Line], show: Callable[[float], str]) -> str:
    if not len(days):
        return ""
    places = np.unique(np.linspace(0, len(days) - 1, min(len(days), _MOST_HOVERED)).round().astype(int))
    data: dict[str, Any] = {
        "at": [round(float(place) / max(len(days) - 1, 1), 4) for place in places],
        "day": [str(days[place]) for place in places],
        "line": [
            {
                "name": each.name,
                "colour": _colour(each.colour),
                "text": [show(value) if np.isfinite(value) else "" for value in each.values[places].tolist()],
            }
            for each in lines
        ],
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
