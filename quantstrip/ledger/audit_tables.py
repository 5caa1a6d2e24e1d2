"""One audited table, walked along its key in step with the links of its insertions."""

import sqlite3
from typing import TYPE_CHECKING, Any

from quantstrip.ledger.audit_rows import Form, row_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE_ALL = -(2**63)


class TableWalk:
    """The rows of a table in the order of their keys.

    Attributes:
        last: key of the newest row that is accounted for, by a link or as not covered.
        checked: rows that were held against a link.
        uncovered: rows that no link covers, and need not.
        changed_while_off: rows that were changed while the audit was off.

    """

    def __init__(self, raw: sqlite3.Connection, form: Form) -> None:
        self.form = form
        self.last = _BEFORE_ALL
        self.checked = self.uncovered = self.changed_while_off = 0
        self._raw = raw
        self._uncovered: list[tuple[int, int]] = []
        self._rows: Iterator[tuple[Any, ...]] | None = None
        self._peeked: tuple[Any, ...] | None = None

    def pass_by(self, last: int) -> None:
        """Rows up to this key need no link, from the newest one on that is accounted for."""
        if last <= self.last:
            return
        sql = f"SELECT count(*) FROM {self.form.table} WHERE {self.form.key} > ? AND {self.form.key} <= ?"  # noqa: S608
        self.uncovered += self._raw.execute(sql, (self.last, last)).fetchone()[0]
        self._uncovered.append((self.last, last))
        self.last = last
        self._rows = None

    def rest(self) -> int:
        """The table's last key, or the newest that is accounted for."""
        found = self._raw.execute(f"SELECT max({self.form.key}) FROM {self.form.table}").fetchone()[0]  # noqa: S608
        return self.last if found is None else max(self.last, int(found))

    def count(self, last: int) -> int:
        """How many rows there are up to this key."""
        sql = f"SELECT count(*) FROM {self.form.table} WHERE {self.form.key} <= ?"  # noqa: S608 - our own names
        return int(self._raw.execute(sql, (last,)).fetchone()[0])

    def stray(self, key: int | None) -> int | None:
        """The first row not accounted for before ``key`` (None: up to the end), or None; those before are done."""
        found = self._peek()
        if found is None or (key is not None and found[0] >= key):
            return None
        self._take()
        return int(found[0])

    def at(self, key: int) -> bytes | None:
        """The hash of the row that an insertion's link names, None where it is gone; strays come first."""
        if key <= self.last:
            return self.look(key)
        found = self._peek()
        if found is None or found[0] != key:
            self.last = key
            return None
        self._take()
        return row_hash(self.form, found[1:])

    def look(self, key: int) -> bytes | None:
        """The hash of any row, None where it is not there."""
        found = self._raw.execute(self.form.one, (key,)).fetchone()
        return None if found is None else row_hash(self.form, found)

    def row(self, key: int) -> dict[str, Any]:
        """The row's columns but for those that are NULL; empty where it is not there."""
        found = self._raw.execute(self.form.one, (key,)).fetchone()
        pairs = () if found is None else zip(self.form.names, found, strict=True)
        return {name: value for name, value in pairs if value is not None}

    def covers(self, key: int) -> bool:
        """False for a row that was passed by."""
        return not any(low < key <= high for low, high in self._uncovered)

    def _peek(self) -> tuple[Any, ...] | None:
        if self._rows is None:
            self._rows = self._raw.execute(self.form.ordered, (self.last,))
            self._peeked = next(self._rows, None)
        return self._peeked

    def _take(self) -> None:
        if self._peeked is not None and self._rows is not None:
            self.last = int(self._peeked[0])
            self._peeked = next(self._rows, None)
