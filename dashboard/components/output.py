"""A task's live output: how far it is, what it prints, and what came of it."""

from typing import Final

import streamlit as st

from components import dialogs, frame, markup, roles, times
from components.markup import Tone
from quantstrip.home import Home
from quantstrip.operations import task_output, tasks
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 1.0
TONES: Final[dict[str, Tone]] = {
    "queued": "idle", "running": "info", "done": "good", "failed": "bad", "cancelled": "warn", "interrupted": "warn",
}  # fmt: skip
_ENDED: Final = "output-ended"


def follow(home: Home, task: Task, title: str, *, role: roles.Role = "admin") -> None:
    """The task ``title``, brought up to date while it runs; the page runs anew once it is over.

    ``role`` may cancel it.
    """
    run_every = None if task.over else REFRESH_SECONDS
    st.fragment(_look, run_every=run_every)(home, task.task_id, title, was_over=task.over, role=role)


def _look(home: Home, task_id: int, title: str, *, was_over: bool, role: roles.Role) -> None:
    with frame.boundary():
        task = tasks.get(home, task_id)
        if task.over and not was_over:
            st.session_state[_ENDED] = task_id
            st.rerun()
        _head(task, title)
        if not task.over:
            st.progress(task.progress, markup.plain(task.note or ("waits for its turn" if task.pid == 0 else "begins")))
            if roles.may(role):
                st.button("Cancel", icon=":material/cancel:", key=f"output-cancel-{task_id}", on_click=_cancel,
                          args=(home, task_id))  # fmt: skip
        if task.error:
            message, _, hint = task.error.partition("\n")
            words = markup.tag("strong", markup.text(message))
            st.html(markup.notice("bad", markup.join(words, markup.tag("div", markup.text(hint), "qs-hint"))))
        lines(task_output.tail(home, task_id))


def lines(text: str) -> None:
    """What was printed, the newest at the bottom and in view."""
    if text.strip():
        inner = markup.tag("pre", markup.text(text))
        css = {"role": "log", "aria_label": "Output", "aria_live": "off", "tabindex": "0"}
        st.html(markup.tag("div", inner, "qs-log", **css))


def _head(task: Task, title: str) -> None:
    when = times.moment(task.finished or task.started or task.created)
    st.html(markup.tag("div", markup.join(
        markup.tag("strong", markup.text(title)), markup.text(" "), markup.chip(task.state, TONES[task.state]),
        markup.tag("span", markup.text(f" {when}"), "qs-soft"),
    ), "qs-item-head", role="status"))  # fmt: skip


def _cancel(home: Home, task_id: int) -> None:
    with frame.boundary():
        tasks.cancel(home, task_id)
    dialogs.close()
