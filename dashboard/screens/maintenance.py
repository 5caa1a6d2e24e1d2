"""Maintenance: every task, the platform's health, backups, the day's end, reconciliation and the audit."""

import streamlit as st

from components import dialogs, frame, maintenance, task_list
from quantstrip.home import Home
from quantstrip.operations import ledger

_NEEDS_NO_LEDGER = ("Health", "Backups")


def main(home: Home) -> None:
    """Show the page. Where there is no ledger, what needs none is shown all the same: it says how to get one back."""
    with frame.boundary():
        frame.title("Maintenance")
        frame.say_notice()
        dialogs.show({"task-remove": ("Remove a task", lambda number: task_list.remove(home, number))})
        parts = {
            "Tasks": task_list.show,
            "Health": maintenance.health,
            "Backups": maintenance.backups,
            "End of day": maintenance.end_of_day,
            "Reconciliation": maintenance.reconciled,
            "Audit": maintenance.audited,
        }
        for tab, (name, body) in zip(
            st.tabs(list(parts), key="maintenance-tabs", on_change="rerun"), parts.items(), strict=True
        ):
            if tab.open:
                with tab, frame.boundary():
                    if name not in _NEEDS_NO_LEDGER:
                        ledger.check_readable(home)
                    body(home)


main(frame.home())
