"""The task ``sweep_estimate``: how long a sweep would take, told before it begins by a few of its points."""

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any, Final

from quantstrip.home import Home
from quantstrip.operations.backtest_arguments import SweepArguments
from quantstrip.operations.task_progress import Progress

KIND: Final = "sweep_estimate"
_TRIED: Final = 3
"""Points that are run; the quickest counts: the first one compiles, and reads the bars."""


def work(home: Home, arguments: SweepArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001
    """Run the first points one after the other, in the way the sweep would; a ``task_kinds.Work``. Nothing is kept.

    Returns the number of points, seconds of one, how many would run at once, seconds of all, whether that is more
    than the sweep may take, and in which way it would run.

    Raises:
        TaskError, StrategyLoadError, DataError: as the sweep would.

    """
    from quantstrip.operations import sweep_executors, sweep_kernel, sweeps
    from quantstrip.operations.grids import check_grid, numbered

    total = check_grid(arguments.grid, arguments.random)
    few = min(_TRIED, total)
    here = replace(arguments, dask="", workers=1)  # of a cluster nothing is asked yet
    progress.report(0.0, "loading the strategy and its bars")
    begin = time.monotonic()
    ready = sweeps.prepared(home, here, progress)
    strategy, refusal = sweeps.way_of(ready, here)
    loaded = time.monotonic() - begin
    drawn = islice(numbered(arguments.grid, arguments.random, arguments.seed), few)
    jobs = ((number, {**arguments.parameters, **point}) for number, point in drawn)
    tried = list(sweeps.run_points(home, ready, strategy, refusal, jobs, few, here, progress, inf))
    each = min((one.seconds for one in tried if one.seconds), default=0.0)
    at_once = max(1, min(arguments.workers or sweep_executors.processors(), total))
    whole, limit = loaded + each * total / at_once, arguments.limit_minutes * 60.0
    return {
        "points": total, "tried": few, "refused": sum(one.state != "done" for one in tried),
        "why": next((one.error for one in tried if one.error), ""), "seconds_each": each, "at_once": at_once,
        "seconds": round(whole, 3), "limit": limit, "over": whole > limit,
        "way": f"bar by bar: {refusal}" if refusal else sweep_kernel.way(),
    }  # fmt: skip
