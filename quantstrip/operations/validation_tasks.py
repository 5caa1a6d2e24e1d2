"""The checks of ``validation`` as tasks of the worker: what each was asked, and what came of it.

A task's result is what fits on a line or two; all that was found lies in its folder, as ``found.json``.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quantstrip.errors import TaskError
from quantstrip.home import Home
from quantstrip.operations.backtest_arguments import BacktestArguments
from quantstrip.operations.validation_arguments import (
    CheckedArguments,
    LookAheadArguments,
    ParityArguments,
    PineArguments,
    ShuffleArguments,
    StrategyArguments,
    WalkArguments,
)

if TYPE_CHECKING:
    from quantstrip.backtest.parity import Deal, Parity
    from quantstrip.operations.task_progress import Progress
    from quantstrip.operations.tasks import Task

LOOKAHEAD, STARTUP, WALK = "validate_lookahead", "validate_startup", "validate_walk_forward"
MONTE_CARLO, PARITY, PINE, STRATEGY = "validate_monte_carlo", "validate_parity", "validate_pine", "validate_strategy"
KINDS: Final = (LOOKAHEAD, STARTUP, WALK, MONTE_CARLO, PARITY, PINE, STRATEGY)
FOUND: Final = "found.json"
MISMATCHES: Final = "mismatches.csv"
MOST_TASKS: Final = 500
_MOST_POINTS: Final = 2_000
_DEAL: Final = ("time", "side", "quantity", "price")
_RUN: Final = frozenset(each.name for each in fields(BacktestArguments)) - {"file", "untrusted"}


@dataclass(frozen=True, slots=True)
class Check:
    """A check with its task, and all that it found; {} until it is done."""

    task: "Task"
    found: Mapping[str, Any]


def lookahead(home: Home, arguments: LookAheadArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Cut the history short; a ``task_kinds.Work``, as the others here. Errors as of ``validation``."""
    from quantstrip.operations import validation

    found = validation.check_future(
        home, Path(arguments.file), every=arguments.every, seed=arguments.seed,
        on_progress=_tell(progress, "cutting the history"), **_asked(arguments),
    )  # fmt: skip
    return _kept(folder, {
        "clean": found.clean, "cuts": found.cuts, "failed": found.failed, "failure": found.failure,
    }, differences=[each._asdict() for each in found.differences])  # fmt: skip


def start_up(home: Home, arguments: CheckedArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Trade after warm-ups of several lengths."""
    from quantstrip.backtest.startup import enough
    from quantstrip.operations import validation

    found = validation.check_startup(
        home, Path(arguments.file), on_progress=_tell(progress, "warming up"), **_asked(arguments)
    )
    return _kept(folder, {"enough": enough(found)}, warmups=[each._asdict() for each in found])


def walk_forward(home: Home, arguments: WalkArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Choose on the past, judge on what came after."""
    from quantstrip.operations import validation

    found = validation.go_forward(
        home, Path(arguments.file), arguments.grid, train=arguments.train, test=arguments.test,
        anchored=arguments.anchored, metric=arguments.metric, on_progress=_tell(progress, "choosing and judging"),
        **_asked(arguments),
    )  # fmt: skip
    every = -(-len(found.ts) // _MOST_POINTS)
    last = len(found.ts) - 1
    rows = sorted({*range(0, len(found.ts), every), last}) if last >= 0 else []
    return _kept(
        folder,
        {"metric": found.metric, "anchored": found.anchored, "tries": found.tries, "efficiency": found.efficiency,
         "windows": len(found.steps), "equity_final": float(found.equity[-1]) if len(found.equity) else None},
        steps=[asdict(step) for step in found.steps],
        curve=[[int(found.ts[row]), float(found.equity[row])] for row in rows],
    )  # fmt: skip


def monte_carlo(home: Home, arguments: ShuffleArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Shuffle the trades of a kept run."""
    from quantstrip.backtest.montecarlo import LEVELS
    from quantstrip.operations import runs, validation

    found = validation.shuffle(
        home, arguments.run_id, tries=arguments.tries, seed=arguments.seed, replace_trades=arguments.replace,
        on_progress=_tell(progress, "shuffling"),
    )  # fmt: skip
    name = str(runs.get(home, arguments.run_id).run["strategy"])
    return _kept(folder, {"strategy": name, **asdict(found)}, levels=LEVELS)


def parity(home: Home, arguments: ParityArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Compare a backtest with another file's, or with fills in the ledger."""
    from quantstrip.model import Mode
    from quantstrip.operations import validation

    found = validation.compare(
        home, Path(arguments.file), other=Path(arguments.other) if arguments.other else None,
        mode=Mode(arguments.mode) if arguments.mode else None, strategy=arguments.strategy,
        price_tolerance=arguments.price_tolerance, on_progress=_tell(progress, "running"), **_asked(arguments),
    )  # fmt: skip
    return _kept_parity(folder, {}, found)


def pine(home: Home, arguments: PineArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Compare a backtest with the trades that TradingView exported; their list is kept with what came of it."""
    from quantstrip.operations import uploads, validation

    listed = Path(arguments.trades)
    text = listed.read_bytes()
    costs = {"fee_rate": arguments.fee_rate or 0.0, "slippage_bps": arguments.slippage_bps or 0.0}
    found = validation.compare_pine(
        home, Path(arguments.file), listed, zone=arguments.zone, tick=arguments.tick,
        quantities=arguments.quantities, on_progress=_tell(progress, "running"), **{**_asked(arguments), **costs},
    )  # fmt: skip
    (folder / "trades.csv").write_bytes(text)
    uploads.drop(home, listed)
    told = {"strategy": found.name, "symbol": found.symbol, "outside": found.outside, "unknown": len(found.unknown)}
    return _kept_parity(folder, told, found.parity, moments=list(found.unknown))


def strategy(home: Home, arguments: StrategyArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Judge a strategy's file by its text, then construct it where it reaches nothing."""
    from quantstrip.operations import strategy_check

    progress.report(0.0, "judging its text")
    found = strategy_check.check(arguments.file)
    told = found.to_dict()
    findings = told.pop("findings")
    return _kept(folder, told | {"count": len(findings)}, findings=findings)


def load(home: Home, task_id: int) -> Check:
    """A check, and what it found.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is another kind of task, or its files are gone.

    """
    from quantstrip.operations import tasks

    task = tasks.get(home, task_id)
    if task.kind not in KINDS:
        raise TaskError(f"task {task_id} is no check, but a {task.kind}", hint="Choose one from the list of checks.")
    if task.state != "done":
        return Check(task, {})
    try:
        found = json.loads((home.tasks / str(task_id) / FOUND).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TaskError(f"what task {task_id} found is not there any more: {error}", hint="Check once more.") from error
    return Check(task, found)


def known(home: Home) -> "list[Task]":
    """The checks that were asked for, newest first."""
    from quantstrip.operations import tasks

    return [task for task in tasks.list_tasks(home, limit=MOST_TASKS) if task.kind in KINDS]


def mismatches(home: Home, task_id: int) -> bytes:
    """Every mismatch of a comparison as CSV.

    Raises:
        TaskError: it has none, or its files are gone.

    """
    try:
        return (home.tasks / str(task_id) / MISMATCHES).read_bytes()
    except OSError as error:
        raise TaskError(f"task {task_id} has no list of mismatches: {error}", hint="Compare once more.") from error


def _asked(arguments: BacktestArguments) -> dict[str, Any]:
    """Arguments of ``research.backtest``."""
    return {name: getattr(arguments, name) for name in _RUN}


def _tell(progress: "Progress", words: str) -> Callable[[float], None]:
    progress.report(0.0, "loading the strategy and its bars")
    return lambda share: progress.report(0.98 * share, words)


def _kept(folder: Path, told: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write all that was found, and give what a list shows of it."""
    (folder / FOUND).write_text(json.dumps(told | more, default=str), encoding="utf-8")
    return {"path": str(folder / FOUND), **told}


def _kept_parity(folder: Path, told: dict[str, Any], found: "Parity", **more: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"kind": each.kind, "symbol": (each.ours or each.theirs).symbol, "cause": each.cause,  # type: ignore[union-attr]
         "ours": _deal(each.ours), "theirs": _deal(each.theirs)}
        for each in found.mismatches
    ]  # fmt: skip
    with (folder / MISMATCHES).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["kind", "symbol", *(f"our {name}" for name in _DEAL), *(f"their {name}" for name in _DEAL),
                        "cause"])  # fmt: skip
        for row in rows:
            table.writerow([row["kind"], row["symbol"], *_cells(row["ours"]), *_cells(row["theirs"]), row["cause"]])
    told = told | {
        "matched": found.matched, "ours": found.ours, "theirs": found.theirs, "percent": found.percent,
        "mismatches": len(rows),
    }  # fmt: skip
    if found.signals is not None:
        told["signals"] = {"matched": found.signals.matched, "percent": found.signals.percent}
    return _kept(folder, told, causes=found.causes(), rows=rows, **more)


def _deal(deal: "Deal | None") -> dict[str, Any] | None:
    from quantstrip.clock import to_text

    if deal is None:
        return None
    return {
        "time": to_text(deal.ts).partition(".")[0],
        "side": deal.side,
        "quantity": deal.quantity,
        "price": deal.price,
    }


def _cells(deal: Mapping[str, Any] | None) -> Sequence[Any]:
    return [deal[name] for name in _DEAL] if deal else [""] * len(_DEAL)
