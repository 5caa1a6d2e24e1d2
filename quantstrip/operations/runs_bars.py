"""The bars of kept runs: each table once, by its hash."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from quantstrip.bars import BarTable, GapReport
from quantstrip.home import Home

MOST_ROWS: Final = 200_000
"""Bars of a table that are kept with its runs (13 MB); of a longer one the hash alone, to be read from its source."""
COLUMNS: Final = ("label", "ts_open", "ts", "open", "high", "low", "close", "volume")


def pin_of(table: BarTable) -> dict[str, Any]:
    """What a run remembers of a table: its hash, and what is not in its columns."""
    gaps = table.gaps
    return {
        "symbol": table.symbol,
        "timeframe": table.timeframe,
        "digest": table.digest(),
        "rows": len(table),
        "source": table.source,
        "path": table.path,
        "gaps": {
            "calendar": gaps.calendar,
            "expected": gaps.expected,
            "missing_sessions": [day.isoformat() for day in gaps.missing_sessions],
            "missing_bars": gaps.missing_bars,
            "outside": gaps.outside,
        },
    }


def keep_bars(home: Home, table: BarTable) -> None:
    """Write a table, unless it is there or too long; whole or not at all."""
    path = _path(home, table.digest())
    if len(table) > MOST_ROWS or path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            np.savez(file, **{name: getattr(table, name) for name in COLUMNS})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def kept_bars(home: Home, pin: Mapping[str, Any]) -> BarTable | None:
    """The table of a pin as it was kept; None where it is not, or is not what it was any more."""
    path = _path(home, pin["digest"])
    try:
        with np.load(path) as columns:
            found = {name: columns[name] for name in COLUMNS}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    table = described(BarTable(pin["symbol"], pin["timeframe"], **found), pin)
    return table if table.digest() == pin["digest"] else None


def described(table: BarTable, pin: Mapping[str, Any]) -> BarTable:
    """A table with the source and the gaps that a pin tells of."""
    from dataclasses import replace

    gaps = pin["gaps"]
    report = GapReport(
        gaps["calendar"], gaps["expected"], tuple(date.fromisoformat(day) for day in gaps["missing_sessions"]),
        gaps["missing_bars"], gaps["outside"],
    )  # fmt: skip
    return replace(table, source=pin["source"], gaps=report)


def unused_bars(home: Home, used: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Files of tables that none of these pins names."""
    pins = [pin for each in used for pin in (*each["bars"], each["benchmark"]) if pin]
    wanted = {_path(home, pin["digest"]).name for pin in pins}
    folder = home.runs / ".bars"
    return [path for path in folder.glob("*.npz") if path.name not in wanted] if folder.is_dir() else []


def _path(home: Home, digest: str) -> Path:
    return home.runs / ".bars" / f"{digest[:32]}.npz"
