"""What was run, newest first; it is kept for the next window too."""

from typing import Final

import streamlit as st

from components import frame, kept, markup, sql_dialogs, sql_editor, times
from quantstrip.home import Home
from quantstrip.operations import drafts

_SHORT: Final = 160
_SHOWN: Final = 30


def add(text: str, outcome: str, *, failed: bool = False) -> None:
    """Note a run, or a text that another took the place of."""
    drafts.remember(frame.home(), kept.person(), text, outcome, failed=failed)


def put_aside() -> None:
    """Keep the editor's text, where it is saved nowhere, before another takes its place."""
    text = sql_editor.text()
    query = st.session_state.get(sql_dialogs.OPENED)
    known = {run.text for run in drafts.history(frame.home(), kept.person())}
    if text.strip() and text not in known and (query is None or query.sql != text):
        add(text, "not saved, put aside")


def show(home: Home) -> None:
    """The list, each with a button that puts it back into the editor."""
    runs = drafts.history(home, kept.person())
    if not runs:
        st.html(markup.notice("info", markup.text("Nothing was run yet.")))
        return
    most = _SHOWN if len(runs) <= _SHOWN or not st.toggle(f"Show all {len(runs)}", key="sql-history-all") else len(runs)
    for place, run in enumerate(runs[:most]):
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-sql-{place}"):
            words = " ".join(run.text.split())
            shown = words if len(words) <= _SHORT else f"{words[:_SHORT]}..."
            head = markup.tag("div", markup.join(
                markup.text(times.clock_time(run.ts)), markup.text(" "),
                markup.chip(run.outcome, "bad" if run.failed else "idle"),
            ), "qs-item-head")  # fmt: skip
            st.html(markup.join(head, markup.tag("code", markup.text(shown), "qs-sql")), width="stretch")
            st.button("Use", key=f"sql-use-{place}", on_click=_use, args=(run.text,))

    st.button("Empty the history", icon=":material/delete_sweep:", type="tertiary", key="sql-history-empty",
              on_click=drafts.forget_history, args=(home, kept.person()))  # fmt: skip


def _use(text: str) -> None:
    put_aside()
    sql_editor.put(text)
