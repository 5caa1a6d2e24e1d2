"""What there is to query: tables and views with their columns, and what the data dictionary says of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from quantstrip.errors import LedgerError
from quantstrip.home import Home, asset
from quantstrip.ledger.query import Reading
from quantstrip.ledger.views import read_view, view_files
from quantstrip.operations.ledger import existing_ledger

_DEFINITIONS = """SELECT type, name, sql FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY type DESC, name"""
_SECTION = re.compile(r"^### (\w+)\n(.*?)\n\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its declared type, and its meaning where the dictionary has one."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view; ``about`` is empty for those that the dictionary does not know, such as a client's own."""

    name: str
    is_view: bool
    about: str
    columns: tuple[Column, ...]


def relations(home: Home) -> list[Relation]:
    """Everything that can be queried, views first, each by name.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.

    """
    with existing_ledger(home).reading() as read:
        definitions = tuple((kind, name, sql) for kind, name, sql in read.query(_DEFINITIONS)[1])
        known = _described.get(definitions)
        if known is None:
            known = [_describe(read, kind, name) for kind, name, _ in definitions]
            _described.clear()
            _described[definitions] = known
        return list(known)


_described: Final[dict[tuple[tuple[str, str, str], ...], list[Relation]]] = {}
"""The last schema by its definitions: a page asks at each pause of typing, and columns take a query for each table."""


def _describe(read: Reading, kind: str, name: str) -> Relation:
    titles, meanings = _dictionary()
    quoted = name.replace('"', '""')
    try:
        declared = read.dicts(f'PRAGMA table_xinfo("{quoted}")')
    except LedgerError:  # a view of a client's own, over a table that is gone
        declared = ()
    columns = []
    for each in declared:
        column, declaration = each["name"], each["type"]
        meaning, documented = meanings.get((name, column), ("", ""))
        columns.append(Column(column, (documented or declaration).lower(), meaning))
    return Relation(name, kind == "view", titles.get(name, ""), tuple(columns))


@dataclass(frozen=True, slots=True)
class Link:
    """A column of a table whose values are those of another one's; ``declared`` where the database holds it to that."""

    table: str
    column: str
    target: str
    target_column: str
    declared: bool


_MEANT: Final = (
    Link("order_status", "order_id", "orders", "order_id", False),
    Link("execution", "order_id", "orders", "order_id", False),
    Link("strategy_event", "order_id", "orders", "order_id", False),
    Link("commission", "exec_id", "execution", "exec_id", False),
    Link("position_event", "exec_id", "execution", "exec_id", False),
    Link("orders", "symbol", "instrument", "symbol", False),
    Link("execution", "symbol", "instrument", "symbol", False),
    Link("mtm_price", "symbol", "instrument", "symbol", False),
)
"""What belongs together by its key and is not declared: a fill may be written before its order is known."""


def links(home: Home) -> list[Link]:
    """How tables belong together; raises as ``relations``."""
    found = []
    with existing_ledger(home).reading() as read:
        names = [name for kind, name, _ in read.query(_DEFINITIONS)[1] if kind == "table"]
        for name in names:
            quoted = name.replace('"', '""')
            found += [
                Link(name, each["from"], each["table"], each["to"] or each["from"], True)
                for each in read.dicts(f'PRAGMA foreign_key_list("{quoted}")')
            ]
    return found + [link for link in _MEANT if {link.table, link.target} <= set(names)]


def neighbours(all_links: Iterable[Link], around: str) -> list[Link]:
    """The links of one table."""
    return [link for link in all_links if around in (link.table, link.target)]


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[str, str], dict[tuple[str, str], tuple[str, str]]]:
    """What is said of each table and view, and the meaning and type of each view's columns; they ship and stay."""
    text = (asset("schema") / "README.md").read_text(encoding="utf-8")
    titles = {name: said.strip() for name, said in _SECTION.findall(text)}
    views = [read_view(path) for path in view_files()]
    titles |= {view.name: f"{view.title} One row: {view.row}." for view in views}
    return titles, {(view.name, each.name): (each.meaning, each.kind) for view in views for each in view.columns}
