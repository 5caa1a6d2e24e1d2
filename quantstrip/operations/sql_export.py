"""A result as a file: CSV, an Excel workbook or Parquet, written row by row, in little memory.

Text that a spreadsheet would take for a formula has an apostrophe before it in CSV; a workbook holds it as text.
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.operations import sql
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.sql_forms import FORMS, ExportArguments, Form
from quantstrip.operations.sql_store import Store
from quantstrip.operations.task_progress import Progress
from quantstrip.report.files import MOST_ROWS as SHEET_ROWS

MEDIA: Final[Mapping[Form, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
MOST_DOWNLOAD: Final = 64_000_000
"""Bytes of a file that a browser is given: the server holds it in memory meanwhile."""
_CHUNK: Final = 20_000
_LONGEST_CELL: Final = 32_767  # characters, what Excel holds
_EXACT: Final = 2**53
_SECONDS: Final = 3600.0
Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; ``cut`` where a sheet holds no more rows."""

    path: Path
    rows: int
    cut: bool = False


def form_of(path: Path) -> Form:
    """The form that a file's name asks for.

    Raises:
        LedgerError: it ends in none of them.

    """
    ending = path.suffix.lower().removeprefix(".")
    for form in FORMS:
        if form == ending:
            return form
    raise LedgerError(f"a result becomes .csv, .xlsx or .parquet, got {path.name}", hint="For example: fills.csv")


def export(
    home: Home, text: str, values: Mapping[str, Any], path: Path, *, seconds: float = _SECONDS,
    heard: Callable[[int], None] = lambda _: None,
) -> Written:  # fmt: skip
    """Run a SELECT and write every row; the form is the file's ending.

    Raises:
        LedgerError: as ``sql.run``, or the file cannot be written; a part of one is removed.

    """
    form_of(path)
    sql.check(text)
    with existing_ledger(home).reading(timeout_seconds=seconds) as read:
        columns, found = sql.asked(read, text, values)
        return write(path, columns, found, heard)


def write(
    path: Path, columns: Sequence[str], rows: Rows, heard: Callable[[int], None] = lambda _: None, *,
    sheet_rows: int = SHEET_ROWS,
) -> Written:  # fmt: skip
    """Write rows into ``path``, whole or not at all; the form is its ending, and a sheet ends after so many rows."""
    form = form_of(path)
    part = path.with_name(f".{path.name}")
    try:
        if form == "xlsx":
            count, cut = _xlsx(part, columns, rows, heard, sheet_rows)
        else:
            count, cut = (_csv if form == "csv" else _parquet)(part, columns, rows, heard), False
        part.replace(path)
    except OSError as error:
        raise LedgerError(
            f"{path} could not be written: {error.strerror or error}", hint="Is the disk full, or the folder missing?"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return Written(path, count, cut)


def data_of(store: Store, form: Form) -> bytes:
    """What was read, as a file."""
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder) / f"query.{form}", store.columns, store.each()).path.read_bytes()


def written(home: Home, task_id: int) -> bytes:
    """The file that a task wrote.

    Raises:
        LedgerError: it is no longer there.

    """
    for form in FORMS:
        path = home.tasks / str(task_id) / f"query.{form}"
        if path.is_file():
            return path.read_bytes()
    raise LedgerError("the file is no longer there", hint="Write the result once more.")


def work(home: Home, arguments: ExportArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """The task: the whole result in the task's folder."""
    progress.report(0.0, "reading")

    def tell(rows: int) -> None:
        progress.report(rows / (rows + 2_000_000), f"{rows:,} rows")  # how many there are is known at the end only

    folder.mkdir(parents=True, exist_ok=True)
    made = export(home, arguments.text, arguments.values, folder / f"query.{arguments.form}", heard=tell)
    return {"path": str(made.path), "rows": made.rows, "bytes": made.path.stat().st_size, "cut": made.cut}


def _chunks(rows: Rows, heard: Callable[[int], None]) -> Iterator[list[tuple[Any, ...]]]:
    count, given = 0, iter(rows)
    while chunk := list(islice(given, _CHUNK)):
        count += len(chunk)
        heard(count)
        yield chunk


def _csv(path: Path, columns: Sequence[str], rows: Rows, heard: Callable[[int], None]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([sql.cell(name) for name in columns])
        for chunk in _chunks(rows, heard):
            lines.writerows([sql.cell(each) for each in row] for row in chunk)
            count += len(chunk)
    return count


def _xlsx(path: Path, columns: Sequence[str], rows: Rows, heard: Callable[[int], None], most: int) -> tuple[int, bool]:
    from xlsxwriter import Workbook

    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False, "nan_inf_to_errors": True}  # fmt: skip
    with Workbook(str(path), options) as book:
        sheet, bold = book.add_worksheet("Result"), book.add_format({"bold": True})
        for place, name in enumerate(columns):
            sheet.write_string(0, place, name[:_LONGEST_CELL], bold)
        sheet.freeze_panes(1, 0)
        for chunk in _chunks(rows, heard):
            for row in chunk:
                if count >= most:
                    return count, True
                count += 1
                for place, each in enumerate(row):
                    _put(sheet, count, place, each)
    return count, False


def _put(sheet: Any, row: int, column: int, cell: Any) -> None:
    """A number as such where Excel keeps it exactly; all else is text."""
    if cell is None:
        return
    if isinstance(cell, int | float) and abs(cell) <= _EXACT:
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(sql.shown(cell))[:_LONGEST_CELL])


def _parquet(path: Path, columns: Sequence[str], rows: Rows, heard: Callable[[int], None]) -> int:
    """Columns of whole numbers, numbers, or text; what is of several kinds is text.

    What a column holds is known after its last row, so the rows are read twice: from a store beside the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    store = Store(path.with_name(f"{path.name}.rows"))
    kinds: list[set[type]] = [set() for _ in columns]

    def watched() -> Iterator[tuple[Any, ...]]:
        for chunk in _chunks(rows, heard):
            for place, cells in enumerate(zip(*chunk, strict=True)):
                kinds[place].update(map(type, cells))
            yield from chunk

    try:
        store.fill(columns, watched(), most_rows=2**62, most_bytes=2**62)
        types = [_arrow(kind - {type(None)}) for kind in kinds]
        schema = pa.schema(list(zip(sql.labels(columns), types, strict=True)))
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for chunk in _chunks(store.each(), lambda _: None):
                cells = zip(*chunk, strict=True)
                arrays = [pa.array(_fitting(each, kind), kind) for each, kind in zip(cells, types, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    finally:
        store.forget()
    return store.rows


def _arrow(kinds: set[type]) -> Any:
    import pyarrow as pa

    if kinds == {int}:
        return pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.binary() if kinds == {bytes} else pa.string()


def _fitting(cells: Sequence[Any], kind: Any) -> list[Any]:
    import pyarrow as pa

    if kind == pa.string():
        return [None if each is None else str(sql.shown(each)) for each in cells]
    if kind == pa.float64():
        return [None if each is None else float(each) for each in cells]
    return list(cells)
