"""Executions and commissions: facts from the broker, each kept once, each booked at once."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import validate
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.booking import book, first_currency, record_booking, remember
from quantstrip.ledger.events import order_filled
from quantstrip.ledger.family import Context, Family
from quantstrip.ledger.instruments import Terms, ready_calendars, terms_of, trade_date_of
from quantstrip.ledger.names import UNALLOCATED, broker_id_of, strategy_id_of
from quantstrip.ledger.orders import ORDER_OF
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import commission, execution
from quantstrip.ledger.totals import TradeLink, add_up, count_fee, fees_of, pay_trade
from quantstrip.model import minor_digits

if TYPE_CHECKING:
    import pandas as pd

COMMISSION = "COMMISSION"
"""Fee type of a commission whose kind the broker did not say."""

_E, _C = execution.c, commission.c
_INSERT = Insert(execution)
# Two looks in one statement: whether the execution is there, and whether a commission came before it.
_THERE = "SELECT (SELECT seq_id FROM execution WHERE exec_id = ?), EXISTS (SELECT 1 FROM commission WHERE exec_id = ?)"
_SAME = Statement(lambda: select(_E.seq_id, _E.side, _E.quantity, _E.price).where(_E.exec_id == bindparam("exec_id")))
_FILL = Statement(
    lambda: select(
        _E.currency, _E.seq_id, _E.strategy_id, _E.mode, _E.account, _E.symbol, _E.contract_id, _E.leg, _E.broker_id,
        _E.trade_date,
    ).where(_E.exec_id == bindparam("exec_id"))
)  # fmt: skip
_GET = Statement(
    lambda: (
        select(execution)
        .where(
            or_(bindparam("order_id").is_(None), _E.order_id == bindparam("order_id")),
            or_(bindparam("exec_id").is_(None), _E.exec_id == bindparam("exec_id")),
        )
        .order_by(_E.seq_id)
    )
)
_FEE_INSERT = Insert(commission, keyed=True)
_FEE = Statement(
    lambda: select(_C.commission_id, _C.amount, _C.currency).where(
        _C.exec_id == bindparam("exec_id"), _C.fee_type == bindparam("fee_type"), _C.revision == bindparam("revision")
    )
)
_ORDER_FIELDS = (
    "strategy_id", "broker_id", "account", "symbol", "contract_id", "instrument_type", "order_type", "mode", "leg",
    "currency", "strategy_run_id",
)  # fmt: skip


def record_execution(
    tx: Transaction, context: Context, now: int, row: dict[str, Any], *, group_label: str | None = None
) -> int:
    """Insert and book a checked execution; its key. An ``exec_id`` that is there already changes nothing.

    ``row`` holds every column that is known; what is missing (None) comes from the order, the instrument, the context.
    """
    exec_id = row["exec_id"]
    there, paid = tx.sql(_THERE, (exec_id, exec_id)).fetchone()
    if there is not None:
        _compare(tx, now, row, tx.one(_SAME, row))
        return int(there)
    complete(tx, context, now, row)
    return append_execution(tx, now, row, group_label, paid=bool(paid))


def append_execution(
    tx: Transaction, now: int, row: dict[str, Any], group_label: str | None = None, *, paid: bool = True
) -> int:
    """Insert a complete new execution and book it on what is held; its key. ``paid``: it may have fees already."""
    held, booking, open_id = book(tx, row)
    row["amount"], row["create_time"], row["update_time"] = booking.amount, tx.now, tx.now
    seq = row["seq_id"] = tx.insert(_INSERT, row) or 0
    differs = record_booking(tx, row, seq, booking, group_label)
    order_id = row["order_id"]
    if order_id is not None and order_id not in tx.known.filled:
        order_filled(tx, order_id)
        tx.known.filled.add(order_id)
    link = add_up(tx, row, seq, held, booking, open_id)
    for currency, amount in fees_of(tx, row["exec_id"]) if paid else ():  # a commission may come before its execution
        count_fee(tx, row, currency, amount)
        pay_trade(tx, seq, currency, amount, link)
    tx.booked[row["exec_id"]] = row, link
    remember(tx, row, booking, link.trade_id)
    if differs is not None:
        raise_alert(
            tx,
            now,
            "position_mismatch",
            f"{row['symbol']}: the client's position event differs from the booking",
            f"For execution {row['exec_id']} the client wrote position {differs['position']}, the ledger booked "
            f"{booking.position.quantity}. The booking counts; the client's figures are in the row's metadata.",
            rate_key=f"position_mismatch:{row['exec_id']}",
        )
    return seq


def complete(tx: Transaction, context: Context, now: int, row: dict[str, Any]) -> None:
    """Fill in what the broker did not say: from the order, else from the instrument, the calendar, the context."""
    _from_order(tx, context, now, row)
    terms = terms_of(tx, now, row["symbol"], row["contract_id"], row["instrument_type"])
    row["currency"] = _currency(tx, now, row, terms)
    row["instrument_type"] = row["instrument_type"] or terms.instrument_type
    row["trade_date"] = row["trade_date"] or trade_date_of(tx, now, terms.calendar, row["exec_time"])
    row["multiplier"] = terms.multiplier


def _currency(tx: Transaction, now: int, row: dict[str, Any], terms: Terms) -> str:
    """The fill's currency: as it was said, else the instrument's, else that of what is held.

    A fill in another currency than its instrument's is kept apart from what is held, and a person is told.
    """
    said: str | None = row["currency"]
    if not terms.registered:
        return said or first_currency(tx, row) or terms.currency
    if said not in (None, terms.currency):
        raise_alert(
            tx,
            now,
            "currency_unlike_instrument",
            f"{row['symbol']} was traded in {said}, its instrument is in {terms.currency}",
            f"Execution {row['exec_id']} was booked in {said}, as a position of its own. Is it another listing? Give "
            "its contract_id with the fills and with set_instrument(...). Is the instrument wrong? Set its currency.",
            rate_key=f"currency_unlike_instrument:{row['symbol']}:{row['contract_id']}",
        )
    return said or terms.currency


def _from_order(tx: Transaction, context: Context, now: int, row: dict[str, Any]) -> None:
    """Fill in from the order what the broker did not say; without an order the fill is kept all the same."""
    order_id = row["order_id"]
    known = None if order_id is None else _order(tx, row)
    if known is not None:
        if row["symbol"] not in (None, known["symbol"]):
            # another leg of a combination
            known = known | {"contract_id": None, "instrument_type": None, "currency": None}
        for name, value in known.items():
            if row.get(name) is None:
                row[name] = value
    elif row["symbol"] is None:
        raise InvalidRecord(
            f"execution {row['exec_id']} names no symbol, and order {order_id} is not in the ledger",
            hint="Give symbol with the execution.",
        )
    if row.get("strategy_id") is None:
        row["strategy_id"] = strategy_id_of(tx, UNALLOCATED)
        raise_alert(
            tx,
            now,
            "order_unknown",
            f"execution {row['exec_id']} belongs to no known order",
            f"{row['side']} {row['quantity']:g} {row['symbol']} at {row['price']:g} (order {order_id}) was booked "
            f"under the strategy {UNALLOCATED!r}. Insert orders before they are sent, or give strategy_id.",
            rate_key=f"order_unknown:{order_id}",
        )
    row.setdefault("broker_id", None)
    if row.get("mode") is None:
        row["mode"] = str(context.mode)
    if row.get("leg") is None:
        row["leg"] = "NET"
    for name in ("account", "contract_id"):
        if row.get(name) is None:
            row[name] = ""
    row.setdefault("strategy_run_id", None)
    row.setdefault("client_run_id", context.client_run_id)


def _order(tx: Transaction, row: dict[str, Any]) -> dict[str, Any] | None:
    """What the order of an execution says, None where it is not in the ledger."""
    known, asked = tx.known, (row["order_id"], row["symbol"])
    known.look(tx.raw)
    order = known.orders.get(asked)
    if order is None:
        found = tx.one(ORDER_OF, row)
        if found is not None:
            order = known.orders[asked] = dict(zip(_ORDER_FIELDS, found, strict=True))
    return order


def _compare(tx: Transaction, now: int, row: dict[str, Any], same: tuple[Any, ...]) -> None:
    """An ``exec_id`` sent again with other figures: the first one stays, and a person hears of it."""
    if (row["side"], row["quantity"], row["price"]) != same[1:]:
        raise_alert(
            tx,
            now,
            "execution_conflict",
            f"execution {row['exec_id']} came twice, with different figures",
            f"Kept: {same[1]} {same[2]:g} at {same[3]:g}. "
            f"Refused: {row['side']} {row['quantity']:g} at {row['price']:g}. "
            "A correction needs an exec_id of its own.",
            rate_key=f"execution_conflict:{row['exec_id']}",
        )


def record_commission(tx: Transaction, now: int, row: dict[str, Any]) -> int:
    """Insert a checked commission; its key. The same (execution, fee type, revision) again changes nothing."""
    fill: dict[str, Any] | None
    link: TradeLink | None = None
    if row["exec_id"] in tx.booked:
        fill, link = tx.booked[row["exec_id"]]
    else:
        fill = tx.first(_FILL, row)
    if row["currency"] is None:
        row["currency"] = fill["currency"] if fill is not None else _guess(tx, now, row)
    known = tx.known.holds(tx.raw)
    row["booked_amount"] = round(row["amount"], minor_digits(row["currency"]))
    row["create_time"] = row["update_time"] = tx.now
    later = tx.later
    if later is not None and (later.execution is not fill or row["currency"] != later.execution["currency"]):
        later = None
    created = tx.insert(_FEE_INSERT, row, settle=later is None)
    tx.later = None
    if created is not None:
        if later is not None:
            later.write(tx, row["booked_amount"])
        elif fill is not None:
            count_fee(tx, fill, row["currency"], row["booked_amount"])
            pay_trade(tx, fill["seq_id"], row["currency"], row["booked_amount"], link if known else None)
        if known:
            tx.known.keep(tx.raw)
        return created
    if later is not None:
        later.write(tx)
    there = tx.one(_FEE, row)
    if there[1:] != (row["amount"], row["currency"]):
        raise_alert(
            tx,
            now,
            "commission_conflict",
            f"commission of execution {row['exec_id']} came twice, with different amounts",
            f"Kept: {there[1]} {there[2]}. Refused: {row['amount']} {row['currency']}. Book a correction as the "
            "difference with revision=1, or a second fee under its own fee_type.",
            rate_key=f"commission_conflict:{row['exec_id']}:{row['fee_type']}:{row['revision']}",
        )
    return int(there[0])


def _guess(tx: Transaction, now: int, row: dict[str, Any]) -> str:
    """Dollars, where neither the call nor an execution says the currency: the money is kept, and a person is told."""
    raise_alert(
        tx,
        now,
        "commission_currency",
        f"commission of execution {row['exec_id']} came before its execution and without a currency",
        f"{row['amount']:g} was booked in USD. Give currency with commissions that come first. Where it is not USD, "
        "take it back with revision=1 (the negative amount, USD) and book it again under a fee_type of its own.",
        rate_key="commission_currency",
    )
    return "USD"


class Executions(Family):
    """Executions and commissions."""

    def insert_execution(
        self,
        exec_id: str,
        order_id: int | None = None,
        strategy_id: int | str | None = None,
        broker_id: int | str | None = None,
        symbol: str | None = None,
        instrument_type: str | None = None,
        contract_id: str | int | None = None,
        side: str | None = None,
        quantity: float | None = None,
        price: float | None = None,
        exec_time: validate.Moment = None,
        exchange: str | None = None,
        liquidity_flag: str | int | None = None,
        order_type: str | None = None,
        cum_qty: float | None = None,
        avg_price: float | None = None,
        is_liquidation: bool | int | None = None,
        external_order_id: str | None = None,
        external_exec_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        mode: str | None = None,
        leg: str | None = None,
        account: str | None = None,
        currency: str | None = None,
        trade_date: str | None = None,
        group_label: str | None = None,
        in_time: bool = False,
    ) -> int:
        """Record an execution and book it: position, average cost and realised PnL, in one transaction.

        An ``exec_id`` that is in the ledger already changes nothing. What is not given comes from the order. An
        execution of an unknown order is kept, under the strategy ``unallocated`` with an alert, unless a strategy
        is given.

        Args:
            exec_id: the broker's id of this execution; what keeps it from being booked twice.
            quantity: units, greater than zero; the direction is ``side``.
            price: in price units of the instrument.
            exec_time: when it happened; now when None.
            trade_date: session the fill belongs to; by the instrument's calendar when None.
            group_label: kept with the position event of a fill that is booked as it arrives.
            in_time: book it before the fills of its position that happened after it, not in the order of arrival.

        Returns:
            The row's ``seq_id``.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.
            UnknownRecord: no such broker or strategy id.

        """
        row: dict[str, Any] = {  # most are not given: a call for each of these would be a tenth of a fill
            "exec_id": validate.words("exec_id", exec_id),
            "order_id": None if order_id is None else validate.whole("order_id", order_id),
            "symbol": None if symbol is None else validate.words("symbol", symbol),
            "instrument_type": None if instrument_type is None else str(instrument_type),
            "contract_id": None if contract_id is None else str(contract_id),
            "side": str(validate.side(side)),
            "quantity": validate.positive("quantity", quantity),
            "price": validate.finite("price", price),
            "exchange": None if exchange is None else str(exchange),
            "liquidity_flag": None if liquidity_flag is None else str(liquidity_flag),
            "order_type": None if order_type is None else str(order_type),
            "cum_qty": None if cum_qty is None else validate.optional("cum_qty", cum_qty),
            "avg_price": None if avg_price is None else validate.optional("avg_price", avg_price),
            "is_liquidation": None if is_liquidation is None else int(bool(is_liquidation)),
            "external_order_id": None if external_order_id is None else str(external_order_id),
            "external_exec_id": None if external_exec_id is None else str(external_exec_id),
            "metadata": None if metadata is None else validate.to_json("metadata", metadata),
            "mode": None if mode is None else str(validate.mode(mode)),
            "leg": None if leg is None else str(validate.leg(leg)),
            "account": None if account is None else str(account),
            "currency": None if currency is None else validate.currency(currency),
            "trade_date": None if trade_date is None else validate.day("trade_date", trade_date),
        }
        moment = validate.moment("exec_time", exec_time, "")
        label = None if group_label is None else str(group_label)
        if trade_date is None and not self.context.calendars_ready:
            ready_calendars(self.store)
            self.context.calendars_ready = True
        with self.store.write() as tx:
            row["exec_time"] = moment or tx.now
            row["broker_id"] = None if broker_id is None else broker_id_of(tx, broker_id)
            row["strategy_id"] = None if strategy_id is None else strategy_id_of(tx, strategy_id)
            if in_time:
                from quantstrip.ledger.late import record_in_time  # it is made of what is here

                return record_in_time(tx, self.context, self.store.now(), row).seq_id
            return record_execution(tx, self.context, self.store.now(), row, group_label=label)

    def get_executions(self, order_id: int | None = None, exec_id: str | None = None) -> "pd.DataFrame":
        """Executions of an order, or the one of an id; all of them without either."""
        return self._frame(_GET, order_id=order_id, exec_id=exec_id)

    def insert_commission(
        self,
        exec_id: str,
        amount: float,
        currency: str | None = None,
        fee_type: str | None = None,
        realized_pnl: float | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        revision: int = 0,
    ) -> int:
        """Record what an execution cost; returns the row's id. It may come before its execution.

        The same (execution, fee type, revision) again changes nothing.

        Args:
            amount: money paid, in ``currency``; negative for a rebate.
            currency: the execution's when None; USD with an alert where that is not there yet.
            realized_pnl: what the broker says was gained; kept as information, never added to ours.
            revision: 0 for the first word; a correction is the difference under the next number.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.

        """
        row: dict[str, Any] = {
            "exec_id": validate.words("exec_id", exec_id),
            "amount": validate.finite("amount", amount),
            "currency": None if currency is None else validate.currency(currency),
            "fee_type": COMMISSION if fee_type is None else str(fee_type) or COMMISSION,
            "realized_pnl": None if realized_pnl is None else validate.optional("realized_pnl", realized_pnl),
            "metadata": None if metadata is None else validate.to_json("metadata", metadata),
            "revision": validate.whole("revision", revision),
        }
        with self.store.write() as tx:
            return record_commission(tx, self.store.now(), row)
