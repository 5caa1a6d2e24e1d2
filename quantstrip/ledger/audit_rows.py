"""Rows as the audit chain sees them: one canonical text for each, and the hash of it.

The text is JSON: ``["execution",{"account":"U1",...}]``, columns by name, those that are NULL left out (so that a
column added later changes no old row), doubles in their shortest exact form, which every database that keeps doubles
gives back unchanged.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table

from quantstrip.ledger import tables

_encode = json.JSONEncoder(separators=(",", ":"), default=lambda raw: {"bytes": bytes(raw).hex()}).encode
NOTE = "audit_note"
"""The SQL function that triggers call with what was written."""


class Form(NamedTuple):
    """One audited table: its key's name and every column's, by name; the SQL that reads a row and the whole table."""

    table: str
    key: str
    names: tuple[str, ...]
    changes: bool
    one: str
    ordered: str

    def triggers(self) -> list[tuple[str, str]]:
        """Name and definition of the temporary triggers that tell of each write."""
        made = [(f"audit_{self.table}_insert", f"AFTER INSERT ON main.{self.table}", f"NEW.{self.key}")]
        if self.changes:
            before = ", ".join(f"OLD.{name}" for name in (self.key, *self.names))
            made.append((f"audit_{self.table}_update", f"AFTER UPDATE ON main.{self.table}", before))
        return [
            (name, f"CREATE TEMP TRIGGER {name} {when} BEGIN SELECT {NOTE}('{self.table}', {values}); END")
            for name, when, values in made
        ]


def _form(table: Table, *, changes: bool) -> Form:
    (key,) = (column.name for column in table.primary_key)
    names = tuple(sorted(column.name for column in table.c))
    chosen = f"SELECT {key}, {', '.join(names)} FROM {table.name}"  # noqa: S608 - names from our own tables
    return Form(
        table.name, key, names, changes, f"{chosen} WHERE {key} = ?", f"{chosen} WHERE {key} > ? ORDER BY {key}"
    )


FORMS: dict[str, Form] = {
    form.table: form
    for form in (
        _form(tables.orders, changes=True),
        _form(tables.order_status, changes=False),
        _form(tables.execution, changes=False),
        _form(tables.commission, changes=False),
        _form(tables.position_event, changes=True),
        _form(tables.strategy_event, changes=True),
    )
}
"""The audited tables. The journal and its corrections are rows of ``execution`` and ``commission``."""


def canonical(form: Form, values: Sequence[Any]) -> str:
    """The canonical text of a row; ``values`` in the order of ``form.names``."""
    return _encode(
        [form.table, {name: value for name, value in zip(form.names, values, strict=True) if value is not None}]
    )


def row_hash(form: Form, values: Sequence[Any]) -> bytes:
    """SHA-256 of a row's canonical text."""
    return hashlib.sha256(canonical(form, values).encode("utf-8", "surrogatepass")).digest()
