"""A copy of the ledger for a client on trial: it may be written to, and nothing it holds may act on the world."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from quantstrip.ledger.backup import copy_pages
from quantstrip.ledger.store import Store

MARKED: Final[Mapping[str, str]] = {
    "orders": "seq_id",
    "execution": "seq_id",
    "rejected_signal": "rejected_signal_id",
    "outbox": "outbox_id",
    "job_run": "job_run_id",
    "client_run": "run_id",
    "alert": "alert_id",
}
"""Tables whose new rows are what the trial did, with their keys."""
_QUIET: Final = (
    # No key of the home's chain is there: what is written to a copy needs none.
    "DELETE FROM audit_link",
    # Nobody else runs there: no claim on a strategy is waited for.
    "UPDATE client SET desired_state = 'stopped'",
    "DELETE FROM task",
)


def copy_for_trial(store: Store, target: Path, client: str) -> dict[str, int]:
    """Copy the ledger, as it is at one moment, to ``target``; writers go on meanwhile.

    Args:
        client: whose runs of jobs are left out: its schedule begins anew.

    Returns:
        The highest key of each table of ``MARKED``: rows above it are the trial's own.

    Raises:
        LedgerError: the copy cannot be written.

    """
    target.touch(mode=0o600)
    with (
        store.translated(),
        closing(store.connect(read_only=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        copy_pages(source, copy, target)
        copy.execute("PRAGMA journal_mode = WAL")
        copy.execute("PRAGMA synchronous = OFF")
        triggers = copy.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_link'"
        )
        guards = triggers.fetchall()
        for name, _ in guards:  # the chain is append-only
            copy.execute(f"DROP TRIGGER {name}")
        for statement in _QUIET:
            copy.execute(statement)
        for _, text in guards:
            copy.execute(text)
        copy.execute("DELETE FROM job_run WHERE client = ?", (client,))
        copy.commit()
        return {
            table: int(copy.execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0])  # noqa: S608 - ours
            for table, key in MARKED.items()
        }
