"""The processes of a sweep: a few that have read the bars once, each doing one point after the other.

They end with the process that started them, however that ends, and share what memory it may use.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from quantstrip import overlay
from quantstrip.errors import QuantstripError, StrategyLoadError, TaskError
from quantstrip.home import Home
from quantstrip.operations.task_progress import Progress

if TYPE_CHECKING:
    from quantstrip.operations.research import Setup

_LOOK_SECONDS: Final = 0.2
_AHEAD: Final = 2
"""Points that wait for each process, so that none is idle; the rest is not even listed yet."""
Job = tuple[int, Mapping[str, Any]]


class Done(NamedTuple):
    """A point that is over; ``run`` describes what was run, {} where nothing was."""

    number: int
    state: Literal["done", "refused", "failed"]
    parameters: Mapping[str, Any]
    figures: Mapping[str, float | None]
    error: str
    run: Mapping[str, Any]


def run(
    home: Home, setup: "Setup", jobs: Iterator[Job], total: int, workers: int, progress: Progress
) -> Iterator[Done]:
    """Every point as it is done, in whatever order.

    Raises:
        TaskCancelled: the task is to end; all processes are gone then.
        TaskError: one of the processes died.

    """
    count = max(1, min(workers or processors(), total))
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), initializer=_begin,
        initargs=(str(home.root), setup, os.getpid(), _share(count)),
    )  # fmt: skip
    waiting: set[Future[Done]] = set()
    over = 0
    try:
        waiting |= {pool.submit(_point, job) for job in islice(jobs, count * _AHEAD)}
        while waiting:
            progress.report(0.02 + 0.96 * over / total, f"{over:,} of {total:,} points, {count} at once")
            ended, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
            for future in sorted(ended, key=lambda each: each.exception() is not None):  # what is done is kept first
                found = future.result()
                over += 1
                yield found
            waiting |= {pool.submit(_point, job) for job in islice(jobs, len(ended))}
    except BrokenProcessPool as error:
        raise TaskError(
            f"a process of the sweep died after {over:,} of {total:,} points; those that are done are kept",
            hint="It may have needed more memory than there is: take fewer symbols or workers, and repeat it.",
        ) from error
    finally:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()  # at the end none has anything left to do
        pool.shutdown(cancel_futures=True)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


_setup: "Setup | None" = None
"""What this process runs; set once, when it begins."""


def _begin(home: str, setup: "Setup", parent: int, memory: int) -> None:
    global _setup
    from pathlib import Path

    from quantstrip.supervise.tether import tether

    tether(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C of a terminal is the parent's affair
    if memory and sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    overlay.use(Home(Path(home)))
    _setup = setup


def _point(job: Job) -> Done:
    assert _setup is not None  # noqa: S101 - _begin ran
    number, parameters = job
    try:
        result = _setup.run(parameters)
    except StrategyLoadError as error:
        return Done(number, "refused", parameters, {}, _first(error), {})
    except MemoryError:
        return Done(number, "failed", parameters, {}, "it needs more memory than it may use", {})
    except QuantstripError as error:
        return Done(number, "failed", parameters, {}, _first(error), {})
    figures = {
        **result.metrics._asdict(), "equity_final": result.equity_final, "fills": len(result.fills),
        "rejected": len(result.rejected),
    }  # fmt: skip
    return Done(number, "done", parameters, figures, "", result.run)


def _first(error: QuantstripError) -> str:
    return error.message.replace("\n", " ")


def _share(count: int) -> int:
    """Bytes that each of ``count`` processes may take of what this one may; 0 for no limit."""
    if sys.platform == "win32":
        return 0
    import resource

    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit // count
