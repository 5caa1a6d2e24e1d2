"""The dialogs of the trade journal: fields, then what booking them would do, then a button that books it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from components import dialogs, frame, journal_forms, markup
from components import journal as shown
from components import journal_fields as fields
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import journal
from quantstrip.operations.journal import Change, Entry

_DRAFT: Final = "journal-draft"
_TITLES: Final = {
    "trade": "Enter a trade", "takeover": "Take a position over", "transfer": "Transfer a position",
    "correct": "Correct a fill", "delete": "Delete a fill",
}  # fmt: skip
_BOOK: Final = {"correct": "Book the correction", "delete": "Delete it"}


@dataclass
class Draft:
    """An entry that is being made; where ``entry`` stands, it is shown before it is booked."""

    kind: str
    subject: str
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    entry: Entry | None = None
    words: str = ""
    expected: list[Change] = field(default_factory=list)


def show(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show({kind: (title, _body(home, kind)) for kind, title in _TITLES.items()})


def ask(kind: str, subject: str = "") -> None:
    """Open a dialog with empty fields; a callback of a button."""
    st.session_state.pop(_DRAFT, None)
    dialogs.ask(kind, subject)


def _body(home: Home, kind: str) -> Callable[[str], None]:
    def body(subject: str) -> None:
        draft: Draft | None = st.session_state.get(_DRAFT)
        if draft is None or (draft.kind, draft.subject) != (kind, subject):
            draft = st.session_state[_DRAFT] = _begin(home, kind, subject)
        if draft.entry is None:
            _fields(home, draft)
        else:
            _preview(home, draft)

    return body


def _begin(home: Home, kind: str, subject: str) -> Draft:
    fields.forget()
    if kind == "correct":
        fields.begin(fields.of_entry(journal.entry_of(home, subject)))
    elif not subject:
        fields.begin({"mode": st.session_state.get(journal_forms.MODE, "live")})
    return Draft(kind, subject)


def _fields(home: Home, draft: Draft) -> None:
    """The fields, with what is wrong below each."""
    errors = draft.errors
    if draft.subject:
        st.html(shown.entry(journal.entry_of(home, draft.subject)))
    with st.form("journal-form", border=False):
        journal_forms.FORMS[draft.kind](journal.strategies(home), errors)
        if errors.get(""):
            st.html(markup.notice("bad", markup.text(errors[""])))
        st.caption("Nothing is booked yet: the next step shows what it would change.")
        st.form_submit_button("Preview", type="primary", key="journal-preview", on_click=_look, args=(home, draft))


def _look(home: Home, draft: Draft) -> None:
    """Read the fields, and work out what they would do; what is wrong is kept for beside its field."""
    draft.values = given = fields.values()
    try:
        draft.errors = journal_forms.wrong(draft.kind, given)
        if draft.errors:
            return
        entry, draft.words = journal_forms.read(home, draft.kind, draft.subject, given)
        draft.expected = journal.preview(home, entry)
        draft.entry = entry
    except QuantstripError as error:
        draft.errors = fields.blamed(error)


def _preview(home: Home, draft: Draft) -> None:
    """What booking would do; nothing is booked where the ledger does something else by then."""
    if draft.entry is None:
        return
    st.html(markup.tag("p", markup.text(draft.words)))
    place = st.empty()
    place.html(shown.changes(draft.expected))
    st.caption("Nothing is booked yet. A booked entry is never edited, only corrected by another one.")
    correcting = draft.kind in _BOOK
    st.button("Back to the fields", icon=":material/arrow_back:", key="journal-back", on_click=_back, args=(draft,))
    if dialogs.buttons(_BOOK.get(draft.kind, "Book it"), key="journal-book", danger=correcting):
        try:
            journal.book(home, draft.entry, draft.expected)
        except QuantstripError as error:
            frame.problem(error)
            draft.expected = journal.preview(home, draft.entry)
            place.html(shown.changes(draft.expected))
        else:
            st.session_state.pop(_DRAFT, None)
            dialogs.done(f"Booked: {draft.words}")


def _back(draft: Draft) -> None:
    draft.entry = None
    fields.begin(draft.values)
