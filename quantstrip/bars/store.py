"""The bar store: bars in Parquet files, by symbol and timeframe.

::

    SYMBOL/1m/2023.parquet, 2024.parquet     a year in each, so that adding a day does not rewrite the others
    SYMBOL/1d/all.parquet                    daily and weekly bars

A file is replaced whole or not at all, by one writer at a time; readers need no lock. Adding bars that are there
already changes nothing. A bar that differs from the stored one of its time is a conflict, never settled silently.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np

from quantstrip.bars.checks import Gaps, check_gaps, check_order
from quantstrip.bars.merging import Conflicts, Merged, fitting, refused, unite
from quantstrip.bars.partition import (
    SUFFIX,
    TEMPORARY,
    About,
    Part,
    names_of,
    read_about,
    read_part,
    read_parts,
    write_part,
)
from quantstrip.bars.read import in_sessions, with_gaps
from quantstrip.bars.resample import can_make, coarser
from quantstrip.bars.sessions import session_grid
from quantstrip.bars.table import BarTable
from quantstrip.clock import DAY, SECOND, Micros, now_text
from quantstrip.errors import DataError
from quantstrip.locks import unlock, wait_for_lock
from quantstrip.model import TIMEFRAMES

_LOCK = ".lock"
_WEEK = 8 * DAY


class BarStore:
    """The bars below one folder, the home's ``data/bars``; nothing is made there before the first bar.

    Attributes:
        patience: seconds a writer waits for another one.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.patience = 30.0

    def series(self) -> list[About]:
        """What is stored, a row for each symbol and timeframe, sorted.

        Raises:
            DataError: a file cannot be read.

        """
        return [self.about(symbol, timeframe) for symbol in self.symbols() for timeframe in self.timeframes(symbol)]

    def symbols(self) -> list[str]:
        """Symbols of which something is stored, sorted."""
        if not self.folder.is_dir():
            return []
        found = (unquote(each.name) for each in self.folder.iterdir() if each.is_dir())
        return sorted(symbol for symbol in found if self.timeframes(symbol))

    def timeframes(self, symbol: str) -> list[str]:
        """Timeframes in which bars of a symbol are stored, finest first."""
        return [name for name in TIMEFRAMES if self._files(symbol, name)]

    def about(self, symbol: str, timeframe: str) -> About:
        """What is known of a stored series: that of its files together; ``hash`` is of the newest.

        Raises:
            DataError: it is not stored, or a file cannot be read.

        """
        each = [read_about(path) for path in self._files(symbol, timeframe)]
        if not each:
            raise self._nothing(symbol, timeframe)
        sources = tuple(dict.fromkeys(name for about in each for name in about.sources))
        return replace(
            each[-1],
            sources=sources,
            imported=max(about.imported for about in each),
            rows=sum(about.rows for about in each),
            first=each[0].first,
        )

    def made_of(self, symbol: str, timeframe: str) -> str | None:
        """The stored timeframe that bars come from: the one asked for, else the coarsest that they can be made of."""
        stored = self.timeframes(symbol)
        if timeframe in stored:
            return timeframe
        finer = [name for name in stored if can_make(name, timeframe)]
        return finer[-1] if finer else None

    def read(
        self,
        symbol: str,
        timeframe: str,
        start: Micros | None = None,
        end: Micros | None = None,
        *,
        gaps: Gaps = "accept",
    ) -> BarTable:
        """Bars whose labels lie in ``[start, end)``, all by default; made of finer ones where they are not stored.

        Args:
            gaps: ``"refuse"`` missing sessions, or leave them to ``BarTable.gaps``.

        Raises:
            DataError: nothing is stored that they could be read or made of, sessions are missing, or a file is damaged.

        """
        if timeframe not in TIMEFRAMES:
            raise DataError(f"unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
        stored = self.made_of(symbol, timeframe)
        if stored is None:
            raise self._nothing(symbol, timeframe)
        if stored == timeframe:
            return self._table(symbol, stored, start, end, gaps)
        fine = self._table(symbol, stored, None if start is None else start - _WEEK, end, "accept")
        return with_gaps(coarser(fine, timeframe).between(start, end), fine, gaps)

    def merge(self, table: BarTable, about: About, conflicts: Conflicts = "refuse", *, dry: bool = False) -> Merged:
        """Add bars to what is stored.

        Args:
            table: checked bars (``bars.validate``).
            about: their ``calendar``, ``adjusted`` and ``sources``.
            conflicts: what becomes of a bar that differs from the stored one of its time: ``"refuse"`` adds nothing at
                all, ``"keep"`` leaves the stored one, ``"replace"`` takes the new one.
            dry: only say what would be done; differing bars count as ``kept`` or ``replaced``, nothing is refused.

        Raises:
            DataError: bars differ, overlap the stored ones, or belong to another calendar or adjustment; another
                process writes to the store for too long. Nothing is changed.

        """
        if not len(table):
            return Merged()
        with self._locked():
            stored = self._files(table.symbol, table.timeframe)
            about = replace(about, symbol=table.symbol, timeframe=table.timeframe, imported=now_text())
            if stored:
                about = fitting(about, read_about(stored[-1]))
            changes, done = self._changes(table, conflicts, dry=dry)
            if not dry and changes:
                self._write(changes, about)
        return done

    def delete(self, symbol: str, timeframe: str | None = None) -> list[str]:
        """Forget a symbol's bars, or those of one timeframe; returns the timeframes that were there.

        Raises:
            DataError: nothing of it is stored.

        """
        with self._locked():
            gone = [name for name in self.timeframes(symbol) if timeframe in (None, name)]
            if not gone:
                raise self._nothing(symbol, timeframe or "any timeframe")
            for name in gone:
                shutil.rmtree(self._place(symbol, name))
            if not any(self._place(symbol).iterdir()):
                self._place(symbol).rmdir()
        return gone

    def damaged(self, symbol: str, timeframe: str) -> list[str]:
        """What is wrong with the files of a series: unreadable, or other bars than were written."""
        found = []
        for path in self._files(symbol, timeframe):
            try:
                if read_part(path).hash() != read_about(path).hash:
                    found.append(f"{path}: its bars are not those that were written")
            except DataError as error:
                found.append(error.message)
        return found

    def _table(self, symbol: str, timeframe: str, start: Micros | None, end: Micros | None, gaps: Gaps) -> BarTable:
        """Stored bars as a table with the times of their sessions."""
        files = self._files(symbol, timeframe)
        chosen = [path for path in files if _may_hold(path.stem, start, end)] or files[-1:]
        about = self.about(symbol, timeframe)
        table = _as_table(read_parts(chosen), about).between(start, end)
        table = replace(table, source=f"store: {symbol} {timeframe} from {', '.join(about.sources) or 'no source'}")
        if not about.calendar or not len(table):
            return table
        grid = session_grid(about.calendar, int(table.label[0]), int(table.ts[-1]))
        return replace(in_sessions(table, grid), gaps=check_gaps(table, grid, gaps))

    def _changes(self, table: BarTable, conflicts: Conflicts, *, dry: bool) -> tuple[list[tuple[Path, Part]], Merged]:
        """The files that are to be written with what belongs into them, and what that does."""
        given = Part(table.label, (table.open, table.high, table.low, table.close, table.volume))
        changes, done, examples = [], Merged(), []
        for name, rows in names_of(table.timeframe, given.time):
            path = self._place(table.symbol, table.timeframe) / f"{name}{SUFFIX}"
            piece = given.rows(rows)
            stored = read_part(path) if path.exists() else piece.rows(slice(0, 0))
            made, told, differing = unite(stored, piece, conflicts)
            examples += differing
            done = Merged(*(getattr(done, each) + getattr(told, each) for each in Merged.__slots__))
            if told.added or told.replaced:
                check_order(_as_table(made, About(table.symbol, table.timeframe)), sparse=True)
                changes.append((path, made))
        if done.kept and conflicts == "refuse" and not dry:
            raise refused(table, done.kept, examples)
        return changes, done

    def _write(self, changes: list[tuple[Path, Part]], about: About) -> None:
        """Write every file beside the one it replaces, then put all in place."""
        folder = changes[0][0].parent
        for left in folder.glob(f"*{TEMPORARY}"):  # of a writer that was killed
            left.unlink()
        ready: list[tuple[Path, Path]] = []
        try:
            for path, part in changes:
                sources = (*read_about(path).sources, *about.sources) if path.exists() else about.sources
                told = replace(about, sources=tuple(dict.fromkeys(sources)))
                ready.append((write_part(folder, part, told), path))
            for temporary, path in ready:
                temporary.replace(path)
        except OSError as error:
            for temporary, _ in ready:
                temporary.unlink(missing_ok=True)
            raise DataError(
                f"{folder}: the bars cannot be written: {error.strerror or error}",
                hint="Free some space on the disk, or give yourself write access to the folder.",
            ) from error
        _sync(folder)

    def _files(self, symbol: str, timeframe: str) -> list[Path]:
        folder = self._place(symbol, timeframe)
        return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []

    def _place(self, symbol: str, timeframe: str = "") -> Path:
        if not symbol or symbol.strip() != symbol:
            raise DataError(f"{symbol!r} is no symbol", hint="Name it as in AAPL or BTC/USDT.")
        # A quoted name holds neither separators nor a leading dot, whatever a symbol is called.
        return self.folder / quote(symbol, safe="^=-").replace(".", "%2E") / timeframe

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Inside, no other process writes to the store.

        Raises:
            DataError: another one does, for longer than ``patience``.

        """
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not wait_for_lock(descriptor, self.patience):
                raise DataError(
                    f"another process has been writing to the bar store {self.folder} for {self.patience:g} s",
                    hint="Wait for the import or download that runs, then try again.",
                )
            try:
                yield
            finally:
                unlock(descriptor)
        finally:
            os.close(descriptor)

    def _nothing(self, symbol: str, timeframe: str) -> DataError:
        there = self.timeframes(symbol)
        found = f"bars of {symbol} in {', '.join(there)} only" if there else f"no bars of {symbol}"
        return DataError(
            f"the bar store has {found}; asked for {timeframe}",
            hint=f"quantstrip data import FILE --symbol {symbol}, or: quantstrip data download {symbol}",
        )


def _as_table(part: Part, about: About) -> BarTable:
    length = TIMEFRAMES[about.timeframe] * SECOND
    begin, (opens, high, low, close, volume) = part.time, part.values
    return BarTable(about.symbol, about.timeframe, begin, begin, begin + length, opens, high, low, close, volume)


def _may_hold(name: str, start: Micros | None, end: Micros | None) -> bool:
    """Whether a file of this name may hold labels in ``[start, end)``."""
    if not name.isdigit():
        return True
    begin, stop = (int(np.datetime64(str(year), "us").astype(np.int64)) for year in (int(name), int(name) + 1))
    return (start is None or start < stop) and (end is None or end > begin)


def _sync(folder: Path) -> None:
    """Have the names of a folder's files written to the disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
