"""Invented bars: a seeded random walk, for trying a strategy's code. Never a stand-in for prices that are missing."""

import hashlib
from typing import Final

import numpy as np

from quantstrip.bars import BarTable, GapReport
from quantstrip.bars.read import in_sessions
from quantstrip.bars.sessions import SessionGrid, session_grid
from quantstrip.bars.table import Times
from quantstrip.clock import DAY, SECOND, Micros, from_text, to_text
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES

SYNTHETIC: Final = "synthetic"
START: Final = from_text("2020-01-01")
END: Final = from_text("2024-01-01")
_YEARLY_VOLATILITY = 0.25
_YEAR_SECONDS = 252 * 6.5 * 3600
_PRICE = 100.0
_MOST_ROWS = 3_000_000


def synthetic(
    symbol: str,
    timeframe: str,
    calendar: str | None = "NYSE",
    *,
    seed: int = 0,
    start: Micros | None = None,
    end: Micros | None = None,
) -> BarTable:
    """A random walk over the sessions of a calendar: the same bars for the same arguments, on every machine.

    Log returns are normal with a yearly deviation of 25 % and no drift; symbols are independent of each other.

    Args:
        symbol, timeframe: of the bars.
        calendar: whose sessions they fill; None is round the clock.
        seed: another one gives other prices.
        start, end: labels lie in ``[start, end)``; from 2020 on, four years, by default.

    Raises:
        DataError: unknown timeframe, or a span without a session, or too long a one.

    """
    if timeframe not in TIMEFRAMES:
        raise DataError(f"unknown timeframe {timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
    years = END - START
    begin = start if start is not None else (START if end is None or end > START else end - years)
    stop = end if end is not None else max(END, begin + years if start is not None else END)
    if begin >= stop or (stop - begin) // (TIMEFRAMES[timeframe] * SECOND) > _MOST_ROWS:
        raise DataError(
            f"synthetic {timeframe} bars from {to_text(begin)} to {to_text(stop)}: none, or more than {_MOST_ROWS:,}",
            hint="Give a start before the end, and a shorter span for short bars.",
        )
    grid = session_grid(calendar or "24/7", begin, stop)
    label = _labels(grid, timeframe, begin, stop)
    if not len(label):
        raise DataError(f"there is no session of {grid.calendar} to invent bars for", hint="Widen the dates.")
    digest = hashlib.sha256(f"{symbol}\n{timeframe}\n{seed}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    step = _YEARLY_VOLATILITY * (min(TIMEFRAMES[timeframe], 23_400.0) / _YEAR_SECONDS) ** 0.5
    path = random.normal(0.0, step, len(label)).cumsum()
    close = np.round(_PRICE * np.exp(path), 4)
    opens = np.concatenate(([_PRICE], close[:-1]))
    wick = np.exp(np.abs(random.normal(0.0, step / 2, (2, len(label)))))
    high = np.round(np.maximum(opens, close) * wick[0], 4)
    low = np.round(np.minimum(opens, close) / wick[1], 4)
    volume = random.integers(1_000, 100_000, len(label)).astype(np.float64)
    length = TIMEFRAMES[timeframe] * SECOND
    table = BarTable(
        symbol, timeframe, label, label, label + length, opens, high, low, close, volume,
        source=f"{SYNTHETIC}: a random walk, seed {seed}",
        gaps=GapReport(calendar or "", len(np.unique(label // DAY))),
    )  # fmt: skip
    return in_sessions(table, grid)


def parse_seed(name: str) -> int | None:
    """The seed that ``synthetic`` or ``synthetic:SEED`` names; None where it is another source's name.

    Raises:
        DataError: what follows the colon is no whole number.

    """
    kind, colon, seed = name.partition(":")
    if kind != SYNTHETIC:
        return None
    if not (seed.isdecimal() if colon else True):
        raise DataError(f"{seed!r} is no seed", hint="Write a whole number of at least 0: synthetic:7.")
    return int(seed or 0)


def _labels(grid: SessionGrid, timeframe: str, start: Micros, end: Micros) -> Times:
    """Where bars begin that fill the sessions."""
    if timeframe == "1d":
        labels = grid.label
    elif timeframe == "1w":
        labels = np.unique((grid.label // DAY - (grid.label // DAY + 3) % 7) * DAY)
    else:
        length = TIMEFRAMES[timeframe] * SECOND
        counts = -(-(grid.close - grid.open) // length)
        first = np.repeat(grid.open, counts)
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        labels = first + within * length
    return labels[(labels >= start) & (labels < end)]
