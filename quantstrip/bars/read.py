"""Bars from CSV and Parquet files, checked before anything uses them."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from quantstrip.bars import barfile
from quantstrip.bars.checks import Gaps, check_gaps, check_order, check_prices, check_summer_time, validate
from quantstrip.bars.fitting import AUTO, fitting_calendar
from quantstrip.bars.resample import can_make, coarser
from quantstrip.bars.sessions import SessionGrid, session_grid
from quantstrip.bars.table import BarTable, GapReport
from quantstrip.bars.timeframes import timeframe_of
from quantstrip.clock import DAY, SECOND
from quantstrip.errors import DataError
from quantstrip.home import asset
from quantstrip.model import TIMEFRAMES

_log = logging.getLogger(__name__)


def read_csv(
    path: str | Path,
    symbol: str | None = None,
    timeframe: str = "1d",
    calendar: str | None = "NYSE",
    *,
    gaps: Gaps = "refuse",
) -> BarTable:
    """Read and check one file with the columns ``time,open,high,low,close,volume``.

    Args:
        path: a ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        symbol: what the bars are of; by default the file's name up to the first dot.
        timeframe: one of ``quantstrip.model.TIMEFRAMES``.
        calendar: the exchange. Daily bars open and close with its sessions, shorter ones end with them at the
            latest, and gaps are found by it. None: bars last their timeframe, gaps are not looked for, and pandas
            is not loaded. ``auto`` finds out which, see ``fitting_calendar``.
        gaps: ``"refuse"`` (default) or ``"accept"``; accepted gaps are logged and stay in ``BarTable.gaps``.

    Raises:
        DataError: see ``quantstrip.bars.validate``.

    """
    path = Path(path)
    symbol = symbol or path.name.split(".")[0]
    raw = barfile.parse(path, daily=timeframe in ("1d", "1w"))
    table = BarTable(
        symbol,
        timeframe,
        raw.time,
        raw.time,
        raw.time + TIMEFRAMES.get(timeframe, 0) * SECOND,
        raw.open,
        raw.high,
        raw.low,
        raw.close,
        raw.volume,
        source=path.name,
        path=str(path),
        line=raw.line,
    )
    check_order(table)
    check_prices(table)
    if calendar == AUTO:
        calendar = fitting_calendar(table)
    if calendar is None:
        return table
    grid = session_grid(calendar, int(table.label[0]), int(table.ts[-1]))
    check_summer_time(table, grid)
    report = check_gaps(table, grid, gaps)
    _warn(table, report)
    return replace(in_sessions(table, grid), gaps=report)


def read_folder(
    folder: str | Path,
    symbols: Iterable[str] | None = None,
    timeframe: str = "1d",
    calendar: str | None = "NYSE",
    *,
    gaps: Gaps = "refuse",
) -> dict[str, BarTable]:
    """Read ``SYMBOL.csv``, ``.csv.gz`` or ``.parquet`` of every symbol, or of all files in the folder, sorted.

    Bars of a finer timeframe than the one asked for are made coarser, and ``BarTable.source`` says so.

    Raises:
        DataError: no such folder, a symbol without a file, or a file that ``read_csv`` refuses.

    """
    folder = Path(folder)
    there = barfile.symbols_in(folder)
    wanted = there if symbols is None else sorted(set(symbols))
    if not wanted:
        raise DataError(f"{folder} holds no bars", hint="Put one SYMBOL.csv for each symbol there.")
    tables = {}
    for symbol in wanted:
        path = barfile.find(folder, symbol)
        if path is None:
            raise DataError(
                f"{folder} holds no bars of {symbol}",
                hint=f"Add {symbol}.csv there, or choose from: {', '.join(there) or 'nothing yet'}.",
            )
        found = timeframe_of(path)
        finer = found is not None and can_make(found, timeframe)
        table = read_csv(path, symbol, found if found and finer else timeframe, calendar, gaps=gaps)
        tables[symbol] = with_gaps(coarser(table, timeframe), table, gaps) if finer else table
    return tables


def with_gaps(coarse: BarTable, fine: BarTable, gaps: Gaps) -> BarTable:
    """Coarse bars with what is missing in them; bars outside of the sessions were those of the finer ones.

    Raises:
        DataError: sessions are missing, and ``gaps`` refuses them.

    """
    calendar = fine.gaps.calendar
    if not len(coarse) or not calendar:
        return coarse
    grid = session_grid(calendar, int(coarse.label[0]), int(coarse.ts[-1]))
    return replace(coarse, gaps=replace(check_gaps(coarse, grid, gaps), outside=fine.gaps.outside))


def sample_folder() -> Path:
    """The sample that ships: daily bars of AAPL, GOOG, IBM and MSFT, 2000-2013, adjusted (see its README)."""
    return asset("examples") / "data"


def in_sessions(table: BarTable, grid: SessionGrid) -> BarTable:
    """The table with opens and closes that follow the calendar's sessions."""
    if table.timeframe == "1d":
        index, _known = grid.find(table.label)
        return replace(table, ts_open=grid.open[index], ts=grid.close[index])
    if table.timeframe == "1w":
        first = np.searchsorted(grid.label, table.label)
        last = np.searchsorted(grid.label, (table.label // DAY + 7 - (table.label // DAY + 3) % 7) * DAY) - 1
        return replace(table, ts_open=grid.open[first], ts=grid.close[last])
    first, last = grid.rows(table.ts_open, table.ts)
    seen = np.flatnonzero(last > first)
    rows, closes = last[seen] - 1, grid.close[seen]  # bars do not overlap: the last one alone may reach too far
    late = table.ts[rows] > closes
    if not late.any():
        return table
    ts = table.ts.copy()
    ts[rows[late]] = closes[late]
    return replace(table, ts=ts)


def _warn(table: BarTable, report: GapReport) -> None:
    if not report.clean:
        _log.warning("%s: %s", table.path, report)


__all__ = ["in_sessions", "read_csv", "read_folder", "sample_folder", "validate", "with_gaps"]
