"""What was run in this window, newest first."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from components import markup, sql_dialogs, sql_editor, times
from quantstrip.clock import system_clock

_RUNS: Final = "sql-history"
_MOST: Final = 30
_SHORT: Final = 160


@dataclass(frozen=True, slots=True)
class Run:
    """A text, when it was run or put aside (microseconds), and what came of it."""

    text: str
    ts: int
    outcome: str
    failed: bool = False


def add(text: str, outcome: str, *, failed: bool = False) -> None:
    """Note a run, or a text that another took the place of."""
    runs: list[Run] = st.session_state.setdefault(_RUNS, [])
    runs.insert(0, Run(text, system_clock.now(), outcome, failed))
    del runs[_MOST:]


def put_aside() -> None:
    """Keep the editor's text, where it is saved nowhere, before another takes its place."""
    text = sql_editor.text()
    query = st.session_state.get(sql_dialogs.OPENED)
    known = {run.text for run in st.session_state.get(_RUNS, ())}
    if text.strip() and text not in known and (query is None or query.sql != text):
        add(text, "not saved, put aside")


def show() -> None:
    """The list, each with a button that puts it back into the editor."""
    runs: list[Run] = st.session_state.get(_RUNS, [])
    if not runs:
        st.html(markup.notice("info", markup.text("Nothing was run in this window yet.")))
    for place, run in enumerate(runs):
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-sql-{place}"):
            words = " ".join(run.text.split())
            shown = words if len(words) <= _SHORT else f"{words[:_SHORT]}..."
            head = markup.tag("div", markup.join(
                markup.text(times.clock_time(run.ts)), markup.text(" "),
                markup.chip(run.outcome, "bad" if run.failed else "idle"),
            ), "qs-item-head")  # fmt: skip
            st.html(markup.join(head, markup.tag("code", markup.text(shown), "qs-sql")), width="stretch")
            st.button("Use", key=f"sql-use-{place}", on_click=_use, args=(run.text,))


def _use(text: str) -> None:
    put_aside()
    sql_editor.put(text)
