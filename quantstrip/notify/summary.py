"""Whatever a strategy wants to tell - text, a signal, a dict, a table - as paragraphs and tables for a template."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any, NamedTuple


class Cell(NamedTuple):
    """One cell, and whether it is a number."""

    text: str
    number: bool


class Grid(NamedTuple):
    """A table; ``lines`` are its rows as plain text, in columns."""

    heads: list[str]
    rows: list[list[Cell]]
    lines: list[str]


class Parts(NamedTuple):
    """What a summary is made of."""

    paragraphs: list[str]
    tables: list[Grid]

    @property
    def plain(self) -> str:
        """All of it as text."""
        return "\n\n".join([*self.paragraphs, *("\n".join(table.lines) for table in self.tables)])


def parts_of(content: Any) -> Parts:
    """Text becomes a paragraph; a mapping, a dataclass or a named tuple a table of names and values; a DataFrame or a
    list of mappings a table with heads; other lists whatever their elements are.
    """
    fields = _fields(content)
    if fields is not None:
        return Parts([], [_grid([], [[str(name), value] for name, value in fields.items()])])
    if hasattr(content, "columns") and hasattr(content, "itertuples"):
        heads = [str(name) for name in content.columns]
        return Parts([], [_grid(heads, [list(row) for row in content.itertuples(index=False)])])
    if isinstance(content, Sequence) and not isinstance(content, str | bytes):
        records = [_fields(each) for each in content]
        if records and all(record is not None for record in records):
            known = [record for record in records if record is not None]
            heads = list(dict.fromkeys(str(name) for record in known for name in record))
            return Parts([], [_grid(heads, [[record.get(head, "") for head in heads] for record in known])])
        each_parts = [parts_of(each) for each in content]
        return Parts(
            [p for each in each_parts for p in each.paragraphs], [t for each in each_parts for t in each.tables]
        )
    return Parts([_text(content)], [])


def _fields(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return None


def _grid(heads: list[str], rows: list[list[Any]]) -> Grid:
    cells = [[Cell(_text(value), isinstance(value, int | float) and not isinstance(value, bool)) for value in row]
             for row in rows]  # fmt: skip
    lines = [heads, *([cell.text for cell in row] for row in cells)] if heads else [[c.text for c in r] for r in cells]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))] if lines else []
    numeric = [bool(cells) and all(row[n].number or not row[n].text for row in cells) for n in range(len(widths))]
    shown = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    ]
    return Grid(heads, cells, shown)


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "-" if value is None else str(value).lower()
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.10g}"
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
