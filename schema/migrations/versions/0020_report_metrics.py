"""Ratios of the newest report, so that SQL and Excel read the figures that pages and mails show."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None


class Declared(sa.types.UserDefinedType[str]):
    """Text with a declared type that says what it holds."""

    cache_ok = True

    def __init__(self, word: str) -> None:
        self.word = word

    def get_col_spec(self, **_: object) -> str:
        """The type in ``CREATE TABLE``."""
        return f"{self.word} TEXT"


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
