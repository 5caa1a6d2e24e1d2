"""What reports computed, for those who read the ledger by SQL."""

from sqlalchemy import PrimaryKeyConstraint, Table

from quantstrip.ledger.tables.base import day, metadata, number, text, time, whole

report_metric = Table(
    "report_metric",
    metadata,
    *(text(name, needed=True) for name in ("mode", "scope", "strategy", "horizon", "metric")),
    number("value"),
    text("currency", needed=True),
    *(day(name, needed=True) for name in ("as_of", "first_date", "last_date")),
    whole("complete", needed=True),
    time("create_time", needed=True),
    PrimaryKeyConstraint("mode", "scope", "strategy", "horizon", "metric"),
    sqlite_with_rowid=False,
)
