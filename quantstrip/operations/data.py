"""The bars a home has stored: see, look through, forget, take out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quantstrip.bars import About, BarStore, BarTable, GapReport
from quantstrip.bars.outliers import Outlier, outliers
from quantstrip.errors import DataError
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES
from quantstrip.operations.dates import moment

FORMS = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look through a stored series found; ``damaged`` names what is wrong with its files."""

    about: About
    gaps: GapReport
    outliers: tuple[Outlier, ...]
    damaged: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """True where there is nothing to say."""
        return not (self.damaged or self.outliers or self.gaps.missing_sessions or self.gaps.missing_bars)


def series(home: Home) -> list[About]:
    """What is stored: a row for each symbol and timeframe.

    Raises:
        DataError: a file of the store cannot be read.

    """
    return BarStore(home.bars).series()


def listed(home: Home) -> list[tuple[About, str]]:
    """What is stored, and what keeps a series from being read, in words: "" where nothing does."""
    store, found = BarStore(home.bars), []
    for symbol in store.symbols():
        for timeframe in store.timeframes(symbol):
            try:
                found.append((store.about(symbol, timeframe), ""))
            except DataError as error:
                found.append((About(symbol, timeframe), error.message))
    return found


def gaps(home: Home, symbol: str, timeframe: str) -> str:
    """What a stored series lacks against its calendar, in words; "" where it lacks nothing.

    Raises:
        DataError: it is not stored, or damaged.

    """
    found = BarStore(home.bars).read(symbol, timeframe).gaps
    return "" if found.clean else str(found)


def stamp(home: Home) -> str:
    """Changes whenever bars are added to the store or deleted from it, also by another process; cheap."""
    if not home.bars.is_dir():
        return ""
    folders = sorted(each for each in home.bars.glob("*/*") if each.is_dir())
    state = hashlib.sha256()
    for folder in folders:
        state.update(f"{folder}\0{folder.stat().st_mtime_ns}\n".encode())
    return state.hexdigest()


def timeframes(home: Home, symbol: str) -> list[str]:
    """Timeframes in which a symbol's bars can be had, finest first: stored ones, and those made of them."""
    store = BarStore(home.bars)
    return [name for name in TIMEFRAMES if store.made_of(symbol, name) is not None]


def show(
    home: Home, symbol: str, timeframe: str | None = None, start: str | None = None, end: str | None = None
) -> BarTable:
    """Stored bars of a symbol, or those made of finer ones.

    Args:
        timeframe: the coarsest that is stored, where None.
        start, end: first and last label, as dates or UTC times; a date includes its whole day.

    Raises:
        DataError: there are none, or what should be a time is none.

    """
    store = BarStore(home.bars)
    stored = store.timeframes(symbol)
    return store.read(symbol, timeframe or (stored[-1] if stored else "1d"), moment(start), moment(end, last=True))


def check(
    home: Home, symbols: Sequence[str] = (), on_progress: Callable[[float, str], None] = lambda _share, _words: None
) -> list[Checked]:
    """Look through the stored series of some symbols, or of all: their files, gaps, and bars that look wrong.

    Args:
        home: whose store.
        symbols: all where empty.
        on_progress: receives the share of the symbols that are done, and which comes now.

    Raises:
        DataError: nothing is stored of a symbol.

    """
    store = BarStore(home.bars)
    found = []
    wanted = list(symbols) or store.symbols()
    for number, symbol in enumerate(wanted):
        on_progress(number / len(wanted), symbol)
        stored = store.timeframes(symbol)
        if not stored:
            store.read(symbol, "1d")  # says so
        for timeframe in stored:
            damaged = tuple(store.damaged(symbol, timeframe))
            if damaged:
                found.append(Checked(About(symbol, timeframe), GapReport(), (), damaged))
                continue
            table = store.read(symbol, timeframe)
            found.append(Checked(store.about(symbol, timeframe), table.gaps, tuple(outliers(table)), ()))
    return found


def delete(home: Home, symbol: str, timeframe: str | None = None) -> list[str]:
    """Forget the bars of a symbol, or those of one timeframe; returns the timeframes that were there.

    Raises:
        DataError: nothing of it is stored.

    """
    return BarStore(home.bars).delete(symbol, timeframe)


def export(
    home: Home, symbol: str, timeframe: str, path: Path, start: str | None = None, end: str | None = None
) -> int:
    """Write stored bars, or those made of finer ones, to a CSV or Parquet file; returns their number.

    Raises:
        DataError: there are none, or the file's form is not known.

    """
    from quantstrip.operations.data_import import exported

    if path.suffix not in FORMS:
        raise DataError(f"{path.name}: expected a file of the form {' or '.join(FORMS)}", hint="Name it AAPL.csv.")
    table = show(home, symbol, timeframe, start, end)
    frame = exported(table)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        if timeframe not in ("1d", "1w"):
            frame["time"] = frame["time"].dt.strftime("%Y-%m-%d %H:%M:%S")
        frame.to_csv(path, index=False)
    return len(table)
