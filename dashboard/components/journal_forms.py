"""What the journal's dialogs ask for, and the entry that it makes."""

from typing import Any, Final

import streamlit as st

from components import journal as shown
from components import journal_fields as fields
from components import times
from components.journal_fields import Errors
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.operations import journal
from quantstrip.operations.journal import Entry

MODE: Final = "journal-mode"
"""Where the page keeps the mode that it shows."""
OUTSIDE: Final = "(outside)"
_WORDS: Final = {"strategy_id": "strategy", "exec_time": "time"}


def _trade(names: list[str], errors: Errors) -> None:
    fields.pair(errors, _strategy("Strategy", names), fields.side)
    fields.pair(errors, fields.symbol, fields.number("Quantity", "quantity"))
    fields.pair(errors, fields.number("Price", "price"), fields.number("Commission", "commission", placeholder="none"))
    _rest(errors, exec_id=True)


def _takeover(names: list[str], errors: Errors) -> None:
    fields.pair(errors, _strategy("Strategy that takes it over", names), fields.symbol)
    fields.pair(errors, _units, fields.number("Price", "price", help="What it is taken over at"))
    _rest(errors)


def _transfer(names: list[str], errors: Errors) -> None:
    giver = fields.choice("From", "giver", names, placeholder="Choose who gives it away")
    fields.pair(errors, giver, _strategy("To", [*names, OUTSIDE]))
    fields.pair(errors, fields.symbol, _units)
    fields.pair(errors, fields.number("Price", "price", placeholder="the giver's average"))
    _rest(errors)


def _correct(names: list[str], errors: Errors) -> None:
    st.caption("Change what was wrong. The fill is reversed, and the right one takes its place.")
    fields.pair(errors, _strategy("Strategy", names), fields.side)
    fields.pair(errors, fields.symbol, fields.number("Quantity", "quantity"))
    fields.pair(errors, fields.number("Price", "price"), fields.number("Commission", "commission"))
    fields.trade_time(errors, "as it was")
    fields.text("Why", "note")(errors)


def _delete(_names: list[str], errors: Errors) -> None:
    st.caption("The fill never was: a row reverses it, and nothing takes its place.")
    fields.text("Why", "note")(errors)


FORMS: Final = {
    "trade": _trade, "takeover": _takeover, "transfer": _transfer, "correct": _correct, "delete": _delete,
}  # fmt: skip


_units: Final = fields.number("Quantity", "quantity", help="Below zero for a short position")


def _strategy(label: str, names: list[str]) -> fields.Part:
    return fields.choice(label, "strategy", names, accept_new_options=True, placeholder="Choose, or type a new name")


def _rest(errors: Errors, *, exec_id: bool = False) -> None:
    fields.trade_time(errors)
    fields.text("Note", "note", placeholder="why, in words")(errors)
    fields.mode(errors)
    fields.place(errors, exec_id=exec_id)


def wrong(kind: str, given: dict[str, Any]) -> dict[str, str]:
    """What is missing or cannot be, by field."""
    needed = {
        "trade": ("strategy", "symbol", "side", "quantity", "price"),
        "takeover": ("strategy", "symbol", "quantity", "price"),
        "transfer": ("giver", "strategy", "symbol", "quantity"),
    }
    found = fields.lacking(given, *needed.get(kind, ("note",)))
    return found | fields.too_late(given["time"])


def read(home: Home, kind: str, subject: str, given: dict[str, Any]) -> tuple[Entry, str]:
    """What the fields make, and in words."""
    if kind in ("correct", "delete"):
        one, why = journal.entry_of(home, subject), given["note"]
        if kind == "delete":
            return journal.correct(exec_id=subject, reason=why, delete=True), f"Delete {shown.trade(one)}: {why}"
        changes = fields.corrected(given, one)
        if not changes:
            raise LedgerError("nothing is changed", hint="Change what was wrong, or delete the fill.")
        words = f"Correct {', '.join(_WORDS.get(name, name) for name in changes)} of {shown.trade(one)}: {why}"
        return journal.correct(exec_id=subject, reason=why, **changes), words
    where, units, who = fields.where(given), given["quantity"], given["strategy"].strip()
    moved = f"{shown.amount(units)} {where['symbol']}"
    new = "" if who in (OUTSIDE, *journal.strategies(home)) else f" {who} is a new strategy: booking makes it."
    at = "" if given["price"] is None else f" at {shown.amount(given['price'])}"
    at += "" if where["exec_time"] is None else f" on {times.moment(where['exec_time'])}"
    if kind == "trade":
        terms = {"side": given["side"], "quantity": units, "price": given["price"],
                  "commission": given["commission"] or 0.0, "exec_id": fields.exec_id_of(given)}  # fmt: skip
        return journal.trade(strategy_id=who, **terms, **where), f"{given['side']} {moved}{at} for {who}.{new}"
    terms = {"quantity": units, "price": given["price"]}
    if kind == "takeover":
        return journal.transfer(to_strategy=who, **terms, **where), f"{who} takes over {moved}{at}.{new}"
    giver = given["giver"]
    words = f"{moved} from {giver} to {'outside' if who == OUTSIDE else who}{at}.{new}"
    if who == OUTSIDE:
        return journal.transfer(to_strategy=giver, out=True, **terms, **where), words
    return journal.transfer(to_strategy=who, from_strategy=giver, **terms, **where), words
