"""The text of the SQL editor through a reload of its page."""

from typing import Final

import streamlit as st

from components import kept, sql_dialogs, sql_editor
from quantstrip.home import Home
from quantstrip.operations import drafts

_PLACE: Final = "the SQL editor"
_KEPT: Final = "sql-draft-kept"
_BACK: Final = "sql-draft-back"


def bring_back(home: Home) -> None:
    """Put back what a window that is gone left unsaved, into an editor that nothing was put into yet."""
    if _KEPT in st.session_state or sql_editor.touched():
        return
    left = next((each for each in kept.left_behind(home) if each.path == _PLACE), None)
    if left is None:
        return
    sql_editor.put(left.text)
    st.session_state[_BACK] = left.text
    drafts.discard(home, kept.person(), _PLACE, left.window)
    _keep(left.text)


def keep() -> None:
    """Keep the text, unless it is that of the query it came from, or nothing."""
    text, query = sql_editor.text(), st.session_state.get(sql_dialogs.OPENED)
    if not text.strip() or (query is not None and query.sql == text):
        if st.session_state.get(_KEPT):
            kept.settle(_PLACE)
            st.session_state[_KEPT] = ""
    elif st.session_state.get(_KEPT) != text:
        _keep(text)


def offer() -> None:
    """Offer to discard what was brought back, as long as it is in the editor as it was."""
    text = st.session_state.get(_BACK)
    if text is None or text != sql_editor.text():
        st.session_state.pop(_BACK, None)
    elif kept.brought_back("This text", "sql-draft-discard"):
        sql_editor.put("")
        st.rerun()


def _keep(text: str) -> None:
    kept.keep(_PLACE, text)
    st.session_state[_KEPT] = text
