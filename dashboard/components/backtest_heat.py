"""A sweep's figure over one or two of its parameters."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import frame, markup
from components.backtest_points import NAMES, SHARES, open_point
from quantstrip.home import Home
from quantstrip.operations.sweeps import Point, Sweep

BEST: Final = "best"
ROBUST: Final = "robust"
_FRAME: Final = {BEST: "#1f4e79", ROBUST: "#d9480f"}
_ANY: Final = "the best"


def heat(home: Home, found: Sweep, metric: str, marked: Mapping[str, Point]) -> None:
    """The figure over two parameters; a click chooses the point.

    Args:
        marked: points with a frame of their own, by what they are.

    """
    names = list(found.grid)
    if len(names) < 2:
        line(found, metric)
        return
    frame.section("Heat map", NAMES[metric])
    key = f"bt-heat-{found.task_id}"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-bar"):
        across = st.selectbox("Across", names, key=f"{key}-x", width=160)
        others = [name for name in names if name != across]
        upright = st.selectbox("Upright", others, key=f"{key}-y", width=160)
        fixed = {}
        for name in (name for name in others if name != upright):
            choices: list[Any] = [_ANY, *found.grid[name]]
            chosen = st.selectbox(markup.plain(name), choices, key=f"{key}-{name}", width=140)
            if chosen != _ANY:
                fixed[name] = chosen
    rows = found.heat(metric, across, upright, fixed)
    scale = 100.0 if metric in SHARES else 1.0
    framed = {(point.parameters[across], point.parameters[upright]): what for what, point in marked.items()}
    cells: list[dict[str, Any]] = [
        _cell(found.grid[across][x], found.grid[upright][y], across, upright, [x, y, round(value * scale, 4)], framed)
        for y, row in enumerate(rows) for x, value in enumerate(row) if value is not None
    ]  # fmt: skip
    if not cells:
        st.html(markup.notice("info", markup.text("No point has this figure here.")))
        return
    figures = [float(cell["value"][2]) for cell in cells]
    option = {
        "animation": False,
        "tooltip": {"confine": True},
        "grid": {"left": 56, "right": 12, "top": 12, "bottom": 84},
        "xAxis": {"type": "category", "data": [str(value) for value in found.grid[across]], "name": across,
                  "nameLocation": "middle", "nameGap": 26},
        "yAxis": {"type": "category", "data": [str(value) for value in found.grid[upright]], "name": upright},
        "visualMap": {"min": min(figures), "max": max(figures) if max(figures) > min(figures) else min(figures) + 1.0,
                      "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0, "precision": 2,
                      "text": [f"{max(figures):.4g}", f"{min(figures):.4g}"],
                      "inRange": {"color": ["#8fa3d1", "#6fc0b5", "#f0cf65"]}},
        "series": [{"type": "heatmap", "name": NAMES[metric], "data": cells, "selectedMode": "single",
                    "label": {"show": len(cells) <= 150, "color": "#10202b", "fontSize": 11},
                    "select": {"itemStyle": {"borderColor": "#d9480f", "borderWidth": 3}}}],
    }  # fmt: skip
    event = st.echarts_chart(
        option, key=key, on_select="rerun", height=min(640, 150 + 34 * max(3, len(rows))), width="stretch",
        alt=f"{NAMES[metric]} for each {across} and {upright}",
    )  # fmt: skip
    if framed:
        words = f"Framed: {' and '.join(framed.values())} point. Click a cell to open it as a backtest."
        st.html(markup.tag("div", markup.text(words), "qs-soft"))
    picked = [index for group in event.selection.selected for index in group["data_indices"]]
    if picked and picked[0] < len(cells):
        x, y, _ = cells[picked[0]]["value"]
        wanted = {**fixed, across: found.grid[across][x], upright: found.grid[upright][y]}
        chosen = [point for point in found.ranked(metric) if wanted.items() <= dict(point.parameters).items()]
        if chosen:
            open_point(home, found, chosen[0], f"{key}-open")


def _cell(
    x: Any, y: Any, across: str, upright: str, value: list[float], framed: Mapping[tuple[Any, Any], str]
) -> dict[str, Any]:
    """A cell is chosen by its name, so each has one of its own; it stands in the tooltip too."""
    what = framed.get((x, y), "")
    cell: dict[str, Any] = {"name": f"{across} {x}, {upright} {y}{f' ({what})' if what else ''}", "value": value}
    if what:
        cell["itemStyle"] = {"borderColor": _FRAME[what], "borderWidth": 2}
    return cell


def line(found: Sweep, metric: str) -> None:
    """The figure over the only parameter that varies."""
    (name,) = found.grid
    frame.section(NAMES[metric], f"for each {name}")
    scale = 100.0 if metric in SHARES else 1.0
    figures = {
        str(point.parameters[name]): point.figures.get(metric) for point in found.points if point.state == "done"
    }
    drawn = pd.DataFrame(
        {"c0": list(figures), "c1": [None if each is None else each * scale for each in figures.values()]}
    )
    label = f"{NAMES[metric]} %" if scale > 1 else NAMES[metric]
    st.bar_chart(drawn, x="c0", y="c1", x_label=name, y_label=label, sort=False, height=300)
