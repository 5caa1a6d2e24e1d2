"""Statements of SQLAlchemy Core, kept as text for the driver."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

# Parameters by position: the driver looks every named one up by walking a list of all names.
_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")


class Statement:
    """A Core statement, built and compiled on first use, and from then on plain text with parameters by position.

    A client uses a dozen of them; building all of them would be a good part of its start.
    """

    __slots__ = ("_build", "_defaults", "_names", "_text")

    def __init__(self, build: Callable[[], ClauseElement]) -> None:
        self._build = build
        self._text = ""
        self._names: tuple[str, ...] = ()
        self._defaults: dict[str, Any] = {}

    def bind(self, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The text and its parameters; a parameter without a value keeps the statement's own, else NULL."""
        if not self._text:
            self._compile()
        if self._defaults:
            values = {**self._defaults, **values}
        return self._text, tuple(map(values.get, self._names))

    def _compile(self) -> None:
        compiled = cast("SQLCompiler", self._build().compile(dialect=_DIALECT))
        self._names = tuple(compiled.positiontup or ())
        self._defaults = {name: value for name, value in compiled.params.items() if value is not None}
        self._text = str(compiled)


class Insert(Statement):
    """Insertion of one row of ``table``; a row whose key is there already is left alone when ``keyed``.

    Columns without a value are not named: the driver takes longer over a NULL than over five numbers, and half of a
    fill's columns are empty. Each choice of columns is a text of its own; a caller makes one or two of them.
    """

    __slots__ = ("_columns", "_keyed", "_plans", "_table")

    def __init__(self, table: Table, *, keyed: bool = False, with_key: bool = False) -> None:
        super().__init__(lambda: self._insertion(self._columns))
        self._table, self._keyed = table, keyed
        self._columns = tuple(column.name for column in table.c) if with_key else tuple(columns_of(table))
        self._plans: dict[tuple[type, ...], tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]] = {}

    def bind(self, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The text and its parameters; a column without a value becomes NULL."""
        row = tuple(map(values.get, self._columns))
        kinds = tuple(map(type, row))
        plan = self._plans.get(kinds)
        if plan is None:
            plan = self._plans[kinds] = self._plan(kinds)
        text, taken = plan
        return text, taken(row)

    def _plan(self, kinds: tuple[type, ...]) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
        """The text for a row with values of these types, and what takes its parameters out of it."""
        given = [place for place, kind in enumerate(kinds) if kind is not NoneType]
        if len(given) < 2:  # itemgetter gives no tuple then
            return str(self._insertion(self._columns).compile(dialect=_DIALECT)), tuple
        text = str(self._insertion([self._columns[place] for place in given]).compile(dialect=_DIALECT))
        return text, itemgetter(*given)

    def _insertion(self, columns: Sequence[str]) -> ClauseElement:
        clause = insert(self._table).values(dict.fromkeys(columns))
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
