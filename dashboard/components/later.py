"""What is heavy comes a moment later: the first words are on the screen before the browser reads a chart library."""

import streamlit as st

_PAUSE_SECONDS = 0.3
_SEEN = "later-seen-"
_WOKEN = "later-woken-"


def ready(name: str) -> bool:
    """False in the first run of the page ``name`` in a session; the page then runs again by itself, at once.

    The browser asks for that run when it has drawn the first one.
    """
    if st.session_state.get(_SEEN + name):
        return True
    st.session_state[_SEEN + name] = True
    st.fragment(run_every=_PAUSE_SECONDS)(_wake)(name)
    return False


def _wake(name: str) -> None:
    if st.session_state.get(_WOKEN + name):
        st.rerun()
    st.session_state[_WOKEN + name] = True
