"""What a person is told: alerts, and messages to send with their recipients and attachments."""

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint

from quantstrip.ledger.tables.base import key, metadata, refers, text, times, whole, words

alert = Table(
    "alert",
    metadata,
    key("alert_id"),
    text("kind", needed=True),
    text("subject", needed=True),
    text("body", needed=True),
    text("client", needed=True),
    text("rate_key", needed=True),
    whole("occurrences", needed=True),
    whole("seen", needed=True),
    *times(),
    # When the notifier took the alert up; empty before.
    text("notified"),
)
Index("ix_alert_rate_key", alert.c.rate_key)
Index("ix_alert_notified", alert.c.notified)

outbox = Table(
    "outbox",
    metadata,
    key("outbox_id"),
    text("message_id", needed=True),
    text("account"),
    text("recipients", needed=True),
    text("subject", needed=True),
    text("body", needed=True),
    text("html"),
    text("status", needed=True),
    whole("attempts", needed=True),
    *words("next_attempt", "last_error", "sent"),
    *times(),
    *words("kind", "channel", "client", "dedupe_key", "claimed_by", "lease_until"),
    UniqueConstraint("message_id", name="ux_outbox_message_id"),
)
Index("ix_outbox_status", outbox.c.status)
Index("ux_outbox_dedupe_key", outbox.c.dedupe_key, unique=True)

outbox_recipient = Table(
    "outbox_recipient",
    metadata,
    refers("outbox_id", "outbox.outbox_id", needed=True),
    text("address", needed=True),
    text("status", needed=True),
    text("last_error"),
    text("update_time", needed=True),
    PrimaryKeyConstraint("outbox_id", "address"),
)

outbox_attachment = Table(
    "outbox_attachment",
    metadata,
    key("outbox_attachment_id"),
    refers("outbox_id", "outbox.outbox_id", needed=True),
    text("filename", needed=True),
    text("content_type", needed=True),
    Column("content", LargeBinary, nullable=False),
)
Index("ix_outbox_attachment_outbox", outbox_attachment.c.outbox_id)
