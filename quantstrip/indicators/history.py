"""The bars of one symbol over a whole run, and the indicator series computed from them."""

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from quantstrip.errors import DataError
from quantstrip.model import Bar, bar_of_row
from quantstrip.ports import Columns

Values = npt.NDArray[np.float64]

MAX_BARS = 500
"""Bars a strategy sees of each symbol."""
_PIECE = 16_384
"""Rows an indicator is computed ahead where the history is known: large enough for numpy, small in memory."""
DEPTH = 512
"""Values that a line holds."""
_AHEAD = 1024
"""Rows that a line's values are taken ahead: few enough to stay in the processor's cache."""
_FIELDS = ("open", "high", "low", "close", "volume")
_TIMES = ("ts_open", "ts")


Kernel = Callable[..., Sequence[Values]]
"""A running indicator: takes the next rows of its inputs, returns as many rows of each output."""


class History:
    """Bars of one symbol: how many have been shown, the window a strategy sees, and all of them as columns.

    Where a feed knows its columns beforehand they are used as they are and only ``length`` moves; else the bars are
    collected as they come. Nothing past ``length`` is ever shown.

    Attributes:
        length: number of bars shown so far.
        window: the last ``limit`` bars, oldest first; None until somebody looks (see ``BarWindows``).
        growing: True when every new bar must be passed to ``grow`` besides counting it in ``length``.

    """

    __slots__ = ("_columns", "_lines", "_pending", "_rows", "growing", "length", "limit", "symbol", "window")

    def __init__(self, symbol: str, limit: int = MAX_BARS) -> None:
        self.symbol = symbol
        self.limit = limit
        self.length = 0
        self.window: list[Bar] | None = []
        self.growing = True
        self._columns: Columns | None = None
        self._lines: list[Line] = []
        """Lines that ``grow`` moves."""
        self._pending: list[Bar] = []
        self._rows: dict[str, array[int] | array[float]] = {
            **{name: array("q") for name in _TIMES}, **{name: array("d") for name in _FIELDS}
        }  # fmt: skip

    @property
    def timeframe(self) -> str:
        """Of the bars shown; "" before the first."""
        if self._columns is not None:
            return self._columns.timeframe
        return self.window[-1].timeframe if self.window else ""

    def preload(self, columns: Columns) -> None:
        """Use ``columns`` for the bars to come, each to be shown when it has been counted in ``length``.

        Raises:
            DataError: bars have been added already.

        """
        if self.length:
            raise DataError(f"{self.symbol}: {self.length} bars have been fed, columns can only be given before")
        self._columns = columns
        self.window = None
        self.growing = bool(self._lines)

    def add(self, bar: Bar) -> None:
        """Show one more bar."""
        self.length += 1
        if self.growing:
            self.grow(bar)

    def grow(self, bar: Bar) -> None:
        """Keep a bar that ``length`` counts already."""
        window = self.window
        if window is not None:
            window.append(bar)
            if len(window) > self.limit:
                del window[0]
        if self._columns is None:
            self._pending.append(bar)
        for line in self._lines:
            line.show(self.length - 1)

    def follow(self, line: "Line") -> None:
        """Have a line move with every bar."""
        self._lines.append(line)
        self.growing = True

    def drive(self) -> Iterator[object]:
        """Hand the lines taken so far to an iterator: each step moves them by one bar, and no Python code runs.

        Only where the columns are known; the caller steps once a bar, before it shows the bar.
        """
        if self._columns is None or not self._lines:
            return repeat(None)
        lines, self._lines = self._lines, []
        self.growing = self.window is not None
        moves = [map(line.append, line.ahead(self.length, self.known())) for line in lines]
        return moves[0] if len(moves) == 1 else zip(*moves, strict=True)

    def open_window(self) -> list[Bar]:
        """The window as a list that from now on moves with every bar."""
        if self.window is None:
            self.window = self._build(max(0, self.length - self.limit), self.length)
            self.growing = True
        return self.window

    def check(self, bar: Bar) -> None:
        """Raise ``DataError`` unless ``bar``, the last one fed, stands where the columns say.

        A feed whose columns are not the bars it feeds would show a strategy another market's indicators.
        """
        columns, row = self._columns, self.length - 1
        if columns is None or (row < len(columns.ts) and columns.ts[row] == bar.ts and columns.close[row] == bar.close):
            return
        raise DataError(
            f"{self.symbol}: bar {row} of the feed, at {bar.timestamp}, is not row {row} of the columns it offered",
            hint="Give the feed one set of bars, or leave out its columns().",
        )

    def column(self, name: str, start: int, stop: int) -> Values:
        """Rows ``start`` to ``stop`` of a column; ``stop`` may lie beyond ``length`` for causal computation only."""
        if self._columns is not None:
            values: Values = getattr(self._columns, name)[start:stop]
            return values
        self._collect()
        return np.array(self._rows[name][start:stop])

    def known(self) -> int:
        """Rows that can be computed with now: all of them where the feed told, else those shown."""
        return self.length if self._columns is None else len(self._columns.ts)

    def _collect(self) -> None:
        if self._pending:
            columns = list(zip(*self._pending, strict=True))[2:9]
            for name, values in zip((*_TIMES, *_FIELDS), columns, strict=True):
                self._rows[name].extend(values)
            self._pending.clear()

    def _build(self, start: int, stop: int) -> list[Bar]:
        assert self._columns is not None  # noqa: S101 - only preloaded histories have no window
        *arrays, timeframe, source = self._columns
        fields = (column[start:stop].tolist() for column in arrays)
        rows = zip(repeat(self.symbol), repeat(timeframe), *fields, repeat(source), strict=False)
        return list(map(bar_of_row, rows))


class Series:
    """All outputs of one indicator over a history, computed once and as far as needed."""

    __slots__ = ("_history", "_inputs", "_kernel", "_store", "done", "shown")

    def __init__(self, history: History, inputs: tuple[str, ...], kernel: Kernel, outputs: int) -> None:
        self._history = history
        self._inputs = inputs
        self._kernel = kernel
        self._store: list[Values] = [np.empty(0) for _ in range(outputs)]
        self.shown: list[Values] = self._store
        self.done = 0

    def reach(self, length: int) -> None:
        """Compute at least ``length`` rows, some further where the history is known."""
        while self.done < length:
            stop = min(self._history.known(), self.done + _PIECE)
            if stop > len(self._store[0]):
                self._make_room(stop)
            inputs = [self._history.column(name, self.done, stop) for name in self._inputs]
            for store, values in zip(self._store, self._kernel(*inputs), strict=True):
                store[self.done : stop] = values
            self.done = stop

    def _make_room(self, rows: int) -> None:
        size = max(rows, self._history.known(), 2 * len(self._store[0]), 256)
        for index, store in enumerate(self._store):
            grown = np.empty(size)
            grown[: self.done] = store[: self.done]
            self._store[index] = grown
        # Strategies get views: one that writes into an indicator would change its own past.
        self.shown = [store.view() for store in self._store]
        for view in self.shown:
            view.flags.writeable = False


class Line(deque[float]):
    """The cheapest way to read an indicator bar by bar: its last 512 values, oldest first.

    ``line[-1]`` is the value at the bar at hand, ``line[-2]`` the one before; plain floats, NaN while warming up and
    before the first bar. Take it once, in ``on_init``, with ``indicators_for(symbol).line("sma", 10)``.
    """

    __slots__ = ("_output", "_series")

    def __init__(self, history: History, series: Series, output: int) -> None:
        super().__init__(repeat(math.nan, DEPTH), maxlen=DEPTH)
        self._series = series
        self._output = output
        self.extend(chain.from_iterable(self._pieces(max(0, history.length - DEPTH), history.length)))
        history.follow(self)

    def show(self, row: int) -> None:
        """Add the value of ``row``, the one after the last."""
        self._series.reach(row + 1)
        self.append(float(self._series.shown[self._output][row]))

    def ahead(self, start: int, stop: int) -> Iterator[float]:
        """The values of rows ``start`` to ``stop``, computed some at a time; then NaN for ever."""
        return chain(chain.from_iterable(self._pieces(start, stop)), repeat(math.nan))

    def _pieces(self, start: int, stop: int) -> Iterator[list[float]]:
        for row in range(start, stop, _AHEAD):
            end = min(stop, row + _AHEAD)
            self._series.reach(end)
            yield self._series.shown[self._output][row:end].tolist()
