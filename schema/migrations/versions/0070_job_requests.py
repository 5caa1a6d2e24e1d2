"""Jobs that a person asks for, and the jobs that each client plans next."""

import sqlalchemy as sa
from alembic import op

from quantstrip.ledger.tables.base import Declared

revision = "0070"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, and let a job run say who asked for it."""
    op.create_table(
        "job_request",
        sa.Column("job_request_id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("client_run.run_id"), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked", Declared("DATETIME"), nullable=False),
        sa.Column("finished", Declared("DATETIME"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ix_job_request_run", "job_request", ["run_id", "state"])
    op.create_index("ix_job_request_client", "job_request", ["client"])
    op.create_table(
        "planned_job",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("client_run.run_id"), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("due", Declared("DATETIME"), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "job"),
        sqlite_with_rowid=False,
    )
    # Alembic cannot add a column that refers to another table; SQLite can.
    op.execute("ALTER TABLE job_run ADD COLUMN job_request_id INTEGER REFERENCES job_request (job_request_id)")
    op.create_index("ux_job_run_request", "job_run", ["job_request_id"], unique=True)
    op.create_index("ix_job_run_client", "job_run", ["client"])
