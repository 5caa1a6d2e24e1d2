"""Whose texts are kept, and which of them no window shows any more: a reload of a tab is another window."""

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components import frame, markup, roles
from quantstrip.home import Home
from quantstrip.operations import drafts
from quantstrip.operations.drafts import Draft


def person() -> str:
    """Who looks at the page."""
    return roles.identity().name


def window() -> str:
    """The browser's window, until it is loaded anew."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def left_behind(home: Home) -> list[Draft]:
    """Texts whose window is gone, the newest first; what another window has open stays there."""
    return [each for each in drafts.kept(home, person()) if not _open(each.window)]


def keep(path: str, text: str, digest: str = "") -> None:
    """Keep a text for this window."""
    drafts.keep(frame.home(), person(), path, text, digest=digest, window=window())


def settle(path: str) -> None:
    """A text is saved or not wanted: forget it, and what gone windows kept of the same."""
    home = frame.home()
    for each in [draft for draft in left_behind(home) if draft.path == path]:
        drafts.discard(home, person(), path, each.window)
    drafts.discard(home, person(), path, window())


def brought_back(what: str, key: str) -> bool:
    """Say that a text was brought back, with a button; True when it is to be discarded."""
    words = f"{what} was not saved when the page was last left or loaded anew. It is here again."
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}-box"):
        st.html(markup.text(words), width="stretch")
        return st.button("Discard it", icon=":material/undo:", key=key)


def _open(name: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(name) is True
