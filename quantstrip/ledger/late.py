"""Fills that were heard of late: booked where they belong in time, not where they arrive.

Average cost depends on the order of fills, so a missed one that is older than later ones would otherwise leave another
average, and another realised profit, than the broker and a backtest have. Nothing that was written is changed: the late
row says before which fill it stands, and the difference it makes to what later fills realised is booked with it, in its
own session. Sums over all sessions, what is held, round trips and each day's total are those of the right order.
"""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from quantstrip.ledger.booking import applied, same_position
from quantstrip.ledger.corrections import book_in_place, fold, place_of, rebuild_trades
from quantstrip.ledger.events import order_filled
from quantstrip.ledger.executions import append_execution, complete, record_execution
from quantstrip.ledger.family import Context
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import execution, position_event
from quantstrip.ledger.totals import count_fee, fees_of
from quantstrip.model import FLAT, Position

_KNOWN = Statement(lambda: select(execution.c.seq_id).where(execution.c.exec_id == bindparam("exec_id")))

_P = position_event.c
# Almost every missed fill is the newest: most positions need not be read fill by fill.
_LATER = Statement(
    lambda: (
        select(_P.execution_seq)
        .where(
            *same_position(_P),
            _P.execution_seq.is_not(None),
            _P.event_time >= bindparam("exec_time"),
        )
        .limit(1)
    )
)


class Booked(NamedTuple):
    """Key of an execution, and whether it is new and had to be put before others."""

    seq_id: int
    new: bool
    late: bool


def record_in_time(tx: Transaction, context: Context, now: int, row: dict[str, Any]) -> Booked:
    """Insert and book a checked execution before all fills of its position that happened after it.

    Of two at one moment the one with the smaller exec_id comes first, so that the order in which missed fills are found
    makes no difference. An ``exec_id`` that is there already changes nothing.
    """
    known = tx.one(_KNOWN, row)
    if known is not None:
        return Booked(record_execution(tx, context, now, row), new=False, late=False)
    complete(tx, context, now, row)
    later = _first_after(tx, now, row)
    if later is None:
        return Booked(append_execution(tx, now, row), new=True, late=False)
    row |= {"booked_before": later, "corrects": None, "replaces": None, "amount": applied(FLAT, row).amount}
    seq = book_in_place(tx, now, row, None, 1)
    for currency, amount in fees_of(tx, row["exec_id"]):  # a commission may come before its execution
        count_fee(tx, row, currency, amount)
    rebuild_trades(tx, now, row)
    if row["order_id"] is not None:
        order_filled(tx, row["order_id"])
    return Booked(seq, new=True, late=True)


def held_at(tx: Transaction, now: int, key: dict[str, Any], moment: str) -> Position:
    """What was held of a position at a moment, by what is known now; its profit so far is left out."""
    held = FLAT
    for one in fold(tx, now, key)[0]:
        if one.fill["exec_time"] > moment:
            break
        held = one.booking.position
    return held


def _first_after(tx: Transaction, now: int, row: dict[str, Any]) -> int | None:
    """Number of the first fill of the position that happened after ``row``; None where there is none."""
    if tx.one(_LATER, row) is None:
        return None
    for one in fold(tx, now, row)[0]:
        if (one.fill["exec_time"], one.fill["exec_id"]) > (row["exec_time"], row["exec_id"]):
            return round(place_of(tx, one.fill) + 0.1)  # half a step before a number stands for that number
    return None
