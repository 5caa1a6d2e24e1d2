"""What a vectorised strategy decides on a panel of bars: asked, checked, and put on one row of times."""

import inspect
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from quantstrip.errors import QuantstripError, StrategyError, StrategyFault
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.signal_columns import Flags, Panel, Times, checked
from quantstrip.strategy.vectorized import VectorizedStrategy

Decisions = tuple[Flags, Flags, Flags, Flags]
"""Entries and exits of long positions, then of short ones."""


def decide(
    inner: VectorizedStrategy, panel: Panel, values: Mapping[str, Any], where: str,
    series: Mapping[str, SymbolSeries] | None = None, frames: Mapping[str, Any] | None = None,
) -> Decisions:  # fmt: skip
    """What a vectorised strategy decides on a panel.

    Args:
        inner: the strategy.
        panel: the bars.
        values: parameters.
        where: file, line and class, for messages.
        series, frames: columns and indicators that several calls share.

    Raises:
        StrategyError: it asks for a parameter that nobody gave, or what it returned are no decisions.
        StrategyFault: it raised; names file and line.

    """
    shape = (len(panel.ts), len(panel.columns))
    try:
        if type(inner).uses_arrays():
            pairs = [
                (symbol, inner.generate_arrays((series or {}).get(symbol) or SymbolSeries(symbol, columns), **values))
                for symbol, columns in panel.columns.items()
            ]
            return _joined(pairs, panel, where)
        given = frames or frames_of(panel)
        inner.opens, inner.highs, inner.lows = given["open"], given["high"], given["low"]
        found = inner.generate_signals(given["close"], given["volume"], **values)
    except KeyError as error:
        missing = error.args[0] if error.args else ""
        if missing in type(inner).param_schema and missing not in values:
            low, high = type(inner).param_schema[missing]
            raise StrategyError(
                f"{where}: the parameter {missing} was not given, and has no default",
                hint=f"Give {missing} a value from {low:g} to {high:g}, or name it in defaults.",
            ) from error
        raise _fault(inner, error, where) from error
    except QuantstripError:
        raise
    except Exception as error:  # the strategy's own code: whatever it raises is told with its line
        raise _fault(inner, error, where) from error
    decisions = _checked(found, shape, panel.symbols, panel.ts, f"{where}: generate_signals", where)
    if len(panel.columns) == 1:
        return decisions
    one, two, three, four = (flags & panel.present for flags in decisions)
    return one, two, three, four


def frames_of(panel: Panel) -> dict[str, Any]:
    """The panel's columns as DataFrames."""
    return {name: panel.frame(name) for name in ("open", "high", "low", "close", "volume")}


def _fault(inner: VectorizedStrategy, error: Exception, where: str) -> StrategyFault:
    """What the strategy's own code raised, with the last of its file's lines that was at work."""
    file = Path(inspect.getfile(type(inner))).absolute()
    trace = traceback.extract_tb(error.__traceback__)
    lines = [each.lineno for each in trace if Path(each.filename).absolute() == file]
    place = f"{file.name}, line {lines[-1]}" if lines else where
    return StrategyFault(f"{place}: {type(error).__name__}: {error}", hint="Correct the line and run it again.")


def _checked(
    found: object, shape: tuple[int, int], symbols: Sequence[str], ts: Times, who: str, where: str
) -> Decisions:
    if not isinstance(found, tuple) or len(found) not in (2, 4):
        raise StrategyError(
            f"{who} returned {_kind(found)}, expected the tuple (entries, exits)",
            hint="End it with: return entries.fillna(False), exits.fillna(False); with shorts, four of them.",
        )
    flags = [
        checked(one, shape, symbols, ts, what, where)
        for one, what in zip(found, ("entries", "exits", "short entries", "short exits"), strict=False)
    ]
    if len(flags) == 2:
        flags += [np.zeros(shape, dtype=np.bool_)] * 2
    return flags[0], flags[1], flags[2], flags[3]


def _joined(pairs: Sequence[tuple[str, Any]], panel: Panel, where: str) -> Decisions:
    whole = [np.zeros((len(panel.ts), len(pairs)), dtype=np.bool_) for _ in range(4)] if len(pairs) > 1 else []
    for number, (symbol, found) in enumerate(pairs):
        ts = panel.columns[symbol].ts
        decisions = _checked(found, (len(ts), 1), (symbol,), ts, f"{where}: generate_arrays", where)
        if not whole:
            return decisions
        for flags, one in zip(whole, decisions, strict=True):
            flags[panel.rows[symbol], number] = one[:, 0]
    return whole[0], whole[1], whole[2], whole[3]


def _kind(found: object) -> str:
    return f"a tuple of {len(found)}" if isinstance(found, tuple) else type(found).__name__
