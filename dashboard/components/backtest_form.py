"""What a backtest is asked: the strategy's parameters by their types, and the run's own options."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TypeVar

import streamlit as st

from components import markup
from quantstrip.home import Home
from quantstrip.operations import strategy_forms
from quantstrip.operations.strategy_forms import Field, Form, StrategyFile

Number = TypeVar("Number", int, float)
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
_GAPS: Final = ("refuse", "accept")
_LEGS: Final = {None: "the strategy's own choice", False: "one position", True: "two legs"}
_OPTIONS: Final = {
    "bt-cash": ("cash", None), "bt-fee": ("fee_rate", None), "bt-slippage": ("slippage_bps", None),
    "bt-quantity": ("quantity", None), "bt-warmup": ("warmup", 0), "bt-bars": ("bars", ""),
    "bt-gaps": ("gaps", "refuse"), "bt-frame": ("timeframe", ""), "bt-calendar": ("calendar", "auto"),
    "bt-risk": ("risk", "form"), "bt-legs": ("virtual_legs", None),
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
    cash = one.number_input(
        "Cash", key="bt-cash", min_value=0.0, step=1000.0, format="%.2f", placeholder="the strategy form's own",
        help="The strategy's allocation. Empty: 100,000, of kline strategies 10,000.",
    )  # fmt: skip
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
    legs = one.selectbox(
        "Long and short at once", list(_LEGS), key="bt-legs", format_func=_LEGS.__getitem__,
        help="May a symbol be held on its two legs, or is there one position?",
    )  # fmt: skip
    calendar = two.text_input(
        "Calendar",
        key="bt-calendar",
        help="Exchange whose sessions the bars follow; none takes the bars as they are, auto finds out.",
    )
    folder = st.text_input(
        "Bars folder", key="bt-bars", placeholder=str(strategy_forms.bars_folder(home)),
        help="A folder with SYMBOL.csv files. Empty: the home's data/bars, else the sample.",
    )  # fmt: skip
    return {
        "fee_rate": fee, "slippage_bps": slippage, "quantity": quantity or None, "warmup": int(warmup),
        "timeframe": frame or None, "gaps": gaps, "bars": folder.strip() or None, "virtual_legs": legs,
        "calendar": None if calendar.strip().lower() in {"", "none"} else calendar.strip(),
    }  # fmt: skip


def parameters(form: Form) -> dict[str, Any] | None:
    """A field for each parameter, typed as the strategy declares it; None while one of them cannot be read."""
    if not form.fields:
        st.html(markup.tag("p", markup.text("This strategy has no parameters."), "qs-soft"))
        return {}
    found, wrong = {}, False
    rows = [st.columns(2) for _ in form.fields[::2]]  # row by row: on a phone they keep their order
    for number, field in enumerate(form.fields):
        with rows[number // 2][number % 2]:
            try:
                value = _ask(field, field_key(form, field))
            except ValueError as error:
                words = f'{field.name} is written as JSON, such as [1, 2] or "text": {error}'
                st.html(markup.tag("div", markup.text(words), "qs-field-error"))
                value, wrong = None, True
        if value is not None:
            found[field.name] = value
    return None if wrong else found


def field_key(form: Form, field: Field) -> str:
    """The widget of a parameter; each strategy has its own, so that values of one do not reach another."""
    return f"bt-param-{form.name}-{field.name}"


def _ask(field: Field, key: str) -> Any:
    label, told = markup.plain(field.name), _help(field)
    if field.choices:
        st.session_state.setdefault(key, field.default if field.default in field.choices else field.choices[0])
        return st.selectbox(label, field.choices, key=key, help=told)
    if field.kind in {"list", ""}:
        st.session_state.setdefault(key, "" if field.default is None else json.dumps(field.default))
        text = st.text_input(label, key=key, help=told, placeholder="as JSON").strip()
        return json.loads(text) if text else None
    st.session_state.setdefault(key, field.default)
    match field.kind:
        case "truth":
            return st.checkbox(label, key=key, help=told)
        case "whole":
            least, most = _bounds(field, int)
            return st.number_input(label, key=key, min_value=least, max_value=most, step=1, help=told)
        case "number":
            low, high = _bounds(field, float)
            st.session_state[key] = _as_float(st.session_state[key])
            return st.number_input(label, key=key, min_value=low, max_value=high, step=_step(field.default),
                                   format="%g", help=told)  # fmt: skip
    return st.text_input(label, key=key, help=told)


def _bounds(field: Field, kind: type[Number]) -> tuple[Number | None, Number | None]:
    """Bounds of the field's own kind: a number's field takes no whole ones, nor the other way round."""
    low, high = field.low, field.high
    return None if low is None else kind(low), None if high is None else kind(high)


def _as_float(value: Any) -> float | None:
    return None if value is None else float(value)


def _help(field: Field) -> str | None:
    bounds = [f"{word} {bound:g}" for word, bound in (("from", field.low), ("to", field.high)) if bound is not None]
    told = "" if field.default is None else f"Default {field.default}."
    words = " ".join(filter(None, (field.help, f"{' '.join(bounds)}." if bounds else "", told)))
    return markup.plain(words)


def _step(default: float | None) -> float:
    size = abs(default or 0.0)
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
            value = values[field.name]
            text = field.kind in {"list", ""} and not field.choices
            st.session_state[field_key(form, field)] = json.dumps(value) if text else value
    return given
