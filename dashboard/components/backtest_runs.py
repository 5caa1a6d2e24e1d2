"""The list of runs: how far each is, what came of it, and what can be done with it."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from components import dialogs, frame, markup, roles, times
from components.markup import Html
from components.output import TONES
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import backtests, tasks
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 1.0
PAGE_SIZE: Final = 15
_PAGE: Final = "bt-page"
_PICKED: Final = "bt-picked-"


def show(home: Home) -> None:
    """The runs, brought up to date while one of them waits or runs."""
    moving = any(not task.over for task in backtests.runs(home, backtests.MOST_RUNS))
    st.fragment(_list, run_every=REFRESH_SECONDS if moving else None)(home, moving=moving)


def _list(home: Home, *, moving: bool) -> None:
    with frame.boundary():
        known = backtests.runs(home, backtests.MOST_RUNS)
        if moving and all(task.over for task in known):
            st.rerun()
        frame.section("Runs", f"{len(known)} kept" if known else "")
        if not known:
            st.html(markup.notice("info", markup.text("Nothing was run yet. Choose a strategy above and press Run.")))
            return
        page = min(st.session_state.get(_PAGE, 0), (len(known) - 1) // PAGE_SIZE)
        shown = known[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
        picked = [task.task_id for task in known if st.session_state.get(f"{_PICKED}{task.task_id}")]
        with st.container(horizontal=True, vertical_alignment="center", key="bt-compare-bar"):
            if st.button("Compare", icon=":material/compare_arrows:", key="bt-compare", disabled=len(picked) < 2):
                go(compare=",".join(map(str, sorted(picked))))
                st.rerun()
            words = f"{len(picked)} chosen" if picked else "Tick two or more backtests to compare them."
            st.html(markup.tag("span", markup.text(words), "qs-soft"), width="content")
        for task in shown:
            _row(home, task)
        if len(known) > PAGE_SIZE:
            _turn(page, len(known))


def _row(home: Home, task: Task) -> None:
    number = task.task_id
    with st.container(horizontal=True, vertical_alignment="center", key=f"item-bt-{number}"):
        comparable = task.kind == "backtest" and task.state == "done"
        st.checkbox(f"Compare {number}", key=f"{_PICKED}{number}", label_visibility="collapsed", width="content",
                    disabled=not comparable)  # fmt: skip
        with st.container(gap="small"):
            st.html(head(task))
            if not task.over:
                st.progress(
                    task.progress, markup.plain(task.note or ("waits for its turn" if not task.pid else "begins"))
                )
        with st.container(horizontal=True, width="content", gap="small"):
            buttons(home, task)


def buttons(home: Home, task: Task, *, opened: bool = False) -> None:
    """What can be done with a run; what one may not do is not there, for a browser can press what is disabled."""
    number, may = task.task_id, roles.may("operator")
    pressed = True  # a callback would draw this list anew, and not the page
    if not opened and st.button("Open", key=f"bt-open-{number}"):
        go(task=str(number))
    elif may and not task.over and st.button("Cancel", key=f"bt-cancel-{number}"):
        _do(lambda: tasks.cancel(home, number), f"Run {number} ends")
    elif may and task.over and st.button("Repeat", key=f"bt-repeat-{number}", help="Run the same once more"):
        _do(lambda: tasks.repeat(home, number, by="dashboard"), f"Run {number} is queued once more")
    elif may and task.over and st.button("Delete", key=f"bt-delete-{number}"):
        dialogs.ask("bt-delete", str(number))
    else:
        pressed = False
    if pressed:
        st.rerun()


def head(task: Task) -> Html:
    """A run in two lines: what it is, and what came of it."""
    return markup.join(
        markup.tag(
            "div",
            markup.join(
                markup.tag("b", markup.text(f"{task.task_id} · {name(task)}")),
                markup.chip(task.state, TONES[task.state]),
                *([markup.chip("sweep", "info")] if task.kind == "sweep" else []),
            ),
            "qs-item-head",
        ),
        markup.tag("div", markup.text(" · ".join(_facts(task))), "qs-item-facts"),
    )


def name(task: Task) -> str:
    """A run's strategy with its parameters."""
    given: dict[str, Any] = dict(task.arguments.get("parameters") or {})
    for key, values in dict(task.arguments.get("grid") or {}).items():
        given[key] = f"{values[0]} to {values[-1]}"
    pairs = ", ".join(f"{key} {value}" for key, value in given.items())
    run = (task.result or {}).get("run", {})
    file = task.arguments.get("path") or task.arguments.get("file") or task.arguments.get("git") or ""
    strategy = run.get("strategy") or str(file).replace("\\", "/").rsplit("/", 1)[-1]
    return f"{strategy}{f' ({pairs})' if pairs else ''}"


def _facts(task: Task) -> list[str]:
    result = task.result or {}
    run = result.get("run", {})
    symbols = list(run.get("symbols") or task.arguments.get("symbols") or [])
    found = [", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")] if symbols else []
    if run.get("start"):
        found.append(f"{run['start']} to {run['end']}, {run['timeframe']}")
    if task.kind == "sweep" and "points" in result:
        found.append(f"{result['points']} points, {result['refused']} refused, {result['failed']} failed")
    if "metrics" in result:
        figures = result["metrics"]
        found.append(f"return {percent(figures['total_return'])}, Sharpe {number(figures['sharpe'])}")
        found.append(f"{result['trades']} round trips")
    if task.error:
        found.append(task.error.partition("\n")[0])
    return [*found, times.minute(task.created)]


def percent(share: float | None) -> str:
    """A share as a percentage; a dash where there is none."""
    return markup.DASH if share is None else f"{100 * share:.2f} %"


def number(value: float | None, digits: int = 2) -> str:
    """A number; a dash where there is none."""
    return markup.number(value, digits=digits)


def go(**query: str) -> None:
    """Another view of the page: ``task`` or ``compare``; nothing is the form."""
    st.query_params.clear()
    for name_, value in query.items():
        st.query_params[name_] = value


def delete(home: Home, subject: str) -> None:
    """Ask, then forget a run and its files."""
    task = backtests.get(home, int(subject))
    st.text(f"Delete run {subject} ({name(task)}) with its files? It cannot be brought back.")
    if dialogs.buttons("Delete", key="bt-delete-now", danger=True):
        tasks.remove(home, int(subject))
        if st.query_params.get("task") == subject:
            st.query_params.clear()
        dialogs.done(f"Run {subject} is deleted")


def _do(act: Callable[[], Any], words: str) -> None:
    try:
        act()
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(words)


def _turn(page: int, count: int) -> None:
    last = (count - 1) // PAGE_SIZE
    with st.container(horizontal=True, vertical_alignment="center", key="bt-turn"):
        st.button(
            "Newer", icon=":material/arrow_back:", key="bt-newer", disabled=not page, on_click=_page, args=(page - 1,)
        )
        st.html(markup.tag("span", markup.text(f"Page {page + 1} of {last + 1}"), "qs-soft"), width="content")
        st.button("Older", icon=":material/arrow_forward:", key="bt-older", disabled=page >= last, on_click=_page,
                  args=(page + 1,))  # fmt: skip


def _page(number: int) -> None:
    st.session_state[_PAGE] = number
