"""What the platform does: clients and their runs, jobs, strategy runs."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint

from quantstrip.ledger.tables.base import day, key, metadata, number, numbers, refers, text, time, times, whole

client = Table(
    "client",
    metadata,
    text("name", needed=True),
    text("code_hash", needed=True),
    text("desired_state", needed=True),
    text("status_note", needed=True),
    whole("differs", needed=True),
    text("display_name", needed=True),
    text("source", needed=True),
    text("mode", needed=True),
    *times(),
    PrimaryKeyConstraint("name"),
)

deployment = Table(
    "deployment",
    metadata,
    key("deployment_id"),
    text("client", needed=True),
    text("code_hash", needed=True),
    time("deployed_at", needed=True),
    text("files", needed=True),
    text("note", needed=True),
)
Index("ix_deployment_client", deployment.c.client)

client_run = Table(
    "client_run",
    metadata,
    key("run_id"),
    text("client", needed=True),
    text("display_name", needed=True),
    whole("pid", needed=True),
    text("mode", needed=True),
    text("code_hash", needed=True),
    time("started", needed=True),
    time("heartbeat", needed=True),
    time("next_job_time"),
    time("ended"),
    text("outcome"),
    whole("exit_code"),
    text("trace", needed=True),
)
Index("ix_client_run_client", client_run.c.client)

job_run = Table(
    "job_run",
    metadata,
    key("job_run_id"),
    text("client", needed=True),
    text("job", needed=True),
    time("due", needed=True),
    refers("run_id", "client_run.run_id"),
    time("started"),
    time("finished"),
    text("outcome"),
    text("trace", needed=True),
    # Set where a person asked for this run: a request is carried out once at most.
    refers("job_request_id", "job_request.job_request_id"),
    UniqueConstraint("client", "job", "due", name="ux_job_run_identity"),
)
Index("ux_job_run_request", job_run.c.job_request_id, unique=True)
Index("ix_job_run_client", job_run.c.client)

strategy_run = Table(
    "strategy_run",
    metadata,
    key("strategy_run_id"),
    text("run_key", needed=True),
    text("client", needed=True),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    text("mode", needed=True),
    text("account", needed=True),
    text("code_hash", needed=True),
    text("parameters", needed=True),
    text("feed", needed=True),
    number("initial_cash", needed=True),
    time("started", needed=True),
    whole("current", needed=True),
    # How far the run has come on its feed's clock, and the session that moment belongs to.
    time("feed_time"),
    day("feed_date"),
    number("last_equity"),
    text("update_time", needed=True),
    UniqueConstraint("run_key", name="ux_strategy_run_key"),
)
Index("ix_strategy_run_strategy", strategy_run.c.strategy_id, strategy_run.c.mode)

strategy_equity = Table(
    "strategy_equity",
    metadata,
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    time("event_time", needed=True),
    number("equity", needed=True),
    PrimaryKeyConstraint("strategy_run_id", "event_time"),
    sqlite_with_rowid=False,
)

run_mark = Table(
    "run_mark",
    metadata,
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    text("symbol", needed=True),
    day("trade_date", needed=True),
    time("event_time", needed=True),
    number("price", needed=True),
    PrimaryKeyConstraint("strategy_run_id", "symbol", "trade_date"),
    sqlite_with_rowid=False,
)

rejected_signal = Table(
    "rejected_signal",
    metadata,
    key("rejected_signal_id"),
    refers("strategy_id", "strategy.strategy_id", needed=True),
    refers("strategy_run_id", "strategy_run.strategy_run_id"),
    text("mode", needed=True),
    text("account", needed=True),
    time("event_time", needed=True),
    whole("sequence", needed=True),
    text("symbol", needed=True),
    text("side", needed=True),
    text("order_type"),
    *numbers("quantity", "limit_price", "stop_price"),
    text("rule", needed=True),
    text("reason", needed=True),
    text("metadata"),
    time("create_time", needed=True),
    UniqueConstraint("strategy_run_id", "event_time", "sequence", name="ux_rejected_signal_key"),
)
