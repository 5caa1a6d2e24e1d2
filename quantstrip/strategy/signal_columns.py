"""What a strategy decides over a whole history, as columns; and the history of several symbols on one row of times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.clock import to_text
from quantstrip.errors import StrategyError
from quantstrip.ports import Columns

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class SignalColumns(NamedTuple):
    """Four decisions for every row and symbol, each taken at that row's close.

    Attributes:
        symbols: the columns, sorted.
        ts: close of each row, int64 microseconds UTC, ``n`` of them.
        open_long, close_long, open_short, close_short: boolean, ``n`` rows and a column for each symbol; False where a
            symbol has no bar.

    """

    symbols: tuple[str, ...]
    ts: Times
    open_long: Flags
    close_long: Flags
    open_short: Flags
    close_short: Flags


@dataclass(frozen=True)
class Panel:
    """The bars of several symbols on one row of times: every close of any of them, oldest first.

    Attributes:
        columns: each symbol's own bars.
        ts: int64 microseconds UTC.
        rows: for each symbol, the row of each of its bars.

    """

    columns: Mapping[str, Columns]
    ts: Times
    rows: Mapping[str, npt.NDArray[np.int64]]

    @classmethod
    def of(cls, columns: Mapping[str, Columns]) -> "Panel":
        """Put them on one row of times."""
        ordered = {symbol: columns[symbol] for symbol in sorted(columns)}
        ts = np.unique(np.concatenate([each.ts for each in ordered.values()]))
        return cls(ordered, ts, {symbol: np.searchsorted(ts, each.ts) for symbol, each in ordered.items()})

    @property
    def symbols(self) -> tuple[str, ...]:
        """The columns, sorted."""
        return tuple(self.columns)

    @cached_property
    def present(self) -> Flags:
        """Where a symbol has a bar, row by row."""
        found = np.zeros((len(self.ts), len(self.columns)), dtype=np.bool_)
        for number, rows in enumerate(self.rows.values()):
            found[rows, number] = True
        return found

    def field(self, name: str) -> Values:
        """One column of all symbols, NaN where a symbol has no bar."""
        if len(self.columns) == 1:
            only: Values = getattr(next(iter(self.columns.values())), name)
            return only.reshape(-1, 1)
        found = np.full((len(self.ts), len(self.columns)), np.nan)
        for number, (symbol, columns) in enumerate(self.columns.items()):
            found[self.rows[symbol], number] = getattr(columns, name)
        return found

    def frame(self, name: str) -> Any:
        """The same as a DataFrame: index the close of each row in UTC, columns the symbols."""
        import pandas as pd

        index = pd.DatetimeIndex(pd.to_datetime(self.ts, unit="us", utc=True), name="time")
        return pd.DataFrame(self.field(name), index=index, columns=list(self.columns), copy=True)


def checked(given: object, shape: tuple[int, int], symbols: Sequence[str], ts: Times, what: str, who: str) -> Flags:
    """What a strategy returned as boolean columns.

    Args:
        given: a DataFrame, a Series or an array.
        shape: rows and symbols that are expected.
        symbols, ts: their names, for messages.
        what: ``entries`` or ``exits``.
        who: file, line and class, for messages.

    Raises:
        StrategyError: another shape or order, no truths, or NaN among them; names the first place.

    """
    labels = getattr(given, "columns", None)
    if labels is not None and list(labels) != list(symbols):
        raise StrategyError(
            f"{who}: {what} has the columns {', '.join(map(str, labels))}, expected {', '.join(symbols)}",
            hint="Return DataFrames of the shape of prices, in its order.",
        )
    array = np.asarray(given)
    if array.ndim == 1 and shape[1] == 1:
        array = array.reshape(-1, 1)
    if array.shape != shape:
        raise StrategyError(
            f"{who}: {what} has shape {array.shape}, expected {shape}: a value for each bar and symbol",
            hint="Return something of the shape of prices; do not drop rows.",
        )
    if array.dtype == np.bool_:
        return array
    if array.dtype == object:
        return _truths(array, symbols, ts, what, who)
    raise StrategyError(
        f"{who}: {what} holds {array.dtype}, expected bool", hint=f"Compare: {what} = fast > slow gives truths."
    )


def _truths(array: npt.NDArray[Any], symbols: Sequence[str], ts: Times, what: str, who: str) -> Flags:
    """Objects as truths; NaN, None and anything else are refused with their place."""
    good = np.frompyfunc(lambda cell: isinstance(cell, bool | np.bool_), 1, 1)(array).astype(np.bool_)
    if good.all():
        return array.astype(np.bool_)
    row, column = (int(place) for place in np.argwhere(~good)[0])
    raise StrategyError(
        f"{who}: {what} is {array[row, column]!r} for {symbols[column]} in row {row} ({to_text(int(ts[row]))} UTC), "
        "expected True or False",
        hint=f"Say what the first bars mean: {what}.fillna(False).",
    )
