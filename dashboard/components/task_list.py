"""Every task of the home: how far it is, what it printed, why it failed, and what can be done with it."""

import json
from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from components import dialogs, frame, markup, output, problems, roles, times
from components.markup import Html
from quantstrip.clock import SECOND
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import tasks
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 2
_STEP: Final = 20
_MOST: Final = 500
_LONGEST: Final = 20_000
_COUNT: Final = "task-count"
_DECIDED: Final = ("package_", "simulation", "rehearsal")
"""Kinds that run code or change what can be imported, by the beginning of their names: an admin's."""


def show(home: Home) -> None:
    """The list, or the one that the address names."""
    asked = st.query_params.get("task", "")
    if asked.isdecimal():
        opened(home, int(asked))
        return
    state = st.selectbox(
        "State", ["", *output.TONES], key="task-state", format_func=lambda name: name or "all", width=220
    )
    st.fragment(_list, run_every=REFRESH_SECONDS)(home, state or None)


def opened(home: Home, number: int) -> None:
    """One task whole: what it was asked, what it printed, what came of it."""
    st.button("All tasks", icon=":material/arrow_back:", key="task-back", on_click=_go)
    task = tasks.get(home, number)
    with st.container(horizontal=True, key="task-acts"):
        _buttons(home, task, opened=True)
    output.follow(home, task, f"{number} · {task.kind}", role=role_of(task))
    st.html(markup.facts([("Asked by", task.requested_by or markup.DASH), ("Asked", times.moment(task.created)),
                          ("Took", _took(task) or markup.DASH), ("Process", task.pid or markup.DASH)]))  # fmt: skip
    for title, value in (("What it was asked", task.arguments), ("What came of it", task.result)):
        if value:
            frame.section(title)
            problems.trace(json.dumps(value, indent=2, default=str)[:_LONGEST])
    if task.trace:
        frame.section("Trace")
        problems.trace(task.trace)


def newest(home: Home, *kinds: str) -> Task | None:
    """The newest task of these kinds; None where there is none, or no ledger."""
    if not home.database.is_file():
        return None
    return next((each for each in tasks.list_tasks(home, limit=_MOST) if each.kind in kinds), None)


def submit(home: Home, kind: str, arguments: dict[str, Any]) -> None:
    """Queue a task; a callback of a button."""
    act(lambda: tasks.submit(home, kind, arguments, by="Maintenance page"), "The worker does it")


def role_of(task: Task) -> roles.Role:
    """Who may act on a task."""
    return "admin" if task.kind.startswith(_DECIDED) else "operator"


def remove(home: Home, subject: str) -> None:
    """Ask, then forget a task and its files."""
    task = tasks.get(home, int(subject))
    roles.require(role_of(task))
    st.text(f"Remove task {subject} ({task.kind}) with the files it wrote? It cannot be brought back.")
    if dialogs.buttons("Remove", key="task-remove-now", danger=True):
        tasks.remove(home, int(subject))
        _go()
        dialogs.done(f"Task {subject} is removed")


def act(does: Callable[[], object], words: str) -> None:
    """Do it, and say what came of it."""
    try:
        does()
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(words)


def _list(home: Home, state: str | None) -> None:
    with frame.boundary():
        most = st.session_state.get(_COUNT, _STEP)
        known = tasks.list_tasks(home, state, most + 1)
        if not known:
            words = f"No task is {state}." if state else "Nothing was asked of the worker yet."
            st.html(markup.notice("info", markup.text(words)))
            return
        for task in known[:most]:
            with st.container(horizontal=True, vertical_alignment="center", key=f"item-task-{task.task_id}"):
                with st.container(gap="small"):
                    st.html(_head(task))
                    if task.state == "running":
                        st.progress(task.progress, markup.plain(task.note or "begins"))
                with st.container(horizontal=True, width="content", gap="small"):
                    _buttons(home, task)
        if len(known) > most and most < _MOST:
            st.button("Older", key="task-older", on_click=_more, args=(most,))


def _buttons(home: Home, task: Task, *, opened: bool = False) -> None:
    """What can be done with it; what one may not do is not there."""
    number, may = task.task_id, roles.may(role_of(task))
    pressed = True  # the dialogs and the notice stand outside of what updates by itself: the page is run
    if not opened and st.button("Open", key=f"open-task-{number}"):
        _go(number)
    elif may and not opened and not task.over and st.button("Cancel", key=f"task-cancel-{number}"):
        act(lambda: tasks.cancel(home, number), f"Task {number} ends")
    elif may and task.over and st.button("Repeat", key=f"task-repeat-{number}", help="Ask for the same once more"):
        act(lambda: tasks.repeat(home, number, by="Maintenance page"), f"What task {number} did is queued once more")
    elif may and task.over and st.button("Remove", key=f"task-remove-{number}"):
        dialogs.ask("task-remove", str(number))
    else:
        pressed = False
    if pressed:
        st.rerun()


def _head(task: Task) -> Html:
    facts = [times.second(task.created), _took(task), f"asked by {task.requested_by}" if task.requested_by else "",
             task.error.partition("\n")[0]]  # fmt: skip
    name = markup.tag("b", markup.text(f"{task.task_id} · {task.kind}"))
    return markup.join(
        markup.tag("div", markup.join(name, markup.chip(task.state, output.TONES[task.state])), "qs-item-head"),
        markup.tag("div", markup.text(" · ".join(filter(None, facts))), "qs-item-facts"),
    )


def _took(task: Task) -> str:
    return f"took {times.age((task.finished - task.started) / SECOND)}" if task.started and task.finished else ""


def _go(number: int | None = None) -> None:
    st.query_params.clear()
    if number is not None:
        st.query_params["task"] = str(number)


def _more(most: int) -> None:
    st.session_state[_COUNT] = most + _STEP
