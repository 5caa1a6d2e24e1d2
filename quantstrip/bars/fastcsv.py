"""Large CSV files by pyarrow: the same columns as ``csvfile`` gives, many times faster.

It takes plain files only. Whatever it does not understand is left to the slow reader, which names the line.
"""

import re
from csv import Error, reader
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from quantstrip.bars import layouts
from quantstrip.bars.rawbars import RawBars

_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")


def parse(path: Path, delimiter: str) -> RawBars | None:
    """The columns of a file, or None where it is not as plain as this reader takes it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next(reader(file, delimiter=delimiter))
        headless = layouts.is_headless(first)
        header = [f"c{number}" for number in range(len(first))]
        wanted = list(range(len(layouts.KLINES))) if headless else layouts.positions(first)
        numbers = {header[position]: pa.float64() for position in wanted[1:]}
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(column_names=header, skip_rows=0 if headless else 1),
            parse_options=csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                include_columns=[header[position] for position in wanted],
                column_types={header[wanted[0]]: _time_type(path, wanted[0], delimiter, headless), **numbers},
                null_values=[],
                strings_can_be_null=False,
            ),
        )
        time = table.column(0)
        moments = pa.types.is_timestamp(time.type)
        times = np.asarray(time.cast(pa.int64()).to_numpy())
        return RawBars(
            path,
            moments and time.type.tz is None,
            layouts.FIRST_LINE - headless,
            times if moments else layouts.from_epoch(times),
            *(np.asarray(column.to_numpy()) for column in table.columns[1:]),
        )
    except (OSError, UnicodeDecodeError, pa.ArrowException, ValueError, Error, StopIteration, IndexError):
        return None


def _time_type(path: Path, column: int, delimiter: str, headless: bool) -> pa.DataType:
    """Whole numbers or moments, by the first bar."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if not headless:
            file.readline()
        text = next(reader(file, delimiter=delimiter))[column].strip()
    if text.isdigit():
        return pa.int64()
    return pa.timestamp("us", "UTC") if _OFFSET.search(text) else pa.timestamp("us")
