"""The strategy's parameters by their types, and what the whole form begins with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import streamlit as st

from components import backtest_fields, backtest_options, backtest_source, markup
from quantstrip.home import Home
from quantstrip.operations.strategy_forms import Field, Form

Number = TypeVar("Number", int, float)
SETTINGS: Final = "Size, direction and exits of the script"
"""What every script can be told beside its own parameters."""


def about(form: Form) -> markup.Html:
    """What the strategy says of itself, and in which form it is written."""
    words = markup.text(f"{form.summary} ")
    return markup.tag("p", markup.join(words, markup.chip(form.form, "idle")), "qs-soft")


def parameters(form: Form) -> dict[str, Any] | None:
    """A field for each parameter, typed as the strategy declares it; None while one of them cannot be read."""
    if not form.fields:
        st.html(markup.tag("p", markup.text("This strategy has no parameters."), "qs-soft"))
        return {}
    found: dict[str, Any] = {}
    fits = _ask_all(form, [each for each in form.fields if not each.setting], found)
    settings = [each for each in form.fields if each.setting]
    if settings:
        backtest_fields.group(SETTINGS, ":material/rule_settings:", "bt-group-script", lambda: _draw(form, settings))
        found |= {field.name: value for field in settings
                  if (value := st.session_state.get(field_key(form, field))) is not None}  # fmt: skip
    return found if fits else None


def _draw(form: Form, fields: Sequence[Field]) -> None:
    """Fields whose values stand in the session: none of a script's settings is written as JSON."""
    _ask_all(form, fields, {})


def _ask_all(form: Form, fields: Sequence[Field], found: dict[str, Any]) -> bool:
    """Ask for some of them; False where one cannot be read."""
    fits = True
    rows = [st.columns(2) for _ in fields[::2]]  # row by row: on a phone they keep their order
    for number, field in enumerate(fields):
        with rows[number // 2][number % 2]:
            try:
                value = _ask(field, field_key(form, field))
            except ValueError as error:
                backtest_options.refuse(f'{field.name} is written as JSON, such as [1, 2] or "text": {error}')
                value, fits = None, False
        if value is not None:
            found[field.name] = value
    return fits


def field_key(form: Form, field: Field) -> str:
    """The widget of a parameter; each strategy has its own, so that values of one do not reach another."""
    return f"bt-param-{form.name}-{field.name}"


def _ask(field: Field, key: str) -> Any:
    label, told = markup.plain(field.name), _help(field)
    if field.choices:
        st.session_state.setdefault(key, field.default if field.default in field.choices else field.choices[0])
        return st.selectbox(label, field.choices, key=key, persist_state="page", help=told)
    if field.kind in {"list", ""}:
        st.session_state.setdefault(key, "" if field.default is None else json.dumps(field.default))
        text = st.text_input(label, key=key, persist_state="page", help=told, placeholder="as JSON").strip()
        return json.loads(text) if text else None
    st.session_state.setdefault(key, field.default)
    match field.kind:
        case "truth":
            return st.checkbox(label, key=key, persist_state="page", help=told)
        case "whole":
            least, most = _bounds(field, int)
            return st.number_input(label, key=key, persist_state="page", min_value=least, max_value=most, step=1,
                                   help=told)  # fmt: skip
        case "number":
            low, high = _bounds(field, float)
            st.session_state[key] = _as_float(st.session_state[key])
            return st.number_input(label, key=key, persist_state="page", min_value=low, max_value=high,
                                   step=_step(field.default), format="%g", help=told)  # fmt: skip
    return st.text_input(label, key=key, persist_state="page", help=told)


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
    st.session_state[backtest_source.FILL] = dict(arguments)


def begin(home: Home, form: Form) -> tuple[Mapping[str, Any] | None, backtest_options.Place]:
    """What each field begins with: an earlier run's value, what stands there already, or the default.

    Before any field is drawn. Returns the earlier run's arguments, where there are such, and the place of the bars.
    """
    given = backtest_source.forget_fill()
    place = backtest_options.begin(home, form, given)
    if given is None:
        return None, place
    values = given.get("parameters", {})
    for field in form.fields:
        if field.name in values:
            value = values[field.name]
            text = field.kind in {"list", ""} and not field.choices
            st.session_state[field_key(form, field)] = json.dumps(value) if text else value
    return given, place
