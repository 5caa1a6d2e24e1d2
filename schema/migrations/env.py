"""Runs the migrations on the connection, and inside the transaction, that the caller brings."""

from typing import Any

from alembic import context
from sqlalchemy import text

from quantstrip.clock import now_text

connection = context.config.attributes["connection"]


def note(*, ctx: Any, step: Any, **_: Any) -> None:
    """Keep each applied revision, with its time, in the table ``version``."""
    ctx.connection.execute(
        text("INSERT INTO version (version, create_time) VALUES (:version, :moment)"),
        {"version": step.up_revision_id, "moment": now_text()},
    )


context.configure(connection=connection, on_version_apply=note)
with context.begin_transaction():
    context.run_migrations()
