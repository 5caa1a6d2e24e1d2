"""Free SQL from a screen: bounded in time, rows and size, with parameters and plans.

That it only reads is the ledger's own guard (``quantstrip.ledger.query``): a connection that cannot write, an
authorizer, and a clock.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import system_clock
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.operations.ledger import existing_ledger
from quantstrip.report.tables import is_formula

MOST_ROWS: Final = 10_000
SECONDS: Final = 30.0
MOST_BYTES: Final = 64_000_000
_LARGEST_STATEMENT: Final = 1_000_000  # characters
_ASIDE = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)"
_PARAMETER = re.compile(rf"{_ASIDE}|:([A-Za-z_]\w*)", re.DOTALL)
_END = re.compile(rf"{_ASIDE}|;", re.DOTALL)
_QUOTED = re.compile(_ASIDE, re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LARGEST_INTEGER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a query.

    Attributes:
        cut: what the result would have more of, ``rows`` or ``bytes``; empty where it is whole.
        seconds: how long it took.

    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: str
    seconds: float


def run(
    home: Home,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    most_rows: int = MOST_ROWS,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Result:
    """Run a SELECT and read as much of its result as is allowed.

    Args:
        home: whose ledger.
        sql: one statement.
        params: a value for each ``:name`` in it.
        most_rows: rows to read at most.
        seconds: the query is stopped then.
        most_bytes: about how much text and binary data to read at most.

    Raises:
        LedgerError: there is no ledger; the statement is empty, refused, wrong, or takes too long.

    """
    began = system_clock.monotonic()
    check(sql)
    with existing_ledger(home).reading(timeout_seconds=seconds) as read:
        columns, found = asked(read, sql, params)
        rows: list[tuple[Any, ...]] = []
        size, cut = 0, ""
        for row in found:
            size += sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)
            cut = "rows" if len(rows) >= most_rows else "bytes" if size > most_bytes else ""
            if cut:
                break
            rows.append(tuple(row))
    return Result(tuple(columns), tuple(rows), cut, system_clock.monotonic() - began)


def plan(home: Home, sql: str, *, seconds: float = SECONDS) -> str:
    """How SQLite would find the rows, one step a line, indented under the step it serves; raises as ``run``."""
    check(sql)
    empty = dict.fromkeys(parameters(sql))
    steps = run(home, f"EXPLAIN QUERY PLAN {sql}", empty, seconds=seconds).rows
    depth: dict[int, int] = {}
    lines = []
    for step, parent, _, detail in steps:
        depth[step] = depth.get(parent, -1) + 1
        lines.append(f"{'  ' * depth[step]}{detail}")
    return "\n".join(lines) or "Nothing is read from a table."


def parameters(sql: str) -> tuple[str, ...]:
    """The ``:name`` of a statement, in order and once each; those in strings, names and comments are none."""
    return tuple(dict.fromkeys(match[1] for match in _PARAMETER.finditer(sql) if match[1]))


def statements(text: str) -> list[tuple[int, int]]:
    """Where each statement begins and ends; semicolons in strings, names and comments end none."""
    found, begin = [], 0
    for match in _END.finditer(text):
        if match[0] == ";":
            found.append((begin, match.end()))
            begin = match.end()
    found.append((begin, len(text)))
    return [(begin, end) for begin, end in found if _COMMENT.sub("", text[begin:end]).strip(" \t\r\n;")]


def chosen(text: str, selection: str = "", line: int = 0) -> str:
    """What a person means to run: what is selected, else the only statement, else the one that the cursor is in.

    Args:
        line: where the cursor is, from 1.

    """
    if selection.strip():
        return selection
    parts = statements(text)
    if len(parts) < 2:
        return text
    place = sum(len(each) + 1 for each in text.split("\n")[: max(0, line - 1)])
    begin, end = next(
        (part for part in parts if place < part[1] and text[place : part[1]].strip(" \t\r\n;")), parts[-1]
    )
    return text[begin:end].strip()


def first_word(statement: str) -> str:
    """The word that a statement begins with, in small letters."""
    found = re.search(r"[A-Za-z]+", _COMMENT.sub(" ", statement))
    return found[0].lower() if found else ""


def writes_after_with(statement: str) -> bool:
    """True where a WITH leads to INSERT, UPDATE, DELETE or REPLACE; words in strings and comments are none."""
    return re.search(r"\b(?i:insert|update|delete|replace)\b(?!\s*\()", _QUOTED.sub(" ", statement)) is not None


def value(text: str) -> str | int | float | None:
    """What a field holds: a number, NULL when it is empty, else text; in quotes it is text whatever it is."""
    if not text:
        return None
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if not _NUMBER.fullmatch(text):
        return text
    if re.fullmatch(r"-?\d+", text):
        return int(text) if abs(int(text)) <= _LARGEST_INTEGER else text
    return float(text)


def labels(columns: Sequence[str]) -> list[str]:
    """The columns' names, of which none comes twice: two columns of a join may have one name."""
    names: list[str] = []
    for name in columns:
        label, number = name, 2
        while label in names:
            label, number = f"{name} ({number})", number + 1
        names.append(label)
    return names


def shown(cell: object) -> object:
    """A cell as a person reads it: binary data as SQL writes it."""
    return f"x'{cell.hex()}'" if isinstance(cell, bytes) else cell


def asked(read: Reading, sql: str, params: Mapping[str, Any] | None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Columns of a SELECT, and its rows as they are read.

    Raises:
        LedgerError: it is wrong, refused, or asks for nothing.

    """
    columns, found = read.stream(sql, dict(params or {}))
    if not columns:
        raise LedgerError("this asks for nothing", hint="Write a SELECT, such as SELECT * FROM v_positions")
    return columns, found


def cell(given: object) -> object:
    """A cell for a CSV file: what a spreadsheet would take for a formula has an apostrophe before it."""
    given = shown(given)
    return f"'{given}" if isinstance(given, str) and is_formula(given) else given


def check(sql: str) -> None:
    """Raise ``LedgerError`` where there is no statement, or one that no person wrote."""
    if not sql.strip():
        raise LedgerError("there is no SQL", hint="Write a SELECT, or choose a query.")
    if len(sql) > _LARGEST_STATEMENT:
        raise LedgerError(f"a statement has at most {_LARGEST_STATEMENT:,} characters, got {len(sql):,}")
