"""What makes bars unusable, and what is missing from them."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from quantstrip.bars.sessions import Mask, SessionGrid, date_of, session_grid
from quantstrip.bars.table import BarTable, GapReport, some
from quantstrip.clock import DAY, SECOND
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES

Gaps = Literal["refuse", "accept"]
_SHIFTED, _IN_PLACE = 0.1, 0.01
"""Share of bars outside the sessions that tells of a wrong hour, and the share that tells of a right one."""
_PRICES = ("open", "high", "low", "close")
_REPAIR = (
    "Correct the line from another source. If you remove it instead, accept the gap it leaves with gaps='accept' "
    "(--gaps accept)."
)


def validate(table: BarTable, calendar: str | None = "NYSE", *, gaps: Gaps = "refuse") -> GapReport:
    """Check order, prices and completeness.

    Args:
        table: the bars.
        calendar: whose sessions the bars are compared with; None looks for no gaps (the report says so).
        gaps: ``"refuse"`` raises for a missing session, ``"accept"`` returns the report. Bars missing inside a session
            are reported in both cases, since a quiet market has minutes without a trade.

    Raises:
        DataError: bars out of order, doubled or overlapping; a price that is not finite and positive; a high below
            the low; an open or a close outside them; a negative volume; a bar on a day without a session; a missing
            session. Names the file, the line, the value, and what to do.

    """
    check_order(table)
    check_prices(table)
    if calendar is None or not len(table):
        return GapReport()
    grid = session_grid(calendar, int(table.label[0]), int(table.ts[-1]))
    return check_gaps(table, grid, gaps)


def check_order(table: BarTable, *, sparse: bool = False) -> None:
    """Raise unless every bar starts after the one before it has ended.

    Bars that all lie further apart than they last are of another timeframe, unless they may be ``sparse``: a few of a
    quiet market.
    """
    steps = np.diff(table.label)
    if (row := _first(steps <= 0)) is not None:
        later, earlier = table.label_text(row + 1), table.label_text(row)
        if steps[row] == 0:
            raise DataError(
                f"{table.where(row + 1)}: repeats the time {later} of the line before",
                hint="Keep one bar for each time.",
            )
        raise DataError(
            f"{table.where(row + 1)}: {later} comes after {earlier}",
            hint="Sort the file by time, oldest first.",
        )
    if table.timeframe in ("1d", "1w") or len(steps) == 0:
        return
    length = TIMEFRAMES[table.timeframe] * SECOND
    if (row := _first(table.ts_open[1:] < table.ts[:-1])) is not None:
        raise DataError(
            f"{table.where(row + 1)}: starts at {table.label_text(row + 1)}, before the {table.timeframe} bar of "
            f"{table.label_text(row)} ends",
            hint="Name the timeframe the file really has, or remove the bars that overlap.",
        )
    if not sparse and len(steps) > 1 and int(steps.min()) > length:
        raise DataError(
            f"{table.where(0)}: the bars are at least {int(steps.min()) // SECOND} seconds apart, "
            f"but a {table.timeframe} bar lasts {length // SECOND}",
            hint="Name the timeframe the file really has.",
        )


def check_prices(table: BarTable) -> None:
    """Raise unless every price is possible; the first line at fault is named."""
    for name in _PRICES:
        column = getattr(table, name)
        if (row := _first(~(np.isfinite(column) & (column > 0)))) is not None:
            raise _impossible(table, row, f"{name} is {column[row]:g}, expected a finite number above zero")
    high, low = table.high, table.low
    if (row := _first(high < low)) is not None:
        raise _impossible(table, row, f"the high {high[row]:g} is below the low {low[row]:g}")
    for name in ("open", "close"):
        column = getattr(table, name)
        if (row := _first((column > high) | (column < low))) is not None:
            raise _impossible(
                table, row, f"the {name} {column[row]:g} is outside the bar's range {low[row]:g} to {high[row]:g}"
            )
    if (row := _first(~(np.isfinite(table.volume) & (table.volume >= 0)))) is not None:
        raise _impossible(table, row, f"volume is {table.volume[row]:g}, expected zero or more")


def check_gaps(table: BarTable, grid: SessionGrid, gaps: Gaps) -> GapReport:
    """Compare with a calendar's sessions; raise for what ``gaps`` does not accept."""
    if table.timeframe == "1w":
        report = _weekly(table, grid)
    elif table.timeframe == "1d":
        report = _daily(table, grid)
    else:
        report = _intraday(table, grid)
    if report.missing_sessions and gaps == "refuse":
        day = report.missing_sessions[0]
        row = int(np.searchsorted(table.label, (day - date_of(0)).days * DAY)) - 1
        what = "weeks" if table.timeframe == "1w" else "sessions"
        raise DataError(
            f"{table.path or table.symbol}: {len(report.missing_sessions)} of {report.expected} {what} of "
            f"{grid.calendar} are missing, the first after {table.where(row)}: {some(report)}",
            hint="Add the missing bars, name the calendar this instrument trades on, or accept the gaps with "
            "gaps='accept' (--gaps accept); they are then reported with every run.",
        )
    return report


def _daily(table: BarTable, grid: SessionGrid) -> GapReport:
    _index, known = grid.find(table.label)
    if (row := _first(~known)) is not None:
        raise DataError(
            f"{table.where(row)}: {table.label_text(row)} is no session of {grid.calendar}",
            hint="Name the calendar this instrument trades on (24/7 for crypto), or remove the line.",
        )
    inside = grid.label[(grid.label >= table.label[0]) & (grid.label <= table.label[-1])]
    missing = np.setdiff1d(inside, table.label, assume_unique=True)
    return GapReport(grid.calendar, len(inside), tuple(date_of(int(label)) for label in missing))


def _weekly(table: BarTable, grid: SessionGrid) -> GapReport:
    weeks = np.unique(week_of(grid.label[(grid.label >= table.label[0]) & (grid.label <= table.label[-1])]))
    missing = np.setdiff1d(weeks, week_of(table.label))
    return GapReport(grid.calendar, len(weeks), tuple(date_of(int(label)) for label in missing))


def _intraday(table: BarTable, grid: SessionGrid) -> GapReport:
    first, last = grid.rows(table.ts_open, table.ts)
    seen = np.flatnonzero(last > first)
    bars = (last - first)[seen]
    if not len(seen):
        raise DataError(
            f"{table.where(0)}: none of the bars lies in a session of {grid.calendar}; the first is "
            f"{table.label_text(0)} UTC",
            hint="Times are the start of the bar in UTC: convert them, or name the calendar this instrument trades on.",
        )
    missing = np.setdiff1d(np.arange(seen[0], seen[-1] + 1), seen, assume_unique=True)
    length = TIMEFRAMES[table.timeframe] * SECOND
    begin, end = grid.open[seen].copy(), grid.close[seen].copy()
    begin[0], end[-1] = max(begin[0], table.ts_open[0]), min(end[-1], table.ts[-1])
    holes = np.maximum(-(-(end - begin) // length) - bars, 0)
    return GapReport(
        grid.calendar,
        int(seen[-1] - seen[0]) + 1,
        tuple(date_of(int(grid.label[i])) for i in missing),
        int(holes.sum()),
        len(table) - int(bars.sum()),
    )


def check_summer_time(table: BarTable, grid: SessionGrid) -> None:
    """Refuse bars that lie in the sessions in winter, and beside them in summer, or the other way round.

    Raises:
        DataError: the times follow another zone's summer time than the exchange's, or none.

    """
    if table.timeframe in ("1d", "1w"):
        return
    index, inside = grid.of_bars(table.ts_open, table.ts)
    hour = (grid.open - grid.label)[index]
    shares = {int(each): float((~inside[hour == each]).mean()) for each in np.unique(hour)}
    if len(shares) > 1 and max(shares.values()) > _SHIFTED and min(shares.values()) < _IN_PLACE:
        worst = max(shares, key=lambda each: shares[each])
        row = int(np.flatnonzero(~inside & (hour == worst))[0])
        raise DataError(
            f"{table.where(row)}: in a part of the year {shares[worst]:.0%} of the bars lie outside the sessions of "
            f"{grid.calendar}, such as {table.label_text(row)} UTC; in the rest none does",
            hint="The times follow another clock's summer time. Bring them in with their zone: "
            "quantstrip data import FILE --zone America/New_York.",
        )


def week_of(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Label of the Monday of each label's week (ISO 8601)."""
    days = labels // DAY
    monday: npt.NDArray[np.int64] = (days - (days + 3) % 7) * DAY  # 1970-01-01 was a Thursday
    return monday


def _first(mask: Mask) -> int | None:
    rows = np.flatnonzero(mask)
    return int(rows[0]) if rows.size else None


def _impossible(table: BarTable, row: int, what: str) -> DataError:
    return DataError(f"{table.where(row)} ({table.label_text(row)}): {what}", hint=_REPAIR)
