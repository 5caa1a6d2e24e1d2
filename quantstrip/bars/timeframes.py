"""Which timeframe a folder of bars holds, and which one a run takes: one rule for backtests and clients."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from quantstrip.bars import barfile
from quantstrip.bars.resample import can_make
from quantstrip.bars.table import Times
from quantstrip.clock import DAY, SECOND
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES

_ROWS = 1000
_ASTRAY = 0.05
"""Share of bars that may lie closer together than the others: mistakes, which reading them refuses with their line."""
_DAILY = ("1d", "1w")
_WEEKLY_DAYS = 4  # the least distance of two weekly bars: a week that begins late after one that began on time


def timeframe_of(path: Path) -> str | None:
    """The timeframe of the bars in a file, by how far its first bars are apart; None where they do not tell.

    Raises:
        DataError: the file cannot be read or understood.

    """
    return spaced(barfile.first_times(path, _ROWS))


def spaced(times: Times) -> str | None:
    """The timeframe of bars that begin at these different times, oldest first; None where they do not tell."""
    if len(times) < 2:
        return None
    steps = np.diff(times)
    step = int(steps.min())
    if not (times % DAY).any():
        return "1w" if step >= _WEEKLY_DAYS * DAY else "1d"
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[counts.argmax()])
    step = usual if (steps < usual).mean() <= _ASTRAY else step
    shorter = [name for name, seconds in TIMEFRAMES.items() if name not in _DAILY and seconds * SECOND <= step]
    return shorter[-1] if shorter else None


def choose_timeframe(
    folder: str | Path, symbols: Iterable[str] | None, wanted: str | None, default: str, who: str = "the strategy"
) -> str:
    """The timeframe of a run: the one that is wanted; else the only one that the folder's bars have; else ``default``.

    Args:
        folder: of ``SYMBOL.csv`` files.
        symbols: those of the run; all of the folder where None.
        wanted: what the run or its strategy names; None where neither does.
        default: what holds where the bars do not tell.
        who: who wants it, for the message.

    Raises:
        DataError: the wanted timeframe is none, or the bars are in one that it cannot be made of; or none is wanted
            and the bars are in several. Says which timeframe each symbol's bars have.

    """
    if wanted is not None and wanted not in TIMEFRAMES:
        raise DataError(f"unknown timeframe {wanted!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
    folder = Path(folder)
    names = barfile.symbols_in(folder) if symbols is None and folder.is_dir() else sorted(set(symbols or ()))
    paths = {name: path for name in names if (path := barfile.find(folder, name)) is not None}
    there = {name: found for name, path in paths.items() if (found := timeframe_of(path)) is not None}
    told = ", ".join(f"{name} {found}" for name, found in there.items())
    if wanted is not None:
        if not all(_may_be(wanted, found) for found in there.values()):
            raise DataError(
                f"{who} wants {wanted} bars; {folder} has {told}",
                hint="Name the timeframe the files have, or a folder with the bars that are wanted.",
            )
        return wanted
    if len(set(there.values())) > 1:
        raise DataError(
            f"{who} names no timeframe, and {folder} has bars in several: {told}",
            hint=f"Write it into the strategy's class, such as: timeframe = {min(there.values())!r}",
        )
    return next(iter(there.values()), default)


def _may_be(wanted: str, found: str) -> bool:
    """Whether bars that look like ``found`` can be ``wanted`` ones; closer looks are left to reading them."""
    if wanted in _DAILY or found in _DAILY:  # days with gaps may look like weeks
        return wanted == found or (wanted, found) == ("1d", "1w") or can_make(found, wanted)
    return True
