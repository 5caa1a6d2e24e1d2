"""What the worker makes for a page: how far it is, brought up to date by itself, until the page can show what came."""

from typing import Any, Final

import streamlit as st

from components import frame, markup
from quantstrip.errors import QuantstripError, UnknownRecord
from quantstrip.home import Home
from quantstrip.operations import tasks
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 0.5


def ask(home: Home, key: str, kind: str, arguments: dict[str, Any], *, by: str = "Reporting") -> None:
    """Ask the worker for ``kind``, and wait for it under ``key``; what was waited for there before is given up.

    A callback; where it is refused, that is said.
    """
    try:
        task = tasks.submit(home, kind, arguments, by=by)
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
        return
    drop(home, key)
    st.session_state[key] = task.task_id


def drop(home: Home, key: str) -> None:
    """Wait no more under ``key``: what was made is removed, what is being made is taken back."""
    if (task_id := st.session_state.pop(key, None)) is not None:
        with frame.boundary():
            tasks.give_up(home, task_id)


def show(home: Home, key: str, failed: str) -> Task | None:
    """The task under ``key`` once it is done; until then, how far it is, and where it failed, why.

    Args:
        failed: what did not happen, as the beginning of a sentence.

    """
    if key not in st.session_state:
        return None
    try:
        task = tasks.get(home, st.session_state[key])
    except UnknownRecord:  # somebody removed it meanwhile
        del st.session_state[key]
        return None
    if not task.over:
        st.fragment(run_every=REFRESH_SECONDS)(_waiting)(home, task.task_id, key)
        return None
    if task.state != "done" or task.result is None:
        st.html(markup.notice("bad", markup.text(f"{failed}: {task.error or task.state}")))
        return None
    return task


def _waiting(home: Home, task_id: int, key: str) -> None:
    with frame.boundary():
        task = tasks.get(home, task_id)
        if task.over:
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-waiting"):
            st.progress(task.progress, text=markup.plain(f"{task.state}: {task.note or 'waits for the worker'}"))
            if st.button("Cancel", key=f"{key}-cancel"):
                tasks.cancel(home, task_id)
