"""Coarser bars from finer ones: a day into weeks, minutes into anything, never across the end of a session."""

from dataclasses import replace
from typing import Literal

import numpy as np

from quantstrip.bars.checks import week_of
from quantstrip.bars.sessions import Mask, SessionGrid, session_grid
from quantstrip.bars.table import BarTable, GapReport, Times
from quantstrip.clock import SECOND
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES

Outside = Literal["refuse", "drop"]


def can_make(fine: str, coarse: str) -> bool:
    """Whether bars of one timeframe can be made of those of another: it is coarser, and a multiple within a day."""
    length, wanted = TIMEFRAMES[fine], TIMEFRAMES[coarse]
    return length < wanted and (coarse in ("1d", "1w") or wanted % length == 0)


def coarser(fine: BarTable, timeframe: str) -> BarTable:
    """``resample`` on the bars' own calendar, without those outside of its sessions; around the clock without one.

    Gaps are to be looked for in what comes out.

    Raises:
        DataError: the timeframe cannot be made of these bars.

    """
    made = resample(fine, timeframe, fine.gaps.calendar or "24/7", outside="drop")
    named = f" {fine.timeframe} "
    told = (
        fine.source.replace(named, f" {timeframe} made of {fine.timeframe} ", 1)
        if named in fine.source
        else f"{fine.source}: {timeframe} made of {fine.timeframe}"
    )
    return replace(made, source=told)


def resample(
    table: BarTable,
    timeframe: str,
    calendar: str = "NYSE",
    *,
    partial: bool = False,
    outside: Outside = "refuse",
) -> BarTable:
    """Bars of a coarser timeframe: first open, highest high, lowest low, last close, summed volume.

    Shorter bars than a day are counted from the opening of their session, and the last one ends with it: 4h bars of a
    session from 9:30 to 16:00 are 9:30-13:30 and 13:30-16:00. A ``1d`` bar is its session, a ``1w`` bar the sessions
    of an ISO week. A coarse bar without any finer one is left out, no price is invented.

    Args:
        table: the finer bars.
        timeframe: the coarser timeframe; a multiple of the table's where both are shorter than a day.
        calendar: whose sessions the bars lie in.
        outside: ``"drop"`` leaves out bars that lie in no session, such as those before the opening.
        partial: keep a last bar whose end the table does not reach. By default it is dropped: its close is not known.

    Raises:
        DataError: the timeframe is not coarser, or bars lie outside every session.

    """
    _check_target(table, timeframe)
    if not len(table):
        return replace(table, timeframe=timeframe)
    grid = session_grid(calendar, int(table.label[0]), int(table.ts[-1]))
    index, inside = _sessions(table, grid)
    if not inside.all():
        if outside == "refuse":
            raise _outside(table, int(np.flatnonzero(~inside)[0]), grid)
        table, index = table.take(inside), index[inside]
        if not len(table):
            return replace(table, timeframe=timeframe)
    label, begin, end = _bins(table, timeframe, grid, index)
    starts = np.flatnonzero(np.concatenate(([True], label[1:] != label[:-1])))
    if not partial and int(table.ts[-1]) < int(end[-1]):
        starts, stop = starts[:-1], int(starts[-1])
    else:
        stop = len(table)
    if not len(starts):
        return replace(table.rows(0, 0), timeframe=timeframe, gaps=GapReport())
    last = np.concatenate((starts[1:], [stop])) - 1
    return BarTable(
        table.symbol,
        timeframe,
        label[starts],
        begin[starts],
        end[starts],
        table.open[starts],
        np.maximum.reduceat(table.high[:stop], starts),
        np.minimum.reduceat(table.low[:stop], starts),
        table.close[last],
        np.add.reduceat(table.volume[:stop], starts),
        source=table.source,
        gaps=table.gaps,
    )


def _check_target(table: BarTable, timeframe: str) -> None:
    if timeframe not in TIMEFRAMES:
        raise DataError(f"unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
    if not can_make(table.timeframe, timeframe):
        raise DataError(
            f"{table.symbol}: {timeframe} bars cannot be made of {table.timeframe} bars",
            hint="Choose a coarser timeframe that is a multiple of the table's.",
        )


def _sessions(table: BarTable, grid: SessionGrid) -> tuple[Times, Mask]:
    """Index of the session that each bar belongs to, and whether it belongs to one at all."""
    if table.timeframe in ("1d", "1w"):
        return grid.find(table.label)
    return grid.of_bars(table.ts_open, table.ts)


def _outside(table: BarTable, row: int, grid: SessionGrid) -> DataError:
    return DataError(
        f"{table.where(row)}: {table.label_text(row)} UTC is in no session of {grid.calendar}",
        hint="Name the calendar these bars were traded on, or leave out what was traded outside its sessions.",
    )


def _bins(table: BarTable, timeframe: str, grid: SessionGrid, index: Times) -> tuple[Times, Times, Times]:
    """Label, open and close of the coarse bar that each fine bar belongs to; ``index`` is of its session."""
    if timeframe == "1d":
        return grid.label[index], grid.open[index], grid.close[index]
    if timeframe == "1w":
        weeks = week_of(grid.label)
        first = np.searchsorted(weeks, weeks[index], side="left")
        last = np.searchsorted(weeks, weeks[index], side="right") - 1
        return week_of(grid.label[index]), grid.open[first], grid.close[last]
    length = TIMEFRAMES[timeframe] * SECOND
    begin = grid.open[index] + np.maximum(table.ts_open - grid.open[index], 0) // length * length
    return begin, begin, np.minimum(begin + length, grid.close[index])
