"""Bars of one symbol as columns: what is read, checked, resampled and fed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import repeat

import numpy as np
import numpy.typing as npt

from quantstrip.clock import SECOND, Micros, to_datetime
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES, Bar, bars_of_rows

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
CHUNK = 4096
"""Bars built at a time: large enough for numpy to pay, small enough to stay in the processor's cache."""

_TIME_COLUMNS = ("label", "ts_open", "ts")
_VALUE_COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class GapReport:
    """What a table lacks against its calendar.

    Attributes:
        calendar: name of the calendar it was compared with; "" when gaps were not looked for.
        expected: sessions of the calendar from the table's first to its last bar.
        missing_sessions: sessions without any bar.
        missing_bars: intraday bars missing inside sessions that have some. Markets without a trade leave such holes.
        outside: bars that lie outside every session.

    """

    calendar: str = ""
    expected: int = 0
    missing_sessions: tuple[date, ...] = ()
    missing_bars: int = 0
    outside: int = 0

    @property
    def clean(self) -> bool:
        """True when gaps were looked for and there is nothing to report."""
        return bool(self.calendar) and not (self.missing_sessions or self.missing_bars or self.outside)

    def __str__(self) -> str:
        if not self.calendar:
            return "gaps not checked (no calendar)"
        parts = []
        if self.missing_sessions:
            parts.append(f"{len(self.missing_sessions)} of {self.expected} sessions missing ({some(self)})")
        if self.missing_bars:
            parts.append(f"{self.missing_bars} bars missing inside sessions")
        if self.outside:
            parts.append(f"{self.outside} bars outside the sessions")
        return f"{self.calendar}: {'; '.join(parts) or f'all {self.expected} sessions present'}"


def some(report: GapReport, count: int = 5) -> str:
    """The first missing sessions, for a message."""
    days = [day.isoformat() for day in report.missing_sessions[:count]]
    more = len(report.missing_sessions) - len(days)
    return ", ".join(days) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True, eq=False)
class BarTable:
    """Bars of one symbol and timeframe, oldest first, as read-only columns of one length.

    Attributes:
        label: how the file names each bar: the start of the bar, for ``1d`` and ``1w`` midnight UTC of the (first)
            session's date. Results name bars by it.
        ts_open, ts: open and close of each bar, microseconds UTC. Daily bars open and close with their session.
        open, high, low, close, volume: float64.
        source: where the bars come from; carried by every ``Bar``.
        path, line: the file they were read from and the line of the first bar, for messages.
        gaps: what is missing, see ``quantstrip.bars.validate``.

    """

    symbol: str
    timeframe: str
    label: Times
    ts_open: Times
    ts: Times
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values
    source: str = ""
    path: str = ""
    line: int = 0
    gaps: GapReport = field(default_factory=GapReport)
    _digest: str = field(default="", init=False, repr=False)
    """Once somebody has asked."""

    def __post_init__(self) -> None:
        if self.timeframe not in TIMEFRAMES:
            raise DataError(
                f"{self.symbol}: unknown timeframe {self.timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}."
            )
        size = len(self.ts)
        for name in _TIME_COLUMNS + _VALUE_COLUMNS:
            kind = np.int64 if name in _TIME_COLUMNS else np.float64
            column = np.ascontiguousarray(getattr(self, name), dtype=kind).view()
            if column.shape != (size,):
                raise DataError(f"{self.symbol}: column {name} has shape {column.shape}, the times have {size} rows")
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @classmethod
    def from_arrays(
        cls,
        symbol: str,
        timeframe: str,
        ts_open: npt.ArrayLike,
        open: npt.ArrayLike,  # noqa: A002 - the field's name everywhere
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
        *,
        ts: npt.ArrayLike | None = None,
        source: str = "",
    ) -> "BarTable":
        """Build a table from columns; without ``ts`` each bar closes one timeframe after its open (µs UTC)."""
        if timeframe not in TIMEFRAMES:
            raise DataError(f"{symbol}: unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
        begin = np.ascontiguousarray(ts_open, dtype=np.int64)
        end = begin + TIMEFRAMES[timeframe] * SECOND if ts is None else np.asarray(ts, dtype=np.int64)
        return cls(
            symbol,
            timeframe,
            begin,
            begin,
            end,
            np.asarray(open, dtype=np.float64),
            np.asarray(high, dtype=np.float64),
            np.asarray(low, dtype=np.float64),
            np.asarray(close, dtype=np.float64),
            np.asarray(volume, dtype=np.float64),
            source=source,
        )

    def __len__(self) -> int:
        return len(self.ts)

    def rows(self, start: int, stop: int | None = None) -> "BarTable":
        """Rows ``start`` to ``stop`` (as in a slice with non-negative ends) as a table, without copying.

        ``gaps`` stay those of the whole; ``validate`` the part for its own.
        """
        cut = slice(start, stop)
        columns = {name: getattr(self, name)[cut] for name in _TIME_COLUMNS + _VALUE_COLUMNS}
        return replace(self, **columns, line=self.line + start if self.line else 0)

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "BarTable":
        """The chosen rows, as a mask or by their numbers, as a table; lines of the file are no longer known."""
        columns = {name: getattr(self, name)[which] for name in _TIME_COLUMNS + _VALUE_COLUMNS}
        return replace(self, **columns, path="", line=0)

    def between(self, start: Micros | None = None, end: Micros | None = None) -> "BarTable":
        """The bars whose label lies in ``[start, end)``."""
        first = 0 if start is None else int(np.searchsorted(self.label, start))
        last = len(self) if end is None else int(np.searchsorted(self.label, end))
        return self.rows(first, max(first, last))

    def bars(self, chunk: int = CHUNK) -> Iterator[Bar]:
        """Every bar, oldest first, with plain ``int`` and ``float`` fields."""
        for start in range(0, len(self), chunk):
            yield from self.chunk(start, start + chunk)

    def chunk(self, start: int, stop: int, ts: list[Micros] | None = None) -> Iterator[Bar]:
        """Bars of rows ``start`` to ``stop``; ``ts`` are their closes, where the caller has listed them already."""
        cut = slice(start, stop)
        return bars_of_rows(
            zip(
                repeat(self.symbol),
                repeat(self.timeframe),
                self.ts_open[cut].tolist(),
                self.ts[cut].tolist() if ts is None else ts,
                self.open[cut].tolist(),
                self.high[cut].tolist(),
                self.low[cut].tolist(),
                self.close[cut].tolist(),
                self.volume[cut].tolist(),
                repeat(self.source),
                strict=False,
            ),
        )

    def digest(self) -> str:
        """SHA-256 of symbol, timeframe and all columns: two tables with one digest give the same run."""
        if not self._digest:
            state = hashlib.sha256(f"{self.symbol}\n{self.timeframe}\n{len(self)}\n".encode())
            for name in _TIME_COLUMNS + _VALUE_COLUMNS:
                state.update(np.ascontiguousarray(getattr(self, name)).data)
            object.__setattr__(self, "_digest", state.hexdigest())
        return self._digest

    def where(self, row: int) -> str:
        """Name of a row for a message: file and line, or symbol and bar number."""
        if not self.path:
            return f"{self.symbol} bar {row}"
        return f"{self.path} {'row' if self.path.endswith('.parquet') else 'line'} {self.line + row}"

    def label_text(self, row: int) -> str:
        """The label of a row as its file writes it: a date, or a moment in UTC."""
        return label_text(self.timeframe, int(self.label[row]))


def label_text(timeframe: str, label: Micros) -> str:
    """A label as text: ``YYYY-MM-DD`` for daily and weekly bars, else ``YYYY-MM-DD HH:MM:SS``."""
    moment = to_datetime(label)
    return moment.date().isoformat() if timeframe in ("1d", "1w") else moment.strftime("%Y-%m-%d %H:%M:%S")
