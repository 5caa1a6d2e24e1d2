"""The audit chain: one link for each write of the life-cycle tables."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the triggers that refuse to change it (SQLite's form)."""
    op.create_table(
        "audit_link",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Integer(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("writer", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=True),
        sa.Column("before_hash", sa.LargeBinary(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("create_time", Declared("DATETIME"), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER tr_audit_link_{action.lower()} BEFORE {action} ON audit_link "
            "BEGIN SELECT RAISE(ABORT, 'audit_link is append-only: links are never changed or removed'); END"
        )
