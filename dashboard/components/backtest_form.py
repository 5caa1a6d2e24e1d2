"""What a backtest is asked: the strategy's parameters by their types, and the run's own options."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import streamlit as st

from components import markup
from quantstrip.home import Home
from quantstrip.operations import strategy_forms
from quantstrip.operations.strategy_forms import Field, Form, StrategyFile

FILE: Final = "bt-file"
FILL: Final = "bt-fill"
"""Arguments that the form is to be filled with, at the next run of the page."""
RISKS: Final = {
    "form": "the strategy form's own (native)",
    "native": "native limits",
    "cash_only": "cash only",
    "off": "no limits",
}
_FRAMES: Final = ("", "1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w")
_CASH: Final = 100_000.0
_GAPS: Final = ("refuse", "accept")
_OPTIONS: Final = {
    "bt-cash": ("cash", _CASH), "bt-fee": ("fee_rate", None), "bt-slippage": ("slippage_bps", None),
    "bt-quantity": ("quantity", None), "bt-warmup": ("warmup", 0), "bt-bars": ("bars", ""),
    "bt-gaps": ("gaps", "refuse"), "bt-frame": ("timeframe", ""), "bt-calendar": ("calendar", "NYSE"),
    "bt-risk": ("risk", "form"),
}  # fmt: skip
"""Field: the argument it fills, and what it begins with."""
_AS_TEXT: Final = {"calendar": "none", "bars": "", "timeframe": ""}
"""How a field says that an argument is not given."""


def choose(found: list[StrategyFile]) -> StrategyFile:
    """Which strategy."""
    known = {each.path: each for each in found}
    wanted = st.session_state.get(FILL, {}).get("file", st.session_state.get(FILE))
    st.session_state[FILE] = wanted if wanted in known else found[0].path
    path = st.selectbox("Strategy", list(known), key=FILE, format_func=lambda path: known[path].label)
    return known[path]


def options(home: Home, form: Form) -> dict[str, Any]:
    """The run's own options: what it runs on, with what money, costs and limits."""
    bars = str(st.session_state["bt-bars"]).strip() or None
    there, key = strategy_forms.symbols(home, bars), f"bt-symbols-{form.name}"
    st.session_state[key] = [symbol for symbol in st.session_state[key] if symbol in there]
    chosen = st.multiselect(
        "Symbols", there, key=key, placeholder="the strategy's own",
        help="Symbols that have bars. Empty: the strategy's own.",
    )  # fmt: skip
    one, two = st.columns(2)
    start = one.date_input("From", key="bt-start", value=None, format="YYYY-MM-DD", min_value=date(1900, 1, 1))
    end = two.date_input("To", key="bt-end", value=None, format="YYYY-MM-DD", min_value=date(1900, 1, 1))
    one, two = st.columns(2)
    cash = one.number_input("Cash", key="bt-cash", min_value=0.0, step=1000.0, format="%.2f")
    risks = dict.fromkeys([*RISKS, st.session_state["bt-risk"]])  # an earlier run may have had a file of limits
    risk = two.selectbox("Risk profile", list(risks), key="bt-risk", format_func=lambda name: RISKS.get(name, name))
    with st.expander("Costs, bars and more", icon=":material/tune:"):
        more = _more(home, form)
    return {
        "symbols": chosen or None, "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None, "cash": cash, "risk": risk, **more,
    }  # fmt: skip


def _more(home: Home, form: Form) -> dict[str, Any]:
    """Costs, units and what the bars are; most runs leave these as they are."""
    one, two = st.columns(2)
    fee = one.number_input(
        "Fee rate", key="bt-fee", min_value=0.0, max_value=0.999, step=0.0001, format="%.5f",
        placeholder="0.005 a share",
        help="Commission as a fraction of the traded value: 0.001 is 0.1 %. Empty: 0.005 per share.",
    )  # fmt: skip
    slippage = two.number_input(
        "Slippage (bps)", key="bt-slippage", min_value=0.0, step=0.5, format="%.2f", placeholder="2",
        help="Of market and stop orders, in 1/100 %. Empty: 2.",
    )  # fmt: skip
    quantity = one.number_input(
        "Units", key="bt-quantity", min_value=0.0, step=1.0, placeholder="2 % of equity",
        help="For signals that open without a quantity. Empty: 2 % of equity.",
    )  # fmt: skip
    warmup = two.number_input(
        "Warm-up bars", key="bt-warmup", min_value=0, step=10,
        help="Bars before the first one that only warm indicators up.",
    )  # fmt: skip
    frame = one.selectbox("Timeframe", _FRAMES, key="bt-frame",
                          format_func=lambda name: name or (form.timeframe or "as the bars have it"))  # fmt: skip
    gaps = two.selectbox("Missing sessions", _GAPS, key="bt-gaps")
    calendar = one.text_input(
        "Calendar", key="bt-calendar", help="Exchange whose sessions the bars follow; none takes the bars as they are."
    )
    folder = two.text_input(
        "Bars folder", key="bt-bars", placeholder=str(strategy_forms.bars_folder(home)),
        help="A folder with SYMBOL.csv files. Empty: the home's data/bars, else the sample.",
    )  # fmt: skip
    return {
        "fee_rate": fee, "slippage_bps": slippage, "quantity": quantity or None, "warmup": int(warmup),
        "timeframe": frame or None, "gaps": gaps, "bars": folder.strip() or None,
        "calendar": None if calendar.strip().lower() in {"", "none"} else calendar.strip(),
    }  # fmt: skip


def parameters(form: Form) -> dict[str, Any]:
    """A field for each parameter, typed as the strategy declares it."""
    if not form.fields:
        st.html(markup.tag("p", markup.text("This strategy has no parameters."), "qs-soft"))
        return {}
    places = st.columns(2)
    found = {}
    for number, field in enumerate(form.fields):
        with places[number % 2]:
            value = _ask(field, field_key(form, field))
        if value is not None:
            found[field.name] = value
    return found


def field_key(form: Form, field: Field) -> str:
    """The widget of a parameter; each strategy has its own, so that values of one do not reach another."""
    return f"bt-param-{form.name}-{field.name}"


def _ask(field: Field, key: str) -> Any:
    label, told = markup.plain(field.name), _help(field)
    if field.choices:
        st.session_state.setdefault(key, field.default if field.default in field.choices else field.choices[0])
        return st.selectbox(label, field.choices, key=key, help=told)
    st.session_state.setdefault(key, field.default)
    match field.kind:
        case "truth":
            return st.checkbox(label, key=key, help=told)
        case "whole":
            low, high = (None if bound is None else int(bound) for bound in (field.low, field.high))
            return st.number_input(label, key=key, min_value=low, max_value=high, step=1, help=told)
        case "number":
            return st.number_input(
                label, key=key, min_value=field.low and float(field.low), max_value=field.high and float(field.high),
                step=_step(field.default), format="%g", help=told,
            )  # fmt: skip
        case "text":
            return st.text_input(label, key=key, help=told)
    st.html(markup.tag("p", markup.text(f"{field.name} is {field.default!r}: it cannot be typed here."), "qs-soft"))
    return None


def _help(field: Field) -> str | None:
    bounds = [f"{word} {bound:g}" for word, bound in (("from", field.low), ("to", field.high)) if bound is not None]
    words = " ".join(filter(None, (field.help, f"{' '.join(bounds)}." if bounds else "", f"Default {field.default}.")))
    return markup.plain(words)


def _step(default: float) -> float:
    size = abs(default)
    return 1.0 if size >= 10 else 0.1 if size >= 1 else 0.01


def fill(arguments: Mapping[str, Any]) -> None:
    """Put the arguments of an earlier run into the form, when it is drawn next; a callback."""
    st.session_state[FILL] = dict(arguments)


def begin(home: Home, form: Form) -> Mapping[str, Any] | None:
    """What each field begins with: an earlier run's value, what stands there already, or the default.

    Before any field is drawn. Returns the earlier run's arguments, where there are such.
    """
    given: Mapping[str, Any] | None = st.session_state.pop(FILL, None)
    there = strategy_forms.symbols(home, (given or {}).get("bars") or str(st.session_state.get("bt-bars", "")) or None)
    own = [symbol for symbol in form.symbols if symbol in there]
    st.session_state.setdefault(f"bt-symbols-{form.name}", own)
    for key, (name, default) in _OPTIONS.items():
        st.session_state.setdefault(key, default)
        if given is not None:
            value = given.get(name, default)
            st.session_state[key] = (
                {"calendar": "none", "bars": "", "timeframe": ""}.get(name, value) if value is None else value
            )
    if given is None:
        return None
    for key in ("start", "end"):
        text = given.get(key)
        st.session_state[f"bt-{key}"] = date.fromisoformat(text[:10]) if text else None
    asked = given.get("symbols")
    st.session_state[f"bt-symbols-{form.name}"] = [each for each in asked if each in there] if asked else own
    values = given.get("parameters", {})
    for field in form.fields:
        if field.name in values:
            st.session_state[field_key(form, field)] = values[field.name]
    return given
