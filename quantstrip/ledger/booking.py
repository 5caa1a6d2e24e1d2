"""Booking an execution: position, average cost and realised PnL, in the execution's own transaction.

Nothing else in the platform changes a position. The arithmetic is ``quantstrip.model.apply``, which the backtest uses.
"""

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, select, update

from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import position_event, round_trip
from quantstrip.model import FLAT, Booking, Position, apply, minor_digits

_P = position_event.c
KEY = ("strategy_id", "symbol", "mode", "account", "contract_id", "leg", "currency")
"""What makes a position, beside the broker, who may be unknown (NULL): amounts of two currencies are never added."""


def same_position(columns: Any, key: Sequence[str] = KEY) -> list[Any]:
    """Conditions on a table's ``columns``: rows of the position that the parameters of these names tell."""
    return [
        *(columns[name] == bindparam(name) for name in key),
        columns.broker_id.is_not_distinct_from(bindparam("broker_id")),
    ]


_LAST = Statement(
    lambda: (
        select(_P.position, _P.avg_price, _P.cost)
        .where(
            *same_position(_P),
            _P.execution_seq.is_not(None),
        )
        .order_by(_P.execution_seq.desc())
        .limit(1)
    )
)
_R = round_trip.c
_CURRENCIES = Statement(
    lambda: (
        select(_R.currency)
        .where(
            *same_position(_R, KEY[:-1]),
            _R.closed.is_(None),
        )
        .order_by(_R.currency)
    )
)
_INSERT = Insert(position_event, keyed=True)
_CLIENTS_OWN = Statement(lambda: select(position_event).where(_P.exec_id == bindparam("exec_id")))
_BOOKED = (
    "strategy_id", "broker_id", "order_id", "symbol", "contract_id", "position", "avg_price", "trade_quantity",
    "trade_price", "event_type", "metadata", "mode", "leg", "account", "currency", "trade_date", "cost", "realized_pnl",
    "execution_seq", "strategy_run_id", "update_time",
)  # fmt: skip
_ADOPT = Statement(
    lambda: (
        update(position_event)
        .where(_P.position_event_id == bindparam("adopted"))
        .values({name: bindparam(f"new_{name}") for name in _BOOKED})
    )
)
_FIGURES = ("position", "avg_price", "trade_quantity", "trade_price")
_TAKEN = (*KEY, "broker_id", "exec_id", "order_id", "trade_date", "strategy_run_id")
_taken = itemgetter(*_TAKEN)
_whose = itemgetter(*KEY, "broker_id")
_but_currency = itemgetter(*KEY[:-1], "broker_id")


def held_in(tx: Transaction, key: dict[str, Any]) -> list[str]:
    """The currencies in which (strategy, broker, account, mode, instrument, leg) is held at present."""
    return [currency for (currency,) in tx.all(_CURRENCIES, key)]


def position_of(tx: Transaction, key: dict[str, Any]) -> Position:
    """What is held by (strategy, broker, account, mode, instrument, leg, currency), as booked so far."""
    last = tx.one(_LAST, key)
    # apply() only carries the total of realised PnL along; the ledger sums it from the rows.
    return FLAT if last is None else Position(last[0], last[1], last[2], 0.0)


def first_currency(tx: Transaction, key: dict[str, Any]) -> str | None:
    """The first of the currencies in which a position is held at present; None where nothing is."""
    known, whose = tx.known, _but_currency(key)
    known.look(tx.raw)
    if whose not in known.currencies:
        known.currencies[whose] = next(iter(held_in(tx, key)), None)
    return known.currencies[whose]


def book(tx: Transaction, execution: dict[str, Any]) -> tuple[float, Booking, int | None]:
    """What was held, what the execution does to it, and its open round trip where known; nothing is written."""
    tx.known.look(tx.raw)
    held, trade_id = tx.known.holdings.get(_whose(execution)) or (position_of(tx, execution), None)
    return held.quantity, applied(held, execution), trade_id


def remember(tx: Transaction, execution: dict[str, Any], booking: Booking, trade_id: int | None) -> None:
    """Keep for the next fill what an execution, the last row that was written, has left."""
    known, (quantity, avg_price, cost, _) = tx.known, booking.position
    known.holdings[_whose(execution)] = Position(quantity, avg_price, cost, 0.0), trade_id
    whose, currency = _but_currency(execution), execution["currency"]
    if quantity and whose in known.currencies:
        known.currencies[whose] = min(known.currencies[whose] or currency, currency)
    else:
        known.currencies.pop(whose, None)
    known.keep(tx.raw)


def applied(held: Position, execution: dict[str, Any]) -> Booking:
    """What the execution does to a position."""
    digits = minor_digits(execution["currency"])
    return apply(held, execution["side"], execution["quantity"], execution["price"], execution["multiplier"], digits)


def record_booking(
    tx: Transaction,
    execution: dict[str, Any],
    seq: int,
    booking: Booking,
    group_label: str | None,
    event_type: str | None = None,
) -> dict[str, Any] | None:
    """Write the position event of an execution; its kind is the booking's unless ``event_type`` says another word.

    Returns:
        The client's own row when it said something else than the booking, else None.

    """
    position = booking.position
    row = dict(zip(_TAKEN, _taken(execution), strict=True)) | {
        "event_time": execution["exec_time"],
        "position": position.quantity,
        "avg_price": position.avg_price,
        "trade_quantity": booking.trade_quantity,
        "trade_price": execution["price"],
        "event_type": event_type or booking.event.value,
        "group_label": group_label,
        "cost": position.cost,
        "realized_pnl": booking.realized_pnl,
        "execution_seq": seq,
        "create_time": tx.now,
        "update_time": tx.now,
    }
    return None if tx.insert(_INSERT, row) is not None else _adopt(tx, row)


def _adopt(tx: Transaction, row: dict[str, Any]) -> dict[str, Any] | None:
    """Take over the row a client wrote for this execution: its words stay, the figures become the booking's."""
    own = tx.first(_CLIENTS_OWN, row)
    if own is None:
        raise AssertionError(f"position event of execution {row['exec_id']} is neither new nor there")
    differs = any(own[name] is not None and abs(own[name] - row[name]) > 1e-9 for name in _FIGURES)
    notes = json.loads(own["metadata"]) if own["metadata"] else {}
    if differs:
        notes["client"] = {name: own[name] for name in _FIGURES}
    merged = row | {
        "event_type": own["event_type"] or row["event_type"],
        "metadata": json.dumps(notes) if notes else None,
    }
    tx.run(_ADOPT, {"adopted": own["position_event_id"]} | {f"new_{name}": merged[name] for name in _BOOKED})
    return own if differs else None
