"""Orders and their statuses."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, bindparam, func, or_, select, update

from quantstrip.errors import UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.events import order_ended
from quantstrip.ledger.family import Context, Family
from quantstrip.ledger.names import broker_id_of, by_id_or_name, strategy_id_of
from quantstrip.ledger.order_ids import next_order_id
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import order_status, orders, strategy

if TYPE_CHECKING:
    import pandas as pd

_INSERT = Insert(orders, keyed=True)
_BY_REFERENCE = Statement(
    lambda: select(orders.c.order_id).where(
        orders.c.mode == bindparam("mode"),
        orders.c.strategy_id == bindparam("strategy_id"),
        orders.c.client_reference == bindparam("client_reference"),
    )
)
_GET = Statement(
    lambda: (
        select(orders)
        .join(strategy, strategy.c.strategy_id == orders.c.strategy_id)
        .where(
            orders.c.order_id == bindparam("order_id"),
            or_(bindparam("id").is_(None), orders.c.strategy_id == bindparam("id")),
            or_(bindparam("name").is_(None), strategy.c.name == bindparam("name")),
            or_(bindparam("symbol").is_(None), orders.c.symbol == bindparam("symbol")),
        )
        .order_by(orders.c.seq_id)
    )
)


def _newest(*which: ColumnElement[bool]) -> ScalarSelect[Any]:
    last = select(func.max(orders.c.seq_id)).where(orders.c.order_id == bindparam("order_id"), *which)
    return last.correlate(None).scalar_subquery()


# Several rows may share an order id (legs of a combination): the one of the symbol, else the newest.
ORDER_OF = Statement(
    lambda: (
        select(
            orders.c.strategy_id,
            orders.c.broker_id,
            orders.c.account,
            orders.c.symbol,
            orders.c.contract_id,
            orders.c.instrument_type,
            orders.c.order_type,
            orders.c.mode,
            orders.c.leg,
            orders.c.currency,
            orders.c.strategy_run_id,
        )
        # Two looks at the end of an index cost half of sorting the one row that there nearly always is.
        .where(orders.c.seq_id == func.coalesce(_newest(orders.c.symbol == bindparam("symbol")), _newest()))
    )
)
_EXTERNAL = Statement(
    lambda: (
        update(orders)
        .where(orders.c.order_id == bindparam("id"))
        .values(external_order_id=bindparam("external"), update_time=bindparam("now"))
    )
)
_STATUS_INSERT = Insert(order_status, keyed=True)
_NEWEST = (order_status.c.event_time.desc(), order_status.c.order_status_id.desc())
_STATUS_SAME = Statement(
    lambda: select(order_status.c.order_status_id).where(
        and_(
            order_status.c.order_id == bindparam("order_id"),
            order_status.c.status == bindparam("status"),
            order_status.c.filled_quantity.is_not_distinct_from(bindparam("filled_quantity")),
            order_status.c.broker_time == bindparam("broker_time"),
        )
    )
)
_STATUSES = Statement(
    lambda: select(order_status).where(order_status.c.order_id == bindparam("order_id")).order_by(*_NEWEST)
)


def record_order(tx: Transaction, context: Context, now: int, row: dict[str, Any]) -> tuple[int, bool]:
    """Insert a checked order row; its order id, and whether it is new. A reference that is there keeps its row."""
    if row["client_reference"] is not None:
        found = tx.one(_BY_REFERENCE, row)
        if found is not None:
            return int(found[0]), False
    if row["order_id"] is None:
        row["order_id"] = next_order_id(tx, now)
    row.setdefault("client_run_id", context.client_run_id)
    tx.insert(_INSERT, row | {"create_time": tx.now, "update_time": tx.now})
    return int(row["order_id"]), True


def record_status(tx: Transaction, row: dict[str, Any]) -> int | None:
    """Insert a checked status row; its key, or None when the broker's report is there already."""
    created = tx.insert(_STATUS_INSERT, row | {"create_time": tx.now})
    if created is not None:
        order_ended(tx, row["order_id"], row["status"], row["filled_quantity"])
    return created


class Orders(Family):
    """Orders and order statuses."""

    def insert_order(
        self,
        order_id: int | None = None,
        strategy_id: int | str | None = None,
        broker_id: int | str | None = None,
        account: str | None = None,
        symbol: str | None = None,
        side: str | None = None,
        order_type: str | None = None,
        total_quantity: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
        trail_amount: float | None = None,
        instrument_type: str | None = None,
        parent_order_id: int | None = None,
        client_reference: str | None = None,
        external_order_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        contract_id: str | int | None = None,
        mode: str | None = None,
        leg: str = "NET",
        currency: str | None = None,
        event_time: validate.Moment = None,
        time_in_force: str | None = None,
        decision_price: float | None = None,
    ) -> int:
        """Record an order before it is sent; returns its order id.

        With a ``client_reference``, inserting the order again changes nothing and returns the first one's id.

        Args:
            order_id: from ``next_order_id``; None takes the next one.
            strategy_id, broker_id: an id or a name; an unknown strategy name is registered.
            total_quantity: units, greater than zero.
            limit_price, stop_price, trail_amount, decision_price: in price units.
            event_time: moment of the decision on the feed's clock; now when None.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.
            UnknownRecord: no such broker or strategy id.

        """
        row: dict[str, Any] = {
            "order_id": validate.optional_whole("order_id", order_id),
            "account": account or "",
            "symbol": validate.words("symbol", symbol),
            "contract_id": validate.optional_words(contract_id) or "",
            "instrument_type": validate.optional_words(instrument_type),
            "side": str(validate.side(side)),
            "order_type": validate.optional_words(order_type),
            "total_quantity": validate.positive("total_quantity", total_quantity),
            "limit_price": validate.optional("limit_price", limit_price),
            "stop_price": validate.optional("stop_price", stop_price),
            "trail_amount": validate.optional("trail_amount", trail_amount),
            "parent_order_id": validate.optional_whole("parent_order_id", parent_order_id),
            "external_order_id": validate.optional_words(external_order_id),
            "client_reference": validate.optional_words(client_reference) or None,
            "metadata": validate.to_json("metadata", metadata),
            "mode": str(validate.mode(mode or self.context.mode)),
            "leg": str(validate.leg(leg)),
            "currency": validate.optional_words(currency),
            "time_in_force": validate.optional_words(time_in_force),
            "decision_price": validate.optional("decision_price", decision_price),
        }
        given = validate.words("strategy_id", strategy_id) if not isinstance(strategy_id, int) else strategy_id
        moment = validate.moment("event_time", event_time, "")
        with self.store.write() as tx:
            row["broker_id"] = broker_id_of(tx, broker_id)
            row["strategy_id"] = strategy_id_of(tx, given)
            row["event_time"] = moment or tx.now
            return record_order(tx, self.context, self.store.now(), row)[0]

    def update_order_external_id(self, order_id: int, external_order_id: str | int) -> None:
        """Note the broker's own id of an order.

        Raises:
            InvalidRecord: the id is empty.
            UnknownRecord: no such order.

        """
        external = validate.words("external_order_id", external_order_id)
        with self.store.write() as tx:
            note_external_id(tx, validate.whole("order_id", order_id), external)

    def get_order(
        self, order_id: int, strategy_id: int | str | None = None, symbol: str | None = None
    ) -> "pd.DataFrame":
        """Rows of one order id, of one strategy and symbol when given."""
        return self._frame(_GET, order_id=order_id, symbol=symbol, **by_id_or_name(strategy_id))

    def insert_order_status(
        self,
        order_id: int,
        status: str,
        filled_quantity: float | None = None,
        remaining_quantity: float | None = None,
        avg_fill_price: float | None = None,
        last_fill_price: float | None = None,
        external_order_id: str | None = None,
        client_reference: str | None = None,
        parent_order_id: int | None = None,
        reason_held: str | None = None,
        cap_price: float | None = None,
        metadata: dict[str, Any] | None = None,
        event_time: validate.Moment = None,
    ) -> int:
        """Append what the broker said of an order; returns the row's id.

        The same report (order, status, filled quantity, ``event_time``) again changes nothing. Without an
        ``event_time`` every call is a new row. An order that ends without a fill makes its strategy event FAILED.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.

        """
        moment = validate.moment("event_time", event_time, "")
        row: dict[str, Any] = {
            "order_id": validate.whole("order_id", order_id),
            "status": validate.words("status", status),
            "filled_quantity": validate.optional("filled_quantity", filled_quantity),
            "remaining_quantity": validate.optional("remaining_quantity", remaining_quantity),
            "avg_fill_price": validate.optional("avg_fill_price", avg_fill_price),
            "last_fill_price": validate.optional("last_fill_price", last_fill_price),
            "external_order_id": validate.optional_words(external_order_id),
            "client_reference": validate.optional_words(client_reference),
            "parent_order_id": validate.optional_whole("parent_order_id", parent_order_id),
            "reason_held": validate.optional_words(reason_held),
            "cap_price": validate.optional("cap_price", cap_price),
            "metadata": validate.to_json("metadata", metadata),
            "broker_time": moment or None,
        }
        with self.store.write() as tx:
            row["event_time"] = moment or tx.now
            return int(record_status(tx, row) or tx.one(_STATUS_SAME, row)[0])

    def get_order_status(self, order_id: int) -> "pd.DataFrame":
        """Every status of an order, newest first."""
        return self._frame(_STATUSES, order_id=order_id)

    def get_current_order_status(self, order_id: int) -> dict[str, Any] | None:
        """The newest status of an order, or None."""
        return self._row(_STATUSES, order_id=order_id)


def note_external_id(tx: Transaction, order_id: int, external_id: str) -> None:
    """Note the broker's own id of an order, inside a transaction."""
    if tx.run(_EXTERNAL, {"id": order_id, "external": external_id, "now": tx.now}).rowcount == 0:
        raise UnknownRecord(f"no order has the id {order_id}", hint="Insert the order before it is sent.")
