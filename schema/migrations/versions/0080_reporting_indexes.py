"""Indexes over the few rows that a person entered or that bear a label: found among any number of fills."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0070"
branch_labels = None
depends_on = None

ENTERED = "order_type IN ('MANUAL', 'TRANSFER') OR corrects IS NOT NULL OR replaces IS NOT NULL"
LABELLED = "group_label IS NOT NULL"


def upgrade() -> None:
    """Create them."""
    op.create_index("ix_execution_entered", "execution", ["mode"], sqlite_where=sa.text(ENTERED))
    op.create_index(
        "ix_position_event_label", "position_event", ["execution_seq", "group_label"], sqlite_where=sa.text(LABELLED)
    )
    op.create_index(
        "ix_strategy_event_label", "strategy_event", ["order_id", "group_label"], sqlite_where=sa.text(LABELLED)
    )
