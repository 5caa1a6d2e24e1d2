"""The columns of a file as they stand there, before they are checked."""

from dataclasses import dataclass
from pathlib import Path

from quantstrip.bars.table import Times, Values


@dataclass(frozen=True, slots=True)
class RawBars:
    """Equally long columns; row ``i`` stands on line ``i + line`` of a CSV file, on row ``i + line`` of a Parquet file.

    Attributes:
        time: microseconds UTC; where ``naive``, of a clock that the file does not name.
        naive: True where no time told its offset from UTC.

    """

    path: Path
    naive: bool
    line: int
    time: Times
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values
