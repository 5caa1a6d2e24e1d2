"""Files of bars in a folder, whatever their form: ``SYMBOL.csv``, ``SYMBOL.csv.gz`` or ``SYMBOL.parquet``."""

from pathlib import Path

from quantstrip.bars import csvfile
from quantstrip.bars.rawbars import RawBars
from quantstrip.bars.table import Times
from quantstrip.errors import DataError

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""How the names of files of bars end; a symbol has one of them."""


def find(folder: Path, symbol: str) -> Path | None:
    """The file of a symbol in a folder, or None.

    Raises:
        DataError: there are several, and nothing says which one counts.

    """
    found = [path for path in (folder / f"{symbol}{suffix}" for suffix in SUFFIXES) if path.is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        others = " or ".join(path.name for path in found[1:])
        raise DataError(
            f"{folder} holds {names}: both are bars of {symbol}, and which ones count is not known",
            hint=f"Keep one of them there: remove {others}, or {found[0].name}.",
        )
    return found[0] if found else None


def symbols_in(folder: Path) -> list[str]:
    """Symbols that have a file in the folder, sorted.

    Raises:
        DataError: there is no such folder.

    """
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder of bars", hint="Name the folder that holds SYMBOL.csv or SYMBOL.parquet files."
        )
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return sorted({name.removesuffix(suffix) for suffix in SUFFIXES for name in names if name.endswith(suffix)})


def parse(path: Path, *, daily: bool) -> RawBars:
    """The columns of a file; ``daily`` times are session dates.

    Raises:
        DataError: the file cannot be read, lacks a column, or a line cannot be understood.

    """
    if _is_parquet(path):
        from quantstrip.bars import parquetfile

        return parquetfile.parse(path, daily=daily)
    return csvfile.parse(path, daily=daily)


def first_times(path: Path, most: int) -> Times:
    """The times of the first ``most`` bars, without a look at anything else; errors as of ``parse``."""
    if _is_parquet(path):
        from quantstrip.bars import parquetfile

        return parquetfile.first_times(path, most)
    return csvfile.first_times(path, most)


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"
