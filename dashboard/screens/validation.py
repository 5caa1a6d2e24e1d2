"""Validation: whether a backtest is honest, and whether it carries over."""

import streamlit as st

from components import (
    dialogs,
    frame,
    later,
    markup,
    output,
    problems,
    roles,
    service_state,
    validation_form,
    validation_list,
    validation_result,
)
from components.output import TONES
from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.operations import validation_tasks

_PAGE = "validation"


def main(home: Home) -> None:
    """One check that the address names, or the form and the list."""
    with frame.boundary():
        if "task" in st.query_params:
            frame.title_where_silent(home, "Validation")
            frame.say_notice()
            _dialogs(home)
            one(home, st.query_params["task"])
            return
        frame.early_title(home, "Validation")()
        frame.say_notice()
        _dialogs(home)
        if roles.may("operator"):
            service_state.needed(home, "worker", "so no check can run")
            if later.drawn(_PAGE):
                validation_form.show(home)
            else:
                later.waits("The form comes in a moment.", 420)
        validation_list.show(home)
        later.wake(_PAGE)


def one(home: Home, subject: str) -> None:
    """One check: how far it is, or what came of it."""
    if not subject.strip().isdecimal():
        raise TaskRefused(f"{subject!r} is no check", hint="Choose one from the list of checks.")
    check = validation_tasks.load(home, int(subject))
    task = check.task
    frame.title(f"{validation_form.NAMES[task.kind]} {task.task_id}", markup.chip(task.state, TONES[task.state]))
    with st.container(horizontal=True, vertical_alignment="center", key="check-head"):
        if st.button("All checks", icon=":material/arrow_back:", key="check-back"):
            validation_list.go()
            st.rerun()
        if roles.may("operator") and st.button("Edit and check again", icon=":material/edit:", key="check-edit"):
            validation_form.fill(task)
            validation_list.go()
            st.rerun()
        validation_list.buttons(home, task, opened=True)
    st.html(markup.tag("div", markup.text(validation_list.of_what(task)), "qs-soft"))
    if not task.over or task.state != "done":
        output.follow(home, task, "Check", role="operator")
        if task.trace and roles.may("admin"):
            with st.expander("Trace"):
                problems.trace(task.trace)
        return
    validation_result.show(home, check)
    validation_result.asked(check)


def _dialogs(home: Home) -> None:
    dialogs.show({"check-delete": ("Delete the check", lambda subject: validation_list.delete(home, subject))})


main(frame.home())
