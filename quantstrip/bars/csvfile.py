"""A CSV file of bars as raw columns, every refusal naming file, line and value."""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from quantstrip.bars import layouts
from quantstrip.bars.rawbars import RawBars
from quantstrip.bars.table import Times, Values
from quantstrip.clock import DAY, from_datetime
from quantstrip.errors import DataError

_LARGE = 4_000_000
"""Bytes from which a file is worth loading pyarrow for."""
_FORM = "time,open,high,low,close,volume, where time is the start of the bar in UTC (for daily bars the session's date)"
_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?Z?")
_EPOCH = re.compile(r"\d{9,19}(?:\.0*)?")


def parse(path: Path, *, daily: bool, delimiter: str = ",") -> RawBars:
    """Read the columns ``time, open, high, low, close, volume`` (see ``layouts``); other columns are left out.

    Args:
        path: a ``.csv`` or ``.csv.gz`` file in UTF-8 with a header; a kline file may have none.
        daily: times are session dates; a time of day is refused.
        delimiter: what stands between two fields.

    Raises:
        DataError: the file cannot be read, lacks a column, or a line cannot be understood.

    """
    fast = _fast(path, delimiter)
    if fast is not None and (daily is False or not (fast.time % DAY).any()):
        return fast
    try:
        with _open(path) as file:
            rows, first = _begin(csv.reader(file, strict=True, delimiter=delimiter))
            time, values = _columns(path, rows, first)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    if not time:
        raise DataError(f"{path}: holds no bars", hint=f"Expected one bar a line under the header {_FORM}.")
    times, naive = _times(path, time, daily, first)
    numbers = [_numbers(path, n, v, first) for n, v in zip(layouts.FIELDS, values, strict=True)]
    return RawBars(path, naive, first, times, *numbers)


def first_times(path: Path, most: int, delimiter: str = ",") -> Times:
    """The times of the first ``most`` bars, without a look at anything else.

    Raises:
        DataError: as ``parse``, of the lines that are read.

    """
    try:
        with _open(path) as file:
            rows, first = _begin(csv.reader(file, strict=True, delimiter=delimiter))
            column = _positions(path, next(rows, []))[0]
            texts = [row[column] for row in islice(rows, most) if len(row) > column]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error
    return np.unique(_times(path, texts, daily=False, first=first)[0]) if texts else np.empty(0, dtype=np.int64)


def delimiter_of(path: Path) -> str:
    """What stands between the fields of the first line: a comma, a semicolon or a tab.

    Raises:
        DataError: the file cannot be read.

    """
    try:
        with _open(path) as file:
            line = file.readline()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return max(",;\t", key=line.count)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read as a CSV file: {error}", hint=f"Expected UTF-8 text with the header {_FORM}."
    )


def _fast(path: Path, delimiter: str) -> RawBars | None:
    """The columns of a large plain file by pyarrow; None where it is small, or anything is unusual about it."""
    if path.suffix != ".csv" or not path.is_file() or path.stat().st_size < _LARGE:
        return None
    from quantstrip.bars import fastcsv

    return fastcsv.parse(path, delimiter)


def _begin(rows: Iterator[list[str]]) -> tuple[Iterator[list[str]], int]:
    """All rows with a header before them, and the number of the first line below it."""
    first = next(rows, [])
    if layouts.is_headless(first):
        header = [*layouts.KLINES, *(f"other_{number}" for number in range(len(first) - len(layouts.KLINES)))]
        return chain([header, first], rows), layouts.FIRST_LINE - 1
    if layouts.is_metatrader(first):
        return layouts.of_metatrader(first, rows), layouts.FIRST_LINE
    return chain([first], rows), layouts.FIRST_LINE


def _open(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _columns(path: Path, rows: Iterator[list[str]], first: int) -> tuple[Sequence[str], list[Sequence[str]]]:
    header = next(rows, [])
    wanted = _positions(path, header)
    width = len(header)
    table = []
    for line, row in enumerate(rows, start=first):
        if len(row) != width:
            if not row and not any(rows):
                break  # empty lines at the end of the file
            raise DataError(
                f"{path} line {line}: has {len(row)} fields, the header has {width}",
                hint="Give the line as many fields as the header, or remove it.",
            )
        table.append(row)
    columns = list(zip(*table, strict=True)) or [()] * width
    return columns[wanted[0]], [columns[position] for position in wanted[1:]]


def _positions(path: Path, header: list[str]) -> list[int]:
    try:
        return layouts.positions(header)
    except layouts.Unrecognised as wrong:
        reads = ",".join(name.strip().lower() for name in header)
        if wrong.missing:
            raise DataError(
                f"{path} line 1: the header lacks {', '.join(wrong.missing)}; it reads {reads!r}",
                hint=f"Expected {_FORM}. Write 0 where a volume is not known.",
            ) from None
        raise DataError(
            f"{path} line 1: the header names {' and '.join(dict.fromkeys(wrong.doubled))} more than once",
            hint=f"Keep one column of each: {_FORM}.",
        ) from None


def _times(path: Path, texts: Sequence[str], daily: bool, first: int) -> tuple[Times, bool]:
    """Microseconds UTC, and whether no text told its offset."""
    naive = False
    if all(map(_PLAIN_TIME.fullmatch, texts)):
        naive = not any(text.endswith("Z") for text in texts)
        try:
            times = np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[us]").astype(np.int64)
        except ValueError:
            times = _times_one_by_one(path, texts, first)
    elif all(map(_EPOCH.fullmatch, texts)):
        times = _epochs(path, texts, first)
    else:
        times = _times_one_by_one(path, texts, first)
    if daily and (late := np.flatnonzero(times % DAY)).size:
        row = int(late[0])
        raise DataError(
            f"{path} line {row + first}: a daily bar is named by its session's date, got {texts[row]!r}",
            hint="Write the date alone (2000-03-01), or name the timeframe of these bars (1m, 5m, 1h ...).",
        )
    return times, naive


def _epochs(path: Path, texts: Sequence[str], first: int) -> Times:
    try:
        return layouts.from_epoch(np.array([text.partition(".")[0] for text in texts], dtype=np.int64))
    except ValueError:
        raise DataError(
            f"{path} line {first}: {texts[0]!r} and what follows are no moments since 1970 in one unit",
            hint="Write seconds, milliseconds, microseconds or nanoseconds since 1970-01-01 UTC, or plain times.",
        ) from None


def _times_one_by_one(path: Path, texts: Sequence[str], first: int) -> Times:
    """The slow way: other zones' offsets, and the line of what is no time."""
    times = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        try:
            if len(text.strip()) < len("2000-03-01") or "-" not in text:
                raise ValueError(text)
            times[row] = from_datetime(datetime.fromisoformat(text.strip()))
        except ValueError:
            raise DataError(
                f"{path} line {row + first}: {text!r} is not a time",
                hint="Write 2000-03-01 for a daily bar, 2000-03-01 14:30:00 (UTC) for a shorter one.",
            ) from None
    return times


def _numbers(path: Path, name: str, texts: Sequence[str], first: int) -> Values:
    try:
        return np.array(texts, dtype=np.float64)
    except ValueError:
        for row, text in enumerate(texts):
            try:
                float(text)
            except ValueError:
                raise DataError(
                    f"{path} line {row + first}: {name} is {text!r}, expected a number",
                    hint="Write numbers with a decimal point and without thousands separators; "
                    "remove the line if the value is not known.",
                ) from None
        raise
