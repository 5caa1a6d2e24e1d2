"""What the platform does: clients and their runs, jobs, strategy runs, alerts, mail to send."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint

from quantstrip.ledger.tables.base import key, metadata, number, numbers, refers, text, times, whole, words

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
    text("deployed_at", needed=True),
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
    text("started", needed=True),
    text("heartbeat", needed=True),
    *words("next_job_time", "ended", "outcome"),
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
    text("due", needed=True),
    refers("run_id", "client_run.run_id"),
    *words("started", "finished", "outcome"),
    text("trace", needed=True),
    UniqueConstraint("client", "job", "due", name="ux_job_run_identity"),
)

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
    text("started", needed=True),
    whole("current", needed=True),
    # How far the run has come on its feed's clock, and the session that moment belongs to.
    *words("feed_time", "feed_date"),
    number("last_equity"),
    text("update_time", needed=True),
    UniqueConstraint("run_key", name="ux_strategy_run_key"),
)
Index("ix_strategy_run_strategy", strategy_run.c.strategy_id, strategy_run.c.mode)

strategy_equity = Table(
    "strategy_equity",
    metadata,
    refers("strategy_run_id", "strategy_run.strategy_run_id", needed=True),
    text("event_time", needed=True),
    number("equity", needed=True),
    PrimaryKeyConstraint("strategy_run_id", "event_time"),
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
    text("event_time", needed=True),
    whole("sequence", needed=True),
    text("symbol", needed=True),
    text("side", needed=True),
    text("order_type"),
    *numbers("quantity", "limit_price", "stop_price"),
    text("rule", needed=True),
    text("reason", needed=True),
    text("metadata"),
    text("create_time", needed=True),
    UniqueConstraint("strategy_run_id", "event_time", "sequence", name="ux_rejected_signal_key"),
)

alert = Table(
    "alert",
    metadata,
    key("alert_id"),
    text("kind", needed=True),
    text("subject", needed=True),
    text("body", needed=True),
    text("client", needed=True),
    text("rate_key", needed=True),
    whole("occurrences", needed=True),
    whole("seen", needed=True),
    *times(),
)
Index("ix_alert_rate_key", alert.c.rate_key)

outbox = Table(
    "outbox",
    metadata,
    key("outbox_id"),
    text("message_id", needed=True),
    text("account"),
    text("recipients", needed=True),
    text("subject", needed=True),
    text("body", needed=True),
    text("html"),
    text("status", needed=True),
    whole("attempts", needed=True),
    *words("next_attempt", "last_error", "sent"),
    *times(),
    UniqueConstraint("message_id", name="ux_outbox_message_id"),
)
Index("ix_outbox_status", outbox.c.status)
