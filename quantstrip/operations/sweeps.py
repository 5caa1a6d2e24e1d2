"""Sweeps: one backtest for every combination of some parameters' values.

Each point is the engine's own run, in one of a few processes. Its row is in ``points.csv`` as soon as it is done, so a
sweep that is killed loses only what ran at that moment; one that is done has them in the order of the grid.
"""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

from quantstrip.errors import QuantstripError, StrategyLoadError, TaskError
from quantstrip.home import Home
from quantstrip.operations import sweep_pool, tasks
from quantstrip.operations.backtest_arguments import BacktestArguments, SweepArguments
from quantstrip.operations.grids import check_grid, points_of
from quantstrip.operations.research import Setup, prepare
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
        total: points of the grid, of which ``points`` are over.

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
        ConfigError, DataError: as ``research.check_options``.

    """
    from quantstrip.operations.task_work import check_backtest

    check_backtest(arguments)


def sweep(home: Home, arguments: SweepArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run every point; a ``task_kinds.Work``."""
    grid = arguments.grid
    total = check_grid(grid)
    progress.report(0.0, "loading the strategy and its bars")
    ready = _ready(home, arguments, progress)
    write_whole(folder / SOURCE, ready.source)
    path = folder / POINTS
    names = list(grid)
    rows: dict[int, list[Any]] = {}
    counts = {"done": 0, "refused": 0, "failed": 0}
    run: Mapping[str, Any] = {}
    jobs = ((number, {**arguments.parameters, **point}) for number, point in enumerate(points_of(grid)))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_line(_header(names)))
        file.flush()
        for found in sweep_pool.run(home, ready, jobs, total, arguments.workers, progress):
            row = [found.number, found.state, *(found.parameters[name] for name in names),
                   *(found.figures.get(name) for name in FIGURES), found.error]  # fmt: skip
            file.write(_line(row))
            file.flush()
            rows[found.number] = row
            counts[found.state] += 1
            run = run or found.run
    text = _line(_header(names)) + "".join(_line(rows[number]) for number in sorted(rows))
    write_whole(path, text.encode())
    kept = ("strategy", "code_hash", "data_hash", "symbols", "timeframe", "start", "end", "bars", "risk", "costs")
    return {"path": str(path), "points": total, **counts, "run": {name: run[name] for name in kept if name in run}}


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
    return Sweep(task_id, task.state, grid, fixed, check_grid(grid), points)


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


def _ready(home: Home, arguments: SweepArguments, progress: Progress) -> Setup:
    """The setup that all points share, made with the first point that the strategy takes."""
    given = {each.name: getattr(arguments, each.name) for each in fields(BacktestArguments)}
    file = given.pop("file")
    every = max(1, check_grid(arguments.grid) // _TRIED)
    refused: QuantstripError | None = None
    for point in itertools.islice(points_of(arguments.grid), 0, None, every):
        progress.report(0.0)
        try:
            return prepare(home, file, **{**given, "parameters": {**arguments.parameters, **point}})
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


def _header(names: list[str]) -> list[str]:
    return ["point", "state", *names, *FIGURES, "error"]


def _line(row: Sequence[Any]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(row)
    return written.getvalue()
