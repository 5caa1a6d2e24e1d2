"""Is a backtest honest, and does it carry over? Checks of a strategy's file over bars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quantstrip.backtest import BacktestResult
from quantstrip.backtest.decisions import Decision, decisions_of, joined, with_signals
from quantstrip.backtest.lookahead import LookAhead
from quantstrip.backtest.montecarlo import Shuffled, shuffle_trades
from quantstrip.backtest.parity import Deal, Parity, compare_deals, deals_of
from quantstrip.backtest.pine import ours_without_quantity, read_export
from quantstrip.backtest.startup import LENGTHS, Startup, startup
from quantstrip.backtest.walkforward import WalkForward, walk_forward
from quantstrip.bars import BarTable
from quantstrip.clock import from_text, to_text
from quantstrip.engine import MemoryRecorder
from quantstrip.errors import ConfigError, DataError
from quantstrip.home import Home
from quantstrip.model import Mode
from quantstrip.operations import research, runs
from quantstrip.operations.grids import check_grid, points_of
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.research_request import Request

Progress = Callable[[float], None]
_MOST_RUNS = 5_000
_WHERE = "WHERE mode = :mode AND strategy = :strategy AND current_run = 1"
_FILLS = f"""SELECT exec_time, symbol, side, quantity, price FROM v_executions
{_WHERE} AND exec_time >= :begin AND exec_time <= :end ORDER BY exec_time"""  # noqa: S608 - a constant
_ORDERS = f"""SELECT event_time, symbol, side FROM v_orders
{_WHERE} AND parent_order_id IS NULL AND event_time >= :begin AND event_time <= :end"""  # noqa: S608 - a constant
_REFUSED = f"""SELECT event_time, symbol, side, rule FROM v_rejected_signals
{_WHERE} AND event_time >= :begin AND event_time <= :end"""  # noqa: S608 - a constant


def _silent(_share: float) -> None:
    """Hear nothing."""


def _listening(on_progress: Progress) -> Progress:
    """Says nothing of how far it is, but ends where ``on_progress`` does: for a run that is one of many."""
    return lambda _share: on_progress(0.0)


def check_future(
    home: Home, file: Path, *, every: bool = False, seed: int = 0, on_progress: Progress = _silent, **asked: Any
) -> LookAhead:
    """Cut the history short and compare decisions; ``asked`` are arguments of ``research.backtest``, errors as there.

    A strategy that is shown one bar after another cannot know the future: nothing is tried then.
    """
    ready = research.prepare(home, file, **asked)
    return ready.look_ahead(every=every, seed=seed, on_progress=on_progress)


def check_startup(
    home: Home, file: Path, *, lengths: Sequence[int] = LENGTHS, on_progress: Progress = _silent, **asked: Any
) -> list[Startup]:
    """Trade after warm-ups of several lengths; arguments and errors as of ``research.backtest``."""
    ready = research.prepare(home, file, **asked)

    def run(tables: Mapping[str, BarTable], warmup: int) -> BacktestResult:
        return replace(ready, tables=tables, warmup=warmup).run(on_progress=_listening(on_progress))

    return startup(run, ready.tables, lengths, on_progress)


def go_forward(
    home: Home, file: Path, grid: Mapping[str, Any], *, train: int, test: int, anchored: bool = False,
    metric: str = "sharpe", on_progress: Progress = _silent, **asked: Any,
) -> WalkForward:  # fmt: skip
    """Choose parameters on the past and judge them on what came after.

    Args:
        home, file: as of ``research.backtest``.
        grid: values of each parameter that varies.
        train, test: bars to choose on and to judge on.
        anchored: choose on everything since the first bar.
        metric: a figure of which more is better.
        on_progress: receives the share of the runs that are done.
        asked: other arguments of ``research.backtest``; errors as there.

    Raises:
        TaskRefused: the grid is none.
        ConfigError: it would take too many runs.

    """
    total = check_grid(grid)
    points = list(points_of(grid))
    fixed = dict(asked.pop("parameters", None) or {})
    ready = research.prepare_honest(home, Request.of(file, {**asked, "parameters": {**fixed, **points[0]}}))
    bars = len(np.unique(np.concatenate([table.ts for table in ready.tables.values()])))
    steps = max(1, -(-(bars - train) // max(1, test)))
    if total * steps > _MOST_RUNS:
        raise ConfigError(
            f"{total:,} points in {steps:,} windows are {total * steps:,} runs, at most {_MOST_RUNS:,} are made",
            hint="Judge on more bars at once, or take a coarser grid.",
        )

    def run(tables: Mapping[str, BarTable], parameters: Mapping[str, Any], warmup: int) -> BacktestResult:
        setup = replace(ready, symbols=tuple(tables), tables=tables, warmup=warmup)
        return setup.run({**fixed, **parameters}, _listening(on_progress))

    return walk_forward(
        run, ready.tables, points, train=train, test=test, anchored=anchored, metric=metric, on_progress=on_progress
    )


def shuffle(
    home: Home, run_id: str, *, tries: int, seed: int = 0, replace_trades: bool = False,
    on_progress: Progress = _silent,
) -> Shuffled:  # fmt: skip
    """Shuffle the trades of a kept run.

    Raises:
        RunError: no such run.
        DataError: it has fewer than two trades.

    """
    found = runs.load_result(home, run_id)
    pnl = [float(trade["pnl"]) for trade in found["trades"]]
    cash = float(found["run"]["cash"])
    return shuffle_trades(pnl, cash, tries=tries, seed=seed, replace=replace_trades, on_progress=on_progress)


def compare(
    home: Home, file: Path, *, other: Path | None = None, mode: Mode | None = None, strategy: str | None = None,
    price_tolerance: float = 1e-9, on_progress: Progress = _silent, **asked: Any,
) -> Parity:  # fmt: skip
    """A file's backtest against another file's, or against what a strategy did on paper or live.

    Args:
        home, file: as of ``research.backtest``.
        other: another form of the same strategy, run on the same bars; or
        mode: whose fills in the ledger are compared, within the span of the bars.
        strategy: their name in the ledger; the strategy's own where None.
        price_tolerance: relative difference of two prices that is none.
        on_progress: receives the share that is done.
        asked: other arguments of ``research.backtest``; errors as there.

    Raises:
        ConfigError: neither or both of ``other`` and ``mode``.
        DataError: the ledger has no fills of that strategy in the span.

    """
    if (other is None) == (mode is None):
        raise ConfigError("compare with another file or with a mode of the ledger, one of the two")
    ready = research.prepare(home, file, **asked)
    half = 0.5 if other is not None else 1.0
    here, there = MemoryRecorder(), MemoryRecorder()
    result = ready.run(on_progress=lambda share: on_progress(half * share), recorder=here)
    ours = deals_of(result)
    moments = {symbol: np.asarray(table.ts) for symbol, table in ready.tables.items()}
    if other is not None:
        against = research.prepare(home, other, **asked)
        theirs = deals_of(against.run(on_progress=lambda share: on_progress(half + half * share), recorder=there))
        decided = decisions_of(there)
    else:
        assert mode is not None  # noqa: S101 - one of the two
        theirs, decided = _booked(home, mode, strategy or str(result.run["strategy"]), ready.tables)
    fills = compare_deals(ours, theirs, moments, price_tolerance=price_tolerance)
    return fills if ready.untrusted else with_signals(fills, decisions_of(here), decided, moments)


@dataclass(frozen=True, slots=True)
class PineParity:
    """One strategy against an export.

    Attributes:
        outside: exported rows outside of the span of our bars; they are not compared.
        unknown: exported moments within it at which we have no bar.

    """

    name: str
    symbol: str
    parity: Parity
    outside: int
    unknown: tuple[str, ...]


def compare_pine(
    home: Home, file: Path, trades: Path, *, zone: str = "UTC", tick: float = 0.0, quantities: bool = False,
    on_progress: Progress = _silent, **asked: Any,
) -> PineParity:  # fmt: skip
    """A file's backtest against the list of trades that TradingView exported.

    Args:
        home, file: as of ``research.backtest``.
        trades: the exported CSV, of one symbol.
        zone: the chart's time zone.
        tick: the chart's price step: prices there are rounded to it.
        quantities: compare quantities too.
        on_progress: receives the share that is done.
        asked: other arguments of ``research.backtest``; errors as there.

    Raises:
        DataError: the file is no list of trades, or the run has several symbols.

    """
    ready = research.prepare(home, file, **asked)
    if len(ready.tables) != 1:
        raise DataError(
            f"an export is of one symbol, the run has {', '.join(ready.tables)}", hint="Name one with --symbols."
        )
    ((symbol, table),) = ready.tables.items()
    export = read_export(trades, table, zone)
    result = ready.run(on_progress=on_progress)
    ours, theirs = deals_of(result), export.deals
    if not quantities:
        ours, theirs = ours_without_quantity(ours), ours_without_quantity(theirs)
    parity = compare_deals(ours, theirs, {symbol: np.asarray(table.ts)}, price_step=tick)
    return PineParity(str(result.run["strategy"]), symbol, parity, export.outside, export.unknown)


def _booked(home: Home, mode: Mode, strategy: str, tables: Mapping[str, BarTable]) -> tuple[list[Deal], list[Decision]]:
    """Fills and signals of a strategy's newest run in a mode; of all that was live."""
    begin = min(int(table.ts_open[0]) for table in tables.values())
    end = max(int(table.ts[-1]) for table in tables.values())
    asked = {"mode": str(mode), "strategy": strategy, "begin": to_text(begin), "end": to_text(end)}
    with existing_ledger(home).reading() as reading:
        rows, orders, refused = (reading.query(text, asked)[1] for text in (_FILLS, _ORDERS, _REFUSED))
    if not rows:
        raise DataError(
            f"the ledger has no {mode} fills of {strategy} from {to_text(begin)} to {to_text(end)}",
            hint="Name the strategy as the ledger does, and a span in which it traded.",
        )
    deals = [Deal(from_text(str(ts)), str(symbol), str(side), float(size), float(price))
             for ts, symbol, side, size, price in rows]  # fmt: skip
    return deals, joined(
        [Deal(from_text(str(ts)), str(symbol), str(side)) for ts, symbol, side in orders],
        [(Deal(from_text(str(ts)), str(symbol), str(side)), str(rule)) for ts, symbol, side, rule in refused],
    )
