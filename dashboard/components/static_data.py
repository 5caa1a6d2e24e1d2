"""Static data: lists of brokers, strategies and instruments, and the forms that change them."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import dialogs, markup, roles
from components.dialogs import Body
from quantstrip.home import Home
from quantstrip.operations import static_data
from quantstrip.operations.static_data import Kind, Row

_NAMES: Final[Mapping[Kind, str]] = {"broker": "Brokers", "strategy": "Strategies", "instrument": "Instruments"}
_LABELS: Final = {
    "full_name": "Full name", "description": "Description", "allocation": "Allocation", "currency": "Currency",
    "instrument_type": "Type", "multiplier": "Multiplier", "tick_size": "Tick size", "lot_size": "Lot size",
    "calendar": "Calendar",
}  # fmt: skip
_HELP: Final = {
    "allocation": "Money given to the strategy, in its currency. Empty leaves it as it is.",
    "multiplier": "Money per point and unit: 1 for shares, 50 for an ES future. Fills booked before keep theirs.",
    "tick_size": "Smallest step of the price; 0 where any price is allowed.",
    "lot_size": "Smallest step of the quantity, in units.",
    "calendar": "An exchange: NYSE, XETR, 24/7.",
    "currency": "Three to five letters, such as USD.",
    "instrument_type": "STK, ETF, FUT, OPT, CASH, CRYPTO ...",
}  # fmt: skip
_STANDARD: Final = {"multiplier": "1", "tick_size": "0", "lot_size": "1", "calendar": "NYSE", "currency": "USD",
                    "instrument_type": "STK"}  # fmt: skip


def show(home: Home) -> None:
    """One kind, with a form for each row."""
    kind: Kind = st.segmented_control(
        "Kind", static_data.KINDS, default="broker", key="static-kind", required=True, label_visibility="collapsed",
        format_func=lambda each: _NAMES[each],
    )  # fmt: skip
    rows = static_data.rows(home, kind)
    if roles.may("admin"):
        st.button(f"Add {_an(kind)}", icon=":material/add:", key="static-add", on_click=dialogs.ask,
                  args=("static-add", kind))  # fmt: skip
    if not rows:
        words = f"No {kind} is registered yet. A client registers what it trades with; or add one here."
        st.html(markup.notice("info", markup.text(words)))
        return
    picked = st.dataframe(
        pd.DataFrame([_line(each) for each in rows]), hide_index=True, width="stretch", key=f"static-rows-{kind}",
        on_select="rerun", selection_mode="single-row", height=min(420, 38 + 35 * len(rows)),
    )  # fmt: skip
    places: list[int] = picked["selection"]["rows"]
    names = [_key(each) for each in rows]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(kind.capitalize(), names, index=places[0] if places else 0, width=280,
                            key=f"static-name-{kind}-{places}")  # fmt: skip
        if roles.may("admin"):
            st.button("Change", icon=":material/edit:", key="static-change", on_click=dialogs.ask,
                      args=("static-change", f"{kind}|{name}"))  # fmt: skip
            st.button("Remove", icon=":material/delete:", key="static-remove", on_click=dialogs.ask,
                      args=("static-remove", f"{kind}|{name}"))  # fmt: skip


def bodies(home: Home) -> Mapping[str, tuple[str, Body]]:
    """The dialogs by their kinds."""
    return {
        "static-add": ("Add", lambda kind: _add(home, kind)),
        "static-change": ("Change", lambda subject: _change(home, subject)),
        "static-remove": ("Remove", lambda subject: _remove(home, subject)),
    }


def _add(home: Home, given: str) -> None:
    roles.require("admin")
    kind = _kind(given)
    with st.form("static-form", border=False):
        name = st.text_input("Symbol" if kind == "instrument" else "Name", key="static-form-name")
        contract = ""
        if kind == "instrument":
            contract = st.text_input("Contract", key="static-form-contract", help="Empty: for all of this symbol.")
        values = _fields(kind, _STANDARD if kind == "instrument" else {})
        if st.form_submit_button("Add", type="primary", key="static-add-now"):
            static_data.add(home, kind, name, values, contract.strip(), by=roles.identity().name)
            dialogs.done(f"{name.strip()} is added")


def _change(home: Home, subject: str) -> None:
    roles.require("admin")
    row = _row(home, subject)
    with st.form("static-form", border=False):
        renamed = ""
        if row.kind != "instrument":
            renamed = st.text_input("Name", row.name, key="static-form-name")
        values = _fields(row.kind, row.values)
        if st.form_submit_button("Save", type="primary", key="static-change-now"):
            static_data.change(home, row.kind, row.name, values, row.contract, to=renamed, by=roles.identity().name)
            dialogs.done(f"{renamed.strip() or row.name} is changed")


def _remove(home: Home, subject: str) -> None:
    roles.require("admin")
    row = _row(home, subject)
    st.text(f"Remove the {row.kind} {_key(row)}? Only one that no row of the ledger refers to can be removed.")
    if dialogs.buttons("Remove", key="static-remove-now", danger=True):
        static_data.remove(home, row.kind, row.name, row.contract, by=roles.identity().name)
        dialogs.done(f"{row.name} is removed")


def _fields(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: st.text_input(_LABELS[name], _text(values.get(name)), key=f"static-form-{name}", help=_HELP.get(name))
        for name in static_data.FIELDS[kind]
    }


def _line(row: Row) -> dict[str, Any]:
    head = {"Symbol": row.name, "Contract": row.contract} if row.kind == "instrument" else {"Name": row.name}
    return head | {_LABELS[name]: value for name, value in row.values.items()}


def _row(home: Home, subject: str) -> Row:
    kind, _, name = subject.partition("|")
    found = next((each for each in static_data.rows(home, _kind(kind)) if _key(each) == name), None)
    return found if found is not None else static_data.find(home, _kind(kind), name)  # raises, and says what is there


def _kind(given: str) -> Kind:
    return next(each for each in static_data.KINDS if each == given)


def _key(row: Row) -> str:
    return f"{row.name} ({row.contract})" if row.contract else row.name


def _text(value: object) -> str:
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)


def _an(kind: Kind) -> str:
    return f"an {kind}" if kind == "instrument" else f"a {kind}"
