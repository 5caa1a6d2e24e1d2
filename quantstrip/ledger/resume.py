"""What the ledger knows of a strategy run that begins again: its rows' keys, and the orders that are not over."""

import json
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, bindparam, func, select

from quantstrip.clock import from_text
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import execution, order_status, orders, rejected_signal, strategy
from quantstrip.model import FINAL, Leg, Order, OrderSide, OrderState, OrderType, TimeInForce
from quantstrip.ports import OpenOrder

NOTES = (
    "reason", "strength", "tag", "parent", "group", "reduce_only", "stop_loss", "take_profit", "stop_loss_pct",
    "take_profit_pct", "trailing_pct", "trailing_activation_pct", "trail_percent",
)  # fmt: skip
"""What an order carries beyond its columns; kept in its ``metadata``."""

_ORDERS = Statement(
    lambda: select(orders.c.client_reference, orders.c.order_id, orders.c.external_order_id).where(
        orders.c.strategy_run_id == bindparam("run")
    )
)
_STATUSES = Statement(
    lambda: (
        select(
            order_status.c.order_id, order_status.c.status, order_status.c.filled_quantity, order_status.c.broker_time
        )
        .join(orders, orders.c.order_id == order_status.c.order_id)
        .where(orders.c.strategy_run_id == bindparam("run"))
    )
)
_FILLS = Statement(
    lambda: select(execution.c.exec_id, execution.c.order_id).where(
        execution.c.strategy_run_id == bindparam("run"),
        # Rows of a correction are ours alone: no broker knows them.
        execution.c.corrects.is_(None),
        execution.c.replaces.is_(None),
    )
)
_REJECTED = Statement(
    lambda: select(rejected_signal.c.event_time, rejected_signal.c.sequence).where(
        rejected_signal.c.strategy_run_id == bindparam("run")
    )
)


def _last_status() -> ScalarSelect[int]:
    """Reports are numbered as they arrive; the last one recorded is what is known."""
    report = order_status.alias("report")
    newest = select(func.max(report.c.order_status_id)).where(report.c.order_id == orders.c.order_id)
    return newest.correlate(orders).scalar_subquery()


_OPEN = Statement(
    lambda: (
        select(
            orders,
            strategy.c.name.label("strategy"),
            order_status.c.status,
            order_status.c.filled_quantity,
            order_status.c.avg_fill_price,
        )
        .join(strategy, strategy.c.strategy_id == orders.c.strategy_id)
        .join(order_status, order_status.c.order_status_id == _last_status(), isouter=True)
        .where(orders.c.strategy_run_id == bindparam("run"))
        .order_by(orders.c.seq_id)
    )
)


class Known(NamedTuple):
    """Keys of the rows a run has: a repeated call finds them here and writes nothing."""

    orders: dict[str, int]
    external: dict[int, str]
    statuses: set[tuple[Any, ...]]
    fills: set[str]
    rejections: set[tuple[Any, ...]]


def known_of(tx: Transaction, run_id: int) -> Known:
    """The keys of everything a run has recorded."""
    this = {"run": run_id}
    found = tx.all(_ORDERS, this)
    return Known(
        {reference: order_id for reference, order_id, _ in found},
        {order_id: external for _, order_id, external in found if external},
        set(tx.all(_STATUSES, this)),
        {exec_id for exec_id, _ in tx.all(_FILLS, this)},
        set(tx.all(_REJECTED, this)),
    )


def open_orders_of(tx: Transaction, run_id: int) -> list[OpenOrder]:
    """The run's orders whose last recorded state is not final, oldest first."""
    this = {"run": run_id}
    fills: dict[int, list[str]] = {}
    for exec_id, order_id in tx.all(_FILLS, this):
        fills.setdefault(order_id, []).append(exec_id)
    found = []
    for row in tx.dicts(_OPEN, this):
        state = OrderState(row["status"] or OrderState.CREATED)
        if state not in FINAL:
            filled, average = row["filled_quantity"] or 0.0, row["avg_fill_price"] or 0.0
            found.append(OpenOrder(_order(row), state, filled, average, tuple(fills.get(row["order_id"], ()))))
    return found


def notes_of(order: Order) -> dict[str, Any] | None:
    """What an order carries beyond its columns, without what is empty."""
    values = {name: getattr(order, name) for name in NOTES}
    return {name: value for name, value in values.items() if value not in (None, "", False)} or None


def _order(row: dict[str, Any]) -> Order:
    return Order(
        reference=row["client_reference"],
        strategy=row["strategy"],
        symbol=row["symbol"],
        side=OrderSide(row["side"]),
        quantity=row["total_quantity"],
        order_type=OrderType(row["order_type"]),
        ts=from_text(row["event_time"]),
        limit_price=row["limit_price"],
        stop_price=row["stop_price"],
        trail_amount=row["trail_amount"],
        time_in_force=TimeInForce(row["time_in_force"]),
        leg=Leg(row["leg"]),
        decision_price=row["decision_price"] or 0.0,
        **(json.loads(row["metadata"]) if row["metadata"] else {}),
    )
