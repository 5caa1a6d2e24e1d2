"""The prices at which runs valued what they held, by session."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0050"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "run_mark",
        sa.Column("strategy_run_id", sa.Integer(), sa.ForeignKey("strategy_run.strategy_run_id"), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("trade_date", Declared("DATE"), nullable=False),
        sa.Column("event_time", Declared("DATETIME"), nullable=False),
        sa.Column("price", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("strategy_run_id", "symbol", "trade_date"),
        sqlite_with_rowid=False,
    )
