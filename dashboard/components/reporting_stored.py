"""Stored reports: the list, and the editor of those that are made of sections."""

from typing import Final

import streamlit as st

from components import dialogs, frame, markup, reporting_editor, roles, service_state, times, waiting
from components.markup import Html
from quantstrip.clock import from_text
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import notifications, reports, stored_reports
from quantstrip.operations.reporting_export import file_of
from quantstrip.operations.reports import StoredReport

PAGE_SIZE: Final = 20
_MOST: Final = "report-stored-most"
_OPENED: Final = "report-opened"
_PAGE: Final = "report-page"
_SENT: Final = "report-sent"
_DEFAULT: Final = "Default account"


def show(home: Home) -> None:
    """The list, or the editor of one of them; a viewer sees the list, and opens what is there."""
    may = roles.may("operator")
    if may and reporting_editor.OPEN in st.session_state:
        reporting_editor.show(home)
        return
    if may:
        dialogs.show(
            {
                "report-delete": ("Delete a report", lambda subject: _delete(home, int(subject))),
                "report-send": ("Send a report", lambda subject: _send(home, int(subject))),
            }
        )
        st.button("New report", icon=":material/add:", key="report-new", type="primary", on_click=reporting_editor.new)
    service_state.needed(home, "worker", "so no stored report is opened or sent from here")
    with frame.boundary():
        if task := waiting.show(home, _SENT, "The report was not sent"):
            st.html(markup.notice("good", markup.text(str((task.result or {}).get("answer")))))
    found = reports.stored_reports(home)
    if not found:
        st.html(markup.notice("info", markup.join(
            markup.tag("strong", markup.text("No report is stored yet. ")),
            markup.text("New report puts one together from text, figures, charts and queries. Reports that are sent "
                        "from the overview, and those of quantstrip report store, appear here too."),
        )))  # fmt: skip
    most = int(st.session_state.get(_MOST, PAGE_SIZE))
    for row in found[:most]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-report-{row.report_id}"):
            st.html(_line(row), width="stretch")
            _buttons(home, row)
        if st.session_state.get(_OPENED) == row.report_id:
            _opened(home, row.report_id)
    if len(found) > most:
        st.button("Older", key="report-stored-older", on_click=_more, args=(most,))


def _line(row: StoredReport) -> Html:
    status = row.status or "no status"
    tone: markup.Tone = "good" if status == "SENT" else "bad" if status == "NOT SENT" else "idle"
    facts = [f"number {row.report_id}", row.date or "no date", f"stored {times.moment(from_text(row.created))}"]
    facts += [f"to {row.recipients}"] if row.recipients else []
    head = markup.join(
        markup.tag("b", markup.text(row.name)),
        markup.chip(status.lower(), tone),
        markup.chip(row.type or "by a client", "info"),
    )
    return markup.join(
        markup.tag("div", head, "qs-item-head"),
        markup.tag("div", markup.text(" \N{MIDDLE DOT} ".join(facts)), "qs-item-facts"),
    )


def _buttons(home: Home, row: StoredReport) -> None:
    number, own = row.report_id, row.type == stored_reports.COMPOSED
    with st.container(horizontal=True, width="content", gap="small"):
        st.button("Open", key=f"report-open-{number}", on_click=_toggle, args=(home, number))
        if not roles.may("operator"):
            return
        if own:
            st.button("Edit", key=f"report-edit-{number}", on_click=_edit, args=(home, number))
            st.button("Duplicate", key=f"report-copy-{number}", on_click=_copy, args=(home, number))
        st.button("Send", icon=":material/mail:", key=f"report-send-{number}", on_click=dialogs.ask,
                  args=("report-send", str(number)))  # fmt: skip
        st.button("Delete", key=f"report-delete-{number}", on_click=dialogs.ask,
                  args=("report-delete", str(number)))  # fmt: skip


def _opened(home: Home, number: int) -> None:
    """The report as its page, in a frame of its own that runs nothing of what it shows but its own pointer."""
    with frame.boundary():
        task = waiting.show(home, _PAGE, "The page was not made")
        if task is None or task.arguments["report_id"] != number:
            return
        page = file_of(task)
        st.download_button("Download the page", page, f"report-{number}.html", "text/html",
                           icon=":material/download:", key=f"report-file-{number}")  # fmt: skip
        reporting_editor.preview(page)


def _delete(home: Home, number: int) -> None:
    st.html(markup.text(f"Report {number} is taken out of the ledger, with its sections. This cannot be undone."))
    if dialogs.buttons("Delete it", key="report-delete", danger=True):
        stored_reports.delete(home, number)
        dialogs.done(f"Report {number} is deleted")


def _send(home: Home, number: int) -> None:
    row = next((each for each in reports.stored_reports(home) if each.report_id == number), None)
    accounts = [account.name for account in notifications.list_accounts(home)]
    if row is None or not accounts:
        said = "This report is deleted." if row is None else "Add a mail account on the page Notifications first."
        st.html(markup.notice("info", markup.text(said)))
        return
    told = ", ".join(notifications.recipients_of(home))
    with dialogs.form("report-stored"):
        to = st.text_input(
            "To", value=row.recipients or "", key="report-stored-to", placeholder=told or "me@example.com",
            help="Addresses or channels with commas between; empty: those of Settings",
        )  # fmt: skip
        account = st.selectbox("From", [_DEFAULT, *accounts], key="report-stored-account")
        pressed = dialogs.buttons("Send", key="report-stored-send", in_form=True)
    if pressed:
        roles.require("operator")
        given = {"report_id": number, "to": to.strip(), "account": "" if account == _DEFAULT else account}
        waiting.ask(home, _SENT, "send_report", given)
        dialogs.close()
        st.rerun()


def _toggle(home: Home, number: int) -> None:
    """Have the page of a report made, or close it."""
    waiting.drop(home, _PAGE)
    closed = st.session_state.pop(_OPENED, None)
    if closed != number:
        waiting.ask(home, _PAGE, "stored_report", {"report_id": number})
    if _PAGE in st.session_state:
        st.session_state[_OPENED] = number


def _edit(home: Home, number: int) -> None:
    try:
        reporting_editor.begin(stored_reports.load(home, number))
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)


def _copy(home: Home, number: int) -> None:
    try:
        frame.keep_notice(f"Copied as report {stored_reports.duplicate(home, number)}")
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)


def _more(most: int) -> None:
    st.session_state[_MOST] = most + PAGE_SIZE
