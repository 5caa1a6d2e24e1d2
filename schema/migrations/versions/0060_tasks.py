"""Long work: tasks, their progress and what came of them."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "task",
        sa.Column("task_id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("create_time", Declared("DATETIME"), nullable=False),
        sa.Column("started", Declared("DATETIME"), nullable=True),
        sa.Column("finished", Declared("DATETIME"), nullable=True),
        sa.Column("heartbeat", Declared("DATETIME"), nullable=True),
        sa.Column("cancel_requested", Declared("DATETIME"), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
    )
    op.create_index("ix_task_state", "task", ["state"])
