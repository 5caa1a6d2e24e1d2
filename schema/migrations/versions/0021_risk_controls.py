"""Halts of strategy runs, what a person decided about them, and when each run took that in."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    moment = Declared("DATETIME")
    op.create_table(
        "risk_halt",
        sa.Column("risk_halt_id", sa.Integer(), primary_key=True),
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("event_time", moment, nullable=False),
        sa.Column("ended", moment, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("create_time", moment, nullable=False),
        sa.UniqueConstraint("strategy_run_id", "rule", "calendar", "event_time", name="ux_risk_halt_key"),
    )
    op.create_table(
        "risk_control",
        sa.Column("risk_control_id", sa.Integer(), primary_key=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=True),
        sa.Column("create_time", moment, nullable=False),
    )
    op.create_index("ix_risk_control_client", "risk_control", ["client"])
    op.create_table(
        "risk_control_taken",
        sa.Column("risk_control_id", sa.Integer(), sa.ForeignKey("risk_control.risk_control_id"), nullable=False),
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=False),
        sa.Column("event_time", moment, nullable=False),
        sa.Column("create_time", moment, nullable=False),
        sa.PrimaryKeyConstraint("risk_control_id", "strategy_run_id"),
        sqlite_with_rowid=False,
    )
