"""The editor that fits a setting's type."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from components.settings import plain
from quantstrip.errors import SettingsError
from quantstrip.operations import settings_text

TYPES: Final = ("text", "int", "float", "bool", "list", "dict", "secret")
_EXACT: Final = 2**53 - 1  # a browser's whole numbers
_KEY_BYTES: Final = 1  # megabyte: a key file is smaller by far


def field(kind: str, value: Any, key: str, *, choices: Sequence[str] = ()) -> Any:
    """Show the editor of a type with the present value, and return what a person entered, as ``entered`` reads it."""
    shape = kind.partition(" or ")[0]
    if choices:
        at = choices.index(value) if value in choices else None
        return st.selectbox("Value", choices, index=at, format_func=lambda one: one or "(empty)", key=key)
    if shape == "bool":
        return st.toggle("On", value=bool(value), key=key)
    if shape == "int" and (value is None or abs(value) <= _EXACT):
        return st.number_input("Value", value=value, step=1, min_value=-_EXACT, max_value=_EXACT, key=key)
    if kind == "float":
        now = None if value is None else float(value)
        return st.number_input("Value", value=now, step=_step(now), format="%.15g", key=key)
    if shape == "list":
        text = settings_text.list_text(value) if isinstance(value, list) else plain(value or "").replace(",", "\n")
        return st.text_area("Values, one a line", text, height=160, key=key)
    if kind == "dict":
        text = settings_text.dict_text(value or {})
        return st.text_area("Values, one a line: name = 0.5, text in quotes", text, height=160, key=key)
    if shape == "secret":
        return _secret(key)
    return st.text_input("Value", "" if value is None else plain(value), key=key)


def entered(kind: str, given: Any) -> Any:
    """What ``field`` returned, as it is saved.

    Raises:
        SettingsError: nothing was entered, or it cannot be read.

    """
    if given is None or (kind.startswith("secret") and not given):
        raise SettingsError("nothing was entered", hint="Enter a value, or cancel.")
    if kind.startswith("list"):
        return settings_text.read_list(given)
    return settings_text.read_dict(given) if kind == "dict" else given


def _secret(key: str) -> str:
    """What is typed, or a file for a key of several lines; what is set is never shown."""
    typed = st.text_input("New value", type="password", autocomplete="new-password", key=key)
    file = st.file_uploader("or a file, for a key of several lines", key=f"{key}-file", max_upload_size=_KEY_BYTES)
    if file is None:
        return typed
    try:
        return file.getvalue().decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise SettingsError(
            "a secret is text, and this file is not", hint="Choose a PEM or another text file."
        ) from error


def _step(value: float | None) -> float:
    """A step that suits the size of the value, so that the arrows are of use."""
    return 1.0 if value is None or abs(value) >= 10 or value == int(value) else 0.01
