"""The fields of the journal's dialogs: shown with what is wrong below each, and read as the journal takes them."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from components import markup, times
from quantstrip.clock import from_text, system_clock, to_datetime
from quantstrip.errors import QuantstripError
from quantstrip.operations.journal import JournalEntry

Errors = Mapping[str, str]
Part = Callable[[Errors], None]
SIDES: Final = ("BUY", "SELL")
MODES: Final = ("live", "paper", "replay", "simulation")
LEGS: Final = ("NET", "LONG", "SHORT")
NAMES: Final = (
    "strategy", "giver", "side", "quantity", "symbol", "price", "commission", "time", "account", "broker",
    "currency", "contract", "leg", "type", "exec_id", "note", "mode",
)  # fmt: skip
_BLAMED: Final = (
    ("a currency", "currency"), ("the execution", "exec_id"), ("a trade that was made", "time"),
    ("exec_time", "time"), ("no price", "price"), ("reason", "note"), ("instrument_type", "type"),
    ("no broker", "broker"), *((name, name) for name in NAMES),
)  # fmt: skip
_MISSING: Final = {
    "strategy": "Choose a strategy.", "giver": "Choose who gives it away.", "side": "Choose BUY or SELL.",
    "quantity": "Enter the units.", "symbol": "Enter a symbol.", "price": "Enter a price.",
    "note": "Say why: it is kept with the rows.",
}  # fmt: skip


def key(name: str) -> str:
    """The key of a field."""
    return f"journal-field-{name}"


def begin(values: Mapping[str, Any]) -> None:
    """Fill the fields."""
    for name, value in values.items():
        if value is not None:
            st.session_state[key(name)] = value


def forget() -> None:
    """Empty the fields."""
    for name in NAMES:
        st.session_state.pop(key(name), None)


def values() -> dict[str, Any]:
    """What stands in the fields."""
    return {name: st.session_state.get(key(name)) for name in NAMES}


def text(label: str, name: str, **more: Any) -> Part:
    """A line of text."""
    return lambda errors: _marked(name, errors, st.text_input, label, **more)


def number(label: str, name: str, **more: Any) -> Part:
    """A number; empty until one is entered."""
    return lambda errors: _marked(name, errors, st.number_input, label, value=None, format="%.15g", step=1.0, **more)


def choice(label: str, name: str, options: Sequence[str], **more: Any) -> Part:
    """One of several; none until one is chosen."""
    return lambda errors: _marked(name, errors, st.selectbox, label, options=options, index=None, **more)


def side(errors: Errors) -> None:
    """Bought or sold."""
    choice("Side", "side", SIDES, placeholder="BUY or SELL")(errors)


def symbol(errors: Errors) -> None:
    """What was traded."""
    text("Symbol", "symbol", placeholder="SPY")(errors)


def mode(errors: Errors) -> None:
    """Whose money moves; one of them always is chosen, for a mode left out would be another one."""
    _marked("mode", errors, st.selectbox, "Mode", options=MODES, help="Whose money moves")


def pair(errors: Errors, left: Part, right: Part | None = None) -> None:
    """Two fields beside each other; on a phone the second one follows the first."""
    for column, part in zip(st.columns(2), (left, right), strict=True):
        if part is not None:
            with column:
                part(errors)


def trade_time(errors: Errors, empty: str = "now") -> None:
    """When it happened, in the person's zone; ``empty`` says what it means to leave it out."""
    label = f"When ({times.zone_name()}; empty: {empty})"
    _marked("time", errors, st.datetime_input, label, value=None, step=60, format="YYYY-MM-DD",
            min_value=times.EARLIEST)  # fmt: skip


def place(errors: Errors, *, exec_id: bool) -> None:
    """Where the position is: needs a word only where the symbol is held in several places."""
    names = ("account", "broker", "currency", "contract", "leg", "type", "exec_id")
    open_ = any(name in errors for name in names) or "places" in errors.get("", "")
    with st.expander("Account, broker, currency, contract", expanded=open_):
        text("Account", "account", placeholder="where the position is")(errors)
        text("Broker", "broker", placeholder="where the position is")(errors)
        text("Currency", "currency", placeholder="the position's, or the instrument's")(errors)
        text("The broker's contract id", "contract")(errors)
        choice("Leg of a hedge", "leg", LEGS, placeholder="none")(errors)
        text("Kind of instrument", "type", placeholder="STK, FUT, OPT, CASH")(errors)
        if exec_id:
            text("The broker's execution id", "exec_id", help="So that the same fill is not booked twice")(errors)


def lacking(given: Mapping[str, Any], *names: str) -> dict[str, str]:
    """What must be entered and was not."""
    return {name: _MISSING[name] for name in names if given[name] in (None, "") or not str(given[name]).strip()}


def too_late(moment: datetime | None) -> dict[str, str]:
    """A trade that was made does not lie in the future."""
    now = system_clock.now()
    if moment is None or times.from_here(moment) <= now:
        return {}
    return {"time": f"It lies in the future: it is {times.moment(now)} now."}


def blamed(error: QuantstripError) -> dict[str, str]:
    """The field that the ledger's refusal is about; none where it is about several."""
    # The ledger names options as the command line does.
    words = re.sub(r"--(?=\w)", "", f"{error.message[:1].upper()}{error.message[1:]}. {error.hint}".strip())
    if "cannot give" in error.message:
        return {"quantity": words}
    for start, name in _BLAMED:
        if error.message.startswith(f"{start} "):
            return {name: words}
    return {"": words}


def where(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that every entry has, as the journal takes them."""
    moment = given["time"]
    return {
        "symbol": given["symbol"].strip(),
        "exec_time": None if moment is None else times.from_here(moment),
        "account": _words(given["account"]),
        "broker_id": _words(given["broker"]),
        "currency": _words(given["currency"]),
        "contract_id": _words(given["contract"]),
        "instrument_type": _words(given["type"]),
        "leg": given["leg"],
        "mode": given["mode"],
        "note": (given["note"] or "").strip(),
    }


def exec_id_of(given: Mapping[str, Any]) -> str | None:
    """The broker's id, where one was entered."""
    return _words(given["exec_id"])


def of_entry(one: JournalEntry) -> dict[str, Any]:
    """The fields as an entry has them; its time to the minute, as the field knows it."""
    here = to_datetime(from_text(one.exec_time)).astimezone(times.zone())
    return {
        "strategy": one.strategy, "side": one.side, "quantity": one.quantity, "symbol": one.symbol,
        "price": one.price, "commission": one.commission,
        "time": here.replace(tzinfo=None, second=0, microsecond=0),
    }  # fmt: skip


def corrected(given: Mapping[str, Any], one: JournalEntry) -> dict[str, Any]:
    """What differs from the entry, as a correction takes it; an emptied field stays as it was."""
    differs = {
        name: given[name]
        for name, now in of_entry(one).items()
        if given[name] not in (None, "") and given[name] != now
    }  # fmt: skip
    if "time" in differs:
        differs["exec_time"] = times.from_here(differs.pop("time"))
    if "strategy" in differs:
        differs["strategy_id"] = differs.pop("strategy")
    return differs


def _marked(name: str, errors: Errors, part: Callable[..., Any], label: str, **more: Any) -> None:
    part(label, key=key(name), **more)
    if name in errors:
        st.html(markup.tag("div", markup.text(errors[name]), "qs-field-error", role="alert"))


def _words(value: str | None) -> str | None:
    return (value or "").strip() or None
