"""The editor of a report made of sections. What is typed stays in the session until it is saved or given up."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import streamlit as st

from components import frame, markup, waiting
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import queries, reporting, reports, stored_reports
from quantstrip.operations.reporting_export import file_of
from quantstrip.operations.stored_reports import CHARTS, HORIZONS, KINDS, MOST_ROWS, Composed, Part

OPEN: Final = "report-editor"
_SHOWN: Final = "report-editor-shown"
_FIRST: Final = "the first that has rows"


@dataclass
class _Draft:
    """What is being edited: sections by a number of their own, so that moving one moves what was typed."""

    name: str
    recipients: str
    report_id: int
    parts: dict[int, Part]
    order: list[int] = field(default_factory=list)
    saved: Composed | None = None

    def next(self) -> int:
        return max(self.parts, default=0) + 1


def new() -> None:
    """Begin an empty report; a callback."""
    begin(Composed("", (Part("Result", "figures"), Part("Cumulative PnL", "chart"), Part("Strategies", "breakdown"))))


def begin(composed: Composed) -> None:
    """Begin to edit a report."""
    close()
    parts = dict(enumerate(composed.parts, start=1))
    draft = _Draft(composed.name, composed.recipients, composed.report_id, parts, list(parts))
    draft.saved = _composed(draft)
    st.session_state[OPEN] = draft


def close() -> None:
    """Give up what is being edited."""
    for key in [key for key in st.session_state if str(key).startswith(("report-editor", "report-part-"))]:
        del st.session_state[key]


def show(home: Home) -> None:
    """The fields of the report, its sections, and its page when asked for."""
    draft: _Draft = st.session_state[OPEN]
    frame.section(f"Report {draft.report_id}" if draft.report_id else "New report")
    with st.container(horizontal=True, key="report-editor-head"):
        draft.name = st.text_input("Name", value=draft.name, key="report-editor-name", placeholder="Weekly review")
        draft.recipients = st.text_input("Recipients", value=draft.recipients, key="report-editor-recipients",
                                         placeholder="those of Settings")  # fmt: skip
    modes = ("", *reporting.modes(home))
    for place, number in enumerate(list(draft.order)):
        with st.container(border=True, key=f"report-section-{number}"):
            draft.parts[number] = _fields(home, draft, number, place, modes)
    with st.container(horizontal=True, vertical_alignment="bottom", key="report-editor-add"):
        for kind, label in KINDS.items():
            st.button(label, icon=":material/add:", key=f"report-editor-add-{kind}", on_click=_add, args=(draft, kind))
    changed = _composed(draft) != draft.saved
    with st.container(horizontal=True, vertical_alignment="center", key="report-editor-do"):
        if st.button("Save", type="primary", key="report-editor-save", icon=":material/save:"):
            _save(home, draft)
        if st.button("Preview", key="report-editor-preview", icon=":material/visibility:"):
            waiting.ask(home, _SHOWN, "stored_report", {"composed": stored_reports.to_mapping(_composed(draft))})
            st.rerun()
        back = "Back without saving" if changed else "Back to the list"
        st.button(back, key="report-editor-close", on_click=_close, args=(home,))
        if changed:
            st.html(markup.tag("span", markup.text("Not saved yet"), "qs-soft", role="status"), width="content")
    with frame.boundary():
        if task := waiting.show(home, _SHOWN, "The page was not made"):
            preview(file_of(task))


def _close(home: Home) -> None:
    waiting.drop(home, _SHOWN)
    close()


def preview(page: bytes) -> None:
    """A report's page in a frame of its own."""
    st.iframe(reports.framed(page), height=720, alt="The report as a page")


def _fields(home: Home, draft: _Draft, number: int, place: int, modes: tuple[str, ...]) -> Part:
    part, key = draft.parts[number], f"report-part-{number}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(KINDS[part.kind], value=part.name, key=f"{key}-name", placeholder="Heading")
        st.button("", icon=":material/arrow_upward:", key=f"{key}-up", help="Move up", disabled=place == 0,
                  on_click=_move, args=(draft, place, -1))  # fmt: skip
        st.button("", icon=":material/arrow_downward:", key=f"{key}-down", help="Move down",
                  disabled=place == len(draft.order) - 1, on_click=_move, args=(draft, place, 1))  # fmt: skip
        st.button("", icon=":material/delete:", key=f"{key}-remove", help="Remove the section", on_click=_remove,
                  args=(draft, number))  # fmt: skip
    given: dict[str, Any] = {"name": name}
    if part.kind == "text":
        given["text"] = st.text_area("Text", value=part.text, key=f"{key}-text", height=110,
                                     help="An empty line begins a new paragraph.")  # fmt: skip
        return replace(part, **given)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if part.kind == "table":
            known = [each.name for each in (*queries.own(home), *queries.pre_built())]
            offered = list(dict.fromkeys([*known, part.text] if part.text else known))
            given["text"] = st.selectbox("Query, or SQL", offered, key=f"{key}-query", accept_new_options=True,
                                         index=offered.index(part.text) if part.text else None,
                                         placeholder="A name, or SELECT ...") or ""  # fmt: skip
            given["rows"] = st.number_input("Rows at most", 1, MOST_ROWS, part.rows, key=f"{key}-rows", width=140)
            return replace(part, **given)
        offered = list(dict.fromkeys([*modes, part.mode]))
        given["mode"] = st.selectbox("Mode", offered, key=f"{key}-mode", width=210, index=offered.index(part.mode),
                                     format_func=lambda each: each or _FIRST)  # fmt: skip
        if part.kind == "chart":
            at = list(CHARTS).index(part.chart)
            given["chart"] = st.selectbox("Chart", list(CHARTS), index=at, key=f"{key}-chart", width=230,
                                          format_func=CHARTS.__getitem__)  # fmt: skip
        else:
            given["horizon"] = st.selectbox("Horizon", HORIZONS, key=f"{key}-horizon", width=120,
                                            index=HORIZONS.index(part.horizon))  # fmt: skip
        if part.kind == "figures":
            given["strategy"] = st.text_input("Strategy", value=part.strategy, key=f"{key}-strategy", width=210,
                                              placeholder="the portfolio").strip()  # fmt: skip
    return replace(part, **given)


def _composed(draft: _Draft) -> Composed:
    return Composed(draft.name, tuple(draft.parts[number] for number in draft.order), draft.recipients.strip(),
                    draft.report_id)  # fmt: skip


def _save(home: Home, draft: _Draft) -> None:
    try:
        draft.report_id = stored_reports.save(home, _composed(draft))
    except QuantstripError as error:
        frame.problem(error)
        return
    draft.saved = _composed(draft)
    frame.keep_notice(f"Saved as report {draft.report_id}")
    st.rerun()


def _add(draft: _Draft, kind: stored_reports.Kind) -> None:
    number = draft.next()
    draft.parts[number] = Part("" if kind == "text" else KINDS[kind], kind)
    draft.order.append(number)


def _move(draft: _Draft, place: int, by: int) -> None:
    draft.order[place], draft.order[place + by] = draft.order[place + by], draft.order[place]


def _remove(draft: _Draft, number: int) -> None:
    draft.order.remove(number)
    del draft.parts[number]
