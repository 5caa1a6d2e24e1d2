"""Rows as the audit chain sees them: one canonical text for each, and the hash of it.

The text is JSON: ``["execution",{"account":"U1",...}]``, columns by name, those that are NULL left out (so that a
column added later changes no old row), doubles in their shortest exact form, which every database that keeps doubles
gives back unchanged.
"""

import hashlib
import json
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from typing import Any, NamedTuple

from sqlalchemy import Table

from quantstrip.ledger import tables

_encode = json.JSONEncoder(separators=(",", ":"), default=lambda raw: {"bytes": bytes(raw).hex()}).encode
NOTE, CHANGED = "audit_note", "audit_changed"
"""The SQL functions that triggers call: with a row that was inserted, with one as it was before it was changed."""


class Form(NamedTuple):
    """One audited table.

    Attributes:
        key: name of its primary key.
        names: every column's name, in order.
        labels: the same as a row's canonical text has them.
        changes: rows may be changed.
        one: SQL that reads the row of a key.
        ordered: SQL that reads all rows after a key, each with its key before it.

    """

    table: str
    key: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    changes: bool
    one: str
    ordered: str

    def triggers(self) -> list[tuple[str, str]]:
        """Name and definition of the temporary triggers that tell of each write."""
        kinds = [("insert", NOTE, "NEW")] + ([("update", CHANGED, "OLD")] if self.changes else [])
        made = []
        for kind, function, row in kinds:
            name = f"audit_{self.table}_{kind}"
            values = ", ".join(f"{row}.{column}" for column in (self.key, *self.names))
            when = f"AFTER {kind.upper()} ON main.{self.table}"
            made.append(
                (name, f"CREATE TEMP TRIGGER {name} {when} BEGIN SELECT {function}('{self.table}', {values}); END")
            )
        return made


def _form(table: Table, *, changes: bool) -> Form:
    (key,) = (column.name for column in table.primary_key)
    names = tuple(sorted(column.name for column in table.c))
    columns, labels = ", ".join(names), tuple(f"{quoted(name)}:" for name in names)
    one = f"SELECT {columns} FROM {table.name} WHERE {key} = ?"  # noqa: S608 - names from our own tables
    ordered = f"SELECT {key}, {columns} FROM {table.name} WHERE {key} > ? ORDER BY {key}"  # noqa: S608
    return Form(table.name, key, names, labels, changes, one, ordered)


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
    # An encoder of its own for each row would take half as long again, and each fill writes three.
    told = []
    for label, value in zip(form.labels, values, strict=True):
        if value is not None:
            kind = type(value)
            if kind is str:
                told.append(label + quoted(value))
            elif kind is int or (kind is float and isfinite(value)):
                told.append(label + repr(value))
            else:
                told.append(label + _encode(value))
    return f'["{form.table}",{{{",".join(told)}}}]'


def row_hash(form: Form, values: Sequence[Any]) -> bytes:
    """SHA-256 of a row's canonical text."""
    return hashlib.sha256(canonical(form, values).encode()).digest()
