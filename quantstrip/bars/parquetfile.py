"""A Parquet file of bars as raw columns; loads pyarrow when one is read."""

from pathlib import Path
from typing import Any

import numpy as np

from quantstrip.bars import layouts
from quantstrip.bars.rawbars import RawBars
from quantstrip.bars.table import Times, Values
from quantstrip.clock import DAY
from quantstrip.errors import DataError

FIRST_ROW = 1
_FORM = "the columns time, open, high, low, close, volume; time is the start of the bar in UTC"


def parse(path: Path, *, daily: bool) -> RawBars:
    """Read the columns ``time, open, high, low, close, volume``, however they are spelled (see ``layouts``).

    Times may be moments with or without a zone, dates, text, or numbers since 1970. Midnights of another zone name
    daily bars by their dates there.

    Raises:
        DataError: the file cannot be read, lacks a column, or a column holds something else.

    """
    return _raw(path, _read(path), daily=daily)


def of_frame(frame: Any, *, daily: bool, name: str = "DataFrame") -> RawBars:
    """The columns of a pandas DataFrame; its index is taken for the times where it holds moments.

    Raises:
        DataError: it lacks a column, or a column holds something else.

    """
    import pandas as pd
    import pyarrow as pa

    path = Path(name)
    if getattr(frame.columns, "nlevels", 1) > 1:
        frame = frame.droplevel(list(range(1, frame.columns.nlevels)), axis=1)  # of several symbols
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.set_axis(frame.index.rename("time")).reset_index()
    chosen = _positions(path, [str(name) for name in frame.columns])
    try:
        table = pa.Table.from_pandas(frame.iloc[:, chosen], preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint=f"Expected {_FORM}.") from error
    return _raw(path, table, daily=daily)


def _raw(path: Path, table: Any, *, daily: bool) -> RawBars:
    """``table`` holds the six columns in their order."""
    if not table.num_rows:
        raise DataError(f"{path}: holds no bars", hint=f"Expected {_FORM}.")
    time, naive = times_of(path, table.column(0), daily=daily)
    values = [_numbers(path, name, table.column(row)) for row, name in enumerate(layouts.FIELDS, start=1)]
    return RawBars(path, naive, FIRST_ROW, time, *values)


def first_times(path: Path, most: int) -> Times:
    """The times of the first ``most`` bars, oldest first."""
    table = _read(path, only_times=True).slice(0, most)
    return np.unique(times_of(path, table.column(0), daily=False)[0]) if table.num_rows else np.empty(0, np.int64)


def _read(path: Path, *, only_times: bool = False) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            header = file.schema_arrow.names
            found = [header[position] for position in _positions(path, header)]
            return file.read(columns=found[:1] if only_times else found).select(found[:1] if only_times else found)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as a Parquet file: {error}", hint=f"Expected {_FORM}.") from error


def _positions(path: Path, header: list[str]) -> list[int]:
    # A DataFrame's index without a name is written under this one.
    named = ["time" if name == "__index_level_0__" else name for name in header]
    try:
        return layouts.positions(named)
    except layouts.Unrecognised as wrong:
        if wrong.missing:
            what = f"lacks {', '.join(wrong.missing)}"
        else:
            what = f"names {' and '.join(wrong.doubled)} more than once"
        raise DataError(f"{path}: it {what}; its columns are {', '.join(header)}", hint=f"Expected {_FORM}.") from None


def times_of(path: Path, column: Any, *, daily: bool) -> tuple[Times, bool]:
    """A column of an Arrow table as microseconds UTC, and whether it named no zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"{path} row {row + FIRST_ROW}: has no time", hint="Remove the row, or give it its time.")
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = pc.cast(column, pa.timestamp("us"))
            kind = column.type
        if pa.types.is_integer(kind):
            return layouts.from_epoch(column.to_numpy().astype(np.int64)), False
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            zone = getattr(kind, "tz", None)
            found = column.cast(pa.timestamp("us", zone)).cast(pa.int64()).to_numpy() if zone else _plain(column)
            if zone not in (None, "UTC"):
                local = _plain(pc.local_timestamp(column))
                found = found if (local % DAY).any() else local  # a day is named by its date at the exchange
            return _daily(path, found) if daily else found, zone is None
    except (pa.ArrowException, ValueError) as error:
        raise DataError(f"{path}: its times cannot be understood: {error}", hint=f"Expected {_FORM}.") from error
    raise DataError(f"{path}: its times are of the type {kind}, expected moments or dates", hint=f"Expected {_FORM}.")


def _plain(column: Any) -> Times:
    import pyarrow as pa

    return np.asarray(column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy())


def _daily(path: Path, times: Times) -> Times:
    late = np.flatnonzero(times % DAY)
    if late.size:
        raise DataError(
            f"{path} row {int(late[0]) + FIRST_ROW}: a daily bar is named by its session's date, got a time of day",
            hint="Write the date alone, or name the timeframe of these bars (1m, 5m, 1h ...).",
        )
    return times


def _numbers(path: Path, name: str, column: Any) -> Values:
    import pyarrow as pa

    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)  # what is missing becomes NaN
    except pa.ArrowException as error:
        raise DataError(f"{path}: {name} is no column of numbers: {error}", hint="Write numbers.") from error
