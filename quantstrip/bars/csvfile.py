"""A CSV file of bars as raw columns, every refusal naming file, line and value."""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from quantstrip.bars.table import Times, Values
from quantstrip.clock import DAY, from_datetime
from quantstrip.errors import DataError

FIELDS = ("open", "high", "low", "close", "volume")
TIME_NAMES = ("time", "date", "datetime")
FIRST_LINE = 2
_FORM = "time,open,high,low,close,volume, where time is the start of the bar in UTC (for daily bars the session's date)"
_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?Z?")
_SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class RawBars:
    """Columns as the file has them; row ``i`` stands on line ``i + FIRST_LINE``."""

    path: Path
    time: Times
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values


def find(folder: Path, symbol: str) -> Path | None:
    """The file of a symbol in a folder, or None."""
    return next((p for p in (folder / f"{symbol}{suffix}" for suffix in _SUFFIXES) if p.is_file()), None)


def symbols_in(folder: Path) -> list[str]:
    """Symbols that have a file in the folder, sorted."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return sorted({name.removesuffix(suffix) for suffix in _SUFFIXES for name in names if name.endswith(suffix)})


def parse(path: Path, *, daily: bool) -> RawBars:
    """Read the columns ``time, open, high, low, close, volume``; other columns are left out.

    Args:
        path: a ``.csv`` or ``.csv.gz`` file in UTF-8 with a header.
        daily: times are session dates; a time of day is refused.

    Raises:
        DataError: the file cannot be read, lacks a column, or a line cannot be understood.

    """
    try:
        with _open(path) as file:
            time, values = _columns(path, csv.reader(file, strict=True))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path}: cannot be read as a CSV file: {error}",
            hint=f"Expected UTF-8 text with the header {_FORM}.",
        ) from error
    if not time:
        raise DataError(f"{path}: holds no bars", hint=f"Expected one bar a line under the header {_FORM}.")
    return RawBars(
        path, _times(path, time, daily), *(_numbers(path, n, v) for n, v in zip(FIELDS, values, strict=True))
    )


def first_times(path: Path, most: int) -> Times:
    """The times of the first ``most`` bars, without a look at anything else.

    Raises:
        DataError: as ``parse``, of the lines that are read.

    """
    try:
        with _open(path) as file:
            rows = csv.reader(file, strict=True)
            column = _positions(path, [name.strip().lower() for name in next(rows, [])])[0]
            texts = [row[column] for row in islice(rows, most) if len(row) > column]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path}: cannot be read as a CSV file: {error}",
            hint=f"Expected UTF-8 text with the header {_FORM}.",
        ) from error
    return np.unique(_times(path, texts, daily=False)) if texts else np.empty(0, dtype=np.int64)


def _open(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _columns(path: Path, rows: Iterator[list[str]]) -> tuple[Sequence[str], list[Sequence[str]]]:
    header = [name.strip().lower() for name in next(rows, [])]
    wanted = _positions(path, header)
    width = len(header)
    table = []
    for line, row in enumerate(rows, start=FIRST_LINE):
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
    time = [name for name in TIME_NAMES if name in header]
    missing = ([] if time else ["time"]) + [name for name in FIELDS if name not in header]
    if missing:
        raise DataError(
            f"{path} line 1: the header lacks {', '.join(missing)}; it reads {','.join(header)!r}",
            hint=f"Expected {_FORM}. Write 0 where a volume is not known.",
        )
    names = [time[0], *FIELDS]
    doubled = [name for name in names if header.count(name) > 1] or (time if len(time) > 1 else [])
    if doubled:
        raise DataError(
            f"{path} line 1: the header names {' and '.join(doubled)} more than once",
            hint=f"Keep one column of each: {_FORM}.",
        )
    return [header.index(name) for name in names]


def _times(path: Path, texts: Sequence[str], daily: bool) -> Times:
    if all(map(_PLAIN_TIME.fullmatch, texts)):
        try:
            times = np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[us]").astype(np.int64)
        except ValueError:
            times = _times_one_by_one(path, texts)
    else:
        times = _times_one_by_one(path, texts)
    if daily and (late := np.flatnonzero(times % DAY)).size:
        row = int(late[0])
        raise DataError(
            f"{path} line {row + FIRST_LINE}: a daily bar is named by its session's date, got {texts[row]!r}",
            hint="Write the date alone (2000-03-01), or name the timeframe of these bars (1m, 5m, 1h ...).",
        )
    return times


def _times_one_by_one(path: Path, texts: Sequence[str]) -> Times:
    """The slow way: other zones' offsets, and the line of what is no time."""
    times = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        try:
            if len(text.strip()) < len("2000-03-01") or "-" not in text:
                raise ValueError(text)
            times[row] = from_datetime(datetime.fromisoformat(text.strip()))
        except ValueError:
            raise DataError(
                f"{path} line {row + FIRST_LINE}: {text!r} is not a time",
                hint="Write 2000-03-01 for a daily bar, 2000-03-01 14:30:00 (UTC) for a shorter one.",
            ) from None
    return times


def _numbers(path: Path, name: str, texts: Sequence[str]) -> Values:
    try:
        return np.array(texts, dtype=np.float64)
    except ValueError:
        for row, text in enumerate(texts):
            try:
                float(text)
            except ValueError:
                raise DataError(
                    f"{path} line {row + FIRST_LINE}: {name} is {text!r}, expected a number",
                    hint="Write numbers with a decimal point and without thousands separators; "
                    "remove the line if the value is not known.",
                ) from None
        raise
