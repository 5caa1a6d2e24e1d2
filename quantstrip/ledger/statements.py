"""Statements of SQLAlchemy Core, kept as text for the driver."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")


class Statement:
    """A Core statement, built and compiled on first use, and from then on plain text with named parameters.

    A client uses a dozen of them; building all of them would be a good part of its start.
    """

    __slots__ = ("_build", "_defaults", "_text")

    def __init__(self, build: Callable[[], ClauseElement]) -> None:
        self._build = build
        self._text = ""
        self._defaults: dict[str, Any] = {}

    def bind(self, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The text and its parameters; a parameter without a value keeps the statement's own, else NULL."""
        if not self._text:
            compiled = self._build().compile(dialect=_DIALECT)
            self._defaults = dict(compiled.params)
            self._text = str(compiled)
        return self._text, {**self._defaults, **values}


class Insert(Statement):
    """Insertion of one row of ``table``; a row whose key is there already is left alone."""

    __slots__ = ("_keyed", "_table")

    def __init__(self, table: Table, *, keyed: bool = False) -> None:
        super().__init__(self._insertion)
        self._table, self._keyed = table, keyed

    def _insertion(self) -> ClauseElement:
        clause = insert(self._table).values(dict.fromkeys(columns_of(self._table)))
        return clause.on_conflict_do_nothing() if self._keyed else clause


class Upsert(Statement):
    """Insertion of one row of ``table``; where its ``key`` is there, the columns ``changes`` are brought up to date."""

    __slots__ = ("_changes", "_key", "_table")

    def __init__(self, table: Table, key: Sequence[str], changes: Sequence[str]) -> None:
        super().__init__(self._upsertion)
        self._table, self._key, self._changes = table, key, changes

    def _upsertion(self) -> ClauseElement:
        clause = insert(self._table)
        given = {name: clause.excluded[name] for name in self._changes}
        return clause.values(dict.fromkeys(columns_of(self._table))).on_conflict_do_update(
            index_elements=list(self._key), set_=given
        )


def columns_of(table: Table) -> list[str]:
    """Names of the columns an insertion gives: all but a generated key."""
    keys = [column.name for column in table.primary_key]
    generated = keys[0] if len(keys) == 1 and table.c[keys[0]].type.python_type is int else ""
    return [column.name for column in table.c if column.name != generated]
