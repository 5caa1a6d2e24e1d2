"""The life cycle of a trade: order, its statuses, executions, commissions, positions, intentions.

``order_status``, ``execution``, ``commission`` and ``position_event`` are append-only, held by triggers.
"""

from sqlalchemy import Index, Table, UniqueConstraint, func
from sqlalchemy import text as sql

from quantstrip.ledger.tables.base import day, key, metadata, number, numbers, refers, text, time, times, whole, words

orders = Table(
    "orders",
    metadata,
    key("seq_id"),
    whole("order_id", needed=True),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("broker_id", "broker.broker_id"),
    text("account", needed=True),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("instrument_type"),
    text("side", needed=True),
    text("order_type"),
    number("total_quantity", needed=True),
    *numbers("limit_price", "stop_price", "trail_amount"),
    whole("parent_order_id"),
    *words("external_order_id", "client_reference", "metadata"),
    *times(),
    text("mode", needed=True),
    text("leg", needed=True),
    text("currency"),
    time("event_time", needed=True),
    text("time_in_force"),
    number("decision_price"),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    refers("client_run_id", "client_run.run_id"),
)
Index("ix_orders_order_id", orders.c.order_id)
Index("ix_orders_run", orders.c.strategy_run_id)
OF_RUN = "strategy_run_id IS NOT NULL"
BY_HANDLER = "strategy_run_id IS NULL AND client_run_id IS NOT NULL"
"""What tells rows of a client that trades by its handler, without a strategy's run."""
Index("ix_orders_client_run", orders.c.client_run_id, sqlite_where=sql(BY_HANDLER))
Index(
    "ux_orders_reference",
    orders.c.mode,
    orders.c.strategy_id,
    orders.c.client_reference,
    unique=True,
    sqlite_where=sql("client_reference IS NOT NULL"),
)

order_status = Table(
    "order_status",
    metadata,
    key("order_status_id"),
    whole("order_id", needed=True),
    text("status", needed=True),
    *numbers("filled_quantity", "remaining_quantity", "avg_fill_price", "last_fill_price"),
    *words("external_order_id", "client_reference"),
    whole("parent_order_id"),
    text("reason_held"),
    number("cap_price"),
    text("metadata"),
    time("event_time", needed=True),
    time("create_time", needed=True),
    # The time the broker gave; NULL when it gave none, and NULLs never collide.
    time("broker_time"),
)
Index(
    "ux_order_status_report",
    order_status.c.order_id,
    order_status.c.status,
    func.coalesce(order_status.c.filled_quantity, sql("-1")),
    order_status.c.broker_time,
    unique=True,
)

execution = Table(
    "execution",
    metadata,
    key("seq_id"),
    text("exec_id", needed=True),
    whole("order_id"),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("broker_id", "broker.broker_id"),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("instrument_type"),
    text("side", needed=True),
    number("quantity", needed=True),
    number("price", needed=True),
    time("exec_time", needed=True),
    *words("exchange", "liquidity_flag", "order_type"),
    *numbers("cum_qty", "avg_price"),
    whole("is_liquidation"),
    *words("external_order_id", "external_exec_id", "metadata"),
    *times(),
    text("mode", needed=True),
    text("leg", needed=True),
    text("account", needed=True),
    text("currency", needed=True),
    day("trade_date", needed=True),
    number("amount", needed=True),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    refers("client_run_id", "client_run.run_id"),
    # Money per point and unit it was booked with; NULL in rows older than the column.
    number("multiplier"),
    # A correction is a reversing row that names the exec_id it reverses; what takes its place names it too.
    *words("corrects", "replaces"),
    # A fill that was heard of late stands before the one with this seq_id; NULL where it stands where it was booked.
    whole("booked_before"),
    UniqueConstraint("exec_id", name="ux_execution_exec_id"),
)
Index("ix_execution_order_id", execution.c.order_id)
Index("ix_execution_run", execution.c.strategy_run_id, sqlite_where=sql(OF_RUN))
Index("ix_execution_client_run", execution.c.client_run_id, sqlite_where=sql(BY_HANDLER))
ENTERED = "order_type IN ('MANUAL', 'TRANSFER') OR corrects IS NOT NULL OR replaces IS NOT NULL"
"""What tells a row that a person entered or corrected from a fill; word for word, or its index is not used."""
Index("ix_execution_entered", execution.c.mode, sqlite_where=sql(ENTERED))
Index("ux_execution_corrects", execution.c.corrects, unique=True, sqlite_where=sql("corrects IS NOT NULL"))

commission = Table(
    "commission",
    metadata,
    key("commission_id"),
    text("exec_id", needed=True),
    number("amount", needed=True),
    text("currency", needed=True),
    text("fee_type", needed=True),
    number("realized_pnl"),
    text("metadata"),
    *times(),
    whole("revision", needed=True),
    number("booked_amount", needed=True),
    UniqueConstraint("exec_id", "fee_type", "revision", name="ux_commission_fee"),
)

position_event = Table(
    "position_event",
    metadata,
    key("position_event_id"),
    time("event_time", needed=True),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("broker_id", "broker.broker_id"),
    text("exec_id"),
    whole("order_id"),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    number("position", needed=True),
    *numbers("avg_price", "trade_quantity", "trade_price"),
    *words("event_type", "group_label", "metadata"),
    *times(),
    text("mode", needed=True),
    text("leg", needed=True),
    text("account", needed=True),
    text("currency"),
    day("trade_date"),
    *numbers("cost", "realized_pnl"),
    # The execution that was booked by this row, and so the order of booking; NULL for a client's own word.
    whole("execution_seq"),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    UniqueConstraint("exec_id", name="ux_position_event_exec_id"),
)
Index(
    "ix_position_event_position",
    position_event.c.strategy_id,
    position_event.c.symbol,
    position_event.c.mode,
    position_event.c.account,
    position_event.c.contract_id,
    position_event.c.leg,
    position_event.c.broker_id,
    position_event.c.execution_seq,
)
Index(
    "ix_position_event_label",
    position_event.c.execution_seq,
    position_event.c.group_label,
    sqlite_where=sql("group_label IS NOT NULL"),
)

strategy_event = Table(
    "strategy_event",
    metadata,
    key("strategy_event_id"),
    time("event_time", needed=True),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("broker_id", "broker.broker_id"),
    whole("order_id"),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    number("position"),
    *words("event_type", "group_label", "metadata"),
    text("status", needed=True),
    *times(),
    text("mode", needed=True),
    text("leg", needed=True),
    text("account", needed=True),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
)
Index(
    "ix_strategy_event_label",
    strategy_event.c.order_id,
    strategy_event.c.group_label,
    sqlite_where=sql("group_label IS NOT NULL"),
)
Index("ix_strategy_event_order_id", strategy_event.c.order_id)
Index("ix_strategy_event_strategy", strategy_event.c.strategy_id, strategy_event.c.symbol)
