"""The points of a sweep in compiled code: for strategies that decide over whole columns."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Final

from quantstrip.errors import QuantstripError
from quantstrip.operations.sweep_executors import processors
from quantstrip.operations.sweep_pool import Done, Job, Pace, raised
from quantstrip.operations.task_progress import Progress
from quantstrip.strategy.patience import file_of, patience

if TYPE_CHECKING:
    from quantstrip.backtest.vectorized import Kernel, KernelRun
    from quantstrip.dialects.vectorized import VectorizedRunner
    from quantstrip.operations.research import Setup
    from quantstrip.strategy import StrategyBase

_LOOK_SECONDS: Final = 0.2
_PIECE_SECONDS: Final = 0.03
"""What a thread does at a time: long enough that handing it over costs nothing, short enough to be cancelled soon."""
_MOST: Final = 256
_PLAIN: Final = 'as plain Python: numba is not installed (pip install "quantstrip[research]")'
_kernel: "tuple[Setup, Kernel] | None" = None
"""What this process has put together last, for points that come one by one."""


def refusal(setup: "Setup", strategy: "StrategyBase") -> str:
    """Why a sweep cannot be run in compiled code and is run bar by bar; "" where it can."""
    if not setup.form.whole_history:  # most: the kernel and numba need not even be imported
        return f"the form {setup.form.name} is run bar by bar"
    from quantstrip.backtest.vectorized import unfit

    return unfit(
        strategy, list(setup.tables.values()), setup.costs, setup.profile, setup.options, setup.instruments,
        setup.virtual_legs,
    )  # fmt: skip


def way(by_bar: int = 0) -> str:
    """How the kernel runs here, and how many points it left to the engine."""
    from quantstrip.backtest.vectorized import AVAILABLE

    told_of = "compiled" if AVAILABLE else _PLAIN
    if not by_bar:
        return told_of
    return f"{told_of}; {by_bar:,} point{'' if by_bar == 1 else 's'} bar by bar, where an entry adds to a position"


def run(
    setup: "Setup", strategy: "VectorizedRunner", jobs: Iterator[Job], total: int, workers: int, progress: Progress,
    limit: float = inf,
) -> Iterator[Done]:  # fmt: skip
    """Every point as it is done; threads share one copy of the bars and of every indicator.

    Args:
        workers: threads; 0 for as many as there are processors.
        limit: seconds that all of them may take, judged by the first.

    Raises:
        TaskCancelled: the task is to end.
        TaskError: it would take too long.

    """
    kernel = _made(setup)
    count = max(1, min(workers or processors(), total))
    pace = Pace(progress, total, limit)
    slowest = 0.0
    with kernel.shared(strategy.inner), ThreadPoolExecutor(count) as pool:
        for found in _points(kernel, strategy, list(islice(jobs, 2))):  # the first one compiles, or reads its code
            yield found
            pace.over += 1
            slowest = found.seconds or slowest
        pace.over -= 1
        pace.done(slowest, count)
        piece = max(1, min(_MOST, int(_PIECE_SECONDS / max(slowest, 1e-6)), total // (8 * count)))
        waiting: set[Future[list[Done]]] = set()
        try:
            while True:
                while len(waiting) < 2 * count and (part := list(islice(jobs, piece))):
                    waiting.add(pool.submit(_points, kernel, strategy, part))
                if not waiting:
                    return
                pace.tell(count)
                ended, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
                for future in ended:
                    for found in future.result():
                        yield found
                        pace.over += 1
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def alone(setup: "Setup", job: Job) -> Done | None:
    """One point in a process of a pool; None where the engine has to run it: an entry would add to a position.

    Dataframe scripts run so, one process beside the other: what they compute holds the interpreter's lock.
    """
    from quantstrip.dialects.dataframe import DataframeStrategy
    from quantstrip.dialects.vectorized import VectorizedRunner

    global _kernel
    if _kernel is None or _kernel[0] is not setup:
        _kernel = (setup, _made(setup))
    kernel = _kernel[1]

    def run_it() -> "KernelRun | None":
        strategy = setup.strategy(job[1])
        if isinstance(strategy, DataframeStrategy):
            return kernel.run_script(strategy)
        assert isinstance(strategy, VectorizedRunner)  # noqa: S101 - ``refusal`` has seen to it
        return kernel.run(strategy)

    with patience(setup.file, setup.patience):
        return _done(job, run_it)


def _made(setup: "Setup") -> "Kernel":
    from quantstrip.backtest.vectorized import Kernel

    return Kernel(
        list(setup.tables.values()), setup.instruments, cash=setup.cash, costs=setup.costs, risk=setup.profile,
        quantity=setup.quantity, warmup=setup.warmup,
    )  # fmt: skip


def _points(kernel: "Kernel", strategy: "VectorizedRunner", jobs: Sequence[Job]) -> list[Done]:
    with patience(file_of(strategy.inner)):
        return [_point(kernel, strategy, job) for job in jobs]


def _point(kernel: "Kernel", strategy: "VectorizedRunner", job: Job) -> Done:
    found = _done(job, lambda: kernel.run(strategy.retuned(job[1])))
    assert found is not None  # noqa: S101 - such a run always ends
    return found


def _done(job: Job, run_it: "Callable[[], KernelRun | None]") -> Done | None:
    number, parameters = job
    begin = time.perf_counter()
    try:
        found = run_it()
    except (QuantstripError, MemoryError) as error:
        return raised(job, error)
    if found is None:
        return None
    figures = {
        **found.metrics._asdict(), "equity_final": found.equity_final, "fills": found.fills,
        "rejected": found.rejected,
    }  # fmt: skip
    return Done(number, "done", parameters, figures, "", {}, time.perf_counter() - begin, by_bar=False)
