"""What is heavy comes a moment later: the first words are on the screen before the browser reads a library of charts.

What comes within the pause is drawn together with the first words: the browser shows neither before it can show both.
"""

import streamlit as st

from components import markup

_PAUSE_SECONDS = 0.6
_SEEN = "later-seen-"
_WOKEN = "later-woken-"


def ready(name: str) -> bool:
    """False in the first run of the page ``name`` in a session; the page then runs again by itself, at once.

    The browser asks for that run when it has drawn the first one. For a page that is a fragment there are ``drawn``
    and ``wake``: a fragment within one that runs long can reach the browser before what it stands in.
    """
    if drawn(name):
        return True
    wake(name)
    return False


def drawn(name: str) -> bool:
    """True when the page ``name`` was drawn in this session before; asks for nothing."""
    return bool(st.session_state.get(_SEEN + name))


def wake(name: str) -> None:
    """Have a page run again that was drawn for the first time; at its end, outside of its fragments."""
    if not drawn(name):
        st.session_state[_SEEN + name] = True
        st.fragment(run_every=_PAUSE_SECONDS)(_wake)(name)


def waits(words: str, pixels: int) -> None:
    """The place of what comes in the next run, as high as that: what stands below it does not jump."""
    st.html(markup.tag("div", markup.text(words), "qs-waits", style=f"height: {pixels}px"))


def _wake(name: str) -> None:
    if st.session_state.get(_WOKEN + name):
        st.rerun()
    st.session_state[_WOKEN + name] = True
