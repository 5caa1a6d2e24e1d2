"""What stops entries: halts of runs, what a person decided about them, and when each run took that in."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint

from quantstrip.ledger.tables.base import key, metadata, refers, text, time

risk_halt = Table(
    "risk_halt",
    metadata,
    key("risk_halt_id"),
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    text("rule", needed=True),
    text("calendar", needed=True),
    # Both on the feed's clock.
    time("event_time", needed=True),
    time("ended"),
    text("reason", needed=True),
    time("create_time", needed=True),
    UniqueConstraint("strategy_run_id", "rule", "calendar", "event_time", name="ux_risk_halt_key"),
)

risk_control = Table(
    "risk_control",
    metadata,
    key("risk_control_id"),
    text("client", needed=True),
    text("action", needed=True),
    text("rule", needed=True),
    text("reason", needed=True),
    # The run whose halts are lifted; a kill switch is the client's and outlives its runs.
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    time("create_time", needed=True),
)
Index("ix_risk_control_client", risk_control.c.client)

risk_control_taken = Table(
    "risk_control_taken",
    metadata,
    refers("risk_control_id", "risk_control.risk_control_id", needed=True),
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    # The bar before which it took effect: the run does the same when it is repeated.
    time("event_time", needed=True),
    time("create_time", needed=True),
    PrimaryKeyConstraint("risk_control_id", "strategy_run_id"),
    sqlite_with_rowid=False,
)
