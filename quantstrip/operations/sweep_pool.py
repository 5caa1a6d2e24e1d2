"""The points of a sweep, bar by bar, on any executor: a few processes by default, or a Dask cluster.

Each worker has the setup once and does one point after the other.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from quantstrip.errors import QuantstripError, StrategyLoadError, TaskCancelled, TaskError
from quantstrip.home import Home
from quantstrip.operations import sweep_executors

if TYPE_CHECKING:  # a worker needs no ledger: loading one is more than half of its imports
    from quantstrip.operations.research import Setup
    from quantstrip.operations.task_progress import Progress

_LOOK_SECONDS: Final = 0.2
_AHEAD: Final = 2
"""Points that wait for each worker, so that none is idle; the rest is not even listed yet."""
Job = tuple[int, Mapping[str, Any]]
_MINUTE: Final = 60.0


class Done(NamedTuple):
    """A point that is over.

    Attributes:
        run: describes what was run, {} where nothing was.
        seconds: what it took.
        by_bar: did the engine run it?

    """

    number: int
    state: Literal["done", "refused", "failed"]
    parameters: Mapping[str, Any]
    figures: Mapping[str, float | None]
    error: str
    run: Mapping[str, Any]
    seconds: float = 0.0
    by_bar: bool = True


class Pace:
    """How far a sweep is, how long it will take, and whether that is too long.

    Args:
        total: points that are to be run.
        limit: seconds that they may take, by what the first one took.

    """

    def __init__(self, progress: "Progress", total: int, limit: float = inf) -> None:
        self._progress = progress
        self._total = total
        self._limit = limit
        self._checked = False
        self._begin = time.monotonic()
        self.over = 0

    def tell(self, count: int) -> None:
        """Say how far it is; ``count`` points run at once. Raises ``TaskCancelled`` when it is to end."""
        note = f"{self.over:,} of {self._total:,} points, {count} at once"
        if 0 < self.over < self._total:
            left = (time.monotonic() - self._begin) / self.over * (self._total - self.over)
            note += f", about {spelled(left)} left"
        self._progress.report(0.02 + 0.96 * self.over / self._total, note)

    def done(self, seconds: float, count: int) -> None:
        """Count a point that took ``seconds``.

        Raises:
            TaskError: by the first one that ran, all of them would take longer than they may.

        """
        self.over += 1
        if self._checked or not seconds:
            return
        self._checked = True
        estimate = seconds * self._total / count
        if estimate > self._limit:
            raise TaskError(
                f"{self._total:,} points would take about {spelled(estimate)}: the first one took {seconds:.1f} s, "
                f"{count} run at once; the limit is {spelled(self._limit)}",
                hint="Take fewer points (--random 500), more workers, or allow it: --limit MINUTES.",
            )


def spelled(seconds: float) -> str:
    """A duration for people."""
    if seconds < _MINUTE:
        return f"{max(1.0, seconds):.0f} s"
    minutes = seconds / _MINUTE
    return f"{minutes:.0f} min" if minutes < 2 * _MINUTE else f"{minutes / 60.0:.1f} h"


def run(
    home: Home, setup: "Setup", jobs: Iterator[Job], total: int, workers: int, progress: "Progress", *,
    dask: str = "", executor: Executor | None = None, limit: float = inf, compiled: bool = False,
) -> Iterator[Done]:  # fmt: skip
    """Every point as it is done, in whatever order.

    Args:
        workers: how many run at once; 0 for as many as there are processors.
        dask: address of a Dask scheduler, or ``local`` for a cluster of this machine; "" for processes.
        executor: any other executor to run them on; the caller's to shut down.
        limit: seconds that all of them may take, judged by the first.
        compiled: let compiled code run what it can.

    Raises:
        TaskCancelled: the task is to end; all processes are gone then.
        TaskError: one of the workers died, the cluster cannot be reached, or it would take too long.

    """
    pace = Pace(progress, total, limit)
    with sweep_executors.opened(home, setup, workers, total, dask, executor) as crew:
        waiting: set[Future[Done]] = set()
        try:
            waiting |= {crew.submit(job, compiled) for job in islice(jobs, crew.size * _AHEAD)}
            while waiting:
                pace.tell(crew.size)
                ended, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
                for future in sorted(ended, key=lambda each: each.exception() is not None):  # what is done comes first
                    found = future.result()
                    yield found
                    pace.done(found.seconds, crew.size)
                waiting |= {crew.submit(job, compiled) for job in islice(jobs, len(ended))}
        except BrokenProcessPool as error:
            raise TaskError(
                f"a process of the sweep died after {pace.over:,} of {total:,} points; those that are done are kept",
                hint="It may have needed more memory than there is: take fewer symbols or workers, and repeat it.",
            ) from error
        except (QuantstripError, TaskCancelled):
            raise
        except crew.lost as error:
            raise TaskError(
                f"a worker of the sweep was lost after {pace.over:,} of {total:,} points: {type(error).__name__}: "
                f"{error}; those that are done are kept",
                hint="Look at the cluster's own log, then continue it: quantstrip sweep --resume TASK.",
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def point(setup: "Setup", job: Job, compiled: bool = False) -> Done:
    """One point, in whatever worker."""
    if compiled:
        from quantstrip.operations import sweep_kernel

        found = sweep_kernel.alone(setup, job)
        if found is not None:
            return found
    number, parameters = job
    begin = time.perf_counter()
    try:
        result = setup.run(parameters)
    except (QuantstripError, MemoryError) as error:
        return raised(job, error)
    figures = {
        **result.metrics._asdict(), "equity_final": result.equity_final, "fills": len(result.fills),
        "rejected": len(result.rejected),
    }  # fmt: skip
    return Done(number, "done", parameters, figures, "", result.run, time.perf_counter() - begin)


def raised(job: Job, error: QuantstripError | MemoryError) -> Done:
    """What a point is that raised: refused by the strategy, or failed; its words on one line."""
    state: Literal["refused", "failed"] = "refused" if isinstance(error, StrategyLoadError) else "failed"
    words = "it needs more memory than it may use" if isinstance(error, MemoryError) else error.message
    return Done(job[0], state, job[1], {}, words.replace("\n", " "), {})
