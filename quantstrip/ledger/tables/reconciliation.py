"""Comparisons of the ledger with a broker's statement: one row each, and one for everything that was not the same."""

from sqlalchemy import Index, Table

from quantstrip.ledger.tables.base import day, key, metadata, refers, text, time, whole

reconciliation = Table(
    "reconciliation",
    metadata,
    key("reconciliation_id"),
    text("source", needed=True),
    text("mode", needed=True),
    text("accounts", needed=True),
    refers("broker_id", "broker.broker_id"),
    day("first_date"),
    day("last_date"),
    *(
        whole(name, needed=True)
        for name in (
            "executions_matched", "positions_matched", "missing_here", "missing_there", "different", "not_trades",
            "taken_over", "confirmed",
        )
    ),
    text("notes", needed=True),
    time("create_time", needed=True),
)  # fmt: skip

reconciliation_difference = Table(
    "reconciliation_difference",
    metadata,
    key("difference_id"),
    refers("reconciliation_id", "reconciliation.reconciliation_id", needed=True),
    text("outcome", needed=True),
    text("kind", needed=True),
    text("account", needed=True),
    text("symbol", needed=True),
    text("contract_id", needed=True),
    text("reference", needed=True),
    text("what", needed=True),
    text("ours", needed=True),
    text("theirs", needed=True),
    text("strategy", needed=True),
    whole("order_id"),
    whole("taken_over", needed=True),
)
Index("ix_reconciliation_difference_run", reconciliation_difference.c.reconciliation_id)
