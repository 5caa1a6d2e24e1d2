"""The dialogs of the SQL page: save as, rename, delete."""

from typing import Final

import streamlit as st

from components import dialogs, sql_editor
from quantstrip.home import Home
from quantstrip.operations import queries
from quantstrip.operations.queries import Query

OPENED: Final = "sql-opened"
CHOICE: Final = "sql-choice"
NEXT: Final = "sql-next"


def show(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show(
        {
            "sql-save-as": ("Save the query", lambda _: save_as(home)),
            "sql-rename": ("Rename the query", lambda name: rename(home, name)),
            "sql-delete": ("Delete the query", lambda name: delete(home, name)),
        }
    )


def save_as(home: Home) -> None:
    """Save what is in the editor under a new name."""
    with st.form("sql-save-form", border=False):
        name = st.text_input("Name", key="sql-save-name", placeholder="fills_by_symbol", help="Letters, digits and _")
        if st.form_submit_button("Save", type="primary", key="sql-save-now"):
            opened(queries.save(home, name.strip(), sql_editor.text()))
            dialogs.done(f"Saved: {name.strip()}")


def rename(home: Home, name: str) -> None:
    """Another name for a query of the user's own."""
    with st.form("sql-rename-form", border=False):
        new = st.text_input("New name", name, key="sql-rename-name", help="Letters, digits and _")
        if st.form_submit_button("Rename", type="primary", key="sql-rename-now"):
            opened(queries.rename(home, name, new.strip()))
            dialogs.done(f"{name} is now {new.strip()}")


def delete(home: Home, name: str) -> None:
    """Ask, then delete the file; the text stays in the editor."""
    st.text(f"Delete {name}? Its text stays in the editor until another query takes its place.")
    if dialogs.buttons("Delete", key="sql-delete-now", danger=True):
        queries.delete(home, name)
        st.session_state.pop(OPENED, None)
        st.session_state[NEXT] = ""
        dialogs.done(f"{name} is deleted")


def opened(query: Query) -> None:
    """Take this query for the one in the editor; the choice follows with the next run, before its box is drawn."""
    st.session_state[OPENED] = query
    st.session_state[NEXT] = query.name
