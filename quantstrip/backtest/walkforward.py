"""Walk-forward: parameters are chosen on the past and judged on what came after, again and again.

Each window has a part to choose on and, right after it, a part to judge on. The judged parts follow one another
without a gap, and together they are the only result that counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.result import BacktestResult
from quantstrip.bars import BarTable
from quantstrip.clock import Micros
from quantstrip.errors import DataError, StrategyLoadError

Parameters = Mapping[str, Any]
Tables = Mapping[str, BarTable]


class Window(NamedTuple):
    """One step: choose on ``[begin, split)``, judge on ``[split, end)``; closes of bars, microseconds UTC."""

    begin: Micros
    split: Micros
    end: Micros


@dataclass(frozen=True, slots=True)
class Step:
    """What one window came to.

    Attributes:
        window: its dates, as labels of its first, its first judged and its last bar.
        parameters: the point of the grid that was best on the part to choose on.
        chosen: its figure there; ``judged``: the same figure afterwards. None where it does not exist.
        total_return: of the judged part, a fraction.
        trades: round trips of the judged part.

    """

    window: tuple[str, str, str]
    parameters: Parameters
    chosen: float | None
    judged: float | None
    total_return: float | None
    trades: int


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """All windows.

    Attributes:
        tries: points of the grid, each run in every window.
        ts, equity: the judged parts' equity, one after the other, as if capital had been carried on.
        efficiency: mean judged figure as a share of the mean chosen one; None where it does not exist. Near 1 the past
            told something; far below, the choice was a fit to noise.

    """

    metric: str
    anchored: bool
    tries: int
    steps: tuple[Step, ...]
    ts: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    efficiency: float | None


def windows(ts: npt.NDArray[np.int64], train: int, test: int, *, anchored: bool = False) -> list[Window]:
    """Cut a row of moments into windows.

    Args:
        ts: close of every slice of bars, oldest first, microseconds UTC.
        train: bars to choose on; of an anchored walk those of the first window, which then grows.
        test: bars to judge on; the last window may have fewer, at least one.
        anchored: every window begins with the first bar; else it moves on.

    Raises:
        DataError: there are too few bars for one window.

    """
    if train < 2 or test < 1:
        raise DataError(f"expected at least 2 bars to choose on and 1 to judge on, got {train} and {test}")
    if len(ts) <= train:
        raise DataError(
            f"there are {len(ts)} bars; {train} to choose on leave none to judge on",
            hint="Choose on fewer bars, or add older ones.",
        )
    after = int(ts[-1]) + 1
    found = []
    for split in range(train, len(ts), test):
        end = int(ts[split + test]) if split + test < len(ts) else after
        found.append(Window(int(ts[0 if anchored else split - train]), int(ts[split]), end))
    return found


def walk_forward(
    run: Callable[[Tables, Parameters, int], BacktestResult],
    tables: Tables,
    points: Sequence[Parameters],
    *,
    train: int,
    test: int,
    anchored: bool = False,
    metric: str = "sharpe",
    on_progress: Callable[[float], None] = lambda _share: None,
) -> WalkForward:
    """Choose the best point on each window's first part, and run it on the second.

    Indicators of the judged part are warmed up by the bars before it, which do not trade. It begins without a position.
    A symbol that began later than the others takes part from the window on in which it has half as many bars to choose
    on as the longest.

    Args:
        run: backtests these tables with these parameters, of which so many bars warm up; cash is the run's own. Of some
            windows not every symbol is among them.
        tables: the bars, by symbol.
        points: the grid.
        train, test, anchored: as of ``windows``.
        metric: a field of ``report.Metrics`` of which more is better.
        on_progress: receives the share of the runs that are done.

    Raises:
        DataError: too few bars, or no point of the grid that the strategy takes in some window.

    """
    ts = np.unique(np.concatenate([table.ts for table in tables.values()]))
    cuts = windows(ts, train, test, anchored=anchored)
    steps: list[Step] = []
    curve: list[npt.NDArray[np.float64]] = []
    moments: list[npt.NDArray[np.int64]] = []
    total = len(cuts) * (len(points) + 1)
    capital: float | None = None
    for number, window in enumerate(cuts):
        there = _taking_part(tables, window)
        past = _between(there, window.begin, window.split)
        best: tuple[float, Parameters] | None = None
        for index, point in enumerate(points):
            on_progress((number * (len(points) + 1) + index) / total)
            best = _better(best, _figure(run, past, point, metric), point)
        if best is None:
            raise DataError(
                f"the strategy takes no point of the grid on the bars from {_label(past)} on",
                hint="Give values that it takes.",
            )
        judged_tables, warm = _with_warmup(there, window)
        if not judged_tables:  # none of them has a bar to be judged on
            continue
        judged = _between(there, window.split, window.end)
        result = run(judged_tables, best[1], warm)
        begun = float(result.run["cash"])
        capital = begun if capital is None else capital
        curve.append(capital / begun * result.equity.value)
        moments.append(result.equity.ts)
        capital = float(curve[-1][-1]) if len(curve[-1]) else capital
        figure = getattr(result.metrics, metric)
        steps.append(
            Step(
                (_label(past), _label(judged), result.run["end"]),
                dict(best[1]), None if best[0] == float("-inf") else best[0], figure, result.metrics.total_return,
                result.metrics.trade_count,
            )
        )  # fmt: skip
    if not steps:
        raise DataError("no symbol has bars to choose on and bars to judge on", hint="Choose on fewer bars.")
    return WalkForward(
        metric, anchored, len(points), tuple(steps), np.concatenate(moments), np.concatenate(curve), _efficiency(steps)
    )


def _figure(
    run: Callable[[Tables, Parameters, int], BacktestResult], tables: Tables, point: Parameters, metric: str
) -> float | None:
    """A point's figure; None where the strategy refuses the point."""
    try:
        value = getattr(run(tables, point, 0).metrics, metric)
    except StrategyLoadError:
        return None
    return float("-inf") if value is None else float(value)


def _better(
    best: tuple[float, Parameters] | None, value: float | None, point: Parameters
) -> tuple[float, Parameters] | None:
    return (value, point) if value is not None and (best is None or value > best[0]) else best


def _taking_part(tables: Tables, window: Window) -> dict[str, BarTable]:
    """Symbols with at least half as many bars to choose on as the one that has most."""
    counts = {
        symbol: int(np.subtract(*np.searchsorted(table.ts, (window.split, window.begin))))
        for symbol, table in tables.items()
    }
    most = max(counts.values())
    return {symbol: table for symbol, table in tables.items() if counts[symbol] and 2 * counts[symbol] >= most}


def _between(tables: Tables, begin: Micros, end: Micros) -> dict[str, BarTable]:
    found = {}
    for symbol, table in tables.items():
        first, last = (int(np.searchsorted(table.ts, moment)) for moment in (begin, end))
        if last > first:
            found[symbol] = table.rows(first, last)
    return found


def _with_warmup(tables: Tables, window: Window) -> tuple[dict[str, BarTable], int]:
    """The bars to judge on, each symbol's after as many that warm up; and how many those are."""
    splits = {symbol: int(np.searchsorted(table.ts, window.split)) for symbol, table in tables.items()}
    begins = {symbol: int(np.searchsorted(table.ts, window.begin)) for symbol, table in tables.items()}
    warm = min(splits[symbol] - begins[symbol] for symbol in tables)
    found = {}
    for symbol, table in tables.items():
        end = int(np.searchsorted(table.ts, window.end))
        if end > splits[symbol]:
            found[symbol] = replace(table.rows(splits[symbol] - warm, end), gaps=table.gaps)
    return found, warm


def _label(tables: Tables) -> str:
    return min((table.label_text(0) for table in tables.values()), default="")


def _efficiency(steps: Iterable[Step]) -> float | None:
    pairs = [(step.chosen, step.judged) for step in steps if step.chosen is not None and step.judged is not None]
    chosen = sum(before for before, _ in pairs)
    return sum(after for _, after in pairs) / chosen if pairs and chosen > 0.0 else None
