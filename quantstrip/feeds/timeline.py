"""Several tables as one row of slices, in the order in which the bars could have been known."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise, takewhile

import numpy as np

from quantstrip.bars import BarTable
from quantstrip.bars.table import Times, Values
from quantstrip.clock import Micros
from quantstrip.errors import DataError
from quantstrip.model import Bar, bars_of_rows
from quantstrip.ports import Columns

Tables = BarTable | Sequence[BarTable] | Mapping[str, BarTable]
Moment = tuple[Micros, Sequence[Bar]]
_CHUNK = 1024
"""Slices built at a time: their bars stay in the processor's cache until they are used; 4096 cost a run a fifth."""


class _Kept:
    """Slices of the tables of one process's many runs, built once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tables: tuple[BarTable, ...] = ()
        self._slices: dict[int, list[Moment]] = {}

    def of(
        self, tables: Sequence[BarTable], build: Callable[[int], Iterable[Moment]]
    ) -> Callable[[int], Iterable[Moment]]:
        """``build``, which does nothing twice for the same tables; as it is where they are too large."""
        if sum(map(len, tables)) > self._most:
            return build
        if len(tables) != len(self._tables) or any(a is not b for a, b in zip(tables, self._tables, strict=True)):
            self._tables, self._slices = tuple(tables), {}
        slices = self._slices

        def kept(start: int) -> Iterable[Moment]:
            found = slices.get(start)
            if found is None:
                found = slices[start] = list(build(start))
            return found

        return kept


_kept: _Kept | None = None


def keep_slices(most: int) -> None:
    """From now on this process keeps the bars that it feeds, up to ``most``, for its next run on the same tables.

    A bar takes about 250 bytes, and a fifth of a run's time to be built.
    """
    global _kept
    _kept = _Kept(most)


class Timeline:
    """Bars ordered by close time, then by symbol; those that close together are one slice.

    Args:
        tables: one table, or one for each symbol.

    Raises:
        DataError: no table, an empty one, or two of one symbol.

    """

    def __init__(self, tables: Tables) -> None:
        self.tables = _sorted(tables)
        self.symbols = [table.symbol for table in self.tables]
        if len(self.tables) == 1:
            self._ts = self.tables[0].ts
            self._order = np.empty(0, dtype=np.int64)
            return
        ts = np.concatenate([table.ts for table in self.tables])
        rank = np.repeat(np.arange(len(self.tables)), [len(table) for table in self.tables])
        self._order = np.lexsort((rank, ts))
        ordered = ts[self._order]
        self._starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self._ends = np.append(self._starts[1:], len(ordered))
        self._ts = ordered[self._starts]
        self._symbol = np.array(self.symbols, dtype=object)[rank]
        self._timeframe = np.array([table.timeframe for table in self.tables], dtype=object)[rank]
        self._source = np.array([table.source for table in self.tables], dtype=object)[rank]
        self._columns = [np.concatenate(column) for column in zip(*map(_arrays, self.tables), strict=True)]

    def __len__(self) -> int:
        """Number of slices."""
        return len(self._ts)

    def ts(self, index: int) -> Micros:
        """Close time of a slice."""
        return int(self._ts[index])

    def before(self, ts: Micros) -> int:
        """Number of slices that close before ``ts``."""
        return int(np.searchsorted(self._ts, ts))

    def slices(self, stop: threading.Event) -> Iterator[Moment]:
        """Every slice ``(ts, bars)``, oldest first; a chunk is built at a time, no Python code runs for each bar.

        ``stop`` is looked at once a chunk.
        """
        build: Callable[[int], Iterable[Moment]] = self._one_symbol if len(self.tables) == 1 else self._merged
        if _kept is not None:
            build = _kept.of(self.tables, build)
        starts = takewhile(lambda _start: not stop.is_set(), range(0, len(self), _CHUNK))
        return chain.from_iterable(map(build, starts))

    def columns(self) -> dict[str, Columns]:
        """The history of each symbol."""
        return {table.symbol: _columns(table) for table in self.tables}

    def _one_symbol(self, start: int) -> Iterator[Moment]:
        stop = start + _CHUNK
        ts: list[Micros] = self._ts[start:stop].tolist()
        return zip(ts, zip(self.tables[0].chunk(start, stop, ts), strict=False), strict=False)

    def _merged(self, start: int) -> Iterator[Moment]:
        starts, ends = self._starts[start : start + _CHUNK], self._ends[start : start + _CHUNK]
        rows = self._order[int(starts[0]) : int(ends[-1])]
        ts_open, ts, *values = (column[rows].tolist() for column in self._columns)
        bars = list(
            bars_of_rows(
                zip(
                    self._symbol[rows].tolist(),
                    self._timeframe[rows].tolist(),
                    ts_open,
                    ts,
                    *values,
                    self._source[rows].tolist(),
                    strict=True,
                ),
            )
        )
        offset = int(starts[0])
        cuts = map(slice, (starts - offset).tolist(), (ends - offset).tolist())
        return zip(self._ts[start : start + _CHUNK].tolist(), map(bars.__getitem__, cuts), strict=True)


def _columns(table: BarTable) -> Columns:
    return Columns(*_arrays(table), timeframe=table.timeframe, source=table.source)


def _arrays(table: BarTable) -> tuple[Times, Times, Values, Values, Values, Values, Values]:
    return table.ts_open, table.ts, table.open, table.high, table.low, table.close, table.volume


def _sorted(tables: Tables) -> list[BarTable]:
    if isinstance(tables, BarTable):
        tables = [tables]
    found = sorted(tables.values() if isinstance(tables, Mapping) else tables, key=lambda table: table.symbol)
    if not found:
        raise DataError("a feed needs bars of at least one symbol, got none", hint="Name the symbols or the folder.")
    for table in found:
        if not len(table):
            raise DataError(
                f"{table.symbol}: no bars{f' in {table.path}' if table.path else ''} for the dates asked for",
                hint="Widen the dates, or leave the symbol out.",
            )
    for earlier, later in pairwise(found):
        if earlier.symbol == later.symbol:
            raise DataError(f"two tables of {later.symbol} came to one feed", hint="Give one table for each symbol.")
    return found
