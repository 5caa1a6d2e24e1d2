"""Equity, drawdown, months and sweeps as plotly's JSON."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from components import times
from quantstrip.clock import to_datetime
from quantstrip.operations.backtests import Outcome

_FALL: Final = "#c0504d"
THEME: Final = [f"#{number:06d}" for number in range(1, 9)]
"""Streamlit's frontend puts the theme's colours in the place of these, light or dark as the page is."""
_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# From loss to profit with the page's own colour in the middle, so that zero is nothing in light and dark.
_SCALE: Final = [[0.0, "rgba(200,60,60,0.95)"], [0.5, "rgba(128,128,128,0.08)"], [1.0, "rgba(30,150,80,0.95)"]]


def equity(outcome: Outcome, *, key: str) -> None:
    """Equity above, the distance from its highest value below."""
    moments = _moments(outcome)
    data = [
        {"type": "scatter", "mode": "lines", "name": "Equity", "x": moments, "y": outcome.equity.round(2).tolist(),
         "line": {"width": 1.6, "color": THEME[0]}, "hovertemplate": "%{y:,.2f}"},
        {"type": "scatter", "mode": "lines", "name": "Drawdown", "x": moments, "y": outcome.drawdown.round(6).tolist(),
         "yaxis": "y2", "fill": "tozeroy", "line": {"width": 1, "color": _FALL}, "hovertemplate": "%{y:.2%}"},
    ]  # fmt: skip
    layout = {
        "height": 380, "margin": _MARGIN, "showlegend": False, "hovermode": "x unified",
        "xaxis": {"type": "date", "showgrid": False, "automargin": True, "anchor": "y2"},
        "yaxis": {"automargin": True, "domain": [0.34, 1.0], "tickformat": ",.4~s"},
        "yaxis2": {"automargin": True, "domain": [0.0, 0.27], "tickformat": ".1%"},
    }  # fmt: skip
    _show(data, layout, key, "Equity and drawdown of the backtest")


def together(compared: Sequence[tuple[str, Outcome]], *, key: str) -> None:
    """Equity of several runs, each as a multiple of its own capital: they may have begun with different amounts."""
    data = [
        {"type": "scatter", "mode": "lines", "name": name, "x": _moments(one), "line": {"width": 1.6},
         "y": (one.equity / float(one.run["cash"]) - 1.0).round(6).tolist(), "hovertemplate": "%{y:.2%}"}
        for name, one in compared
    ]  # fmt: skip
    layout = {
        "height": 380, "margin": _MARGIN, "hovermode": "x unified", "hoverlabel": {"namelength": 32}, "colorway": THEME,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": {"type": "date", "showgrid": False, "automargin": True},
        "yaxis": {"automargin": True, "tickformat": ".1%", "zeroline": True},
    }  # fmt: skip
    _show(data, layout, key, "Return on the initial capital of the compared runs")


def months(outcome: Outcome, *, key: str) -> None:
    """Return of each month, a row a year."""
    years = sorted(outcome.years, key=lambda year: year.year)
    values = [list(year.months) for year in years]
    most = max((abs(value) for row in values for value in row if value is not None), default=0.01) or 0.01
    data = [{
        "type": "heatmap", "x": list(_MONTHS), "y": [str(year.year) for year in years], "z": values, "zmin": -most,
        "zmax": most, "colorscale": _SCALE, "showscale": False, "xgap": 2, "ygap": 2, "hoverongaps": False,
        "text": [["" if value is None else f"{round(100 * value, 1) + 0.0:.1f}" for value in row] for row in values],
        "texttemplate": "%{text}", "textfont": {"color": "#e6edf3" if st.context.theme.type == "dark" else "#17212b"},
        "hovertemplate": "%{x} %{y}: %{z:.2%}<extra></extra>",
    }]  # fmt: skip
    layout = {"height": 70 + 26 * len(years), "margin": _MARGIN,
              "xaxis": {"side": "top", "showgrid": False, "fixedrange": True},
              "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "automargin": True,
                        "fixedrange": True}}  # fmt: skip
    _show(data, layout, key, "Return of each month")


def _moments(outcome: Outcome) -> list[str]:
    """As text in the user's zone; of daily bars the date of their close, which belongs to the exchange."""
    if daily(outcome):
        return [to_datetime(ts).strftime("%Y-%m-%d") for ts in outcome.ts.tolist()]
    zone = times.zone()
    return [to_datetime(ts).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for ts in outcome.ts.tolist()]


def daily(outcome: Outcome) -> bool:
    """Whether its bars are named by dates."""
    return outcome.run["timeframe"] in ("1d", "1w")


def _show(data: list[dict[str, Any]], layout: dict[str, Any], key: str, alt: str) -> None:
    st.plotly_chart({"data": data, "layout": layout}, key=key, config=_CONFIG, alt=alt)
