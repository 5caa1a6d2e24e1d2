"""Dialogs that ask: which one is open stands in the session, so that whatever else updates leaves it open."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

import streamlit as st

from components import frame

_OPEN: Final = "dialog"
_SEEN: Final = "dialog-seen"
Body = Callable[[str], None]


def ask(kind: str, subject: str = "") -> None:
    """Open the dialog ``kind`` about ``subject``; a callback of a button."""
    close()
    st.session_state[_OPEN] = (kind, subject)


def close() -> None:
    """Close what is open."""
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_SEEN, None)


def changed(value: object) -> bool:
    """Whether what a dialog is about is another one than at the last look; the first look is when it opens."""
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = repr(value)
    return before is not None and before != repr(value)


def done(words: str) -> None:
    """What was asked for is done: close, and say it."""
    close()
    frame.keep_notice(words)
    st.rerun()


def show(bodies: Mapping[str, tuple[str, Body]], *, width: Literal["small", "medium", "large"] = "small") -> None:
    """Show the dialog that is open, if it is one of these: title and body by kind."""
    kind, subject = st.session_state.get(_OPEN, ("", ""))
    if kind not in bodies:
        return
    title, body = bodies[kind]

    def guarded() -> None:
        with frame.boundary():
            body(subject)

    st.dialog(title, width=width, on_dismiss=close)(guarded)()


@contextmanager
def form(key: str) -> Iterator[None]:
    """What is filled in before the ``buttons`` of a dialog, which stand in it too, with ``in_form``.

    The browser hands over what stands in a form's fields together with the button. A field outside is handed over when
    it is left: what was typed may be gone where the page is drawn anew under the pointer that leaves it. Enter presses
    nothing, for what these dialogs do cannot be taken back.
    """
    with st.form(f"form-{key}", border=False, enter_to_submit=False):
        yield


def buttons(label: str, *, key: str, danger: bool = False, in_form: bool = False) -> bool:
    """Cancel, and the one that does it; True when that was pressed. One that ends something is red."""
    button = st.form_submit_button if in_form else st.button
    with st.container(horizontal=True, horizontal_alignment="right", key=f"danger-{key}" if danger else f"do-{key}"):
        if button("Cancel", key=f"cancel-{key}"):
            close()
            st.rerun()
        return button(label, key=key, type="primary")
