"""Does a strategy know the future? What it decided on the whole history must be what it decides on a part of it.

A form that is given a whole history at once can read later rows without meaning to: by a negative shift, a centred
window, a mean over everything. So the history is cut short at many bars, and every decision up to the cut is compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import unwrap
from types import CodeType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.bars import BarTable
from quantstrip.clock import Micros
from quantstrip.dialects.dataframe import DataframeStrategy
from quantstrip.dialects.vectorized import VectorizedRunner
from quantstrip.errors import LookAheadFound, QuantstripError
from quantstrip.feeds import HistoryFeed
from quantstrip.ports import Columns
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.patience import SECONDS, file_of, patience

Flags = npt.NDArray[np.bool_]
Decided = dict[str, dict[str, Flags]]
"""By symbol and by ``DECISIONS``: one truth for each of the symbol's bars."""

DECISIONS: Final = ("open_long", "close_long", "open_short", "close_short")
SIGNAL_BARS: Final = 64
RANDOM_CUTS: Final = 64
_MOST: Final = 8
"""Differences that are told; one is enough to refuse."""


class Difference(NamedTuple):
    """A decision that changed when later bars were taken away.

    Attributes:
        time: label of the bar it was made at.
        decision: one of ``DECISIONS``.
        whole: what it was with the whole history; ``part``: with bars up to ``cut`` only.
        cut: label of the last bar that was left.
        line: of the file, where its text shows what decides so; 0 where it does not.

    """

    symbol: str
    time: str
    decision: str
    whole: bool
    part: bool
    cut: str
    line: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.symbol} at {self.time}: {self.decision} is {self.whole} with all bars, "
            f"{self.part} with those up to {self.cut}"
        )


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What the check came to.

    Attributes:
        cuts: how many were made.
        differences: the first ones; empty where nothing was found.
        failed: cuts at which the strategy raised, and what the first one said: on short histories some do.

    """

    cuts: int
    differences: tuple[Difference, ...]
    failed: int = 0
    failure: str = ""

    @property
    def clean(self) -> bool:
        """Nothing was found."""
        return not self.differences

    def refuse(self, name: str) -> None:
        """End here where something was found in the file ``name``.

        Raises:
            LookAheadFound: names the first decision that differs.

        """
        if self.differences:
            first = self.differences[0]
            raise LookAheadFound(
                f"{name} knows the future{f', line {first.line}' if first.line else ''}: {first}",
                hint="Look for a negative shift, a centred window, or a figure of the whole column in that signal.",
            )


def look_ahead(
    strategy: StrategyBase,
    tables: Mapping[str, BarTable],
    *,
    every: bool = False,
    seed: int = 0,
    patient: float = SECONDS,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> LookAhead:
    """Cut the history short and compare what is decided.

    Args:
        strategy: of a form that decides on a whole history.
        tables: the run's bars.
        every: at every bar; else at up to 64 bars with a signal, spread over the run, and 64 random ones.
        seed: of the random ones: the same seed, the same cuts.
        patient: seconds that one decision on a history may take.
        on_progress: receives the share of the cuts that are done.

    Raises:
        QuantstripError: the strategy raised on the whole history, or did not come to an end.

    """
    if not decides_ahead(strategy):
        return LookAhead(0, ())
    with patience(file_of(strategy), patient):
        return _cut_short(strategy, tables, every, seed, on_progress)


def _cut_short(
    strategy: StrategyBase, tables: Mapping[str, BarTable], every: bool, seed: int, on_progress: Callable[[float], None]
) -> LookAhead:
    columns = HistoryFeed(tables).columns()
    whole = decided(strategy, columns)
    cuts = _cuts(whole, columns, every, seed)
    found: list[Difference] = []
    failed, failure = 0, ""
    for number, cut in enumerate(cuts):
        on_progress(number / len(cuts))
        part = {symbol: _until(each, cut) for symbol, each in columns.items()}
        try:
            now = decided(strategy, {symbol: each for symbol, each in part.items() if len(each.ts)})
        except QuantstripError as error:
            failed, failure = failed + 1, failure or error.message
            continue
        found.extend(each._replace(line=_line(strategy, each.decision)) for each in _differences(whole, now, tables))
        if len(found) >= _MOST:
            break
    return LookAhead(len(cuts), tuple(found[:_MOST]), failed, failure)


def decides_ahead(strategy: StrategyBase) -> bool:
    """Tell whether it is of a form that is given a whole history, and so could know the future."""
    return isinstance(strategy, DataframeStrategy | VectorizedRunner)


def decided(strategy: StrategyBase, columns: Mapping[str, Columns]) -> Decided:
    """What such a strategy decides on a history, for each symbol's own bars."""
    if isinstance(strategy, VectorizedRunner):
        found = strategy.signals_on(columns)
        return {
            symbol: {
                name: getattr(found, name)[np.searchsorted(found.ts, columns[symbol].ts), number] for name in DECISIONS
            }
            for number, symbol in enumerate(found.symbols)
        }
    assert isinstance(strategy, DataframeStrategy)  # noqa: S101 - decides_ahead
    signals = {symbol: strategy.signals_on(each) for symbol, each in columns.items()}
    return {symbol: {name: getattr(each, name) for name in DECISIONS} for symbol, each in signals.items()}


def _cuts(whole: Decided, columns: Mapping[str, Columns], every: bool, seed: int) -> Sequence[Micros]:
    """The last moments of the histories to try, oldest first."""
    moments = np.unique(np.concatenate([each.ts for each in columns.values()]))[:-1]
    if every or len(moments) <= SIGNAL_BARS + RANDOM_CUTS:
        return [int(moment) for moment in moments]
    signals = [
        columns[symbol].ts[np.logical_or.reduce([flags[name] for name in DECISIONS])] for symbol, flags in whole.items()
    ]
    with_signal = np.intersect1d(np.concatenate(signals), moments)
    spread = with_signal[np.unique(np.linspace(0, len(with_signal) - 1, SIGNAL_BARS).astype(int))[: len(with_signal)]]
    drawn = np.random.default_rng(seed).choice(moments, RANDOM_CUTS, replace=False)
    return [int(moment) for moment in np.union1d(spread, drawn)]


def _until(columns: Columns, moment: Micros) -> Columns:
    row = int(np.searchsorted(columns.ts, moment, side="right"))
    cut = slice(row)
    return columns._replace(
        ts_open=columns.ts_open[cut], ts=columns.ts[cut], open=columns.open[cut], high=columns.high[cut],
        low=columns.low[cut], close=columns.close[cut], volume=columns.volume[cut],
    )  # fmt: skip


def _line(strategy: StrategyBase, decision: str) -> int:
    if isinstance(strategy, DataframeStrategy):
        return strategy.line_of(decision)
    if isinstance(strategy, VectorizedRunner):  # one method decides it all
        inner = strategy.inner
        decides = inner.generate_arrays if inner.uses_arrays() else inner.generate_signals
        code = getattr(unwrap(decides), "__code__", None)
        return code.co_firstlineno if isinstance(code, CodeType) else 0
    return 0


def _differences(whole: Decided, part: Decided, tables: Mapping[str, BarTable]) -> Iterator[Difference]:
    for symbol, flags in part.items():
        table = tables[symbol]
        for name, now in flags.items():
            before = whole[symbol][name][: len(now)]
            for row in np.flatnonzero(before != now)[:1]:
                yield Difference(
                    symbol, table.label_text(int(row)), name, bool(before[row]), bool(now[row]),
                    table.label_text(len(now) - 1),
                )  # fmt: skip
