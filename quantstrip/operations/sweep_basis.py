"""What a sweep stands on: its text, its bars and its options. One that is continued must stand on the same."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quantstrip import __version__
from quantstrip.errors import TaskError
from quantstrip.report.files import write_whole

if TYPE_CHECKING:
    from quantstrip.operations.backtest_arguments import SweepArguments
    from quantstrip.operations.research import Setup
    from quantstrip.strategy import StrategyBase

NAME: Final = "basis.json"
_ELSEWHERE: Final = ("file", "workers", "limit_minutes", "dask", "resume", "bar_by_bar")
"""Arguments that change nothing about a point's figures; of the file, its text counts."""
_KEPT: Final = ("strategy", "code_hash", "data_hash", "symbols", "timeframe", "start", "end", "bars", "risk", "costs")


def of(setup: "Setup", arguments: "SweepArguments") -> dict[str, Any]:
    """The basis of a sweep."""
    from quantstrip.feeds import HistoryFeed

    asked = {name: value for name, value in asdict(arguments).items() if name not in _ELSEWHERE}
    return {
        "code_hash": setup.code_hash,
        "data_hash": HistoryFeed(dict(setup.tables)).digest,
        "engine_version": __version__,
        **asked,
    }


def write(folder: Path, basis: Mapping[str, Any]) -> None:
    """Keep it in the sweep's folder."""
    write_whole(folder / NAME, json.dumps(basis, default=str, indent=1).encode())


def check(folder: Path, basis: Mapping[str, Any], task_id: int) -> None:
    """Refuse to continue a sweep that stands on something else.

    Raises:
        TaskError: it does, or what it stands on was not kept; names what differs.

    """
    path = folder / NAME
    if not path.is_file():
        raise TaskError(
            f"sweep {task_id} did not keep what it stands on, so nothing of it can be taken over",
            hint="Run it from the beginning.",
        )
    earlier = json.loads(path.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(basis, default=str))
    differs = [name for name in now if earlier.get(name) != now[name]]
    if differs:
        words = {"code_hash": "the strategy's text", "data_hash": "the bars", "engine_version": "the engine's version"}
        changed = ", ".join(words.get(name, name) for name in differs)
        raise TaskError(
            f"sweep {task_id} cannot be continued: {changed} changed since",
            hint="Its points would not be comparable. Run it from the beginning.",
        )


def run_of(setup: "Setup", strategy: "StrategyBase") -> dict[str, Any]:
    """What all points of a sweep have in common, as the ``run`` of a backtest says it."""
    from quantstrip.backtest.describe import describe
    from quantstrip.feeds import HistoryFeed, trading_begins

    feed = HistoryFeed(dict(setup.tables))
    legs = strategy.virtual_legs if setup.virtual_legs is None else setup.virtual_legs
    told = describe(
        strategy, feed, setup.form, setup.code_hash, cash=setup.cash, risk=setup.profile, costs=setup.costs,
        quantity=setup.quantity, warmup=setup.warmup, begin=trading_begins(feed.tables, setup.warmup),
        virtual_legs=legs, options=setup.options, benchmark=setup.benchmark,
    )  # fmt: skip
    return {name: told[name] for name in _KEPT if name in told}
