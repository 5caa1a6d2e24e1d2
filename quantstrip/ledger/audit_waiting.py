"""Rows that are not as their link says, and wait for a later link that explains them: kept on disk, not in memory."""

import sqlite3
from typing import NamedTuple


class Waiting(NamedTuple):
    """A row that differs from its newest link so far: the link's sequence and the hash it gives."""

    sequence: int
    row_hash: bytes


class WaitingRoom:
    """What waits, by table and key, in a temporary database of SQLite's own."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect("", isolation_level=None)
        self._raw.execute(
            "CREATE TABLE waiting (name TEXT, row_key INTEGER, sequence INTEGER, row_hash BLOB, "
            "PRIMARY KEY (name, row_key)) WITHOUT ROWID"
        )
        self._raw.execute("BEGIN")
        self._count = 0

    def put(self, table: str, row_key: int, sequence: int, row_hash: bytes) -> None:
        """Let a row wait."""
        self._raw.execute("INSERT INTO waiting VALUES (?, ?, ?, ?)", (table, row_key, sequence, row_hash))
        self._count += 1

    def take(self, table: str, row_key: int) -> Waiting | None:
        """The row's place, given up; None where it does not wait."""
        if not self._count:
            return None
        found = self._raw.execute(
            "DELETE FROM waiting WHERE name = ? AND row_key = ? RETURNING sequence, row_hash", (table, row_key)
        ).fetchone()
        if found is None:
            return None
        self._count -= 1
        return Waiting(*found)

    def in_order(self) -> sqlite3.Cursor:
        """Table, key and sequence of what still waits, by sequence."""
        return self._raw.execute("SELECT name, row_key, sequence FROM waiting ORDER BY sequence")

    def close(self) -> None:
        """Give the space back."""
        self._raw.close()
