"""Free SQL from a screen: bounded in time, rows and size, with parameters, plans and CSV.

That it only reads is the ledger's own guard (``quantstrip.ledger.query``): a connection that cannot write, an
authorizer, and a clock.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Csv:
    """A result as a file: ``data`` is UTF-8; ``cut`` when more rows would have made it larger than allowed."""

    data: bytes
    rows: int
    cut: bool


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
    _check(sql)
    with existing_ledger(home).reading(timeout_seconds=seconds) as read:
        columns, found = _asked(read, sql, params)
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
    _check(sql)
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


def csv_of(result: Result) -> Csv:
    """What was read, as a file."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow([_cell(name) for name in result.columns])
    lines.writerows([_cell(cell) for cell in row] for row in result.rows)
    return Csv(written.getvalue().encode("utf-8", "replace"), len(result.rows), bool(result.cut))


def whole_csv(
    home: Home,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Csv:
    """Run a SELECT and write every row as it is read, up to ``most_bytes``; raises as ``run``.

    Text that a spreadsheet would take for a formula has an apostrophe before it; there is no other change.
    """
    _check(sql)
    data = bytearray()
    count = 0
    with existing_ledger(home).reading(timeout_seconds=seconds) as read:
        columns, found = _asked(read, sql, params)
        line = io.StringIO(newline="")
        lines = csv.writer(line)
        lines.writerow([_cell(name) for name in columns])
        for row in found:
            data += line.getvalue().encode("utf-8", "replace")
            line.seek(0)
            line.truncate()
            lines.writerow([_cell(cell) for cell in row])
            if len(data) + len(line.getvalue()) > most_bytes:
                return Csv(bytes(data), count, True)
            count += 1
        data += line.getvalue().encode("utf-8", "replace")
    return Csv(bytes(data), count, False)


def shown(cell: object) -> object:
    """A cell as a person reads it: binary data as SQL writes it."""
    return f"x'{cell.hex()}'" if isinstance(cell, bytes) else cell


def _asked(read: Reading, sql: str, params: Mapping[str, Any] | None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    columns, found = read.stream(sql, dict(params or {}))
    if not columns:
        raise LedgerError("this asks for nothing", hint="Write a SELECT, such as SELECT * FROM v_positions")
    return columns, found


def _cell(cell: object) -> object:
    cell = shown(cell)
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def _check(sql: str) -> None:
    if not sql.strip():
        raise LedgerError("there is no SQL", hint="Write a SELECT, or choose a query.")
    if len(sql) > _LARGEST_STATEMENT:
        raise LedgerError(f"a statement has at most {_LARGEST_STATEMENT:,} characters, got {len(sql):,}")
