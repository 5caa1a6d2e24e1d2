"""Writing from the SQL page: what would change is shown first, and written only when that is confirmed."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from components import dialogs, frame, markup, roles, sql_history
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import sql_write
from quantstrip.operations.sql_write import Changes, Preview

SWITCH: Final = "sql-write"
_PREVIEW: Final = "sql-preview"


def switch() -> bool:
    """The switch; True while writing is allowed in this window."""
    if not roles.may("admin"):
        return False
    names = ", ".join(sql_write.WRITABLE)
    words = f"Static tables ({names}) and your own. What would change is shown before it is written."
    return st.toggle("Allow writing", key=SWITCH, help=words)


def look(home: Home, text: str, given: dict[str, Any]) -> None:
    """Show what the statements would change; nothing is written."""
    try:
        st.session_state[_PREVIEW] = sql_write.preview(home, text, given)
    except QuantstripError as error:
        sql_history.add(text, "refused", failed=True)
        frame.problem(error)


def forget() -> None:
    """Another text is run: what was looked at is no longer meant."""
    st.session_state.pop(_PREVIEW, None)


def show() -> None:
    """What was looked at, with the buttons that write it or leave it."""
    found: Preview | None = st.session_state.get(_PREVIEW)
    if found is None:
        return
    words = "Written: " if found.done else "Nothing is written yet. This would change "
    strong = markup.tag("strong", markup.text(f"{words}{found.words}"))
    st.html(markup.notice("good" if found.done else "warn", strong))
    for change in found.changes:
        number = change.inserted + change.updated + change.deleted
        shown = "" if number <= len(change.sample) else f", the first {len(change.sample)} of {number:,}"
        frame.section(change.table, f"rows as they are and as they would be{shown}")
        st.dataframe(sample(change), hide_index=True, width="stretch")
    if not found.done:
        with st.container(horizontal=True, key="sql-write-bar"):
            st.button("Write it", type="primary", icon=":material/edit:", key="sql-write-ask", on_click=dialogs.ask,
                      args=("sql-write",))  # fmt: skip
            st.button("Leave it", key="sql-write-leave", on_click=forget)


def confirm(home: Home) -> None:
    """Ask once more, then write what was shown, if the rows are still those."""
    roles.require("admin")
    found: Preview | None = st.session_state.get(_PREVIEW)
    if found is None or found.done:
        dialogs.close()
        return
    st.text(f"Write to the ledger? {found.words}. There is no undo; the page Maintenance makes a backup")
    if dialogs.buttons("Write", key="sql-write-now", danger=True):
        done = sql_write.commit(home, found, by=roles.identity().name or "SQL page")
        st.session_state[_PREVIEW] = done
        sql_history.add(found.text, f"wrote {found.words}")
        dialogs.done(f"Written: {found.words}")


def sample(change: Changes) -> pd.DataFrame:
    """Rows as they were and as they would be, below each other."""
    lines = []
    for before, after in change.sample:
        if before is None:
            lines.append(("added", after))
        elif after is None:
            lines.append(("deleted", before))
        else:
            lines += [("before", before), ("after", after)]
    named = [dict(zip(("", *change.columns), (what, *row), strict=False)) for what, row in lines if row is not None]
    return pd.DataFrame([{name: None if cell is None else str(cell) for name, cell in row.items()} for row in named])
