"""What a run is asked besides its parameters: bars, money, sizing and risk, fills and costs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import streamlit as st

from components import markup
from quantstrip.errors import ConfigError, DataError
from quantstrip.home import Home
from quantstrip.operations import strategy_forms
from quantstrip.operations.strategy_forms import Form, Offered

SOURCES: Final = {
    "": "in order: store, folder, feeds; else the sample", "store": "the home's bar store",
    "folder": "files of the home", "download": "feeds of the settings", "sample": "the shipped sample",
    "synthetic": "invented", "named": "another folder",
}  # fmt: skip
RISKS: Final = {
    "form": "of its form", "native": "native limits", "cash_only": "cash only", "off": "no limits", "file": "a file",
}  # fmt: skip
_DIRECTIONS: Final = {"": "of the risk limits", "both": "long and short", "long": "long only", "short": "short only"}
_FRAMES: Final = ("", "1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w")
_GAPS: Final = {"refuse": "refuse the run", "accept": "accept them"}
_LEGS: Final = {"": "the strategy's own choice", False: "no, one position", True: "yes, two legs"}
_HOURS: Final = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0)
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


def begin(home: Home, form: Form, given: Mapping[str, Any] | None) -> None:
    """What each field begins with: an earlier run's value, what stands there already, or the default."""
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
    there = _offered(home, bars())[0]
    key = f"bt-symbols-{form.name}"
    own = [symbol for symbol in form.symbols if symbol in there.symbols]
    st.session_state.setdefault(key, own)
    if given is not None:
        asked = given.get("symbols")
        st.session_state[key] = [each for each in asked if there.free or each in there.symbols] if asked else own


def _fill_places(given: Mapping[str, Any]) -> None:
    """Where bars and limits come from, as an earlier run was asked."""
    place = str(given.get("bars") or "")
    word, _, seed = place.partition(":")
    known = word in SOURCES and word != "named"
    st.session_state["bt-source"] = word if known else "named"
    st.session_state["bt-bars"] = "" if known else place
    st.session_state["bt-invent"] = int(seed) if known and seed.isdigit() else 0
    risk = str(given.get("risk") or "form")
    named = risk in RISKS and risk != "file"
    st.session_state["bt-risk"] = risk if named else "file"
    st.session_state["bt-limits"] = "" if named else risk


def bars() -> str | None:
    """The place that the fields name, as ``research.backtest`` wants it; None for the order of the settings."""
    source = str(st.session_state["bt-source"])
    if source == "synthetic":
        return f"synthetic:{int(st.session_state['bt-invent'] or 0)}"
    return (str(st.session_state["bt-bars"]).strip() if source == "named" else source) or None


def options(home: Home, form: Form) -> tuple[dict[str, Any], list[str]]:
    """The run's own options, and why one of them cannot be."""
    there, wrong = _offered(home, bars())
    key = f"bt-symbols-{form.name}"
    st.session_state[key] = [symbol for symbol in st.session_state[key] if there.free or symbol in there.symbols]
    chosen = st.multiselect(
        "Symbols", list(dict.fromkeys([*there.symbols, *st.session_state[key]])), key=key,
        placeholder="the strategy's own" if form.symbols else "all that have bars", accept_new_options=there.free,
        help="Those that have bars. Empty: the strategy's own; a script that names none trades all that have bars."
        + (" A name that is not listed is asked of the feeds, or invented." if there.free else ""),
    )  # fmt: skip
    one, two = st.columns(2)
    start = one.date_input("From", key="bt-start", value=None, format="YYYY-MM-DD", min_value=date(1900, 1, 1))
    end = two.date_input("To", key="bt-end", value=None, format="YYYY-MM-DD", min_value=date(1900, 1, 1))
    one, two = st.columns(2)
    cash = one.number_input(
        "Cash", key="bt-cash", min_value=0.01, step=1000.0, format="%.2f", placeholder=f"{form.cash:,.0f}",
        help=f"The strategy's allocation. Empty: {form.cash:,.0f}, the {form.form}'s own.",
    )  # fmt: skip
    direction = two.selectbox(
        "Direction", list(_DIRECTIONS), key="bt-direction", format_func=_DIRECTIONS.__getitem__,
        help="Which entries are taken. Those of the other side are rejected and listed; exits never are.",
    )  # fmt: skip
    found: dict[str, Any] = {
        "symbols": chosen or None, "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None, "cash": cash, "direction": direction or None,
    }  # fmt: skip
    if start and end and start > end:
        wrong = f"From {start} lies after To {end}: swap the two, or leave one empty"
    with st.expander("Bars and sessions", icon=":material/candlestick_chart:"):
        found |= _bars(form, there)
    with st.expander("Sizing and risk", icon=":material/balance:"):
        limits, refused = _sizing(home, form)
        found |= limits
    with st.expander("Fills and costs", icon=":material/payments:"):
        found |= _fills(form)
    return found, [words for words in (wrong, refused) if words]


def _bars(form: Form, there: Offered) -> dict[str, Any]:
    source = st.selectbox(
        "Bars from", list(SOURCES), key="bt-source", format_func=SOURCES.__getitem__,
        help="The only place to ask, or the order of the setting data.order. Bars are invented by that name alone.",
    )  # fmt: skip
    if source == "named":
        st.text_input("Folder", key="bt-bars", placeholder="/home/me/bars",
                      help="Its full path on this machine: it holds SYMBOL.csv or SYMBOL.parquet files.")  # fmt: skip
    elif source == "synthetic":
        st.number_input("Seed", key="bt-invent", min_value=0, step=1, help="The same seed invents the same bars.")
    one, two = st.columns(2)
    frame_ = one.selectbox(
        "Timeframe", _FRAMES, key="bt-frame",
        format_func=lambda name: name or (f"{form.timeframe}, its own" if form.timeframe else "as the bars have it"),
        help="Length of a bar. The store makes it of finer ones. The first choice: the strategy's own.",
    )  # fmt: skip
    calendar = two.text_input(
        "Calendar", key="bt-calendar",
        help="Exchange whose sessions the bars follow, such as NYSE or 24/7; none takes the bars as they are, auto "
        "finds out.",
    )  # fmt: skip
    gaps = one.selectbox("Missing sessions", list(_GAPS), key="bt-gaps", format_func=_GAPS.__getitem__)
    warmup = two.number_input(
        "Warm-up bars", key="bt-warmup", min_value=0, step=10,
        help="Bars before From (without it: the first ones) that only warm indicators up: nothing is traded on them.",
    )  # fmt: skip
    known = list(dict.fromkeys([*there.symbols, *filter(None, [st.session_state["bt-benchmark"]])]))
    benchmark = st.selectbox(
        "Benchmark", known, key="bt-benchmark", placeholder="none", accept_new_options=there.free,
        help="Symbol that alpha and beta are measured against; it is not traded.",
    )  # fmt: skip
    return {
        "bars": bars(), "timeframe": frame_ or None, "gaps": gaps, "warmup": int(warmup), "benchmark": benchmark,
        "calendar": None if calendar.strip().lower() in {"", "none"} else calendar.strip(),
    }  # fmt: skip


def _sizing(home: Home, form: Form) -> tuple[dict[str, Any], str]:
    one, two = st.columns(2)
    quantity = one.number_input(
        "Units", key="bt-quantity", min_value=0.0, step=1.0, placeholder="2 % of equity",
        help="For signals that open without a quantity. Empty: 2 % of equity.",
    )  # fmt: skip
    own = {"NATIVE": RISKS["native"], "CASH_ONLY": RISKS["cash_only"]}.get(form.risk, form.risk)
    risk = two.selectbox(
        "Risk limits", list(RISKS), key="bt-risk",
        format_func=lambda name: f"{RISKS[name]}: {own}" if name == "form" else RISKS[name],
        help="Rules that reject entries: those of the form the strategy is written in, the native table, cash and "
        "leverage alone, none, or the limits of a TOML file.",
    )  # fmt: skip
    limits, wrong = "", ""
    if risk == "file":
        text = st.text_input("File of limits", key="bt-limits", placeholder="settings/limits.toml",
                             help="TOML: max_order_value = 50000. A path within the home, or a full one.")  # fmt: skip
        try:
            limits = strategy_forms.limits_file(home, text)
        except ConfigError as error:
            wrong = f"{error.message}. {error.hint}"
    legs = st.selectbox(
        "Long and short at once", list(_LEGS), key="bt-legs", format_func=_LEGS.__getitem__,
        help="May a symbol be held on its two legs, or is there one position?",
    )  # fmt: skip
    return {"quantity": quantity or None, "risk": limits or risk, "virtual_legs": None if legs == "" else legs}, wrong


def _fills(form: Form) -> dict[str, Any]:
    one, two = st.columns(2)
    fee = one.number_input(
        "Fee rate", key="bt-fee", min_value=0.0, max_value=0.999, step=0.0001, format="%.5f", placeholder=form.fee,
        help=f"Commission as a fraction of the traded value: 0.001 is 0.1 %. Empty: {form.fee}.",
    )  # fmt: skip
    slippage = two.number_input(
        "Slippage (bps)", key="bt-slippage", min_value=0.0, step=0.5, format="%.2f",
        placeholder=f"{form.slippage_bps:g}",
        help=f"Of market and stop orders, in 1/100 %. Empty: {form.slippage_bps:g}.",
    )  # fmt: skip
    share = one.number_input(
        "Share of volume", key="bt-share", min_value=0.001, max_value=1.0, step=0.05, format="%.3f",
        placeholder="whole fills",
        help="Orders of a symbol fill at most this share of a bar's volume, 0.1 is 10 %; the rest waits for the next "
        "bar. Empty: they fill whole.",
    )  # fmt: skip
    borrow = two.number_input(
        "Borrow rate a year", key="bt-borrow", min_value=0.0, step=0.005, format="%.4f",
        help="Paid on the value of short positions for each midnight UTC they are held over: 0.03 is 3 % a year.",
    )  # fmt: skip
    funding = one.number_input(
        "Funding rate", key="bt-funding", min_value=-0.999, max_value=0.999, step=0.0001, format="%.5f",
        help="Paid by longs to shorts on their value at the end of each interval (perpetual futures): 0.0001 is "
        "0.01 %; below zero the other way round.",
    )  # fmt: skip
    hours = two.selectbox(
        "Funding interval", _HOURS, key="bt-hours", format_func=lambda hours: f"{hours:g} h",
        help="Counted from midnight UTC.",
    )  # fmt: skip
    strict = st.checkbox(
        "Strict: fill as live would", key="bt-strict",
        help="Orders fill at the next open, also in forms whose document fills them within the bar. Strategy classes "
        "fill so anyway.",
    )  # fmt: skip
    return {
        "fee_rate": fee, "slippage_bps": slippage, "max_volume_share": share, "borrow_rate": borrow,
        "funding_rate": funding, "funding_hours": hours, "strict": strict,
    }  # fmt: skip


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


def _offered(home: Home, place: str | None) -> tuple[Offered, str]:
    """What a place has, and why it has nothing: the fields stay, so that it can be corrected."""
    if place is None and st.session_state["bt-source"] == "named":
        return Offered((), free=False), "Name the folder of the bars"
    try:
        return strategy_forms.offered(home, place), ""
    except DataError as error:
        return Offered((), free=False), f"{error.message}. {error.hint}"
