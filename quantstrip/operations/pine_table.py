"""A folder of strategies against a folder of TradingView's exports: one row for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from quantstrip.errors import DataError, QuantstripError
from quantstrip.home import Home
from quantstrip.operations.validation import PineParity, compare_pine


class PineRow(NamedTuple):
    """One strategy: how it compares, or why it could not be compared."""

    file: Path
    found: PineParity | None
    error: str = ""


def pine_table(
    home: Home, folder: Path, exports: Path, *, on_progress: Callable[[float], None] = lambda _share: None, **asked: Any
) -> list[PineRow]:
    """Compare each ``NAME.py`` of a folder with ``NAME.csv`` of another; those without an export are left out.

    Args:
        home, asked: as of ``validation.compare_pine``.
        folder, exports: where the strategies and the exported lists of trades lie.
        on_progress: receives the share that is done.

    Raises:
        DataError: no strategy has an export.

    """
    pairs = [(file, exports / f"{file.stem}.csv") for file in sorted(folder.glob("*.py"))]
    pairs = [(file, export) for file, export in pairs if export.is_file()]
    if not pairs:
        raise DataError(
            f"no strategy in {folder} has an export in {exports}",
            hint="Call each export as its strategy's file is called: rsi.csv for rsi.py.",
        )
    rows = []
    for done, (file, export) in enumerate(pairs, 1):
        try:
            rows.append(PineRow(file, compare_pine(home, file, export, **asked)))
        except QuantstripError as error:  # the others are compared all the same
            rows.append(PineRow(file, None, str(error)))
        on_progress(done / len(pairs))
    return rows
