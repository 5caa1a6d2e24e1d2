"""Charts of checks as plotly's JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from components import times
from components.backtest_charts import THEME
from quantstrip.clock import to_datetime

_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}
_AXIS: Final = {"showgrid": False, "automargin": True}
_LEGEND: Final = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


def warmups(tried: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Deals that differ after each warm-up."""
    data = [_bars([str(each["bars"]) for each in tried], [each["differ"] for each in tried], "differ", 0)]
    _show(data, {"xaxis": {**_AXIS, "type": "category", "title": {"text": "warm-up, bars"}},
                 "yaxis": {"automargin": True, "title": {"text": "deals that differ"}}}, key,
          "Deals that differ after each warm-up")  # fmt: skip


def carried(curve: Sequence[Sequence[float]], *, key: str) -> None:
    """Equity of the judged parts."""
    zone = times.zone()
    moments = [to_datetime(int(ts)).astimezone(zone).strftime("%Y-%m-%d %H:%M") for ts, _ in curve]
    data = [{"type": "scatter", "mode": "lines", "x": moments, "y": [round(value, 2) for _, value in curve],
             "line": {"width": 1.6, "color": THEME[0]}, "hovertemplate": "%{y:,.2f}", "name": "Equity"}]  # fmt: skip
    _show(data, {"xaxis": {**_AXIS, "type": "date"}, "yaxis": {"automargin": True, "tickformat": ",.4~s"},
                 "hovermode": "x unified"}, key, "Equity of the judged parts")  # fmt: skip


def windows(steps: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """What was chosen by, before and after, of each window."""
    names = [str(step["window"][1]) for step in steps]
    data = [_bars(names, [step["chosen"] for step in steps], "where it was chosen", 1),
            _bars(names, [step["judged"] for step in steps], "where it was judged", 0)]  # fmt: skip
    _show(data, {"barmode": "group", "legend": _LEGEND, "xaxis": {**_AXIS, "type": "category"},
                 "yaxis": {"automargin": True}}, key, "Each window's figure before and after")  # fmt: skip


def quantiles(levels: Sequence[float], values: Sequence[float], own: float, *, key: str) -> None:
    """Quantiles of the largest drawdown, and the run's own."""
    names = [f"{100 * level:.0f} %" for level in levels]
    data = [_bars(names, list(values), "Largest drawdown", 0) | {"hovertemplate": "%{y:.2%}<extra></extra>"}]
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": own, "y1": own, "line": {"width": 2, "dash": "dot",
            "color": THEME[1]}}  # fmt: skip
    _show(data, {"xaxis": {**_AXIS, "type": "category"}, "yaxis": {"automargin": True, "tickformat": ".1%"},
                 "shapes": [line]}, key, "Quantiles of the largest drawdown")  # fmt: skip


def _bars(names: Sequence[str], values: Sequence[float | None], name: str, colour: int) -> dict[str, Any]:
    return {"type": "bar", "name": name, "x": list(names), "y": list(values), "marker": {"color": THEME[colour]}}


def _show(data: list[dict[str, Any]], layout: dict[str, Any], key: str, alt: str) -> None:
    spec = {"data": data, "layout": {"height": 300, "margin": _MARGIN, **layout}}
    st.plotly_chart(spec, key=key, config=_CONFIG, alt=alt)
