"""Backtests and sweeps that were asked for, and what came of them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from quantstrip.errors import TaskError
from quantstrip.home import Home
from quantstrip.operations import outcomes, tasks
from quantstrip.operations.tasks import Task
from quantstrip.report.periods import Year
from quantstrip.report.tables import is_formula

KINDS: Final = ("backtest", "sweep")
MOST_RUNS: Final = 200
MOST_MARKS: Final = 20_000
"""Marks of one kind and symbol on a chart: the newest."""
_NUMBERS: Final = frozenset({"quantity", "entry_price", "exit_price", "pnl", "price", "fee"})


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a backtest that is done left.

    Attributes:
        run: what was run, see docs/backtest.md.
        counts: rows of each of ``outcomes.TABLES``.
        rules: rejected signals by rule.
        open: what was held at the end.
        years: returns by month.
        candles: symbols whose bars can be drawn, with the number of their bars.
        ts, equity, drawdown: the curve, thinned.
        charges: money paid (negative) or received for borrowing and funding, by kind.

    """

    task_id: int
    run: Mapping[str, Any]
    metrics: Mapping[str, Any]
    equity_final: float
    counts: Mapping[str, int]
    rules: Mapping[str, int]
    open: Sequence[Mapping[str, Any]]
    years: tuple[Year, ...]
    candles: Mapping[str, int]
    ts: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    drawdown: npt.NDArray[np.float64]
    charges: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """A fill or a rejected signal, by the label of its bar; ``price`` is None where it has none."""

    time: str
    kind: Literal["buy", "sell", "rejected"]
    price: float | None
    words: str


def runs(home: Home, limit: int = 50) -> list[Task]:
    """Backtests and sweeps, newest first."""
    return [task for task in tasks.list_tasks(home, limit=MOST_RUNS) if task.kind in KINDS][:limit]


def get(home: Home, task_id: int) -> Task:
    """One backtest or sweep.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is a task of another kind.

    """
    task = tasks.get(home, task_id)
    if task.kind not in KINDS:
        raise TaskError(f"task {task_id} is no backtest: {task.kind}", hint=f"See it: quantstrip task show {task_id}")
    return task


def load(home: Home, task_id: int) -> Outcome:
    """What a backtest left.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is no backtest, it is not done, or its files are gone.

    """
    task = _done(home, task_id)
    path = home.tasks / str(task.task_id) / outcomes.SUMMARY
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        raise TaskError(
            f"the files of backtest {task_id} are gone", hint=f"Run it once more: quantstrip task repeat {task_id}"
        ) from None
    return _outcome(path, changed, task.task_id)


def rows(home: Home, task_id: int, table: str, skip: int = 0, limit: int = 500) -> list[tuple[Any, ...]]:
    """Some rows of one of ``outcomes.TABLES``; numbers as such, None where there is none; errors as of ``load``."""
    _done(home, task_id)
    with _read(home, task_id, table) as found:
        return [_typed(table, row) for row in islice(found, skip, skip + limit)]


def export(home: Home, task_id: int, table: str) -> bytes:
    """A whole table as CSV, ``equity`` too, or ``result`` as JSON; errors as of ``load``.

    In CSV, text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    _done(home, task_id)
    if table == "result":
        return _file(home, task_id, "result.json").read_bytes()
    if table == "equity":
        return _file(home, task_id, "equity.csv").read_bytes()
    columns = outcomes.TABLES[table]
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    with _read(home, task_id, table) as found:
        writer.writerows(
            [f"'{cell}" if name not in _NUMBERS and is_formula(cell) else cell
             for name, cell in zip(columns, row, strict=True)]
            for row in found
        )  # fmt: skip
    return written.getvalue().encode()


def candles(home: Home, task_id: int, symbol: str) -> tuple[Mapping[str, npt.NDArray[Any]], int]:
    """The bars of a symbol as columns (``time`` in microseconds UTC), and how many in a row are one of them."""
    outcome = load(home, task_id)
    if symbol not in outcome.candles:
        raise TaskError(f"backtest {task_id} kept no bars of {symbol}", hint=f"It has: {', '.join(outcome.candles)}")
    place = list(outcome.candles).index(symbol)
    with np.load(_file(home, task_id, f"bars-{place}.npz")) as found:
        columns = {name: found[name] for name in outcomes.COLUMNS}
    return columns, -(-outcome.candles[symbol] // len(columns["time"]))


def drawn(home: Home, task_id: int, symbol: str) -> list[dict[str, Any]]:
    """Lines and marks that the run's script drew of a symbol, one value a candle; none where it drew nothing."""
    place = list(load(home, task_id).candles).index(symbol)
    try:
        found: list[dict[str, Any]] = json.loads(_file(home, task_id, f"drawn-{place}.json").read_text("utf-8"))
    except (OSError, TaskError):
        return []
    return found


def marks(home: Home, task_id: int, symbol: str) -> list[Mark]:
    """Fills and rejected signals of a symbol, oldest first; of very many the newest ``MOST_MARKS`` of each."""
    _done(home, task_id)
    with _read(home, task_id, "fills") as found:
        fills = [
            Mark(
                row[0],
                "buy" if row[2] == "BUY" else "sell",
                float(row[4]),
                f"{row[2]} {float(row[3]):g} at {float(row[4]):,.4f}",
            )
            for row in found
            if row[1] == symbol
        ]
    with _read(home, task_id, "rejected") as found:
        refused = [
            Mark(row[0], "rejected", None, f"{row[2]} refused by {row[4]}: {row[5]}")
            for row in found
            if row[1] == symbol
        ]
    return [*fills[-MOST_MARKS:], *refused[-MOST_MARKS:]]


class Ran(Protocol):
    """What can be compared: the outcome of a task, or a kept run."""

    @property
    def run(self) -> Mapping[str, Any]:
        """What was run, see docs/backtest.md."""
        ...


def differing(compared: Sequence[Ran]) -> frozenset[str]:
    """Names, as of ``described``, of what was not the same in all of these runs."""
    told = [described(one) for one in compared]
    names = dict.fromkeys(name for each in told for name in each)
    return frozenset(name for name in names if len({repr(each.get(name)) for each in told}) > 1)


def described(outcome: Ran) -> Mapping[str, Any]:
    """What a run was asked, flat: parameters by ``parameter NAME``, costs by their names, and the rest."""
    run = dict(outcome.run)
    found: dict[str, Any] = {"strategy": run.get("strategy")}
    found |= {f"parameter {name}": value for name, value in dict(run.get("parameters", {})).items()}
    same = ("symbols", "timeframe", "start", "end", "bars", "warmup", "cash", "quantity", "benchmark", "direction")
    found |= {name: run.get(name) for name in same}
    found |= dict(run.get("costs", {}))
    found |= dict(run.get("options", {}))
    return found | {name: run.get(name) for name in ("risk", "code_hash", "data_hash", "engine_version")}


def _done(home: Home, task_id: int) -> Task:
    task = tasks.get(home, task_id)
    if task.kind != "backtest":
        raise TaskError(f"task {task_id} is a {task.kind}, not a backtest", hint="See: quantstrip task list")
    if task.state != "done":
        raise TaskError(
            f"backtest {task_id} is {task.state}: it has no result{f'. {task.error}' if task.error else ''}",
            hint=f"See: quantstrip task show {task_id}",
        )
    return task


def _file(home: Home, task_id: int, name: str) -> Path:
    path = home.tasks / str(task_id) / name
    if not path.is_file():
        raise TaskError(
            f"the file {name} of task {task_id} is gone", hint=f"Run it once more: quantstrip task repeat {task_id}"
        )
    return path


@contextmanager
def _read(home: Home, task_id: int, table: str) -> Iterator[Iterator[list[str]]]:
    with _file(home, task_id, f"{table}.csv").open(encoding="utf-8", newline="") as file:
        found = csv.reader(file)
        next(found, None)
        yield found


def _typed(table: str, row: list[str]) -> tuple[Any, ...]:
    columns = outcomes.TABLES[table]
    return tuple(
        (float(cell) if cell else None) if name in _NUMBERS else cell for name, cell in zip(columns, row, strict=True)
    )


@lru_cache(maxsize=8)
def _outcome(path: Path, changed: int, task_id: int) -> Outcome:  # noqa: ARG001 - a file that changed is another one
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        with np.load(path.with_name(outcomes.CURVE)) as curve:
            ts, equity, drawdown = (curve[name] for name in ("ts", "equity", "drawdown"))
    except (OSError, ValueError, KeyError) as error:
        raise TaskError(
            f"the files of backtest {task_id} cannot be read: {error}",
            hint=f"Run it once more: quantstrip task repeat {task_id}",
        ) from error
    return Outcome(
        task_id, found["run"], found["metrics"], found["equity_final"], found["counts"], found["rules"],
        found["open"], tuple(Year(year, tuple(months), total) for year, months, total in found["years"]),
        {symbol: each["bars"] for symbol, each in found["candles"].items()}, ts, equity, drawdown,
        found.get("charges", {}),
    )  # fmt: skip
