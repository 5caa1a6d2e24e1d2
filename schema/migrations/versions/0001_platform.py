"""Names, instruments, reports and what the platform does."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "version",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("create_time", sa.Text(), nullable=False),
    )
    op.create_table(
        "order_id_state",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
    )
    op.create_table(
        "broker",
        sa.Column("broker_id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.UniqueConstraint("name", name="ux_broker_name"),
    )
    op.create_table(
        "strategy",
        sa.Column("strategy_id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.Column("allocation", sa.Float(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.UniqueConstraint("name", name="ux_strategy_name"),
    )
    op.create_table(
        "instrument",
        sa.Column("instrument_id", sa.Integer(), primary_key=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("instrument_type", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Float(), nullable=False),
        sa.Column("tick_size", sa.Float(), nullable=False),
        sa.Column("lot_size", sa.Float(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.UniqueConstraint("symbol", "contract_id", name="ux_instrument_symbol"),
    )
    op.create_table(
        "mtm_price",
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("open", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("close", sa.Float(), nullable=True),
        sa.Column("adj_close", sa.Float(), nullable=True),
        sa.Column("volume", sa.Float(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.UniqueConstraint("date", "symbol", "contract_id", name="ux_mtm_price_day"),
    )
    op.create_table(
        "position_external",
        sa.Column("position_external_id", sa.Integer(), primary_key=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Float(), nullable=False),
        sa.Column("avg_cost", sa.Float(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
    )
    op.create_table(
        "report",
        sa.Column("report_id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("recipients", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
    )
    op.create_table(
        "report_section",
        sa.Column("section_id", sa.Integer(), primary_key=True),
        sa.Column("report_id", sa.Integer(), sa.ForeignKey("report.report_id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
    )
    op.create_table(
        "report_item",
        sa.Column("item_id", sa.Integer(), primary_key=True),
        sa.Column("section_id", sa.Integer(), sa.ForeignKey("report_section.section_id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
    )
    op.create_table(
        "email_account",
        sa.Column("email_account_id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("smtp_server", sa.Text(), nullable=True),
        sa.Column("smtp_port", sa.Integer(), nullable=True),
        sa.Column("use_tls", sa.Integer(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("from_address", sa.Text(), nullable=True),
        sa.Column("from_name", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.UniqueConstraint("name", name="ux_email_account_name"),
    )
    op.create_table(
        "client",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("desired_state", sa.Text(), nullable=False),
        sa.Column("status_note", sa.Text(), nullable=False),
        sa.Column("differs", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "deployment",
        sa.Column("deployment_id", sa.Integer(), primary_key=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("deployed_at", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ix_deployment_client", "deployment", ["client"])
    op.create_table(
        "client_run",
        sa.Column("run_id", sa.Integer(), primary_key=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("heartbeat", sa.Text(), nullable=False),
        sa.Column("next_job_time", sa.Text(), nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=False),
    )
    op.create_index("ix_client_run_client", "client_run", ["client"])
    op.create_table(
        "job_run",
        sa.Column("job_run_id", sa.Integer(), primary_key=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("client_run.run_id"), nullable=True),
        sa.Column("started", sa.Text(), nullable=True),
        sa.Column("finished", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.UniqueConstraint("client", "job", "due", name="ux_job_run_identity"),
    )
    op.create_table(
        "strategy_run",
        sa.Column("strategy_run_id", sa.Integer(), primary_key=True),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), sa.ForeignKey("strategy.strategy_id"), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("initial_cash", sa.Float(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("feed_time", sa.Text(), nullable=True),
        sa.Column("feed_date", sa.Text(), nullable=True),
        sa.Column("last_equity", sa.Float(), nullable=True),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.UniqueConstraint("run_key", name="ux_strategy_run_key"),
    )
    op.create_index("ix_strategy_run_strategy", "strategy_run", ["strategy_id", "mode"])
    op.create_table(
        "strategy_equity",
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=False),
        sa.Column("event_time", sa.Text(), nullable=False),
        sa.Column("equity", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("strategy_run_id", "event_time"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rejected_signal",
        sa.Column("rejected_signal_id", sa.Integer(), primary_key=True),
        sa.Column("strategy_id", sa.Integer(), sa.ForeignKey("strategy.strategy_id"), nullable=False),
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_time", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Float(), nullable=True),
        sa.Column("limit_price", sa.Float(), nullable=True),
        sa.Column("stop_price", sa.Float(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.UniqueConstraint("strategy_run_id", "event_time", "sequence", name="ux_rejected_signal_key"),
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("rate_key", sa.Text(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
    )
    op.create_index("ix_alert_rate_key", "alert", ["rate_key"])
    op.create_table(
        "outbox",
        sa.Column("outbox_id", sa.Integer(), primary_key=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.UniqueConstraint("message_id", name="ux_outbox_message_id"),
    )
    op.create_index("ix_outbox_status", "outbox", ["status"])
