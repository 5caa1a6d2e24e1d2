"""The audit chain: one link for each write of the life-cycle tables; append-only, held by triggers."""

from sqlalchemy import Column, LargeBinary, Table

from quantstrip.ledger.tables.base import key, metadata, text, time, whole

audit_link = Table(
    "audit_link",
    metadata,
    # 1, 2, 3, ... without a hole.
    key("sequence"),
    # Empty for links about the chain itself: begin, end, writer, rotate, key.
    text("table_name", needed=True),
    whole("row_key"),
    text("operation", needed=True),
    # Sequence of the link that says who writes; 0 for links about the chain itself.
    whole("writer", needed=True),
    # SHA-256 of the row after the change, and before it where it was there already.
    Column("row_hash", LargeBinary),
    Column("before_hash", LargeBinary),
    text("detail"),
    # Which key the MAC is made with.
    text("key_id", needed=True),
    time("create_time", needed=True),
    # HMAC-SHA256 over the MAC of the link before and everything above.
    Column("mac", LargeBinary, nullable=False),
)
