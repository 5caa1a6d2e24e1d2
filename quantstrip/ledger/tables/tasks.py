"""Long work that worker children do: what was asked, how far it is, and what came of it."""

from sqlalchemy import Index, Table

from quantstrip.ledger.tables.base import key, metadata, number, text, time, whole

task = Table(
    "task",
    metadata,
    key("task_id"),
    text("kind", needed=True),
    # A JSON object.
    text("arguments", needed=True),
    text("state", needed=True),
    # A fraction from 0 to 1, and what is being done.
    number("progress", needed=True),
    text("note", needed=True),
    # A JSON object: paths, ids and figures, never the whole work.
    text("result"),
    text("error", needed=True),
    text("trace", needed=True),
    text("requested_by", needed=True),
    time("create_time", needed=True),
    time("started"),
    time("finished"),
    time("heartbeat"),
    time("cancel_requested"),
    # The process that does it, and the one that answers for it ("PID:START").
    whole("pid"),
    text("worker", needed=True),
)
Index("ix_task_state", task.c.state)
