"""One file of the bar store: bars of one symbol and timeframe, a year of them or all, with what is known of them."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quantstrip.bars.table import Times, Values
from quantstrip.errors import DataError

COLUMNS = ("time", "open", "high", "low", "close", "volume")
SUFFIX = ".parquet"
TEMPORARY = ".new"
_KEY = b"quantstrip"
_FORMAT = 1
_WHOLE = "all"
_YEARS = "datetime64[Y]"


@dataclass(frozen=True, slots=True)
class About:
    """What a file of the store says of its bars.

    Attributes:
        calendar: of the exchange they were traded on; "" where there is none.
        adjusted: True where prices were adjusted for splits or dividends; None where that is not known.
        sources: where they came from, in the order in which they came.
        imported: when the file was written, UTC text.
        hash: SHA-256 of the columns.
        rows, first, last: number of bars and labels of the first and the last one.

    """

    symbol: str
    timeframe: str
    calendar: str = ""
    adjusted: bool | None = None
    sources: tuple[str, ...] = ()
    imported: str = ""
    hash: str = ""
    rows: int = 0
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Bars as columns: ``time`` is the label, microseconds UTC, rising."""

    time: Times
    values: tuple[Values, ...]

    def __len__(self) -> int:
        return len(self.time)

    def rows(self, which: Any) -> "Part":
        """The rows of a mask, of indices or of a slice."""
        return Part(self.time[which], tuple(column[which] for column in self.values))

    def hash(self) -> str:
        """SHA-256 of the columns."""
        state = hashlib.sha256()
        for column in (self.time, *self.values):
            state.update(np.ascontiguousarray(column).data)
        return state.hexdigest()


def joined(parts: Sequence[Part]) -> Part:
    """Several parts as one, in the order given."""
    if len(parts) == 1:
        return parts[0]
    columns = [np.concatenate(column) for column in zip(*((part.time, *part.values) for part in parts), strict=True)]
    return Part(columns[0], tuple(columns[1:]))


def names_of(timeframe: str, times: Times) -> "list[tuple[str, slice]]":
    """The file that each stretch of rising ``times`` belongs to: one a year, one for all daily or weekly bars."""
    if timeframe in ("1d", "1w"):
        return [(_WHOLE, slice(0, len(times)))]
    years = times.view("datetime64[us]").astype(_YEARS).astype(np.int64) + 1970
    starts = np.flatnonzero(np.concatenate(([True], years[1:] != years[:-1])))
    ends = [*starts[1:].tolist(), len(times)]
    return [(str(int(years[start])), slice(int(start), end)) for start, end in zip(starts, ends, strict=True)]


def read_part(path: Path) -> Part:
    """The bars of a file; its pages' checksums are compared.

    Raises:
        DataError: it cannot be read.

    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read(columns=list(COLUMNS))
        time = table.column("time").cast(pa.int64()).to_numpy()
        return Part(time, tuple(table.column(name).to_numpy() for name in COLUMNS[1:]))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def read_parts(paths: Sequence[Path]) -> Part:
    """The bars of several files as one part, put together without holding them twice.

    Raises:
        DataError: one cannot be read.

    """
    if len(paths) == 1:
        return read_part(paths[0])
    rows = [read_about(path).rows for path in paths]
    ends = np.cumsum(rows).tolist()
    time = np.empty(ends[-1], dtype=np.int64)
    values = tuple(np.empty(ends[-1], dtype=np.float64) for _ in COLUMNS[1:])
    for path, count, end in zip(paths, rows, ends, strict=True):
        part = read_part(path)
        if len(part) != count:
            raise _damaged(path, ValueError(f"it holds {len(part)} bars instead of {count}"))
        for whole, piece in zip((time, *values), (part.time, *part.values), strict=True):
            whole[end - count : end] = piece
    return Part(time, values)


def read_about(path: Path) -> About:
    """What a file says of its bars, without a look at them.

    Raises:
        DataError: it cannot be read, or is none of the store's.

    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = json.loads((pq.read_schema(path).metadata or {})[_KEY])
        if found.pop("format") != _FORMAT:
            raise ValueError("it was written by a newer version")
        return About(**found | {"sources": tuple(found["sources"])})
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def write_part(folder: Path, part: Part, about: About) -> Path:
    """Write bars beside the file they are to replace, and to the disk; returns the temporary file.

    Raises:
        OSError: it cannot be written; nothing is left.

    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    told = replace(about, hash=part.hash(), rows=len(part), first=int(part.time[0]), last=int(part.time[-1]))
    metadata = {_KEY: json.dumps({"format": _FORMAT, **asdict(told)}).encode()}
    columns = [pa.array(part.time).cast(pa.timestamp("us", "UTC")), *map(pa.array, part.values)]
    table = pa.Table.from_arrays(columns, names=list(COLUMNS)).replace_schema_metadata(metadata)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=TEMPORARY, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            pq.write_table(
                table, file, compression="zstd", compression_level=1, use_dictionary=False,
                column_encoding={"time": "DELTA_BINARY_PACKED"}, write_page_checksum=True,
            )  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: this file of the bar store cannot be read: {error}",
        hint="Bring it back from a backup; or delete the bars of this symbol and timeframe, and import them again.",
    )
