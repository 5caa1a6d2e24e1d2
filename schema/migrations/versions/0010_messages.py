"""The outbox keeps recipients, attachments and who is sending; alerts remember that they were passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None

_OUTBOX = ("kind", "channel", "client", "dedupe_key", "claimed_by", "lease_until")


def upgrade() -> None:
    """Add columns and tables; alerts of before count as passed on, or they would all be sent at once."""
    op.add_column("alert", sa.Column("notified", sa.Text(), nullable=True))
    op.create_index("ix_alert_notified", "alert", ["notified"])
    op.execute("UPDATE alert SET notified = create_time")
    for name in _OUTBOX:
        op.add_column("outbox", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("ux_outbox_dedupe_key", "outbox", ["dedupe_key"], unique=True)
    op.create_table(
        "outbox_recipient",
        sa.Column("outbox_id", sa.Integer(), sa.ForeignKey("outbox.outbox_id"), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", "address"),
    )
    op.create_table(
        "outbox_attachment",
        sa.Column("outbox_attachment_id", sa.Integer(), primary_key=True),
        sa.Column("outbox_id", sa.Integer(), sa.ForeignKey("outbox.outbox_id"), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_outbox_attachment_outbox", "outbox_attachment", ["outbox_id"])
    op.add_column("email_account", sa.Column("security", sa.Text(), nullable=True))
    op.add_column("email_account", sa.Column("verify_certificate", sa.Integer(), nullable=True))
