"""Drawdown and distribution of returns, as plotly's JSON."""

from typing import Any, Final

import streamlit as st

from quantstrip.operations.reporting_series import Series

_FALL: Final = "#c0504d"
_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_HEIGHT: Final = 220


def drawdown(points: Series, currency: str, *, key: str) -> None:
    """How far below its highest value the portfolio stood after each session."""
    written = ".2%" if points.share else ",.2f"
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "Drawdown",
        "x": points.days,
        "y": points.falls,
        "fill": "tozeroy",
        "line": {"width": 1.2, "color": _FALL},
        "hovertemplate": f"%{{y:{written}}}{'' if points.share else f' {currency}'}<extra></extra>",
    }
    axes = {"xaxis": {"type": "date", "showgrid": False, "automargin": True}}
    _show([line], {**axes, "yaxis": _values(points)}, key, "Drawdown of the portfolio")


def distribution(points: Series, currency: str, *, key: str) -> None:
    """How many sessions brought how much."""
    centres = [(low + high) / 2 for low, high, _ in points.bins]
    width = points.bins[0][1] - points.bins[0][0] if points.bins else 1.0
    bars = {
        "type": "bar",
        "name": "Sessions",
        "x": centres,
        "y": [count for _, _, count in points.bins],
        "width": [width * 0.92] * len(centres),
        "customdata": [[_words(low, points, currency), _words(high, points, currency)] for low, high, _ in points.bins],
        "marker": {"color": [_FALL if high <= width / 2 else "#000002" for _, high, _ in points.bins]},
        "hovertemplate": "%{customdata[0]} to %{customdata[1]}: %{y} sessions<extra></extra>",
    }
    what = "daily returns" if points.share else "daily PnL"
    axes = {"xaxis": {**_values(points), "showgrid": False}, "yaxis": {"automargin": True, "rangemode": "tozero"}}
    _show([bars], axes, key, f"Distribution of {what}")


def _words(value: float, points: Series, currency: str) -> str:
    return f"{100 * value:.2f} %" if points.share else f"{value:,.2f} {currency}"


def _values(points: Series) -> dict[str, Any]:
    return {"tickformat": ".1%" if points.share else "~s", "automargin": True, "zeroline": True, "zerolinewidth": 1}


def _show(data: list[dict[str, Any]], axes: dict[str, Any], key: str, alt: str) -> None:
    layout = {"height": _HEIGHT, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "showlegend": False, "bargap": 0.0, **axes}
    st.plotly_chart({"data": data, "layout": layout}, key=key, config=_CONFIG, alt=alt)
