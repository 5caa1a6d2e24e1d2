"""The portfolio's curves."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal

import streamlit as st

from quantstrip.clock import to_datetime
from quantstrip.operations.curves import Curve

Measure = Literal["pnl", "equity"]
HEIGHT = 360
_TITLES = {"pnl": "Cumulative PnL", "equity": "Equity"}
# Streamlit's frontend puts the theme's colours in the place of these, light or dark as the page is.
_PORTFOLIO_COLOUR = "#000001"
_THEME_COLOURS = [f"#{number:06d}" for number in range(2, 9)]
_FEW_SESSIONS = 7
"""Up to so many are named one by one: between two midnights plotly would name hours that no session has."""
_DAY = timedelta(days=1)
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
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "colorway": _THEME_COLOURS,
            "hovermode": "x unified",
            "hoverlabel": {"namelength": 24},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
            "xaxis": {"type": "date", "showgrid": False, "automargin": True, **_dates(curves, zone)},
            "yaxis": {
                "tickformat": _amounts(curves, measure),
                "automargin": True,
                "zeroline": measure == "pnl",
                "zerolinewidth": 1,
            },
            "uirevision": measure,  # keeps zoom and hidden lines while new points come in
        },
    }


def _line(curve: Curve, measure: Measure, currency: str, zone: tzinfo) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(curve.times) == 1 else "lines",  # a line of one point cannot be seen
        "name": curve.name,
        "x": [_written(moment) for moment in _moments(curve, zone)],
        "y": [round(value, 2) for value in _values(curve, measure)],
        "line": {"width": 2.6, "color": _PORTFOLIO_COLOUR} if curve.portfolio else {"width": 1.4},
        "hovertemplate": f"%{{y:,.2f}} {currency}",
    }


def _dates(curves: tuple[Curve, ...], zone: tzinfo) -> dict[str, Any]:
    """What the axis of the first sessions is given; later plotly's own choice is good."""
    found = sorted({moment for curve in curves for moment in _moments(curve, zone)})
    if not found or len(found) > _FEW_SESSIONS or not all(curve.by_session for curve in curves):
        return {}
    named = {"tickmode": "array", "tickvals": [_written(moment) for moment in found], "tickformat": "%b %-d\n%Y"}
    if len(found) == 1:  # by itself it would be the middle of a millisecond
        named["range"] = [_written(found[0] - _DAY), _written(found[0] + _DAY)]
    return named


def _amounts(curves: tuple[Curve, ...], measure: Measure) -> str:
    """How the axis writes money: 12k; small amounts in full, as "500m" of a dollar would be read as millions."""
    return "~s" if max((abs(y) for curve in curves for y in _values(curve, measure)), default=0.0) >= 1000 else ",.2~f"


def _values(curve: Curve, measure: Measure) -> tuple[float, ...]:
    return curve.pnl if measure == "pnl" else curve.equity


def _moments(curve: Curve, zone: tzinfo) -> list[datetime]:
    shown = UTC if curve.by_session else zone  # a session's date belongs to the exchange
    return [to_datetime(ts).astimezone(shown).replace(tzinfo=None) for ts in curve.times]


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")
