"""Sweeps: one backtest for every combination of some parameters' values.

Each point is the engine's own run, in one of a few processes or on a cluster; strategies that decide over whole columns
run in compiled code that does what the engine does. Its row is in ``points.csv`` as soon as it is done, so a sweep that
is killed loses only what ran at that moment and can be continued; one that is done has them in the order of the grid.
"""

import csv
import io
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from quantstrip.errors import QuantstripError, StrategyLoadError, TaskError
from quantstrip.home import Home
from quantstrip.operations import sweep_basis, sweep_kernel, sweep_pool, tasks
from quantstrip.operations.backtest_arguments import BacktestArguments, SweepArguments
from quantstrip.operations.grids import check_grid, numbered
from quantstrip.operations.research import Setup, prepare_honest
from quantstrip.operations.research_request import Request
from quantstrip.operations.sweep_regions import Region, regions
from quantstrip.operations.task_progress import Progress
from quantstrip.report import Metrics
from quantstrip.report.files import write_whole
from quantstrip.report.tables import is_formula

POINTS: Final = "points.csv"
SOURCE: Final = "strategy.py"
"""The text of the strategy that all points ran, in the sweep's folder."""
FIGURES: Final = (*Metrics._fields, "equity_final", "fills", "rejected")
"""Figures of each point; of the metrics, more is better."""
METRICS: Final = tuple(name for name in FIGURES if name not in {"fills", "rejected"})
_TRIED: Final = 2_000
"""Points that are tried to find one that the strategy takes, before a sweep is refused."""
Parameters = Mapping[str, Any]
State = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Point:
    """One combination and what came of it.

    Attributes:
        state: done; refused by the strategy or its bounds, without a run; failed while it ran.
        figures: by ``FIGURES``; None where one does not exist, or the point has none.
        error: why it is refused or failed.

    """

    number: int
    state: State
    parameters: Parameters
    figures: Mapping[str, float | None]
    error: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as far as it is.

    Attributes:
        grid: values of each parameter that varies.
        fixed: the others that were given.
        total: points that are to be run, of which ``points`` are over.

    """

    task_id: int
    state: str
    grid: Mapping[str, Sequence[Any]]
    fixed: Parameters
    total: int
    points: tuple[Point, ...]

    def ranked(self, metric: str) -> list[Point]:
        """The points that are done, the best first; those without the figure last, equals by number."""
        done = [point for point in self.points if point.state == "done"]
        return sorted(
            done, key=lambda point: (point.figures[metric] is None, -(point.figures[metric] or 0.0), point.number)
        )

    def robust(self, metric: str) -> list[Region]:
        """The points by the median of their neighbourhood in the grid, the best first; see ``sweep_regions``."""
        return regions(self.points, self.grid, metric, self.total)

    def heat(self, metric: str, across: str, upright: str, fixed: Parameters | None = None) -> list[list[float | None]]:
        """The figure for each value of two parameters: rows are values of ``upright``.

        Args:
            fixed: values of other parameters; of those that it does not name, the best value is taken.

        """
        best: dict[tuple[Any, Any], float] = {}
        for point in self.points:
            value = point.figures.get(metric)
            if value is None or any(point.parameters[name] != wanted for name, wanted in (fixed or {}).items()):
                continue
            place = (point.parameters[across], point.parameters[upright])
            best[place] = max(value, best.get(place, value))
        return [[best.get((x, y)) for x in self.grid[across]] for y in self.grid[upright]]


def check_sweep(arguments: SweepArguments) -> None:
    """Refuse what a sweep could not run with; no code of the user's runs.

    Raises:
        ConfigError, DataError: as ``Request.check``.

    """
    from quantstrip.operations.task_work import check_backtest

    check_backtest(arguments)


def sweep(home: Home, arguments: SweepArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run every point; a ``task_kinds.Work``."""
    grid, begin = arguments.grid, time.monotonic()
    total = check_grid(grid, arguments.random)
    progress.report(0.0, "loading the strategy and its bars")
    ready = prepared(home, arguments, progress)
    basis = sweep_basis.of(ready, arguments)
    rows: dict[int, list[Any]] = {}
    names = list(grid)
    if arguments.resume:
        for point in _taken_over(home, arguments.resume, basis):
            rows[point.number] = _row(point, names)
    write_whole(folder / SOURCE, ready.source)
    sweep_basis.write(folder, basis)
    path = folder / POINTS
    strategy, refusal = way_of(ready, arguments)
    jobs = ((number, {**arguments.parameters, **point})
            for number, point in numbered(grid, arguments.random, arguments.seed) if number not in rows)  # fmt: skip
    rest, run = total - len(rows), sweep_basis.run_of(ready, strategy)
    taken, by_bar = len(rows), 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_line(_header(names)) + "".join(map(_line, rows.values())))
        file.flush()
        limit = arguments.limit_minutes * 60.0
        for found in run_points(home, ready, strategy, refusal, jobs, rest, arguments, progress, limit) if rest else ():
            rows[found.number] = row = _row(found, names)
            file.write(_line(row))
            file.flush()
            by_bar += found.by_bar and found.state == "done"
    text = _line(_header(names)) + "".join(_line(rows[number]) for number in sorted(rows))
    write_whole(path, text.encode())
    counts = {state: sum(row[1] == state for row in rows.values()) for state in ("done", "refused", "failed")}
    return {
        "path": str(path), "points": total, **counts, "taken_over": taken,
        "way": f"bar by bar: {refusal}" if refusal else sweep_kernel.way(by_bar),
        "seconds": round(time.monotonic() - begin, 3), "run": run if counts["done"] else {},
    }  # fmt: skip


def way_of(ready: Setup, arguments: SweepArguments) -> tuple[Any, str]:
    """The strategy of a sweep, and why compiled code cannot run its points; "" where it can.

    Raises:
        StrategyLoadError: it cannot be loaded.

    """
    if ready.untrusted:
        from quantstrip.operations import untrusted_run

        told = untrusted_run.look(ready.file, ready.source, ready.symbols, ready.parameters)
        return told.strategy, "the code is untrusted, each point runs in a cell"
    strategy = ready.strategy()
    return strategy, "bar by bar was asked for" if arguments.bar_by_bar else sweep_kernel.refusal(ready, strategy)


def run_points(
    home: Home, ready: Setup, strategy: Any, refusal: str, jobs: Iterator[sweep_pool.Job], total: int,
    arguments: SweepArguments, progress: Progress, limit: float,
) -> Iterator[sweep_pool.Done]:  # fmt: skip
    """The points as they are done, in the way that ``way_of`` told.

    Raises:
        TaskCancelled: the task is to end.
        TaskError: they would take longer than ``limit`` seconds, or a worker died.

    """
    if not refusal and ready.form.name == "vectorized" and not arguments.dask:
        return sweep_kernel.run(ready, strategy, jobs, total, arguments.workers, progress, limit)
    return sweep_pool.run(
        home, ready, jobs, total, arguments.workers, progress, dask=arguments.dask, limit=limit, compiled=not refusal
    )


def _taken_over(home: Home, task_id: int, basis: Mapping[str, Any]) -> list[Point]:
    """The points of an earlier sweep that need not be run again; those that failed are tried once more.

    Raises:
        TaskError: it was another sweep: of another text, other bars, or other options.

    """
    earlier = load(home, task_id)
    sweep_basis.check(home.tasks / str(task_id), basis, task_id)
    return [point for point in earlier.points if point.state != "failed"]


def load(home: Home, task_id: int) -> Sweep:
    """A sweep as far as it is, also one that still runs or was killed.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is no sweep.

    """
    task = tasks.get(home, task_id)
    if task.kind != "sweep":
        raise TaskError(f"task {task_id} is a {task.kind}, not a sweep", hint="See: quantstrip task list")
    grid: dict[str, Sequence[Any]] = dict(task.arguments["grid"])
    fixed = dict(task.arguments.get("parameters") or {})
    path = home.tasks / str(task_id) / POINTS
    points = tuple(read(path, grid)) if path.is_file() else ()
    return Sweep(task_id, task.state, grid, fixed, check_grid(grid, int(task.arguments.get("random") or 0)), points)


def read(path: Path, grid: Mapping[str, Sequence[Any]]) -> list[Point]:
    """The points of a file, in the order of the grid; a line that is not written to its end is left out."""
    known = {name: {str(value): value for value in values} for name, values in grid.items()}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    lines = csv.reader(io.StringIO(whole, newline=""))
    width, names = len(_header(list(grid))), list(grid)
    next(lines, None)
    found = []
    for row in lines:
        if len(row) != width or not row[0].isdigit():
            continue
        values = row[2 : 2 + len(names)]
        figures = row[2 + len(names) : -1]
        found.append(
            Point(
                int(row[0]), row[1],  # type: ignore[arg-type]
                {name: known[name].get(value, value) for name, value in zip(names, values, strict=True)},
                {name: _figure(cell) for name, cell in zip(FIGURES, figures, strict=True)}, row[-1],
            )
        )  # fmt: skip
    return sorted(found, key=lambda point: point.number)


def export(home: Home, task_id: int) -> bytes:
    """The points as CSV; text that a spreadsheet would take for a formula has an apostrophe before it.

    Raises:
        TaskError: it is no sweep, or its file is gone.

    """
    found = load(home, task_id)
    if not (home.tasks / str(task_id) / POINTS).is_file():
        raise TaskError(
            f"the file {POINTS} of sweep {task_id} is gone", hint=f"Run it once more: quantstrip task repeat {task_id}"
        )
    lines = [_line(_header(list(found.grid)))]
    for point in found.points:
        words = [*point.parameters.values(), *(point.figures.get(name) for name in FIGURES), point.error]
        lines.append(_line([point.number, point.state, *map(_harmless, words)]))
    return "".join(lines).encode()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def backtest_arguments(home: Home, task_id: int, parameters: Parameters) -> dict[str, Any]:
    """The arguments of the one backtest that a point of a sweep is.

    Raises:
        UnknownRecord, TaskError: as ``load``; or the strategy's file is no longer what the sweep ran, so that a
            backtest of it would be of another strategy.

    """
    load(home, task_id)
    given = tasks.get(home, task_id).arguments
    file, swept = Path(str(given["file"])), home.tasks / str(task_id) / SOURCE
    if swept.is_file() and (not file.is_file() or file.read_bytes() != swept.read_bytes()):
        raise TaskError(
            f"{file} was edited since sweep {task_id}: a backtest of it would not be the point of the sweep",
            hint=f"Repeat the sweep, or put the text back that it ran: {swept}",
        )
    same = {each.name: given[each.name] for each in fields(BacktestArguments) if each.name in given}
    return {**same, "parameters": {**given.get("parameters", {}), **parameters}}


def prepared(home: Home, arguments: SweepArguments, progress: Progress) -> Setup:
    """The setup that all points share, made with the first point that the strategy takes.

    Raises:
        StrategyLoadError: it takes none of those that were tried.
        DataError, ConfigError, LookAheadFound: as of ``research.backtest``.

    """
    shared = Request(**{each.name: getattr(arguments, each.name) for each in fields(Request)})
    every = max(1, check_grid(arguments.grid, arguments.random) // _TRIED)
    refused: QuantstripError | None = None
    points = numbered(arguments.grid, arguments.random, arguments.seed)
    for _, point in itertools.islice(points, 0, None, every):
        progress.report(0.0)
        try:
            return prepare_honest(home, replace(shared, parameters={**arguments.parameters, **point}))
        except StrategyLoadError as error:
            refused = refused or error
    assert refused is not None  # noqa: S101 - a grid has a point
    raise StrategyLoadError(
        f"no point of the grid can be run; the first: {refused.message}",
        hint="Correct that, or give values that the strategy takes.",
    )


def _figure(cell: str) -> float | None:
    """A count stays one, so that what is written again is the same."""
    return None if not cell else int(cell) if cell.isdigit() else float(cell)


def _row(found: Point | sweep_pool.Done, names: Sequence[str]) -> list[Any]:
    return [found.number, found.state, *(found.parameters[name] for name in names),
            *(found.figures.get(name) for name in FIGURES), found.error]  # fmt: skip


def _header(names: list[str]) -> list[str]:
    return ["point", "state", *names, *FIGURES, "error"]


def _line(row: Sequence[Any]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(row)
    return written.getvalue()
