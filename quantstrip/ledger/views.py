"""The views of ``schema/views``: their documentation, and installing them with the types it names.

ODBC clients learn a column's type from its declaration. A column that a view takes from a table has one; an expression
has none, and would be text whenever its first row is empty. So an expression that is documented as a date, time or
number is installed as ``(SELECT expression UNION ALL SELECT real_ FROM column_type)``: one row, with the declared type
of a column of the empty table ``column_type``.
"""

import re
import sqlite3
import zlib
from pathlib import Path
from typing import NamedTuple

from quantstrip.errors import LedgerError
from quantstrip.home import asset

PREFIX = "v_"
_TYPED = {"INTEGER": "integer_", "REAL": "real_", "DATE": "date_", "TIME": "time_"}
_COLUMN = re.compile(r"^-- \* (\w+) (TEXT|INTEGER|REAL|DATE|TIME): (.+)$", re.MULTILINE)
_VIEW = re.compile(r"^((?:--.*\n)+)CREATE VIEW (\w+) AS\n", re.MULTILINE)


class ViewColumn(NamedTuple):
    """One column: ``kind`` is TEXT, INTEGER, REAL, DATE (``YYYY-MM-DD``) or TIME (UTC text)."""

    name: str
    kind: str
    meaning: str


class View(NamedTuple):
    """A view as its file defines it; ``row`` says what one row is, ``select`` is the statement."""

    name: str
    title: str
    row: str
    columns: tuple[ViewColumn, ...]
    select: str


def view_files() -> list[Path]:
    """The definitions of the views, one file each, named as the view."""
    return sorted((asset("schema") / "views").glob("*.sql"))


def views_digest() -> int:
    """A number that changes with any view's text; kept in the database's ``user_version``."""
    return zlib.crc32(b"\0".join(path.read_bytes() for path in view_files())) & 0x7FFFFFFF


def read_view(path: Path) -> View:
    """The view of a file.

    Raises:
        LedgerError: the file does not begin with the comments that ``schema/README.md`` is made of.

    """
    text = path.read_text(encoding="utf-8")
    found = _VIEW.match(text)
    if found is None or found[2] != path.stem or "-- One row: " not in found[1]:
        raise LedgerError(
            f"{path.name} must begin with comments (what it shows, `-- One row: ...`, `-- * column TYPE: meaning`), "
            f"then `CREATE VIEW {path.stem} AS`"
        )
    title, _, rest = found[1].partition("-- One row: ")
    words = " ".join(line.removeprefix("--").strip() for line in title.splitlines())
    columns = tuple(ViewColumn(*match) for match in _COLUMN.findall(found[1]))
    return View(found[2], words, rest.splitlines()[0].rstrip("."), columns, text[found.end() :].strip())


def drop_views(raw: sqlite3.Connection) -> None:
    """Drop the platform's views; a user's own stay."""
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        if name.startswith(PREFIX):
            raw.execute(f'DROP VIEW "{name}"')


def install_views(raw: sqlite3.Connection) -> None:
    """Create every view anew, each after those it reads, and note their digest."""
    drop_views(raw)
    waiting = {view.name: view for view in map(read_view, view_files())}
    while waiting:
        ready = [view for view in waiting.values() if not _reads(view) & waiting.keys() - {view.name}]
        if not ready:
            raise LedgerError(f"views read each other in a circle: {', '.join(waiting)}")
        for view in ready:
            _create(raw, waiting.pop(view.name))
    raw.execute(f"PRAGMA user_version = {views_digest()}")


def _reads(view: View) -> set[str]:
    return set(re.findall(rf"\b{PREFIX}\w+", view.select))


def _create(raw: sqlite3.Connection, view: View) -> None:
    raw.execute(f"CREATE VIEW {view.name} AS\n{view.select}")
    declared = {row[1]: row[2] for row in raw.execute(f"PRAGMA table_info({view.name})")}
    kinds = {column.name: column.kind for column in view.columns}
    untyped = {name for name, kind in declared.items() if not kind and kinds.get(name) in _TYPED}
    if untyped:
        typed = [f"    {_typed(name, kinds[name]) if name in untyped else f'q.{name}'}" for name in declared]
        raw.execute(f"DROP VIEW {view.name}")
        chosen = ",\n".join(typed)
        raw.execute(f"CREATE VIEW {view.name} AS\nSELECT\n{chosen}\nFROM (\n{view.select}\n) q")


def _typed(name: str, kind: str) -> str:
    return f"(SELECT q.{name} UNION ALL SELECT {_TYPED[kind]} FROM column_type) AS {name}"  # noqa: S608 - names from our own files
