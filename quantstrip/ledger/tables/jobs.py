"""Jobs beside their runs: what a client's process plans next, and what a person asked it to run at once."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from quantstrip.ledger.tables.base import key, metadata, refers, text, time

job_request = Table(
    "job_request",
    metadata,
    key("job_request_id"),
    # The process that is asked: no other one answers.
    refers("run_id", "client_run.run_id", needed=True),
    text("client", needed=True),
    text("job", needed=True),
    text("state", needed=True),
    text("asked_by", needed=True),
    time("asked", needed=True),
    time("finished"),
    text("note", needed=True),
)
Index("ix_job_request_run", job_request.c.run_id, job_request.c.state)
Index("ix_job_request_client", job_request.c.client)

planned_job = Table(
    "planned_job",
    metadata,
    refers("run_id", "client_run.run_id", needed=True),
    text("job", needed=True),
    time("due", needed=True),
    PrimaryKeyConstraint("run_id", "job"),
    sqlite_with_rowid=False,
)
