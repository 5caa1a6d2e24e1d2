"""Marking to market: prices, equity, halts and the equity curve, in step with the bars.

While no order waits and a run has one symbol, only the price moves: the account is cash plus units times close. Bars
whose equity lies inside the range that ``calm`` gives cannot set a new peak, break a limit or begin a session, so the
loop skips their marks; the curve gets them afterwards, from the columns, to the same bits.
"""

from array import array
from collections.abc import Sequence

import numpy as np

from quantstrip.clock import Micros
from quantstrip.engine.summary import RunSummary
from quantstrip.model import Bar
from quantstrip.ports import Columns
from quantstrip.risk import Guard
from quantstrip.trading import Account

_INF = float("inf")
Calm = tuple[float, float, float, float, Micros, int]
"""A calm range: cash and units that equity is made of, the lowest and highest equity and the last moment inside it, and
the row up to which every bar is known to lie inside."""
RESTLESS: Calm = (0.0, 0.0, _INF, -_INF, -1, -1)
"""The calm range that no bar lies in."""
_PIECE = 8192
"""Rows of the curve that are drawn at a time."""
_BLOCK = 256
"""Rows whose lowest and highest close are kept: one look tells for all of them."""


class Marks:
    """The marks of one run.

    Args:
        account: the strategy's books; its prices are kept here.
        guard: told of every equity that matters.
        summary: gets the curve, one entry a slice.
        columns: the run's only history, where it is known beforehand; None switches calm stretches off.
        watched: a person may lift halts at any bar, so that every bar of a halt is marked.

    """

    def __init__(
        self,
        account: Account,
        guard: Guard,
        summary: RunSummary,
        columns: Columns | None,
        *,
        watched: bool = False,
    ) -> None:
        self.equity = account.equity()
        self._account = account
        self._guard = guard
        self._summary = summary
        self._ts, self._curve = summary.curve_ts, summary.curve_equity
        self._columns = columns
        self._watched = watched
        self._blocks = [] if columns is None else _blocks(columns)
        self._first = 0
        """Row of the columns that the curve begins with."""
        self._rows, self._cash, self._units = array("q"), array("d"), array("d")
        """From such a row on, equity is that amount and so many units times close."""
        self._note(0, self.equity)

    def begin(self, row: int) -> None:
        """The curve begins at a row of the columns: those before it have only warmed up."""
        self._first = row

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
        account = self._account
        held = account.held
        if self._columns is None or len(held) > 1 or self._guard.changed:  # a mark of this very slice says it
            return RESTLESS
        cash, units = account.cash, held[0].units if held else 0.0
        self._rows.append(row)
        self._cash.append(cash)
        self._units.append(units)
        return self._range(row, cash, units)

    def calm(self, row: int) -> Calm:
        """The range in which nothing needs a mark, for the bars from ``row`` on."""
        account = self._account
        held = account.held
        if self._columns is None or len(held) > 1:
            return RESTLESS
        return self._range(row, account.cash, held[0].units if held else 0.0)

    def _range(self, row: int, cash: float, units: float) -> Calm:
        """The calm range of an account that is an amount and so many units times close.

        Products and sums round in the order of their operands: where equity lies inside at the lowest and the highest
        close of a block, it does at all of them.
        """
        guard = self._guard
        if self._watched and guard.halted:
            return RESTLESS
        low, high, until = guard.low, guard.peak, guard.next_end
        block = row // _BLOCK
        lowest, highest, last = self._blocks[block]
        inside = last <= until and low <= cash + units * lowest <= high and low <= cash + units * highest <= high
        return cash, units, low, high, until, (block + 1) * _BLOCK if inside else -1

    def settle(self, ts: Micros, bars: Sequence[Bar]) -> None:
        """Bring prices and guard up to ``bars``, the last ones shown."""
        if self._columns is None:
            return
        self._account.prices[bars[0].symbol] = bars[0].close
        before, self.equity = self.equity, self._account.equity()
        self._guard.mark(ts, bars, self.equity, before)

    def draw(self, rows: int) -> None:
        """Draw the curve over the rows of the columns, as far as the first ``rows``; what was drawn before is replaced.

        Piece by piece, for memory that is used for the first time costs more than what is done with it.
        """
        if self._columns is None:
            return
        first = self._first
        equity = np.empty(max(0, rows - first))
        starts = np.maximum(np.frombuffer(self._rows, np.int64), first)
        cash, units, close = np.frombuffer(self._cash), np.frombuffer(self._units), self._columns.close
        for start in range(first, rows, _PIECE):
            stop = min(rows, start + _PIECE)
            one, last = np.searchsorted(starts, [start, stop - 1], side="right").tolist()
            lengths = np.diff(starts[one:last], prepend=start, append=stop)
            piece = equity[start - first : stop - first]
            np.multiply(np.repeat(units[one - 1 : last], lengths), close[start:stop], out=piece)
            piece += np.repeat(cash[one - 1 : last], lengths)
        self._summary.drawn = self._columns.ts[first:rows], equity

    def _note(self, row: int, equity: float) -> None:
        """Note what equity is made of from a row on; of two legs, which are marked at every slice, only the sum."""
        held = self._account.held
        cash, units = (self._account.cash, held[0].units) if len(held) == 1 else (equity, 0.0)
        self._rows.append(row)
        self._cash.append(cash)
        self._units.append(units)

    def _equity_at(self, row: int) -> float:
        """Equity at the close of a row, the last one or the one before it."""
        assert self._columns is not None  # noqa: S101 - asked only where rows are known
        at = -1 if self._rows[-1] <= row else -2
        return self._cash[at] + self._units[at] * float(self._columns.close[row])


def _blocks(columns: Columns) -> list[tuple[float, float, Micros]]:
    """Lowest close, highest close and last moment of each block of rows; NaN, which is neither, lies in no range.

    One more stands for the rows behind the last, which lie in none either.
    """
    starts = np.arange(0, len(columns.ts), _BLOCK)
    lowest, highest = np.minimum.reduceat(columns.close, starts), np.maximum.reduceat(columns.close, starts)
    last = columns.ts[np.minimum(starts + _BLOCK, len(columns.ts)) - 1]
    return [*zip(lowest.tolist(), highest.tolist(), last.tolist(), strict=True), (_INF, -_INF, 0)]
