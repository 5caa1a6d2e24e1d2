"""Corrections: a wrong fill is reversed by a row of its own, and what depended on it is booked anew.

Nothing is edited. The reversal carries the session of the fill it reverses, so that every sum over days is what it
would be had the fill never been; what the other fills realise without it is booked as the difference. Round trips are
sums beside the rows and are made anew.
"""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.booking import applied, record_booking, same_position
from quantstrip.ledger.executions import record_commission
from quantstrip.ledger.instruments import terms_of
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import commission, execution, position_event, round_trip, trade_fill
from quantstrip.ledger.totals import count_fill, fees_of, follow_trade, pay_trade, set_last_price
from quantstrip.model import FLAT, Booking, OrderSide, Position

REVERSED, REPLACED = "~reversed", "~replaced"
EVENT = "CORRECTION"

_E, _P, _R = execution.c, position_event.c, round_trip.c
_ONE = Statement(lambda: select(execution).where(_E.exec_id == bindparam("exec_id")))
_CORRECTED = Statement(lambda: select(_E.exec_id).where(_E.corrects == bindparam("exec_id")))
_INSERT = Insert(execution)


_BOOKED = Statement(
    lambda: (
        select(execution)
        .join(position_event, _P.exec_id == _E.exec_id)
        .where(*same_position(_P), _P.execution_seq.is_not(None))
        .order_by(_P.execution_seq)
    )
)
_REALIZED = Statement(
    lambda: select(func.coalesce(func.sum(_P.realized_pnl), 0.0)).where(
        *same_position(_P), _P.execution_seq.is_not(None)
    )
)
_UNLINK = Statement(
    lambda: delete(trade_fill).where(
        trade_fill.c.execution_seq.in_(
            select(_P.execution_seq).where(*same_position(_P), _P.execution_seq.is_not(None))
        )
    )
)
_FORGET = Statement(lambda: delete(round_trip).where(*same_position(_R)))
_FEES = Statement(
    lambda: (
        select(commission.c.fee_type, commission.c.currency, func.sum(commission.c.booked_amount))
        .where(commission.c.exec_id == bindparam("exec_id"))
        .group_by(commission.c.fee_type, commission.c.currency)
    )
)


class Fold(NamedTuple):
    """One fill that counts, what was held before it, and what it does."""

    fill: dict[str, Any]
    held: float
    booking: Booking


def reverse(tx: Transaction, now: int, exec_id: str, reason: str) -> dict[str, Any]:
    """Reverse a fill and its fees; the row that was reversed.

    Raises:
        UnknownRecord: there is no such fill.
        InvalidRecord: it is reversed already, or is itself a reversal.

    """
    wrong = tx.first(_ONE, {"exec_id": exec_id})
    if wrong is None:
        raise UnknownRecord(f"no execution {exec_id!r} in the ledger", hint="v_executions lists them all.")
    if wrong["corrects"] is not None:
        raise InvalidRecord(
            f"{exec_id} is itself a correction, of {wrong['corrects']}",
            hint="Enter the right fill instead: insert_manual_trade.",
        )
    done = tx.one(_CORRECTED, {"exec_id": exec_id})
    if done is not None:
        raise InvalidRecord(
            f"{exec_id} is corrected already, by {done[0]}",
            hint="Correct what took its place, or enter the right fill with insert_manual_trade.",
        )
    row = wrong | {
        "exec_id": exec_id + REVERSED,
        "side": str(OrderSide.SELL if wrong["side"] == OrderSide.BUY else OrderSide.BUY),
        "amount": -wrong["amount"] + 0.0,
        "corrects": exec_id,
        "replaces": None,
        "booked_before": None,
        "external_exec_id": None,
        "metadata": validate.to_json("metadata", {"note": reason}),
    }
    book_in_place(tx, now, row, EVENT, -1)
    for fee_type, currency, amount in tx.all(_FEES, {"exec_id": exec_id}):
        _fee(tx, now, row["exec_id"], fee_type, currency, -amount)
    rebuild_trades(tx, now, row)
    return wrong


def replace(
    tx: Transaction, now: int, wrong: dict[str, Any], changes: dict[str, Any], fee: float | None, reason: str
) -> str:
    """Put the right fill in the place of a reversed one; its exec_id.

    ``fee`` is its commission in the fill's currency; None takes over the fees of the wrong one.
    """
    exec_id = wrong["exec_id"]
    row = wrong | changes
    row |= {
        "exec_id": exec_id + REPLACED,
        "replaces": exec_id,
        "corrects": None,
        "booked_before": None,
        "metadata": validate.to_json("metadata", {"note": reason}),
    }
    row["multiplier"] = _multiplier(tx, now, row)
    row["amount"] = applied(FLAT, row).amount
    book_in_place(tx, now, row, None, 1)
    if fee is None:
        for fee_type, currency, amount in tx.all(_FEES, {"exec_id": exec_id}):
            _fee(tx, now, row["exec_id"], fee_type, currency, amount)
    elif fee:
        _fee(tx, now, row["exec_id"], "COMMISSION", row["currency"], fee)
    rebuild_trades(tx, now, row)
    return str(row["exec_id"])


def fold(
    tx: Transaction, now: int, key: dict[str, Any], extra: dict[str, Any] | None = None
) -> tuple[list[Fold], Position]:
    """The fills of a position that count, in the order in which they happened to it, and what they leave.

    What takes the place of a reversed fill stands where that stood; one that was heard of late, before the fill it
    names. ``extra`` is an execution that is not booked yet.
    """
    rows = tx.dicts(_BOOKED, key) + ([] if extra is None else [extra])
    corrected = {row["corrects"] for row in rows if row["corrects"] is not None}
    for row in rows:
        row["place"] = place_of(tx, row)
    counted = [row for row in rows if row["corrects"] is None and row["exec_id"] not in corrected]
    held, found = FLAT, []
    for row in sorted(counted, key=lambda one: (one["place"], one["exec_time"], one["exec_id"], one["seq_id"])):
        row["multiplier"] = _multiplier(tx, now, row)
        booking = applied(held, row)
        found.append(Fold(row, held.quantity, booking))
        held = booking.position
    return found, held


def rebuild_trades(tx: Transaction, now: int, key: dict[str, Any]) -> None:
    """Make the round trips of a position anew from its fills."""
    tx.run(_UNLINK, key)
    tx.run(_FORGET, key)
    for fill, held, booking in fold(tx, now, key)[0]:
        follow_trade(tx, fill, fill["seq_id"], held, booking)
        for currency, amount in fees_of(tx, fill["exec_id"]):
            pay_trade(tx, fill["seq_id"], currency, amount)


def book_in_place(tx: Transaction, now: int, row: dict[str, Any], event: str | None, sign: int) -> int:
    """Insert a fill that does not come last, and book the difference that it makes to its position; its key."""
    row |= {"multiplier": _multiplier(tx, now, row), "create_time": tx.now, "update_time": tx.now}
    row["seq_id"] = seq = tx.insert(_INSERT, row) or 0
    counted, final = fold(tx, now, row, row)
    gain = round(final.realized_pnl - tx.one(_REALIZED, row)[0], 8) + 0.0
    booking = applied(FLAT, row)._replace(position=final, realized_pnl=gain)
    own = next((str(one.booking.event) for one in counted if one.fill["seq_id"] == seq), event)
    record_booking(tx, row, seq, booking, None, own)
    count_fill(tx, row, booking, sign)
    # Days are marked at their last fill where no close is known: it must not be the wrong one's price.
    prices = [one.fill["price"] for one in counted if one.fill["trade_date"] == row["trade_date"]]
    set_last_price(tx, row, prices[-1] if prices else None)
    return seq


def _multiplier(tx: Transaction, now: int, row: dict[str, Any]) -> float:
    known = row["multiplier"]
    if known is not None:
        return float(known)
    return terms_of(tx, now, row["symbol"], row["contract_id"], row["instrument_type"]).multiplier


def place_of(tx: Transaction, row: dict[str, Any]) -> float:
    """Where a fill stands among others: at its own number, or half a step before that of the fill it names."""
    if row["replaces"] is None:
        return float(row["seq_id"]) if row["booked_before"] is None else row["booked_before"] - 0.5
    origin = tx.first(_ONE, {"exec_id": row["replaces"]})
    if origin is None:
        raise AssertionError(f"{row['replaces']} is replaced, but is not in the ledger")
    return place_of(tx, origin)


def _fee(tx: Transaction, now: int, exec_id: str, fee_type: str, currency: str, amount: float) -> None:
    fee = {"exec_id": exec_id, "fee_type": fee_type, "currency": currency, "amount": round(amount, 8), "revision": 0}
    record_commission(tx, now, fee | {"realized_pnl": None, "metadata": None})
