"""Indexes by which a client's own orders and fills are found, however many others traded since."""

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None

OF_RUN = "strategy_run_id IS NOT NULL"
BY_HANDLER = "strategy_run_id IS NULL AND client_run_id IS NOT NULL"


def upgrade() -> None:
    """Create them."""
    op.create_index("ix_execution_run", "execution", ["strategy_run_id"], sqlite_where=sa.text(OF_RUN))
    op.create_index("ix_execution_client_run", "execution", ["client_run_id"], sqlite_where=sa.text(BY_HANDLER))
    op.create_index("ix_orders_client_run", "orders", ["client_run_id"], sqlite_where=sa.text(BY_HANDLER))
