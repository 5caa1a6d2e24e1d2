"""Which column of a file is what: the names that people's files of bars really have."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from quantstrip.bars.table import Times

FIELDS = ("open", "high", "low", "close", "volume")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "date", "datetime", "timestamp", "open_time", "opentime"),
    "open": ("open", "open_price", "o"),
    "high": ("high", "high_price", "h"),
    "low": ("low", "low_price", "l"),
    "close": ("close", "close_price", "c"),
    "volume": ("volume", "base_volume", "vol", "v", "tickvol", "tick_volume"),
}
"""Spellings of each field, in lower case, with _ for spaces. ``open_time, open_price, ... base_volume`` are those of
kline tables (``t_kline_*``), whose times are milliseconds since 1970."""

KLINES = ("open_time", "open", "high", "low", "close", "volume")
"""What the first columns of a kline file without a header are."""
_KLINE_COLUMNS = (11, 12)
FIRST_LINE = 2
"""Of the bars, below a header."""

_UNITS = ((11, 1_000_000, 1), (14, 1_000, 1), (17, 1, 1), (20, 1, 1_000))
"""Numbers below ``10 ** digits`` count seconds, milliseconds, microseconds, nanoseconds: factor and divisor to µs."""
_EARLIEST = 10**8
"""Smaller numbers are no moments since 1970: 1973 in seconds, and dates such as 20240102."""


class Unrecognised(ValueError):
    """The header lacks a field, or names one twice; ``args`` are the missing and the doubled names."""

    def __init__(self, missing: Sequence[str], doubled: Sequence[str]) -> None:
        super().__init__(missing, doubled)
        self.missing = list(missing)
        self.doubled = list(doubled)


def spelled(name: str) -> str:
    """A column's name as ``positions`` compares it: ``<Open Price>`` is ``open_price``."""
    return name.strip().strip("<>").lower().replace(" ", "_")


def positions(header: Sequence[str]) -> list[int]:
    """Where ``time, open, high, low, close, volume`` stand among the columns.

    Raises:
        Unrecognised: a field is missing or there twice.

    """
    names = [spelled(name) for name in header]
    found = {field: [name for name in spellings if name in names] for field, spellings in _NAMES.items()}
    missing = [field for field, there in found.items() if not there]
    doubled = [name for there in found.values() for name in there if len(there) > 1 or names.count(name) > 1]
    if missing or doubled:
        raise Unrecognised(missing, doubled)
    return [names.index(there[0]) for there in found.values()]


def is_headless(first: Sequence[str]) -> bool:
    """True for the first row of a kline file that has no header: eleven or twelve numbers, the first one a moment."""
    try:
        return len(first) in _KLINE_COLUMNS and all(map(np.isfinite, map(float, first))) and float(first[0]) > _EARLIEST
    except ValueError:
        return False


def is_metatrader(header: Sequence[str]) -> bool:
    """True for the header of a MetaTrader export: ``<DATE> <TIME> <OPEN> ... <TICKVOL> <VOL> <SPREAD>``."""
    return bool(header) and header[0].strip().upper() == "<DATE>"


def of_metatrader(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows of a MetaTrader export with date and time as one, below a header of our names.

    Volume is the number of ticks: real volume is zero where there is no exchange. Times are those of the broker's
    clock.
    """
    timed = len(header) > 1 and header[1].strip().upper() == "<TIME>"
    names = [spelled(name) for name in header[2 if timed else 1 :]]
    yield ["time", *("real_volume" if name == "vol" and "tickvol" in names else name for name in names)]
    for row in rows:
        if timed and len(row) > 1:
            yield [f"{row[0].replace('.', '-')} {row[1]}", *row[2:]]
        else:
            yield [row[0].replace(".", "-"), *row[1:]] if row else row


def from_epoch(numbers: Times) -> Times:
    """Moments in microseconds from whole numbers of seconds, milliseconds, microseconds or nanoseconds since 1970.

    The unit is told by the size of the largest: all of a file's moments are in one.

    Raises:
        ValueError: they are no moments since 1970.

    """
    if not len(numbers):
        return numbers
    low, high = int(numbers.min()), int(numbers.max())
    for digits, factor, divisor in _UNITS:
        if high < 10**digits:
            if low < _EARLIEST * 1_000_000 // factor * divisor:
                break
            return numbers * factor // divisor
    raise ValueError("not moments since 1970")
