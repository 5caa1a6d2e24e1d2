"""Backtest: try a strategy on recorded bars, look at what came of it, compare runs, sweep parameters."""

import re
from typing import Any

import streamlit as st

from components import (
    backtest_compare,
    backtest_form,
    backtest_grid,
    backtest_kept,
    backtest_options,
    backtest_result,
    backtest_runs,
    backtest_source,
    backtest_sweep,
    dialogs,
    frame,
    markup,
    roles,
    service_state,
    times,
)
from components.backtest_source import Chosen
from components.output import TONES
from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.operations import backtests, service, strategy_forms, tasks
from quantstrip.operations.tasks import Task

WAYS = ("Backtest", "Sweep")
KEPT = re.compile("r[0-9a-f]{12}")
LISTS = ("Asked here", "Kept runs")


def main(home: Home) -> None:
    """The view that the address asks for."""
    with frame.boundary():
        frame.say_notice()
        frame.title_where_silent(home, "Backtest")
        dialogs.show({
            "bt-delete": ("Delete the run", lambda subject: backtest_runs.delete(home, subject)),
            "bt-kept-delete": ("Delete the kept run", lambda subject: backtest_kept.delete(home, subject)),
            "bt-resume": ("Continue the sweep", lambda subject: backtest_sweep.go_on(home, subject)),
        })  # fmt: skip
        if "task" in st.query_params:
            one(home, st.query_params["task"])
        elif "run" in st.query_params:
            frame.title(f"Kept run {st.query_params['run']}")
            backtest_kept.show(home, st.query_params["run"])
        elif "compare" in st.query_params:
            several(home, st.query_params["compare"])
        else:
            if "file" in st.query_params:  # a link to try this file
                backtest_form.fill({"file": st.query_params["file"]})
                backtest_runs.go()
            frame.title("Backtest")
            ask(home)
            listed(home)


def ask(home: Home) -> None:
    """The form, for who may run what is there; nothing is queued before the strategy itself took the parameters."""
    if not roles.may("operator"):
        return
    service_state.told(home, service.status(home, clients=False))
    with st.container(border=True, key="bt-form"):
        left, right = st.columns(2, gap="medium")
        with left, frame.boundary():
            chosen = backtest_source.choose(home)
            if chosen is None:
                return
            form = strategy_forms.form(home, chosen.path, untrusted=chosen.untrusted)
            given, place = backtest_form.begin(home, form)
            backtest_grid.begin(form, given)
            st.html(backtest_form.about(form))
            way = st.segmented_control("What to run", WAYS, default=WAYS[0], required=True, key="bt-way",
                                       label_visibility="collapsed", persist_state="page")  # fmt: skip
            sweep = way == WAYS[1]
            values = backtest_grid.grid(form) if sweep else backtest_form.parameters(form)  # None: a field is wrong
            with right, frame.boundary():
                options, wrong = backtest_options.options(home, form, place)
                asked = None if values is None or wrong else {**options, **chosen.arguments(sweep=sweep)}
                if st.button("Run the sweep" if sweep else "Run", type="primary", icon=":material/play_arrow:",
                             key="bt-run", width="stretch", disabled=asked is None):  # fmt: skip
                    run(home, chosen, asked or {}, values or {}, sweep=sweep)
                backtest_options.told(options, wrong)
                if sweep:
                    with frame.boundary():
                        backtest_grid.estimate(home, None if asked is None else {**asked, **(values or {})})


def listed(home: Home) -> None:
    """What was asked here, or every run that is kept."""
    which = st.segmented_control("Runs", LISTS, default=LISTS[0], required=True, key="bt-list",
                                 label_visibility="collapsed")  # fmt: skip
    if which == LISTS[1]:
        backtest_kept.listing(home)
    else:
        backtest_runs.show(home)


def run(home: Home, chosen: Chosen, asked: dict[str, Any], values: dict[str, Any], *, sweep: bool) -> None:
    """Check all of it, queue it, and show it."""
    if sweep:
        given = {**asked, **values}
    else:
        with st.spinner("Checking..."):
            strategy_forms.check(home, chosen.path, values, asked["symbols"], untrusted=chosen.untrusted)
        given = {**asked, "parameters": values}
    st.session_state["bt-asked"] = given  # also where it is refused
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
        if roles.may("operator") and backtest_sweep.may_go_on(task):
            st.button("Continue", icon=":material/resume:", key="bt-go-on", on_click=dialogs.ask,
                      args=("bt-resume", str(task.task_id)), help="Run the points that are left")  # fmt: skip
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
        backtest_result.show(home, task.task_id, kept=bool((task.result or {}).get("run_id")))
        backtest_kept.note(home, task)
        backtest_result.export(home, task.task_id)


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
    backtest_compare.show(home, [_name(each.strip()) for each in subject.split(",")])


def _name(text: str) -> int | str:
    """A task's number, or the name of a kept run."""
    return text if KEPT.fullmatch(text) else _number(text)


def _number(text: str) -> int:
    if not text.strip().isdigit():
        raise TaskRefused(f"{text!r} is no run", hint="Choose one from the list of runs.")
    return int(text)


main(frame.home())
