"""Marking to market: prices, equity, halts and the equity curve, in step with the bars.

While no order waits and a run has one symbol, only the price moves: the account is cash plus units times close. Bars
inside the range that ``calm`` gives cannot set a new peak, break a limit or begin a session, so the loop skips their
marks; the curve gets them afterwards, from the columns, to the same bits.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quantstrip.clock import Micros
from quantstrip.model import Bar
from quantstrip.ports import Columns
from quantstrip.risk import Guard
from quantstrip.trading import Account

if TYPE_CHECKING:
    from array import array

_INF = float("inf")
Calm = tuple[float, float, Micros, int]
"""A calm range: lowest and highest close, the last moment, and the row up to which every bar is known to lie inside."""
RESTLESS: Calm = (_INF, -_INF, -1, -1)
"""The calm range that no bar lies in."""
_BLOCK = 256
"""Rows whose lowest and highest close are kept: one look tells for all of them."""
_INSIDE = 1e-12
"""The calm range is narrower by this fraction than arithmetic says: at its edge rounding does not decide."""


class Marks:
    """The marks of one run.

    Args:
        account: the strategy's books; its prices are kept here.
        guard: told of every equity that matters.
        ts, equity: the curve; one entry a slice.
        columns: the run's only history, where it is known beforehand; None switches calm stretches off.
        watched: a person may lift halts at any bar, so that every bar of a halt is marked.

    """

    def __init__(
        self,
        account: Account,
        guard: Guard,
        ts: "array[int]",
        equity: "array[float]",
        columns: Columns | None,
        *,
        watched: bool = False,
    ) -> None:
        self.equity = account.equity()
        self._account = account
        self._guard = guard
        self._ts = ts
        self._curve = equity
        self._columns = columns
        self._watched = watched
        self._blocks = [] if columns is None else _blocks(columns)
        self._row = 0
        """Rows of the columns that are in the curve."""
        self._changes: list[tuple[int, float, float]] = []
        """Row from which on equity is an amount and units times close, for the rows that are not in the curve yet."""
        self._note(0, self.equity)

    def begin(self, row: int) -> None:
        """The curve begins at a row of the columns: those before it have only warmed up."""
        self._row = row

    def mark(self, ts: Micros, bars: Sequence[Bar], row: int) -> None:
        """Mark all positions at the closes of ``bars``; ``row`` is the number of slices before this one."""
        account, guard = self._account, self._guard
        for bar in bars:
            account.prices[bar.symbol] = bar.close
        equity = account.equity() if account.held else account.cash
        known = self._columns is not None
        if ts > guard.next_end or not guard.low <= equity <= guard.peak:
            guard.mark(ts, bars, equity, self._equity_at(row - 1) if known and row else self.equity)
        if known:
            self._note(row, equity)
        else:
            self._ts.append(ts)
            self._curve.append(equity)
        self.equity = equity

    def amend(self) -> None:
        """Mark the slice at hand once more, after fills within it."""
        self.equity = self._account.equity()
        self._curve[-1] = self.equity

    def turn(self, row: int) -> Calm:
        """Note what equity is made of from ``row`` on, after fills; returns the calm range that follows."""
        held = self._account.held
        if self._columns is None or len(held) > 1 or self._guard.changed:  # a mark of this very slice says it
            return RESTLESS
        self._changes.append((row, self._account.cash, held[0].units if held else 0.0))
        return self.calm(row)

    def calm(self, row: int) -> Calm:
        """The range in which nothing needs a mark, for the bars from ``row`` on."""
        held, guard = self._account.held, self._guard
        if self._columns is None or len(held) > 1 or (self._watched and guard.halted):
            return RESTLESS
        cash = self._account.cash
        if not held:
            if not guard.low <= cash <= guard.peak:
                return RESTLESS
            low, high = -_INF, _INF
        else:
            units = held[0].units
            low, high = (guard.low - cash) / units, (guard.peak - cash) / units
            if units < 0.0:
                low, high = high, low
            low *= 1.0 + _INSIDE if low > 0.0 else 1.0 - _INSIDE
            high *= 1.0 - _INSIDE if high > 0.0 else 1.0 + _INSIDE
        until, edge, block = guard.next_end, -1, row // _BLOCK
        for lowest, highest, last in self._blocks[block : block + 2]:
            if not (lowest >= low and highest <= high and last <= until):
                break
            block += 1
            edge = block * _BLOCK
        return low, high, until, edge

    def settle(self, ts: Micros, bars: Sequence[Bar], rows: int) -> None:
        """Bring curve, prices and guard up to ``bars``, the last of ``rows`` slices."""
        if self._columns is None:
            return
        self._account.prices[bars[0].symbol] = bars[0].close
        before, self.equity = self.equity, self._account.equity()
        self._guard.mark(ts, bars, self.equity, before)
        starts, cash, units = (np.array(values) for values in zip(*self._changes, strict=True))
        lengths = np.diff(np.append(np.maximum(starts, self._row), rows))
        closes = self._columns.close[self._row : rows]
        self._curve.frombytes((np.repeat(cash, lengths) + np.repeat(units, lengths) * closes).tobytes())
        self._ts.frombytes(self._columns.ts[self._row : rows].tobytes())
        self._row = rows
        del self._changes[:-1]

    def _note(self, row: int, equity: float) -> None:
        """Note what equity is made of from a row on; of two legs, which are marked at every slice, only the sum."""
        held = self._account.held
        if len(held) == 1:
            self._changes.append((row, self._account.cash, held[0].units))
        else:
            self._changes.append((row, equity, 0.0))

    def _equity_at(self, row: int) -> float:
        """Equity at the close of a row, the last one or the one before it."""
        assert self._columns is not None  # noqa: S101 - asked only where rows are known
        changes = self._changes
        _, cash, units = changes[-1] if changes[-1][0] <= row else changes[-2]
        return cash + units * float(self._columns.close[row])


def _blocks(columns: Columns) -> list[tuple[float, float, Micros]]:
    """Lowest close, highest close and last moment of each block of rows; NaN, which is neither, lies in no range."""
    starts = np.arange(0, len(columns.ts), _BLOCK)
    lowest, highest = np.minimum.reduceat(columns.close, starts), np.maximum.reduceat(columns.close, starts)
    last = columns.ts[np.minimum(starts + _BLOCK, len(columns.ts)) - 1]
    return list(zip(lowest.tolist(), highest.tolist(), last.tolist(), strict=True))
