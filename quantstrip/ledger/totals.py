"""Sums kept beside the rows, in the transaction of the row they count: sessions and round trips.

A report over a year of fills reads these some thousand rows instead of a million (``schema/views``).
"""

from typing import Any

from sqlalchemy import bindparam, select, text

from quantstrip.errors import LedgerError
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import commission, round_trip, trade_fill
from quantstrip.model import Booking, Position

_LAST_PRICE = Statement(
    lambda: text(
        "UPDATE position_day SET last_price = :last_price WHERE strategy_id = :strategy_id AND mode = :mode "
        "AND account = :account AND symbol = :symbol AND contract_id = :contract_id AND leg = :leg "
        "AND broker_id = coalesce(:broker_id, 0) AND currency = :currency AND trade_date = :trade_date"
    )
)
_DAY = Statement(
    lambda: text(
        "INSERT INTO position_day (strategy_id, mode, account, symbol, contract_id, leg, broker_id, currency, "
        "trade_date, fills, quantity, cost_change, realized_pnl, commission, turnover, last_price, multiplier) "
        "VALUES (:strategy_id, :mode, :account, :symbol, :contract_id, :leg, coalesce(:broker_id, 0), :currency, "
        ":trade_date, :fills, :quantity, :cost_change, :gain, :fee, :turnover, :price, :multiplier) "
        "ON CONFLICT DO UPDATE SET fills = fills + excluded.fills, "
        "quantity = round(quantity + excluded.quantity, 9), "
        "cost_change = round(cost_change + excluded.cost_change, 8), "
        "realized_pnl = round(realized_pnl + excluded.realized_pnl, 8), "
        "commission = round(commission + excluded.commission, 8), "
        "turnover = round(turnover + excluded.turnover, 8), "
        "last_price = coalesce(excluded.last_price, last_price), "
        "multiplier = coalesce(excluded.multiplier, multiplier)"
    )
)
_FEE = Statement(
    lambda: text(
        "UPDATE position_day SET commission = round(commission + :fee, 8) WHERE strategy_id = :strategy_id "
        "AND mode = :mode AND account = :account AND symbol = :symbol AND contract_id = :contract_id AND leg = :leg "
        "AND broker_id = coalesce(:broker_id, 0) AND currency = :currency AND trade_date = :trade_date"
    )
)
_BEGIN = Insert(round_trip, with_key=True)
_MOVES = (
    "UPDATE round_trip SET fills = fills + 1, position = :position, avg_price = :avg_price, cost = :cost, "
    "max_quantity = max(max_quantity, abs(:position)), opened_quantity = round(opened_quantity + :opened, 9), "
    "opened_value = opened_value + :opened * :price, closed_quantity = round(closed_quantity + :closed, 9), "
    "closed_value = closed_value + :closed * :price, realized_pnl = round(realized_pnl + :gain, 8), "
    # A fill of an earlier session may be heard of late: a position is marked at the newest session's, as days are.
    "last_fill_time = CASE WHEN :trade_date < last_fill_date THEN last_fill_time ELSE :exec_time END, "
    "last_fill_price = CASE WHEN :trade_date < last_fill_date THEN last_fill_price ELSE :price END, "
    "last_fill_date = max(last_fill_date, :trade_date), strategy_run_id = :strategy_run_id"
)
_OPEN = (
    " WHERE strategy_id = :strategy_id AND symbol = :symbol AND mode = :mode AND account = :account "
    "AND contract_id = :contract_id AND leg = :leg AND broker_id IS :broker_id AND currency = :currency "
    "AND closed IS NULL RETURNING trade_id"
)
_MOVE = Statement(lambda: text(_MOVES + _OPEN))
# Apart, for naming the column on which the index of open trades depends would write that index anew at each fill.
_CLOSE = Statement(lambda: text(_MOVES + ", closed = :exec_time, close_date = :trade_date" + _OPEN))
_LINK = Insert(trade_fill, with_key=True)
_LINKED = Statement(
    lambda: select(trade_fill.c.trade_id, trade_fill.c.closed_trade_id, trade_fill.c.closed_share).where(
        trade_fill.c.execution_seq == bindparam("seq")
    )
)
_FEES = Statement(
    lambda: select(commission.c.currency, commission.c.booked_amount).where(
        commission.c.exec_id == bindparam("exec_id")
    )
)
_PAY = Statement(
    lambda: text(
        "UPDATE round_trip SET commission = round(commission + CASE currency WHEN :currency THEN :fee ELSE 0.0 END, 8),"
        " other_fees = other_fees + CASE currency WHEN :currency THEN 0 ELSE 1 END WHERE trade_id = :trade_id"
    )
)


def count_fill(tx: Transaction, execution: dict[str, Any], booking: Booking, sign: int = 1) -> None:
    """Add a fill to its session; ``sign`` is -1 for a correction, which takes one away."""
    tx.run(
        _DAY,
        execution
        | {
            "fills": sign,
            "quantity": booking.trade_quantity,
            "cost_change": booking.realized_pnl - booking.amount,
            "gain": booking.realized_pnl,
            "fee": 0.0,
            "turnover": sign * abs(booking.amount),
            "price": execution["price"] if sign == 1 else None,
        },
    )


def set_last_price(tx: Transaction, execution: dict[str, Any], price: float | None) -> None:
    """Say what the last fill of the execution's session was paid at, None when there is none left."""
    tx.run(_LAST_PRICE, execution | {"last_price": price})


def follow_trade(tx: Transaction, execution: dict[str, Any], seq: int, held: float, booking: Booking) -> None:
    """Carry the position's round trip on by one fill: begin it, add to it, close it, or both at a flip.

    Raises:
        LedgerError: the open round trip of a position is missing.

    """
    after, trade = booking.position, booking.trade_quantity
    flipped = held * after.quantity < 0.0
    link: dict[str, Any] = {"execution_seq": seq, "trade_id": seq}
    if held != 0.0:
        adds = held * trade > 0.0
        closed = 0.0 if adds else abs(held) if flipped else abs(trade)
        ends = Position() if flipped else after
        moved = tx.one(
            _CLOSE if ends.is_flat else _MOVE,
            execution
            | {
                "position": ends.quantity,
                "avg_price": ends.avg_price,
                "cost": ends.cost,
                "opened": abs(trade) if adds else 0.0,
                "closed": closed,
                "gain": booking.realized_pnl,
            },
        )
        if moved is None:
            raise LedgerError(
                f"the ledger holds {held:g} {execution['symbol']} without an open round trip",
                hint="The file was changed from outside. Restore a backup: quantstrip db backup, docs/ledger.md.",
            )
        if flipped:
            link |= {"closed_trade_id": moved[0], "closed_share": closed / abs(trade)}
        else:
            link["trade_id"] = moved[0]
    if held == 0.0 or flipped:
        _begin(tx, execution, seq, after)
    tx.run(_LINK, link)


def _begin(tx: Transaction, execution: dict[str, Any], seq: int, position: Position) -> None:
    size, price = abs(position.quantity), execution["price"]
    zero = {"closed_quantity": 0.0, "closed_value": 0.0, "realized_pnl": 0.0, "commission": 0.0, "other_fees": 0}
    tx.run(
        _BEGIN,
        execution
        | zero
        | {
            "trade_id": seq,
            "side": "LONG" if position.quantity > 0.0 else "SHORT",
            "opened": execution["exec_time"],
            "open_date": execution["trade_date"],
            "last_fill_time": execution["exec_time"],
            "last_fill_date": execution["trade_date"],
            "last_fill_price": price,
            "fills": 1,
            "position": position.quantity,
            "avg_price": position.avg_price,
            "cost": position.cost,
            "max_quantity": size,
            "opened_quantity": size,
            "opened_value": size * price,
        },
    )


def count_fee(tx: Transaction, execution: dict[str, Any], currency: str, amount: float) -> None:
    """Add a fee to the session of its fill, in the fee's own currency."""
    paid = execution | {"currency": currency, "fee": amount}
    if tx.run(_FEE, paid).rowcount == 0:  # the first fee in this currency, which is not the fill's
        nothing = {"fills": 0, "quantity": 0.0, "cost_change": 0.0, "gain": 0.0, "turnover": 0.0, "price": None}
        tx.run(_DAY, paid | nothing | {"multiplier": None})


def pay_trade(tx: Transaction, seq: int, currency: str, amount: float) -> None:
    """Add a fee to the round trip of its fill; a flip's is shared by quantity between the two."""
    linked = tx.one(_LINKED, {"seq": seq})
    if linked is None:  # a corrected fill belongs to no round trip
        return
    trade_id, closed_id, share = linked
    if closed_id is not None:
        part = round(amount * share, 8)
        tx.run(_PAY, {"trade_id": closed_id, "currency": currency, "fee": part})
        amount = round(amount - part, 8)
    tx.run(_PAY, {"trade_id": trade_id, "currency": currency, "fee": amount})


def fees_of(tx: Transaction, exec_id: str) -> list[tuple[str, float]]:
    """Currency and booked amount of every fee of a fill that is there already."""
    return tx.all(_FEES, {"exec_id": exec_id})
