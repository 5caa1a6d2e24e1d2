"""Sums kept beside the rows, in the transaction of the row they count: sessions and round trips.

A report over a year of fills reads these some thousand rows instead of a million (``schema/views``).
"""

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, text

from quantstrip.errors import LedgerError
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import commission, round_trip, trade_fill
from quantstrip.model import FLAT, Booking, Position

_LAST_PRICE = Statement(
    lambda: text(
        "UPDATE position_day SET last_price = :last_price WHERE strategy_id = :strategy_id AND mode = :mode "
        "AND account = :account AND symbol = :symbol AND contract_id = :contract_id AND leg = :leg "
        "AND broker_id = coalesce(:broker_id, 0) AND currency = :currency AND trade_date = :trade_date"
    )
)
_DAY_KEY = "strategy_id, mode, account, symbol, contract_id, leg, broker_id, currency, trade_date"
_ONE_DAY = " WHERE " + " AND ".join(f"{name} = ?" for name in _DAY_KEY.split(", "))
_day: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*_DAY_KEY.split(", "))


def _count(fee: str, more: str) -> str:
    return (
        f"INSERT INTO position_day ({_DAY_KEY}, fills, quantity, cost_change, realized_pnl, commission, turnover, "  # noqa: S608
        f"last_price, multiplier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {fee}, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET fills = fills + excluded.fills, "
        "quantity = round(quantity + excluded.quantity, 9), "
        "cost_change = round(cost_change + excluded.cost_change, 8), "
        "realized_pnl = round(realized_pnl + excluded.realized_pnl, 8), "
        "turnover = round(turnover + excluded.turnover, 8), "
        "last_price = coalesce(excluded.last_price, last_price), "
        f"multiplier = coalesce(excluded.multiplier, multiplier){more}"
    )


_DAY = _count("0.0", "")
_DAY_PAID = _count("round(?, 8)", ", commission = round(commission + excluded.commission, 8)")
_FEE = "UPDATE position_day SET commission = round(commission + ?, 8)" + _ONE_DAY  # noqa: S608
_FIRST_FEE = (
    f"INSERT INTO position_day ({_DAY_KEY}, fills, quantity, cost_change, realized_pnl, turnover, commission) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0.0, 0.0, 0.0, 0.0, ?)"
)
_BEGIN = Insert(round_trip, with_key=True)
_MOVES = (
    "UPDATE round_trip SET fills = fills + 1, position = :position, avg_price = :avg_price, cost = :cost, "
    # A fill of an earlier session may be heard of late: a position is marked at the newest session's, as days are.
    "last_fill_time = CASE WHEN :trade_date < last_fill_date THEN last_fill_time ELSE :exec_time END, "
    "last_fill_price = CASE WHEN :trade_date < last_fill_date THEN last_fill_price ELSE :price END, "
    "last_fill_date = max(last_fill_date, :trade_date)"
)
_ADDS = (
    ", max_quantity = max(max_quantity, abs(:position)), opened_quantity = round(opened_quantity + :size, 9), "
    "opened_value = opened_value + :size * :price"
)
_REDUCES = (
    ", closed_quantity = round(closed_quantity + :size, 9), closed_value = closed_value + :size * :price, "
    "realized_pnl = round(realized_pnl + :gain, 8)"
)
# Apart, for naming the column on which the index of open trades depends would write that index anew at each fill.
_CLOSES = ", closed = :exec_time, close_date = :trade_date"
_PAID = ", commission = round(commission + :fee, 8)"
_SEARCH = (
    " WHERE strategy_id = :strategy_id AND symbol = :symbol AND mode = :mode AND account = :account "
    "AND contract_id = :contract_id AND leg = :leg AND broker_id IS :broker_id AND currency = :currency "
    "AND closed IS NULL RETURNING trade_id"
)
_THE_ONE = " WHERE trade_id = :trade_id AND closed IS NULL"
_LINK = "INSERT INTO trade_fill (execution_seq, trade_id) VALUES (?, ?)"
_FLIPPED = "INSERT INTO trade_fill (execution_seq, trade_id, closed_trade_id, closed_share) VALUES (?, ?, ?, ?)"
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
_PAY = (
    "UPDATE round_trip SET commission = round(commission + CASE currency WHEN ? THEN ? ELSE 0.0 END, 8),"
    " other_fees = other_fees + CASE currency WHEN ? THEN 0 ELSE 1 END WHERE trade_id = ?"
)


class TradeLink(NamedTuple):
    """The round trip of a fill; where it closed one and opened another, both and which part of it did the former."""

    trade_id: int
    closed_id: int | None = None
    share: float | None = None


class Sums:
    """What a fill adds to its session and its open round trip, held back until it is known what it cost."""

    __slots__ = ("booking", "execution", "held", "open_id")

    def __init__(self, execution: dict[str, Any], held: float, booking: Booking, open_id: int) -> None:
        self.execution, self.held, self.booking, self.open_id = execution, held, booking, open_id

    def write(self, tx: Transaction, fee: float | None = None) -> None:
        """Write both, with the fill's first ``fee`` in its own currency where there is one."""
        holds = tx.known.holds(tx.raw)
        count_fill(tx, self.execution, self.booking, 1, fee)
        _carry_on(tx, self.execution, self.held, self.booking, self.open_id, fee)
        if holds:  # sums are not what is known
            tx.known.keep(tx.raw)


def add_up(
    tx: Transaction, execution: dict[str, Any], seq: int, held: float, booking: Booking, open_id: int | None
) -> TradeLink:
    """Count a new fill and carry its round trip on; the sums may wait for the transaction's next statement."""
    if open_id is None or held == 0.0 or held * booking.position.quantity < 0.0:
        count_fill(tx, execution, booking)
        return follow_trade(tx, execution, seq, held, booking, open_id)
    tx.sql(_LINK, (seq, open_id))
    tx.later = Sums(execution, held, booking, open_id)
    return TradeLink(open_id)


def count_fill(
    tx: Transaction, execution: dict[str, Any], booking: Booking, sign: int = 1, fee: float | None = None
) -> None:
    """Add a fill to its session; ``sign`` is -1 for a correction, which takes one away."""
    gain, amount = booking.realized_pnl, booking.amount
    price = execution["price"] if sign == 1 else None
    sums = (*_day_of(execution), sign, booking.trade_quantity, gain - amount, gain)
    rest = (sign * abs(amount), price, execution["multiplier"])
    if fee is None:
        tx.sql(_DAY, sums + rest)
    else:
        tx.sql(_DAY_PAID, (*sums, fee, *rest))


def _day_of(execution: dict[str, Any]) -> tuple[Any, ...]:
    """Key of the session of a fill: 0 where no broker is known."""
    return _day(execution if execution["broker_id"] is not None else execution | {"broker_id": 0})


def set_last_price(tx: Transaction, execution: dict[str, Any], price: float | None) -> None:
    """Say what the last fill of the execution's session was paid at, None when there is none left."""
    tx.run(_LAST_PRICE, execution | {"last_price": price})


@cache
def _move(adds: bool, closes: bool, known: bool, run: bool, paid: bool) -> Statement:
    """The statement for a move: what a fill does not change is not named, for each value costs."""
    moves = _MOVES + (", strategy_run_id = :strategy_run_id" if run else ", strategy_run_id = NULL")
    moves += (_ADDS if adds else _REDUCES) + (_CLOSES if closes else "") + (_PAID if paid else "")
    return Statement(lambda: text(moves + (_THE_ONE if known else _SEARCH)))


def follow_trade(
    tx: Transaction, execution: dict[str, Any], seq: int, held: float, booking: Booking, open_id: int | None = None
) -> TradeLink:
    """Carry the position's round trip on by one fill: begin it, add to it, close it, or both at a flip.

    Args:
        open_id: the position's open round trip where it is known; it is looked for otherwise.

    Raises:
        LedgerError: the open round trip of a position is missing.

    """
    after = booking.position
    if held == 0.0:
        _begin(tx, execution, seq, after)
        tx.sql(_LINK, (seq, seq))
        return TradeLink(seq)
    open_id = _carry_on(tx, execution, held, booking, open_id)
    if held * after.quantity > 0.0 or after.is_flat:
        tx.sql(_LINK, (seq, open_id))
        return TradeLink(open_id)
    link = TradeLink(seq, open_id, abs(held) / abs(booking.trade_quantity))
    _begin(tx, execution, seq, after)
    tx.sql(_FLIPPED, (seq, *link))
    return link


def _carry_on(
    tx: Transaction,
    execution: dict[str, Any],
    held: float,
    booking: Booking,
    open_id: int | None,
    fee: float | None = None,
) -> int:
    """Add a fill to the open round trip, or close it; its key."""
    trade, flipped = booking.trade_quantity, held * booking.position.quantity < 0.0
    adds, ends, run = held * trade > 0.0, FLAT if flipped else booking.position, execution["strategy_run_id"]
    move = _move(adds, ends.quantity == 0.0, open_id is not None, run is not None, fee is not None)
    figures = {
        "position": ends.quantity, "avg_price": ends.avg_price, "cost": ends.cost,
        "size": abs(held) if flipped else abs(trade), "gain": booking.realized_pnl, "trade_id": open_id, "fee": fee,
        "price": execution["price"], "exec_time": execution["exec_time"], "trade_date": execution["trade_date"],
        "strategy_run_id": run,
    }  # fmt: skip
    if open_id is None:
        open_id = (tx.one(move, execution | figures) or (None,))[0]
    elif tx.run(move, figures).rowcount == 0:
        open_id = None
    if open_id is None:
        raise LedgerError(
            f"the ledger holds {held:g} {execution['symbol']} without an open round trip",
            hint="The file was changed from outside. Restore a backup: quantstrip db backup, docs/ledger.md.",
        )
    return open_id


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
    day = _day_of(execution if execution["currency"] == currency else execution | {"currency": currency})
    if tx.sql(_FEE, (amount, *day)).rowcount == 0:  # the first fee in this currency, which is not the fill's
        tx.sql(_FIRST_FEE, (*day, amount))


def pay_trade(tx: Transaction, seq: int, currency: str, amount: float, link: TradeLink | None = None) -> None:
    """Add a fee to the round trip of its fill, which ``link`` names where it is known; a flip's is shared by quantity
    between the two.
    """
    if link is None:
        linked = tx.one(_LINKED, {"seq": seq})
        if linked is None:  # a corrected fill belongs to no round trip
            return
        link = TradeLink._make(linked)
    if link.closed_id is not None and link.share is not None:
        part = round(amount * link.share, 8)
        tx.sql(_PAY, (currency, part, currency, link.closed_id))
        amount = round(amount - part, 8)
    tx.sql(_PAY, (currency, amount, currency, link.trade_id))


def fees_of(tx: Transaction, exec_id: str) -> list[tuple[str, float]]:
    """Currency and booked amount of every fee of a fill that is there already."""
    return tx.all(_FEES, {"exec_id": exec_id})
