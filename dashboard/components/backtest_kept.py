"""Kept runs: what each is pinned to, whether it was proven, what came of it, and the list of all of them."""

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import (
    backtest_charts,
    backtest_form,
    backtest_result,
    backtest_runs,
    dialogs,
    frame,
    markup,
    roles,
    times,
    waiting,
)
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import kept_runs, runs, verify_task
from quantstrip.operations.runs import StoredRun
from quantstrip.operations.tasks import Task

_MOST: Final = 500
_VERIFY: Final = "bt-verify"


def pinned(home: Home, run_id: str) -> None:
    """What a kept run is pinned to, and a button that runs it again and compares."""
    stored = runs.get(home, run_id)
    frame.section("Kept run", "all that decides its result")
    st.html(markup.tag("div", markup.facts(_pins(stored)), "qs-bt-facts"))
    for other in runs.twins(home, stored):
        words = f"The same code, data and parameters gave another result: {other}"
        st.html(markup.notice("warn", markup.text(words)))
    verification(home, stored.run_id)


def verification(home: Home, run_id: str) -> None:
    """Whether the run was proven, and a button that does it."""
    task = verify_task.newest(home, run_id)
    if task is not None and not task.over:
        st.session_state[_VERIFY] = task.task_id
        waiting.show(home, _VERIFY, "It was not run again")
        return
    if task is not None:
        st.html(_proof(task))
    if roles.may("operator") and st.button(
        "Run again and verify", icon=":material/verified:", key="bt-verify-run",
        help="Runs it from its kept code, parameters and bars, and compares the results byte for byte.",
    ):  # fmt: skip
        with frame.boundary():
            verify_task.submit(home, run_id, by="Backtest")
            st.rerun()


def show(home: Home, run_id: str) -> None:
    """A kept run on a page of its own."""
    stored = runs.get(home, run_id)
    with st.container(horizontal=True, vertical_alignment="center", key="bt-head"):
        if st.button("All runs", icon=":material/arrow_back:", key="bt-back"):
            backtest_runs.go()
            st.rerun()
        if roles.may("operator"):
            if st.button("Edit and run again", icon=":material/edit:", key="bt-edit"):
                backtest_form.fill(kept_runs.asked(stored))
                st.session_state["bt-way"] = "Backtest"
                backtest_runs.go()
                st.rerun()
            st.button("Delete", key="bt-kept-delete", on_click=dialogs.ask, args=("bt-kept-delete", stored.run_id))
        task_id = kept_runs.task_of(home, stored.run_id)
        if task_id and st.button("Open with prices", icon=":material/candlestick_chart:", key="bt-kept-prices"):
            backtest_runs.go(task=str(task_id))
            st.rerun()
    found = kept_runs.outcome(home, stored.run_id)
    backtest_result.figures(found)
    frame.section("Equity and drawdown")
    backtest_charts.equity(found, key=f"bt-equity-{stored.run_id}")
    backtest_result.tables(found, partial(kept_runs.rows, home, stored.run_id), key=stored.run_id)
    pinned(home, stored.run_id)
    frame.section("What was assumed")
    st.html(backtest_result.assumed(found, kept=True))
    st.download_button(
        "JSON", partial(kept_runs.text, home, stored.run_id), f"{stored.run_id}.json", "application/json",
        icon=":material/download:", on_click="ignore", key="bt-take-kept",
    )  # fmt: skip


def listing(home: Home) -> None:
    """Every kept run, the newest first, also those of the command line; one opens, several are compared."""
    found = runs.list_runs(home, _MOST)
    if not found:
        words = "No run is kept yet: each backtest is, once it is done, here as on the command line."
        st.html(markup.notice("info", markup.text(words)))
        return
    with st.container(key="bt-kept-grid"):
        event = st.dataframe(
            pd.DataFrame([_row(one) for one in found]), hide_index=True, width="stretch", on_select="rerun",
            selection_mode="multi-row", key="bt-kept", height=420 if len(found) > 11 else "auto",
            column_config={"return": st.column_config.NumberColumn(format="%.2f %%"),
                           "Sharpe": st.column_config.NumberColumn(format="%.2f")},
        )  # fmt: skip
    picked = [found[row].run_id for row in event.selection.rows if row < len(found)]
    with st.container(horizontal=True, vertical_alignment="center", key="bt-kept-bar"):
        if st.button("Open", key="bt-kept-open", disabled=len(picked) != 1):
            backtest_runs.go(run=picked[0])
            st.rerun()
        if st.button("Compare", icon=":material/compare_arrows:", key="bt-kept-compare", disabled=len(picked) < 2):
            backtest_runs.go(compare=",".join(picked))
            st.rerun()
        st.html(markup.tag("span", markup.text("Tick one to open it, two or more to compare them."), "qs-soft"),
                width="content")  # fmt: skip


def delete(home: Home, subject: str) -> None:
    """Ask, then forget a kept run."""
    st.text(f"Delete kept run {subject}, with bars that no other run was on? It cannot be proven any more.")
    if dialogs.buttons("Delete", key="bt-kept-delete-now", danger=True):
        runs.delete(home, [subject])
        st.query_params.clear()
        dialogs.done(f"Run {subject} is deleted")


def note(home: Home, task: Task) -> None:
    """What a backtest's task says of its kept run, and the run."""
    result = task.result or {}
    for words in result.get("notes", ()):
        st.html(markup.notice("warn", markup.text(f"{words[:1].upper()}{words[1:]}")))
    run_id = str(result.get("run_id") or "")
    if not run_id:
        return
    try:
        pinned(home, run_id)
    except QuantstripError as error:  # it was deleted since; the task has its own files
        st.html(markup.tag("div", markup.text(f"Not kept any more: {error.message}"), "qs-soft"))


def _pins(stored: StoredRun) -> list[tuple[str, object]]:
    pins, run = stored.pins, stored.run
    files = ", ".join(f"{name} {digest[:12]}" for name, digest in pins["code"]["files"].items())
    bars = ", ".join(f"{pin['symbol']} {pin['rows']:,} bars {pin['digest'][:12]}" for pin in pins["bars"][:20])
    more = f" and {len(pins['bars']) - 20} more" if len(pins["bars"]) > 20 else ""
    git = [("Repository", f"{stored.git['url']}, {stored.git['path']} at {stored.git['commit']}")] if stored.git else []
    return [
        ("Run", stored.run_id),
        ("First run", f"{times.moment(stored.created)}, in {stored.seconds:,.1f} s"),
        ("Code", f"{run['code_hash']} ({files})"),
        *git,
        ("Parameters", backtest_result.pairs(run["parameters"]) or "none"),
        ("Cost model", backtest_result.pairs(run["costs"])),
        ("Options", backtest_result.pairs(run["options"])),
        ("Data", f"{run['data_hash']} ({bars}{more})"),
        ("Engine", run["engine_version"]),
        ("Libraries", backtest_result.pairs(pins["environment"])),
        ("Result", run["result_hash"]),
    ]


def _proof(task: Task) -> markup.Html:
    """What came of a verification."""
    when, found = times.moment(task.finished), task.result
    if task.state != "done" or not found:
        return markup.notice("bad", markup.text(f"Not run again: {task.error or task.state}"))
    if found["equal"]:
        words = f"Proven {when}: run again, the same byte for byte."
        tone: markup.Tone = "warn" if found["differs"] else "good"
    else:
        words, tone = f"Not proven, {when}.", "bad"
    lines = [f"{each['kind']}: {each['text']}" for each in found["differs"]] + list(found["notes"])
    return markup.notice(
        tone, markup.join(markup.tag("strong", markup.text(words)), *(markup.tag("div", markup.text(each), "qs-hint")
                                                                     for each in lines))
    )  # fmt: skip


def _row(one: StoredRun) -> dict[str, Any]:
    metrics, run = one.metrics, one.run
    total = metrics["total_return"]
    return {
        "run": one.run_id, "run at": times.minute(one.created), "strategy": run["strategy"],
        "parameters": backtest_result.pairs(run["parameters"]), "symbols": ", ".join(run["symbols"]),
        "span": f"{run['start']} to {run['end']}, {run['timeframe']}",
        "return": None if total is None else 100.0 * total, "Sharpe": metrics["sharpe"],
        "round trips": metrics["trade_count"], "code": run["code_hash"][:12], "data": run["data_hash"][:12],
    }  # fmt: skip
