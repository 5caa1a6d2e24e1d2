"""The SQL page's editor: one text, whichever query it came from; it stays while another page is open."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from quantstrip.editor import Completion, EditorValue, editor, newest

KEY: Final = "sql-editor"
_TEXT: Final = "sql-text"
_REVISION: Final = "sql-revision"


def text() -> str:
    """What is in the editor; also in a callback, and before it is drawn."""
    given, revision = _given()
    return newest(given, key=KEY, revision=revision).text


def touched() -> bool:
    """True once something was typed or put into it in this window."""
    return bool(text()) or _given()[1] > 0


def put(given: str) -> None:
    """Let another text take its place."""
    st.session_state[_TEXT] = given
    st.session_state[_REVISION] = _given()[1] + 1


def show(completions: Sequence[Completion]) -> EditorValue:
    """Draw it."""
    given, revision = _given()
    value = editor(
        given,
        key=KEY,
        language="sql",
        height=240,
        completions=completions,
        revision=revision,
        label="SQL",
        placeholder="SELECT * FROM v_positions",
        on_change=_keep,
    )
    st.session_state[_TEXT] = value.text
    return value


def _keep() -> None:
    st.session_state[_TEXT] = text()


def _given() -> tuple[str, int]:
    return st.session_state.get(_TEXT, ""), st.session_state.get(_REVISION, 0)
