"""Files and mail of what the page shows: made by the worker, for a report over a year of fills takes its time."""

from dataclasses import asdict
from typing import Any, Final

import streamlit as st

from components import frame, markup, roles, service_state, waiting
from quantstrip.home import Home
from quantstrip.operations import notifications
from quantstrip.operations.reporting_export import file_of
from quantstrip.operations.reporting_filters import Filters
from quantstrip.operations.tasks import Task

_TASK: Final = "report-task"
_FORMS: Final = ("html", "xlsx")
_TYPES: Final = {"html": "text/html", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_DEFAULT: Final = "Default account"


def offer(home: Home, mode: str, filters: Filters, benchmark: str) -> None:
    """The buttons, and how far the last one is; for who may have work done and mail sent."""
    if not roles.may("operator"):
        return
    frame.section("Take it along", "as it is narrowed above, over every horizon")
    service_state.needed(home, "worker", "so no file is made and no mail is sent from here")
    given = {"mode": mode, "benchmark": benchmark, **{name: list(names) for name, names in asdict(filters).items()}}
    with st.container(horizontal=True, vertical_alignment="bottom", key="report-take"):
        for form in _FORMS:
            st.button(form.upper(), icon=":material/download:", key=f"report-{form}", on_click=waiting.ask,
                      args=(home, _TASK, "report", {**given, "form": form}))  # fmt: skip
        with st.popover("Send by mail", icon=":material/mail:", key="report-mail"):
            _mail(home, given)
    with frame.boundary():
        if task := waiting.show(home, _TASK, "The report was not made"):
            _done(task)


def _mail(home: Home, given: dict[str, Any]) -> None:
    accounts = [account.name for account in notifications.list_accounts(home)]
    if not accounts:
        st.html(markup.notice("info", markup.text("Add a mail account on the page Notifications first.")))
        return
    told = ", ".join(notifications.recipients_of(home))
    with st.form("report-mail-form", border=False, enter_to_submit=False):
        st.text_input("To", key="report-to", placeholder=told or "me@example.com",
                      help="Addresses or channels with commas between; empty: those of Settings")  # fmt: skip
        st.selectbox("From", [_DEFAULT, *accounts], key="report-account")
        st.multiselect("Attach", _FORMS, default=["html"], key="report-forms", format_func=str.upper)
        st.form_submit_button("Send", type="primary", key="report-send", on_click=_send, args=(home, given))


def _send(home: Home, given: dict[str, Any]) -> None:
    """Ask for the mail as the form says it now: its own values are those from before it was filled in."""
    state = st.session_state
    to, account, forms = state["report-to"].strip(), state["report-account"], list(state["report-forms"])
    if not forms:
        frame.keep_notice("Nothing was sent: choose at least one file to attach", failed=True)
        return
    asked = {**given, "to": to, "forms": forms, "account": "" if account == _DEFAULT else account}
    waiting.ask(home, _TASK, "send_report", asked)


def _done(task: Task) -> None:
    if task.result is None:
        return
    if "answer" in task.result:
        said = f"{task.result['answer']} It is kept as report {task.result['report_id']}."
        st.html(markup.notice("good", markup.text(said)))
        return
    form = str(task.arguments["form"])
    st.download_button(f"Download the {form.upper()} file", file_of(task), f"report.{form}", _TYPES[form],
                       icon=":material/download:", key="report-download", type="primary")  # fmt: skip
