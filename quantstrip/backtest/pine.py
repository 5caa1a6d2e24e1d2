"""A list of trades that TradingView exported, as deals to compare with ours.

The export has a row for each entry and each exit, named by the open of the bar they filled in, in the chart's time
zone. Its columns changed their names over the years; they are recognised by how these begin.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from quantstrip.backtest.parity import Deal
from quantstrip.bars import BarTable
from quantstrip.clock import Micros, from_datetime
from quantstrip.errors import DataError

_COLUMNS: Final = {
    "type": re.compile(r"type$"),
    "signal": re.compile(r"signal"),
    "time": re.compile(r"date"),
    "price": re.compile(r"price"),
    "quantity": re.compile(r"contracts|quantity|qty|(position )?size \(qty\)"),
}
_SIDES: Final = {
    ("entry", "long"): "BUY",
    ("exit", "long"): "SELL",
    ("entry", "short"): "SELL",
    ("exit", "short"): "BUY",
}
_FORMATS: Final = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y/%m/%d %H:%M")


class Export(NamedTuple):
    """What a file holds.

    Attributes:
        deals: those within the bars, at the close of the bar they filled in.
        outside: rows outside of the span of the bars.
        unknown: moments within it at which there is no bar, as the file writes them.

    """

    deals: list[Deal]
    outside: int
    unknown: tuple[str, ...]


def read_export(path: Path, table: BarTable, zone: str = "UTC") -> Export:
    """Read the trades of one symbol.

    Args:
        path: the CSV file.
        table: the bars they were made on.
        zone: the chart's time zone, for times that name none.

    Raises:
        DataError: the file is no list of trades, a row cannot be read (the line is named), or there is no such zone.

    """
    try:
        chart = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DataError(f"there is no time zone {zone!r}", hint="Write it as America/New_York.") from error
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="Export the list of trades as CSV.") from error
    places = _places(path, rows[0] if rows else [])
    deals: list[Deal] = []
    outside, unknown = 0, []
    for line, row in enumerate(rows[1:], start=2):
        if len(row) <= max(places.values()) or row[places["signal"]].strip().lower() == "open":
            continue  # the exit of a trade that is still open
        side = _side(path, line, row[places["type"]])
        moment = _moment(path, line, row[places["time"]], chart)
        label = _label(table, moment, chart)
        at = int(np.searchsorted(table.label, label))
        if label < table.label[0] or label > table.label[-1]:
            outside += 1
        elif table.label[at] != label:
            unknown.append(row[places["time"]])
        else:
            quantity, price = (_number(path, line, row[places[name]], name) for name in ("quantity", "price"))
            deals.append(Deal(int(table.ts[at]), table.symbol, side, quantity, price))
    return Export(sorted(deals), outside, tuple(unknown))


def ours_without_quantity(deals: Iterable[Deal]) -> list[Deal]:
    """The deals with no quantity: an export's sizing is its own."""
    return [deal._replace(quantity=0.0) for deal in deals]


def _places(path: Path, head: list[str]) -> Mapping[str, int]:
    names = [name.strip().lower() for name in head]
    found = {}
    for column, pattern in _COLUMNS.items():
        at = next((place for place, name in enumerate(names) if pattern.match(name)), None)
        if at is None:
            raise DataError(
                f"{path}: no column for the {column}; it has {', '.join(head) or 'nothing'}",
                hint="Export TradingView's list of trades: one row for each entry and each exit.",
            )
        found[column] = at
    return found


def _side(path: Path, line: int, text: str) -> str:
    words = tuple(text.strip().lower().split()[:2])
    side = _SIDES.get(words)  # type: ignore[arg-type]
    if side is None:
        raise DataError(f"{path}, line {line}: expected Entry or Exit, long or short, got {text!r}")
    return side


def _moment(path: Path, line: int, text: str, chart: ZoneInfo) -> datetime:
    given = text.strip()
    try:
        moment = datetime.fromisoformat(given)
        return moment if moment.tzinfo else moment.replace(tzinfo=chart)
    except ValueError:
        pass
    for written in _FORMATS:
        try:
            return datetime.strptime(given, written).replace(tzinfo=chart)
        except ValueError:
            continue
    raise DataError(f"{path}, line {line}: cannot read the time {text!r}", hint="Expected 2024-03-28 09:30.")


def _label(table: BarTable, moment: datetime, chart: ZoneInfo) -> Micros:
    """The label of the bar: the date for daily bars, else its open in UTC."""
    if table.timeframe in ("1d", "1w"):
        day = moment.astimezone(chart)
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return from_datetime(moment.astimezone(UTC))


def _number(path: Path, line: int, text: str, name: str) -> float:
    try:
        return float(text.replace(",", "").replace("\u2212", "-"))
    except ValueError as error:
        raise DataError(f"{path}, line {line}: the {name} is {text!r}, expected a number") from error
