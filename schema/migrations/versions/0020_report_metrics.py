"""Ratios of the newest report, so that SQL and Excel read the figures that pages and mails show."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "report_metric",
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("horizon", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("as_of", Declared("DATE"), nullable=False),
        sa.Column("first_date", Declared("DATE"), nullable=False),
        sa.Column("last_date", Declared("DATE"), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.Column("create_time", Declared("DATETIME"), nullable=False),
        sa.PrimaryKeyConstraint("mode", "scope", "strategy", "horizon", "metric"),
        sqlite_with_rowid=False,
    )
