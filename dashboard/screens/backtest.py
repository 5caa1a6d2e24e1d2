"""Backtest: try a strategy on recorded bars, look at what came of it, compare runs, sweep parameters."""

from typing import Any

import streamlit as st

from components import (
    backtest_compare,
    backtest_form,
    backtest_result,
    backtest_runs,
    backtest_sweep,
    dialogs,
    frame,
    markup,
    roles,
    service_state,
    times,
)
from components.output import TONES
from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.operations import backtests, service, strategy_forms, tasks
from quantstrip.operations.tasks import Task

WAYS = ("Backtest", "Sweep")


def main(home: Home) -> None:
    """The view that the address asks for."""
    with frame.boundary():
        frame.say_notice()
        frame.title_where_silent(home, "Backtest")
        dialogs.show({"bt-delete": ("Delete the run", lambda subject: backtest_runs.delete(home, subject))})
        if "task" in st.query_params:
            one(home, st.query_params["task"])
        elif "compare" in st.query_params:
            several(home, st.query_params["compare"])
        else:
            if "file" in st.query_params:  # a link to try this file
                backtest_form.fill({"file": st.query_params["file"]})
                backtest_runs.go()
            frame.title("Backtest")
            ask(home)
            backtest_runs.show(home)


def ask(home: Home) -> None:
    """The form, for who may run what is there; nothing is queued before the strategy itself took the parameters."""
    if not roles.may("operator"):
        return
    service_state.told(home, service.status(home, clients=False))
    found = strategy_forms.files(home)
    with st.container(border=True, key="bt-form"):
        left, right = st.columns(2, gap="medium")
        with left, frame.boundary():
            chosen = backtest_form.choose(found)
            form = strategy_forms.form(home, chosen.path)
            given = backtest_form.begin(home, form)
            if given is not None:
                backtest_sweep.fill(form, given)
            st.html(markup.tag("p", markup.text(form.summary), "qs-soft"))
            way = st.segmented_control("What to run", WAYS, default=WAYS[0], required=True, key="bt-way",
                                       label_visibility="collapsed")  # fmt: skip
            sweep = way == WAYS[1]
            values = backtest_sweep.grid(form) if sweep else backtest_form.parameters(form)  # None: a field is wrong
            with right, frame.boundary():
                options = backtest_form.options(home, form)
                if st.button("Run the sweep" if sweep else "Run", type="primary", icon=":material/play_arrow:",
                             key="bt-run", width="stretch", disabled=values is None):  # fmt: skip
                    run(home, chosen.path, options, values or {}, sweep=sweep)


def run(home: Home, file: str, options: dict[str, Any], values: dict[str, Any], *, sweep: bool) -> None:
    """Check all of it, queue it, and show it."""
    if sweep:
        given = {**options, "file": file, **backtest_sweep.asked(values)}
    else:
        with st.spinner("Checking..."):
            strategy_forms.check(home, file, values, options["symbols"])
        given = {**options, "file": file, "parameters": values}
    made = tasks.submit(home, "sweep" if sweep else "backtest", given, by="dashboard")
    backtest_runs.go(task=str(made.task_id))
    st.rerun()


def one(home: Home, subject: str) -> None:
    """One run: how far it is, or what came of it."""
    task = backtests.get(home, _number(subject))
    title = "Sweep" if task.kind == "sweep" else "Backtest"
    frame.title(f"{title} {task.task_id}", markup.chip(task.state, TONES[task.state]))
    with st.container(horizontal=True, vertical_alignment="center", key="bt-head"):
        if st.button("All runs", icon=":material/arrow_back:", key="bt-back"):
            backtest_runs.go()
            st.rerun()
        if roles.may("operator") and st.button("Edit and run again", icon=":material/edit:", key="bt-edit"):
            backtest_form.fill(task.arguments)
            st.session_state["bt-way"] = WAYS[task.kind == "sweep"]
            backtest_runs.go()
            st.rerun()
        backtest_runs.buttons(home, task, opened=True)
    st.html(
        markup.tag("div", markup.text(f"{backtest_runs.name(task)} · asked {times.moment(task.created)}"), "qs-soft")
    )
    if not task.over:
        follow(home, task)
    if task.error:
        message, _, hint = task.error.partition("\n")
        words = markup.tag("strong", markup.text(message))
        st.html(markup.notice("bad", markup.join(words, markup.tag("div", markup.text(hint), "qs-hint"))))
    if task.trace and roles.may("admin"):
        with st.expander("Trace"):
            st.code(task.trace, language=None, wrap_lines=True)
    if task.kind == "sweep":
        backtest_sweep.show(home, task)
    elif task.state == "done":
        backtest_result.show(home, task.task_id)


def follow(home: Home, task: Task) -> None:
    """How far it is, brought up to date; the page is drawn anew when it is over."""

    def look() -> None:
        with frame.boundary():
            now = tasks.get(home, task.task_id)
            if now.state != task.state:
                st.rerun()
            waits = "waits for its turn" if not now.pid else "begins"
            st.progress(now.progress, markup.plain(now.note or waits))
            if now.state == "queued":
                service_state.told(home, service.status(home, clients=False))

    st.fragment(look, run_every=backtest_runs.REFRESH_SECONDS)()


def several(home: Home, subject: str) -> None:
    """Runs side by side."""
    frame.title("Compare backtests")
    if st.button("All runs", icon=":material/arrow_back:", key="bt-back"):
        backtest_runs.go()
        st.rerun()
    backtest_compare.show(home, [_number(each) for each in subject.split(",")])


def _number(text: str) -> int:
    if not text.strip().isdigit():
        raise TaskRefused(f"{text!r} is no run", hint="Choose one from the list of runs.")
    return int(text)


main(frame.home())
