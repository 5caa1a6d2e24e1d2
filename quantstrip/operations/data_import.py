"""Bars from files and DataFrames into the home's store."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quantstrip.bars import About, BarStore, BarTable, Conflicts, Merged, barfile, csvfile
from quantstrip.bars.fitting import AUTO
from quantstrip.bars.intake import IntakeReport, Policy, take_in
from quantstrip.bars.rawbars import RawBars
from quantstrip.bars.timeframes import spaced
from quantstrip.clock import DAY
from quantstrip.errors import DataError
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES

if TYPE_CHECKING:
    import pandas as pd

_KLINE_TABLE = re.compile(r"t_kline_(?P<symbol>[a-z0-9]+)_(?P<timeframe>[a-z0-9]+)", re.IGNORECASE)
_KLINE_FILE = re.compile(r"(?P<symbol>[A-Z0-9]+)-(?P<timeframe>[0-9]+[mhdw])-\d{4}(-\d\d)*")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one import."""

    report: IntakeReport
    merged: Merged


def import_bars(
    home: Home,
    source: "str | Path | pd.DataFrame",
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    calendar: str | None = AUTO,
    adjusted: bool | None = None,
    zone: str = "UTC",
    policy: Policy | None = None,
    conflicts: Conflicts = "refuse",
    dry: bool = False,
    on_progress: Callable[[float, str], None] = lambda _share, _words: None,
) -> Imported:
    """Check bars and add them to the home's store.

    Args:
        home: whose store.
        source: a ``.csv``, ``.csv.gz`` or ``.parquet`` file, or a DataFrame; the columns are recognised by their names
            (``bars.layouts``).
        symbol: what they are of; by default what the file's name says.
        timeframe: by default what the file's name, or the distance of its bars, says.
        calendar: whose sessions they follow; None takes them as they are, ``"auto"`` is that of the stored bars, else
            the one that fits (``bars.fitting``).
        adjusted: were prices adjusted for splits or dividends? None where that is not known.
        zone: whose clock the times show where they name no zone.
        policy: what is refused.
        conflicts: what becomes of bars that differ from the stored ones.
        dry: only say what would be done.
        on_progress: receives the share that is done and what comes now; what it raises ends the import, nothing is
            changed.

    Raises:
        DataError: the bars are refused, for what they are or for what is stored. Nothing is changed.

    """
    name = "DataFrame" if not isinstance(source, str | Path) else Path(source).name
    told_symbol, told_timeframe = _told(name)
    symbol = symbol or told_symbol
    if symbol is None:
        raise DataError("a DataFrame does not say what its bars are of", hint="Name it: symbol='AAPL'.")
    on_progress(0.0, f"reading {name}")
    raw, timeframe = _raw(source, timeframe or told_timeframe)
    on_progress(0.5, f"looking {len(raw.time):,} bars of {symbol} through")
    store = BarStore(home.bars)
    if calendar == AUTO and timeframe in store.timeframes(symbol):
        calendar = store.about(symbol, timeframe).calendar or None
    table, report = take_in(raw, symbol, timeframe, calendar, policy=policy, zone=zone, source=name)
    about = About(symbol, timeframe, calendar_name(report.gaps.calendar or None), adjusted, (name,))
    on_progress(0.8, f"comparing {symbol} {timeframe} with what is stored" if dry else f"storing {symbol} {timeframe}")
    return Imported(report, store.merge(table, about, conflicts, dry=dry))


def calendar_name(calendar: str | None) -> str:
    """A calendar's own name, however it was spelled, so that ``NYSE`` and ``XNYS`` are one; "" for None."""
    from quantstrip.calendars import get_calendar

    return "" if calendar is None else get_calendar(calendar).name


def _told(name: str) -> tuple[str | None, str | None]:
    """Symbol and timeframe that a file's name says."""
    if name == "DataFrame":
        return None, None
    stem = name.split(".")[0]
    found = _KLINE_TABLE.fullmatch(stem) or _KLINE_FILE.fullmatch(stem)
    if found is None or found["timeframe"] not in TIMEFRAMES:
        return stem, None
    return found["symbol"].upper(), found["timeframe"]


def _raw(source: "str | Path | pd.DataFrame", timeframe: str | None) -> tuple[RawBars, str]:
    """The columns, and their timeframe where it was not named."""
    if timeframe is not None and timeframe not in TIMEFRAMES:
        raise DataError(f"unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
    daily = timeframe in ("1d", "1w")
    if not isinstance(source, str | Path):
        from quantstrip.bars import parquetfile

        raw = parquetfile.of_frame(source, daily=daily)
    elif (path := Path(source)).suffix == ".parquet":
        raw = barfile.parse(path, daily=daily)
    else:
        raw = csvfile.parse(path, daily=daily, delimiter=csvfile.delimiter_of(path))
    if timeframe is None:
        timeframe = spaced(np.unique(raw.time[:1000]))
        if timeframe is None:
            raise DataError(
                f"{raw.path}: its bars do not tell their timeframe", hint=f"Name it: one of {', '.join(TIMEFRAMES)}."
            )
    return raw, timeframe


def exported(table: BarTable) -> "pd.DataFrame":
    """A table as a DataFrame: ``time`` (labels, UTC), ``open``, ``high``, ``low``, ``close``, ``volume``.

    Labels of daily and weekly bars are dates.
    """
    import pandas as pd

    time = pd.to_datetime(table.label, unit="us")
    columns = {name: getattr(table, name) for name in ("open", "high", "low", "close", "volume")}
    daily = table.timeframe in ("1d", "1w") and not (table.label % DAY).any()
    return pd.DataFrame({"time": time.date if daily else time.tz_localize("UTC"), **columns})
