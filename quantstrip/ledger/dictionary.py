"""The data dictionary ``schema/README.md``: columns of tables and views, written from their definitions.

``python -m quantstrip.ledger.dictionary`` brings the file up to date. What is said about a table is kept; its columns
come from ``quantstrip.ledger.tables``, views come from the comments of ``schema/views``.
"""

import re

from sqlalchemy import Table

from quantstrip.home import asset
from quantstrip.ledger.tables import metadata
from quantstrip.ledger.views import View, read_view, view_files

_SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_VIEWS = re.compile(r"(?<=<!-- views -->\n).*?(?=<!-- end of views -->)", re.DOTALL)
_TABLES = re.compile(r"(?<=<!-- tables -->\n).*?(?=<!-- end of tables -->)", re.DOTALL)


def written(current: str) -> str:
    """The dictionary as it should be, given the file as it is."""
    said = {name: text.strip().rpartition("\n")[0].strip() for name, text in _SECTION.findall(_found(_TABLES, current))}
    known = sorted(metadata.tables, key=lambda name: (name not in said, list(said).index(name) if name in said else 0))
    tables = "\n".join(_table(metadata.tables[name], said.get(name, "")) for name in known)
    views = [read_view(path) for path in view_files()]
    listed = "\n".join(f"| [`{view.name}`](#{view.name}) | {view.row} |" for view in views)
    shown = "\n".join(_view(view) for view in views)
    text = _VIEWS.sub(lambda _: f"\n| view | one row for each |\n|---|---|\n{listed}\n\n{shown}\n", current)
    return _TABLES.sub(lambda _: f"\n{tables}\n", text)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


def _table(table: Table, said: str) -> str:
    columns = ", ".join(f"`{column.name}`" for column in table.c)
    return f"### {table.name}\n{said}\n\n{columns}\n"


def _view(view: View) -> str:
    rows = "\n".join(f"| `{column.name}` | {column.kind.lower()} | {column.meaning} |" for column in view.columns)
    return f"### {view.name}\n{view.title}\n\n| column | type | meaning |\n|---|---|---|\n{rows}\n"


if __name__ == "__main__":
    path = asset("schema") / "README.md"
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
