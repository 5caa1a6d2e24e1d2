"""The checks that were asked for: how far each is, what came of it, and what can be done with it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from components import dialogs, frame, markup, output, roles, times
from components.markup import Html, Tone
from components.output import TONES
from components.validation_form import NAMES
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import tasks, validation_tasks
from quantstrip.operations.tasks import Task
from quantstrip.operations.validation_tasks import PINE

_STEP: Final = 15
_COUNT: Final = "check-count"


def show(home: Home) -> None:
    """The list, brought up to date while one of them waits or runs."""
    moving = any(not task.over for task in validation_tasks.known(home))
    st.fragment(_list, run_every=output.REFRESH_SECONDS if moving else None)(home, moving=moving)


def _list(home: Home, *, moving: bool) -> None:
    with frame.boundary():
        known = validation_tasks.known(home)
        if moving and all(task.over for task in known):
            st.rerun()
        frame.section("Checks", f"{len(known)} kept" if known else "")
        if not known:
            words = "Nothing was checked yet." + (
                " Choose a check and a strategy above." if roles.may("operator") else ""
            )
            st.html(markup.notice("info", markup.text(words)))
        most = st.session_state.get(_COUNT, _STEP)
        for task in known[:most]:
            with st.container(horizontal=True, vertical_alignment="center", key=f"item-check-{task.task_id}"):
                with st.container(gap="small"):
                    st.html(head(task))
                    if not task.over:
                        waits = "begins" if task.pid else "waits for its turn"
                        st.progress(task.progress, markup.plain(task.note or waits))
                with st.container(horizontal=True, width="content", gap="small"):
                    buttons(home, task)
        if len(known) > most and st.button("Older", key="check-older"):
            st.session_state[_COUNT] = most + _STEP
            st.rerun()


def buttons(home: Home, task: Task, *, opened: bool = False) -> None:
    """What can be done with a check; what one may not do is not there."""
    number, may = task.task_id, roles.may("operator")
    pressed = True  # a callback would draw this list anew, and not the page
    if not opened and st.button("Open", key=f"open-check-{number}"):
        go(task=str(number))
    elif may and not task.over and st.button("Cancel", key=f"check-cancel-{number}"):
        _do(lambda: tasks.cancel(home, number), f"Check {number} ends")
    elif may and task.over and _again(task) and st.button("Repeat", key=f"check-repeat-{number}"):
        _do(lambda: tasks.repeat(home, number, by="Validation"), f"Check {number} is queued once more")
    elif may and task.over and st.button("Delete", key=f"check-delete-{number}"):
        dialogs.ask("check-delete", str(number))
    else:
        pressed = False
    if pressed:
        st.rerun()


def delete(home: Home, subject: str) -> None:
    """Ask, then forget a check and what it found."""
    roles.require("operator")
    st.text(f"Delete check {subject} with what it found? It cannot be brought back.")
    if dialogs.buttons("Delete", key="check-delete-now", danger=True):
        tasks.remove(home, int(subject))
        st.query_params.clear()
        dialogs.done(f"Check {subject} is deleted")


def go(**query: str) -> None:
    """Another view of the page: ``task``, or the form."""
    st.query_params.from_dict(query)


def head(task: Task) -> Html:
    """What was checked, and what came of it in a line."""
    name = markup.tag("b", markup.text(f"{task.task_id} · {NAMES[task.kind]}"))
    chips = [markup.chip(task.state, TONES[task.state])]
    if task.state == "done" and task.result is not None:
        words, tone = said(task.kind, task.result)
        chips.append(markup.chip(words, tone))
    facts = [of_what(task), times.second(task.created), task.error.partition("\n")[0]]
    return markup.join(
        markup.tag("div", markup.join(name, *chips), "qs-item-head"),
        markup.tag("div", markup.text(" · ".join(filter(None, facts))), "qs-item-facts"),
    )


def of_what(task: Task) -> str:
    """The file, or the run, that was checked, and against what."""
    asked = task.arguments
    name = str(asked.get("file") or asked.get("run_id") or "")
    short = "/".join(name.rsplit("/", 2)[-2:])
    against = asked.get("other") or asked.get("mode")
    return f"{short} against {'/'.join(str(against).rsplit('/', 2)[-2:])}" if against else short


def said(kind: str, told: Mapping[str, Any]) -> tuple[str, Tone]:
    """What a check came to, in a few words."""
    match kind:
        case validation_tasks.LOOKAHEAD:
            return ("clean", "good") if told["clean"] else ("knows the future", "bad")
        case validation_tasks.STARTUP:
            enough = told["enough"]
            return ("no warm-up was enough", "warn") if enough is None else (f"warm-up {enough}", "good")
        case validation_tasks.WALK:
            share = told["efficiency"]
            return f"efficiency {percent(share)}", "info"
        case validation_tasks.MONTE_CARLO:
            return f"{told['strategy']}: larger drawdown in {percent(told['worse'])} of the orders", "info"
        case validation_tasks.STRATEGY:
            return ("passes", "good") if told["passed"] else (f"refused, {told['count']} found", "bad")
        case _:
            share = told["percent"]
            words = "no deals" if share is None else f"{share:.1f} % match"
            return words, "good" if share == 100.0 else "warn"


def percent(share: float | None, digits: int = 0) -> str:
    """A share as a percentage; a dash where there is none."""
    return markup.DASH if share is None else f"{100 * share:.{digits}f} %"


def _again(task: Task) -> bool:
    """Whether the same can be asked for: a list of trades that was handed over is gone."""
    return task.kind != PINE


def _do(act: Callable[[], object], words: str) -> None:
    try:
        act()
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(words)
