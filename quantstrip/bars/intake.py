"""Bars as they come from outside, made a checked table, with a report of all that was found about them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from quantstrip.bars.checks import Gaps, check_gaps, check_order, check_prices, check_summer_time
from quantstrip.bars.fitting import AUTO, fitting_calendar
from quantstrip.bars.outliers import Outlier, outliers
from quantstrip.bars.rawbars import RawBars
from quantstrip.bars.read import in_sessions
from quantstrip.bars.sessions import session_grid
from quantstrip.bars.table import BarTable, GapReport, Times, label_text
from quantstrip.clock import SECOND
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES

if TYPE_CHECKING:
    import pandas as pd

Duplicates = Literal["refuse", "first", "last"]
Outliers = Literal["accept", "refuse"]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about bars that are not as they should be.

    Attributes:
        gaps: missing sessions.
        duplicates: times that are there twice: refuse them, or keep the first or the last of each.
        outliers: bars that look wrong; they are reported in any case.

    """

    gaps: Gaps = "refuse"
    duplicates: Duplicates = "refuse"
    outliers: Outliers = "accept"


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What was found about bars that came from outside.

    Attributes:
        rows: bars in the file; ``bars`` those that remain.
        first, last: labels, as text.
        reordered: True where the file was not sorted by time, oldest first.
        repeated: bars left out because another of the same time, and the same values, is there.
        contradictory: bars left out because another of the same time, with other values, is there.

    """

    symbol: str
    timeframe: str
    rows: int
    bars: int
    first: str
    last: str
    gaps: GapReport
    reordered: bool = False
    repeated: int = 0
    contradictory: int = 0
    outliers: tuple[Outlier, ...] = ()

    def lines(self) -> list[str]:
        """The findings, a sentence each; empty where nothing is to be said."""
        found = [] if self.gaps.clean else [str(self.gaps)]
        if self.reordered:
            found.append("not sorted by time: sorted")
        if self.repeated:
            found.append(f"{self.repeated} bars stand there twice: one of each is kept")
        if self.contradictory:
            found.append(f"{self.contradictory} bars are contradicted by another of the same time: left out")
        found += [f"{each.label} looks wrong: {each.why}" for each in self.outliers[:_SHOWN]]
        more = len(self.outliers) - _SHOWN
        return found + ([f"{more} more bars look wrong"] if more > 0 else [])


def take_in(
    raw: RawBars,
    symbol: str,
    timeframe: str,
    calendar: str | None = "NYSE",
    *,
    policy: Policy | None = None,
    zone: str = "UTC",
    source: str = "",
    sparse: bool = False,
) -> tuple[BarTable, IntakeReport]:
    """Check raw bars and put them in order.

    Args:
        raw: the columns of a file.
        symbol, timeframe: what they are of.
        calendar: the exchange; None takes them as they are, ``"auto"`` finds out (``fitting``).
        policy: what is refused; by default missing sessions and doubled times.
        zone: whose clock the times show where they name no zone; daily bars are named by dates, whatever the zone.
        source: where they come from, for ``BarTable.source``.
        sparse: they are known to be of ``timeframe``, however far apart they lie.

    Raises:
        DataError: as ``bars.validate``; a zone that does not exist, or times that its clock does not show or shows
            twice; what ``policy`` refuses.

    """
    policy = policy or Policy()
    label = raw.time
    if timeframe not in ("1d", "1w") and zone != "UTC":
        label = _in_utc(raw, zone)
    end = label + TIMEFRAMES.get(timeframe, 0) * SECOND
    values = (raw.open, raw.high, raw.low, raw.close, raw.volume)
    table = BarTable(symbol, timeframe, label, label, end, *values, source=source, path=str(raw.path), line=raw.line)
    check_prices(table)
    with _of_file(raw):  # what was put in order has no lines any more
        table, reordered = _sorted(table)
        table, repeated, contradictory = _single(table, policy.duplicates)
        check_order(table, sparse=sparse)
        report = GapReport()
        if calendar == AUTO:
            calendar = fitting_calendar(table)
        if calendar is not None:
            grid = session_grid(calendar, int(table.label[0]), int(table.ts[-1]))
            check_summer_time(table, grid)
            report = check_gaps(table, grid, policy.gaps)
            table = replace(in_sessions(table, grid), gaps=report)
    strange = tuple(outliers(table))
    if strange and policy.outliers == "refuse":
        shown = "; ".join(f"{each.label}: {each.why}" for each in strange[:_SHOWN])
        raise DataError(
            f"{raw.path}: {len(strange)} bars look wrong: {shown}",
            hint="Correct them, or accept them with outliers='accept' (--outliers accept).",
        )
    first, last = table.label_text(0), table.label_text(len(table) - 1)
    return table, IntakeReport(
        symbol, timeframe, len(raw.time), len(table), first, last, report, reordered, repeated, contradictory, strange
    )


@contextmanager
def _of_file(raw: RawBars) -> Iterator[None]:
    """Name the file in what is raised inside, where it is not named yet."""
    try:
        yield
    except DataError as error:
        if str(raw.path) in error.message:
            raise
        raise DataError(f"{raw.path}: {error.message}", hint=error.hint) from error


def _in_utc(raw: RawBars, zone: str) -> Times:
    """Times of a zone's clock as moments; pandas knows where a clock is put forward and back."""
    import pandas as pd

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"there is no time zone {zone!r}", hint="Write it as in America/New_York.") from None
    if not raw.naive:
        raise DataError(
            f"{raw.path}: its times name their zone, or count from 1970 UTC; {zone} was given too",
            hint="Leave the zone out: these times need none.",
        )
    backwards = len(raw.time) > 1 and raw.time[0] > raw.time[-1]
    local = pd.DatetimeIndex((raw.time[::-1] if backwards else raw.time).copy().view("datetime64[us]"))
    try:
        moments = local.tz_localize(zone, ambiguous="infer", nonexistent="raise")
    except ValueError as error:
        wrong, why = _unclear(local, zone)
        row = len(local) - 1 - wrong if backwards else wrong
        raise DataError(
            f"{raw.path} line {raw.line + row}: its times do not fit the clock of {zone}: {local[wrong]} {why}",
            hint="Name the zone the times are of. Where the clock is put back, an hour has to be there twice.",
        ) from error
    found = np.asarray(moments.tz_convert("UTC").as_unit("us").asi8)
    return found[::-1] if backwards else found


def _unclear(local: "pd.DatetimeIndex", zone: str) -> tuple[int, str]:
    """The first time that a clock does not show, or shows twice, where it is not clear which of the two is meant."""
    skipped = np.flatnonzero(local.tz_localize(zone, ambiguous=np.ones(len(local), bool), nonexistent="NaT").isna())
    if len(skipped):
        return int(skipped[0]), "is an hour that is left out when the clock is put forward"
    doubtful = np.flatnonzero(local.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").isna())
    return int(doubtful[0]), "is there twice when the clock is put back, and it cannot be told which it is"


def _sorted(table: BarTable) -> tuple[BarTable, bool]:
    """The table oldest first, and whether it was not."""
    if (np.diff(table.label) >= 0).all():
        return table, False
    return table.take(np.argsort(table.label, kind="stable")), True


def _single(table: BarTable, policy: Duplicates) -> tuple[BarTable, int, int]:
    """The table with one bar for each time; how many of those left out were the same as the one kept, and not."""
    again = np.flatnonzero(np.diff(table.label) == 0)
    if not len(again):
        return table, 0, 0
    columns = (table.open, table.high, table.low, table.close, table.volume)
    same = np.logical_and.reduce([column[again] == column[again + 1] for column in columns])
    if policy == "refuse":
        shown = ", ".join(_named(table, again[:_SHOWN].tolist()))
        raise DataError(
            f"{table.where(int(again[0]) + 1)}: {len(again)} times are there twice, {int(same.sum())} of them with the "
            f"same values: {shown}",
            hint="Remove one of each, or keep the first or the last with duplicates='first' or 'last' "
            "(--duplicates first).",
        )
    keep = np.ones(len(table), dtype=np.bool_)
    keep[again + 1 if policy == "first" else again] = False
    return table.take(keep), int(same.sum()), int((~same).sum())


def _named(table: BarTable, rows: Sequence[int]) -> list[str]:
    return [label_text(table.timeframe, int(table.label[row])) for row in rows]
