"""Trade journal: trades by hand, positions taken over, corrections; what each does, before it is booked."""

from datetime import datetime, time
from typing import Final

import streamlit as st

from components import empty, frame, journal_dialogs, journal_fields, journal_forms, markup, roles, times
from components import journal as shown
from quantstrip.home import Home
from quantstrip.operations import journal
from quantstrip.operations.ledger import existing_ledger, recorded_modes

PAGE_SIZE: Final = 20
_PAGE: Final = "journal-page"
_EVERY: Final = "Every strategy"
_LISTS: Final = ("Entries and corrections", "All fills")


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        frame.title_where_silent(home, "Trade journal")
        frame.title("Trade journal")
        frame.say_notice()
        there = recorded_modes(existing_ledger(home))
        st.session_state.setdefault(journal_forms.MODE, there[0] if there else journal_fields.MODES[0])
        if roles.may("operator"):
            journal_dialogs.show(home)
            enter()
        rows(home)


def enter() -> None:
    """The buttons that open a form."""
    with st.container(horizontal=True, key="journal-do"):
        for kind, label, icon in (
            ("trade", "Enter a trade", "add"),
            ("takeover", "Take a position over", "login"),
            ("transfer", "Transfer", "swap_horiz"),
        ):
            st.button(label, icon=f":material/{icon}:", key=f"journal-{kind}", on_click=journal_dialogs.ask,
                      args=(kind,))  # fmt: skip


def rows(home: Home) -> None:
    """The filters, and a page of what they find, the newest first."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="journal-filters"):
        chosen = st.segmented_control("Show", _LISTS, default=_LISTS[0], required=True, wrap=True, key="journal-list",
                                      on_change=_first)  # fmt: skip
        strategy = st.selectbox("Strategy", [_EVERY, *journal.strategies(home)], key="journal-strategy", width=190,
                                on_change=_first)  # fmt: skip
        symbol = st.text_input("Symbol", key="journal-symbol", placeholder="any", width=110, on_change=_first)
        since = st.date_input(f"Entered since ({times.zone_name()})", value=None, key="journal-since", width=190,
                              format="YYYY-MM-DD", on_change=_first)  # fmt: skip
        mode = st.selectbox("Mode", journal_fields.MODES, key=journal_forms.MODE, width=130, on_change=_first)
    strategy = "" if strategy == _EVERY else strategy
    fills, page = chosen == _LISTS[1], st.session_state.get(_PAGE, 0)
    found = journal.entries(
        home, mode=mode, strategy=strategy, symbol=symbol.strip(), fills=fills, limit=PAGE_SIZE + 1,
        skip=page * PAGE_SIZE, since=times.from_here(datetime.combine(since, time())) if since else 0,
    )  # fmt: skip
    if not found and not page:
        filtered = bool(strategy or symbol.strip() or since)
        st.html(empty.no_entries(mode, filtered=filtered, fills=fills))
    for one in found[:PAGE_SIZE]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-journal-{one.exec_id}"):
            st.html(shown.entry(one), width="stretch")
            if one.entry == "FILL" and roles.may("operator"):
                with st.container(horizontal=True, width="content", gap="small"):
                    for kind in ("correct", "delete"):
                        st.button(kind.capitalize(), key=f"{kind}-{one.exec_id}", on_click=journal_dialogs.ask,
                                  args=(kind, one.exec_id))  # fmt: skip
    turn(page, older=len(found) > PAGE_SIZE)


def turn(page: int, *, older: bool) -> None:
    """Newer and older entries."""
    if not page and not older:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="journal-turn"):
        st.button("Newer", icon=":material/arrow_back:", key="journal-newer", disabled=not page, on_click=_go,
                  args=(page - 1,))  # fmt: skip
        st.html(markup.tag("span", markup.text(f"Page {page + 1}"), "qs-soft"), width="content")
        st.button("Older", icon=":material/arrow_forward:", key="journal-older", disabled=not older, on_click=_go,
                  args=(page + 1,))  # fmt: skip


def _go(page: int) -> None:
    st.session_state[_PAGE] = page


def _first() -> None:
    st.session_state.pop(_PAGE, None)


main(frame.home())
