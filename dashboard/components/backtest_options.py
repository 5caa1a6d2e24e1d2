"""What a run is asked besides its parameters: what its fields begin with, and what they say."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import streamlit as st

from components import backtest_fields, markup
from quantstrip.errors import ConfigError, DataError
from quantstrip.home import Home
from quantstrip.operations import strategy_forms
from quantstrip.operations.strategy_forms import Form, Offered

_DIRECTIONS: Final = {"": "of the risk limits", "both": "long and short", "long": "long only", "short": "short only"}
_OPTIONS: Final = {
    "bt-cash": ("cash", None), "bt-direction": ("direction", ""), "bt-frame": ("timeframe", ""),
    "bt-calendar": ("calendar", "auto"), "bt-gaps": ("gaps", "refuse"), "bt-warmup": ("warmup", 0),
    "bt-benchmark": ("benchmark", None), "bt-quantity": ("quantity", None), "bt-legs": ("virtual_legs", ""),
    "bt-fee": ("fee_rate", None), "bt-slippage": ("slippage_bps", None), "bt-strict": ("strict", False),
    "bt-share": ("max_volume_share", None), "bt-borrow": ("borrow_rate", 0.0), "bt-funding": ("funding_rate", 0.0),
    "bt-hours": ("funding_hours", 8.0),
}  # fmt: skip
"""Field: the argument it fills, and what it begins with."""
_WORDS: Final = {
    "bars": "bars", "timeframe": "timeframe", "calendar": "calendar", "gaps": "missing sessions", "warmup": "warm-up",
    "benchmark": "benchmark", "quantity": "units", "risk": "risk limits", "virtual_legs": "two legs",
    "fee_rate": "fee rate", "slippage_bps": "slippage", "max_volume_share": "share of volume",
    "borrow_rate": "borrow rate", "funding_rate": "funding rate", "funding_hours": "funding each",
    "strict": "strict fills",
}  # fmt: skip
"""What is folded away, as it is called above the button."""
_DEFAULTS: Final = dict(_OPTIONS.values()) | {
    "bars": None, "risk": "form", "timeframe": None, "virtual_legs": None,
}  # fmt: skip
_UNSAID: Final = {"calendar": "none", "timeframe": "", "direction": "", "virtual_legs": ""}
"""How a field says that an argument is not given."""
_DATE: Final[dict[str, Any]] = {
    "value": None, "format": "YYYY-MM-DD", "min_value": date(1900, 1, 1), "persist_state": "page",
}  # fmt: skip
Place = tuple[Offered, str]
"""What a place of bars has, and why it has nothing."""


def begin(home: Home, form: Form, given: Mapping[str, Any] | None) -> Place:
    """What each field begins with: an earlier run's value, what stands there already, or the default.

    Returns the place that the bars come from.
    """
    for key, (name, default) in _OPTIONS.items():
        st.session_state.setdefault(key, default)
        if given is not None:
            value = given.get(name, default)
            st.session_state[key] = _UNSAID.get(name, value) if value is None else value
    for key, value in {"bt-source": "", "bt-bars": "", "bt-invent": 0, "bt-risk": "form", "bt-limits": ""}.items():
        st.session_state.setdefault(key, value)
    if given is not None:
        _fill_places(given)
        for key in ("start", "end"):
            text = given.get(key)
            st.session_state[f"bt-{key}"] = date.fromisoformat(text[:10]) if text else None
    there, _ = place = _offered(home, bars())
    key = f"bt-symbols-{form.name}"
    own = [symbol for symbol in form.symbols if symbol in there.symbols]
    st.session_state.setdefault(key, own)
    if given is not None:
        asked = given.get("symbols")
        st.session_state[key] = [each for each in asked if there.free or each in there.symbols] if asked else own
    return place


def _fill_places(given: Mapping[str, Any]) -> None:
    """Where bars and limits come from, as an earlier run was asked."""
    place = str(given.get("bars") or "")
    word, _, seed = place.partition(":")
    known = word in backtest_fields.SOURCES and word != "named"
    st.session_state["bt-source"] = word if known else "named"
    st.session_state["bt-bars"] = "" if known else place
    st.session_state["bt-invent"] = int(seed) if known and seed.isdigit() else 0
    risk = str(given.get("risk") or "form")
    named = risk in backtest_fields.RISKS and risk != "file"
    st.session_state["bt-risk"] = risk if named else "file"
    st.session_state["bt-limits"] = "" if named else risk


def bars() -> str | None:
    """The place that the fields name, as ``research.backtest`` wants it; None for the order of the settings."""
    source = str(st.session_state["bt-source"])
    if source == "synthetic":
        return f"synthetic:{int(st.session_state['bt-invent'] or 0)}"
    return (str(st.session_state["bt-bars"]).strip() if source == "named" else source) or None


def options(home: Home, form: Form, place: Place) -> tuple[dict[str, Any], list[str]]:
    """The run's own options, and why one of them cannot be."""
    there, wrong = place
    key = f"bt-symbols-{form.name}"
    st.session_state[key] = [symbol for symbol in st.session_state[key] if there.free or symbol in there.symbols]
    chosen = st.multiselect(
        "Symbols", list(dict.fromkeys([*there.symbols, *st.session_state[key]])), key=key, persist_state="page",
        placeholder="the strategy's own" if form.symbols else "all that have bars", accept_new_options=there.free,
        help="Those that have bars. Empty: the strategy's own; a script that names none trades all that have bars."
        + (" A name that is not listed is asked of the feeds, or invented." if there.free else ""),
    )  # fmt: skip
    one, two = st.columns(2)
    start = one.date_input("From", key="bt-start", **_DATE)
    end = two.date_input("To", key="bt-end", **_DATE)
    one, two = st.columns(2)
    cash = one.number_input(
        "Cash", key="bt-cash", persist_state="page", min_value=0.01, step=1000.0, format="%.2f",
        placeholder=f"{form.cash:,.0f}",
        help=f"The strategy's allocation. Empty: {form.cash:,.0f}, the {form.form}'s own.",
    )  # fmt: skip
    direction = two.selectbox(
        "Direction", list(_DIRECTIONS), key="bt-direction", persist_state="page",
        format_func=_DIRECTIONS.__getitem__,
        help="Which entries are taken. Those of the other side are rejected and listed; exits never are.",
    )  # fmt: skip
    found: dict[str, Any] = {
        "symbols": chosen or None, "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None, "cash": cash, "direction": direction or None,
    }  # fmt: skip
    if start and end and start > end:
        wrong = f"From {start} lies after To {end}: swap the two, or leave one empty"
    backtest_fields.draw(form, there)
    folded, refused = _folded(home)
    return found | folded, [words for words in (wrong, refused) if words]


def _folded(home: Home) -> tuple[dict[str, Any], str]:
    """What the folded fields say, drawn or not; and why the file of limits cannot be."""
    state, limits, wrong = st.session_state, "", ""
    if state["bt-risk"] == "file":
        try:
            limits = strategy_forms.limits_file(home, str(state["bt-limits"]))
        except ConfigError as error:
            wrong = f"{error.message}. {error.hint}"
    calendar, legs = str(state["bt-calendar"]).strip(), state["bt-legs"]
    return {
        "bars": bars(), "timeframe": state["bt-frame"] or None, "gaps": state["bt-gaps"],
        "warmup": int(state["bt-warmup"] or 0), "benchmark": state["bt-benchmark"],
        "calendar": None if calendar.lower() in {"", "none"} else calendar,
        "quantity": state["bt-quantity"] or None, "risk": limits or state["bt-risk"],
        "virtual_legs": None if legs == "" else legs,
        "fee_rate": state["bt-fee"], "slippage_bps": state["bt-slippage"], "max_volume_share": state["bt-share"],
        "borrow_rate": state["bt-borrow"] or 0.0, "funding_rate": state["bt-funding"] or 0.0,
        "funding_hours": state["bt-hours"], "strict": state["bt-strict"],
    }, wrong  # fmt: skip


def told(asked: Mapping[str, Any], wrong: Sequence[str]) -> None:
    """What cannot be, and what of the folded fields is not as it begins, so that nothing decides a run unseen.

    It stands below the button: above it, the button would move away from a pointer that leaves a field for it.
    """
    for words in wrong:
        refuse(words)
    chips = [
        markup.chip(f"{_WORDS[name]} {_worded(value)}".strip(), "info")
        for name, value in asked.items()
        if name in _WORDS and value != _DEFAULTS[name]
    ]
    if chips:
        st.html(markup.tag("div", markup.join(markup.text("Chosen: "), *chips), "qs-chosen", role="status"))


def _worded(value: object) -> str:
    if value is True:
        return ""
    if value is None or value is False:
        return "no" if value is False else "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 28 else f"...{text[-25:]}"


def refuse(words: str) -> None:
    """Say why a field cannot be as it is."""
    st.html(markup.tag("div", markup.text(words), "qs-field-error", role="alert"))


def _offered(home: Home, place: str | None) -> Place:
    """What a place has, and why it has nothing: the fields stay, so that it can be corrected."""
    if place is None and st.session_state["bt-source"] == "named":
        return Offered((), free=False), "Name the folder of the bars"
    try:
        return strategy_forms.offered(home, place), ""
    except DataError as error:
        return Offered((), free=False), f"{error.message}. {error.hint}"
