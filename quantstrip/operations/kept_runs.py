"""Kept runs as a page shows them: with the figures, the curve and the tables that a backtest's task has."""

from typing import Any

import numpy as np

from quantstrip.errors import RunError
from quantstrip.home import Home
from quantstrip.operations import outcomes, runs, tasks
from quantstrip.operations.backtests import Outcome

_LOOKED_AT = 200
"""Newest tasks among which the one that kept a run is looked for."""


def outcome(home: Home, run_id: str) -> Outcome:
    """What a kept run left; without candles, for its bars are kept by their hash.

    Raises:
        RunError: there is no such run, or its files are gone or unreadable.

    """
    whole = runs.load_result(home, run_id)
    path = runs.find(home, run_id) / runs.CURVE
    try:
        with np.load(path) as found:
            ts, value = found["ts"], found["equity"]
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path} cannot be read: {error}", hint="Run the backtest once more.") from error
    cash = float(whole["run"]["cash"])
    thin = outcomes.thin_curve(ts, value, cash)
    return Outcome(
        0, whole["run"], whole["metrics"], whole["equity_final"],
        {name: len(whole[name]) for name in outcomes.TABLES},
        outcomes.counted(row["rule"] for row in whole["rejected"]), (), outcomes.monthly_returns(ts, value, cash), {},
        thin["ts"], thin["equity"], thin["drawdown"], outcomes.charged(whole.get("charges", ())),
    )  # fmt: skip


def rows(home: Home, run_id: str, table: str, skip: int = 0, limit: int = 500) -> list[tuple[Any, ...]]:
    """Some rows of one of ``outcomes.TABLES``; errors as of ``outcome``."""
    found = runs.load_result(home, run_id)[table][skip : skip + limit]
    return [tuple(row[name] for name in outcomes.TABLES[table]) for row in found]


def text(home: Home, run_id: str) -> bytes:
    """The canonical text of the result; errors as of ``outcome``."""
    return (runs.find(home, run_id) / runs.RESULT).read_bytes()


def asked(stored: runs.StoredRun) -> dict[str, Any]:
    """The arguments that a task would be asked for the same again, with its file or repository as it is now."""
    given = dict(stored.pins["arguments"])
    same = {**given, "parameters": {**given.get("parameters", {}), **stored.pins["parameters"]}}
    if not stored.git:
        return {**same, "file": stored.file}
    return {**same, "git": stored.git["url"], "commit": stored.git["commit"], "path": stored.git["path"]}


def task_of(home: Home, run_id: str) -> int | None:
    """The newest backtest that kept a run, which has its prices too; None where the command line ran it."""
    known = tasks.list_tasks(home, limit=_LOOKED_AT)
    return next((task.task_id for task in known if (task.result or {}).get("run_id") == run_id
                 and task.kind == "backtest"), None)  # fmt: skip
