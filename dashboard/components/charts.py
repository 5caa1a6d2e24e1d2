"""The portfolio's curves."""

from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any, Literal

import streamlit as st

from quantstrip.clock import to_datetime
from quantstrip.operations.curves import Curve

Measure = Literal["pnl", "equity"]
_TITLES = {"pnl": "Cumulative PnL", "equity": "Equity"}
# Streamlit's frontend puts the theme's colours in the place of these, light or dark as the page is.
_PORTFOLIO_COLOUR = "#000001"
_THEME_COLOURS = [f"#{number:06d}" for number in range(2, 9)]
_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


def portfolio_chart(curves: tuple[Curve, ...], measure: Measure, currency: str, zone: tzinfo, *, key: str) -> None:
    """Draw one line per strategy and a heavier one for the portfolio."""
    st.plotly_chart(
        figure(curves, measure, currency, zone),
        key=key,
        config=_CONFIG,
        alt=f"{_TITLES[measure]} in {currency} of {', '.join(curve.name for curve in curves)}",
    )


@lru_cache(maxsize=16)
def figure(curves: tuple[Curve, ...], measure: Measure, currency: str, zone: tzinfo) -> dict[str, Any]:
    """The chart as plotly's JSON: a dict spares every page the import of plotly's object tree."""
    ordered = sorted(curves, key=lambda curve: curve.portfolio)  # the portfolio last: drawn over the others
    return {
        "data": [_line(curve, measure, currency, zone) for curve in ordered],
        "layout": {
            "height": 360,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "colorway": _THEME_COLOURS,
            "hovermode": "x unified",
            "hoverlabel": {"namelength": 24},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
            "xaxis": {"type": "date", "showgrid": False, "automargin": True},
            "yaxis": {"tickformat": "~s", "automargin": True, "zeroline": measure == "pnl", "zerolinewidth": 1},
            "uirevision": measure,  # keeps zoom and hidden lines while new points come in
        },
    }


def _line(curve: Curve, measure: Measure, currency: str, zone: tzinfo) -> dict[str, Any]:
    values = curve.pnl if measure == "pnl" else curve.equity
    shown = UTC if curve.by_session else zone  # a session's date belongs to the exchange
    return {
        "type": "scatter",
        "mode": "lines",
        "name": curve.name,
        "x": [to_datetime(ts).astimezone(shown).replace(tzinfo=None).isoformat(" ", "seconds") for ts in curve.times],
        "y": [round(value, 2) for value in values],
        "line": {"width": 2.6, "color": _PORTFOLIO_COLOUR} if curve.portfolio else {"width": 1.4},
        "hovertemplate": f"%{{y:,.2f}} {currency}",
    }
