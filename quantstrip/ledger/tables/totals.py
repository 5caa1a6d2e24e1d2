"""Sums that the ledger keeps beside its rows, so that a report over a million fills reads some thousand rows.

They are written in the transaction of the row they count, and nowhere else; ``check_totals`` adds the rows up again.
"""

from sqlalchemy import Index, PrimaryKeyConstraint, Table
from sqlalchemy import text as sql

from quantstrip.ledger.tables.base import day, key, metadata, number, numbers, refers, text, time, whole

position_day = Table(
    "position_day",
    metadata,
    refers("strategy_id", "strategy.strategy_id", needed=True),
    text("mode", needed=True),
    text("account", needed=True),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("leg", needed=True),
    # 0 where no broker is known, for a key has no NULL.
    whole("broker_id", needed=True),
    text("currency", needed=True),
    day("trade_date", needed=True),
    whole("fills", needed=True),
    *(number(name, needed=True) for name in ("quantity", "cost_change", "realized_pnl", "commission", "turnover")),
    *numbers("last_price", "multiplier"),
    PrimaryKeyConstraint(
        "strategy_id", "mode", "account", "symbol", "contract_id", "leg", "broker_id", "currency", "trade_date"
    ),
    sqlite_with_rowid=False,
)

round_trip = Table(
    "round_trip",
    metadata,
    key("trade_id"),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("broker_id", "broker.broker_id"),
    text("mode", needed=True),
    text("account", needed=True),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("leg", needed=True),
    text("currency", needed=True),
    number("multiplier", needed=True),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    text("side", needed=True),
    time("opened", needed=True),
    day("open_date", needed=True),
    time("closed"),
    day("close_date"),
    time("last_fill_time", needed=True),
    day("last_fill_date", needed=True),
    number("last_fill_price", needed=True),
    whole("fills", needed=True),
    *(
        number(name, needed=True)
        for name in (
            "position", "avg_price", "cost", "max_quantity", "opened_quantity", "opened_value", "closed_quantity",
            "closed_value", "realized_pnl", "commission",
        )
    ),
    whole("other_fees", needed=True),
)  # fmt: skip
Index(
    "ix_round_trip_open",
    *(round_trip.c[name] for name in ("strategy_id", "symbol", "mode", "account", "contract_id", "leg", "broker_id")),
    sqlite_where=sql("closed IS NULL"),
)

trade_fill = Table(
    "trade_fill",
    metadata,
    key("execution_seq"),
    refers("trade_id", "round_trip.trade_id", needed=True),
    # A flip closes one trade and opens another: the one it closed, and which part of its quantity did that.
    whole("closed_trade_id"),
    number("closed_share"),
)
Index("ix_trade_fill_trade", trade_fill.c.trade_id)

equity_day = Table(
    "equity_day",
    metadata,
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    day("trade_date", needed=True),
    time("event_time", needed=True),
    number("equity", needed=True),
    PrimaryKeyConstraint("strategy_run_id", "trade_date"),
    sqlite_with_rowid=False,
)
