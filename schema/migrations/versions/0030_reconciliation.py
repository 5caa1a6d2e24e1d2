"""Reconciliations with a broker's statement, and where a fill that was heard of late stands."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None

_COUNTS = (
    "executions_matched", "positions_matched", "missing_here", "missing_there", "different", "not_trades", "taken_over",
    "confirmed",
)  # fmt: skip
_WORDS = (
    "outcome", "kind", "account", "symbol", "contract_id", "reference", "what", "ours", "theirs", "strategy",
)  # fmt: skip


def upgrade() -> None:
    """Create the tables, add the column."""
    op.add_column("execution", sa.Column("booked_before", sa.Integer(), nullable=True))
    op.create_table(
        "reconciliation",
        sa.Column("reconciliation_id", sa.Integer(), primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("broker_id", sa.Integer(), sa.ForeignKey("broker.broker_id"), nullable=True),
        sa.Column("first_date", Declared("DATE"), nullable=True),
        sa.Column("last_date", Declared("DATE"), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("create_time", Declared("DATETIME"), nullable=False),
    )
    op.create_table(
        "reconciliation_difference",
        sa.Column("difference_id", sa.Integer(), primary_key=True),
        sa.Column("reconciliation_id", sa.Integer(), sa.ForeignKey("reconciliation.reconciliation_id"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _WORDS),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("taken_over", sa.Integer(), nullable=False),
    )
    op.create_index("ix_reconciliation_difference_run", "reconciliation_difference", ["reconciliation_id"])
