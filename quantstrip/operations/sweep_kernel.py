"""The points of a sweep in compiled code: for strategies that decide over whole columns."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Final

from quantstrip.errors import QuantstripError, StrategyLoadError
from quantstrip.operations.sweep_executors import processors
from quantstrip.operations.sweep_pool import Done, Job, Pace, told
from quantstrip.operations.task_progress import Progress

if TYPE_CHECKING:
    from quantstrip.backtest.vectorized import Kernel
    from quantstrip.dialects.vectorized import VectorizedRunner
    from quantstrip.operations.research import Setup
    from quantstrip.strategy import StrategyBase

_LOOK_SECONDS: Final = 0.2
_PIECE_SECONDS: Final = 0.03
"""What a thread does at a time: long enough that handing it over costs nothing, short enough to be cancelled soon."""
_MOST: Final = 256


def refusal(setup: "Setup", strategy: "StrategyBase") -> str:
    """Why a sweep cannot be run in compiled code and is run bar by bar; "" where it can."""
    from quantstrip.dialects.vectorized import VectorizedRunner

    if not isinstance(strategy, VectorizedRunner):  # most: the kernel and numba need not even be imported
        return f"the form {setup.form.name} is run bar by bar"
    from quantstrip.backtest.vectorized import unfit

    return unfit(
        strategy, list(setup.tables.values()), setup.costs, setup.profile, setup.options, setup.instruments,
        setup.virtual_legs,
    )  # fmt: skip


def way() -> str:
    """How the kernel runs here."""
    from quantstrip.backtest.vectorized import AVAILABLE

    return "compiled" if AVAILABLE else 'as plain Python: numba is not installed (pip install "quantstrip[research]")'


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
    from quantstrip.backtest.vectorized import Kernel

    kernel = Kernel(
        list(setup.tables.values()), setup.instruments, cash=setup.cash, costs=setup.costs, risk=setup.profile,
        quantity=setup.quantity, warmup=setup.warmup,
    )  # fmt: skip
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


def _points(kernel: "Kernel", strategy: "VectorizedRunner", jobs: Sequence[Job]) -> list[Done]:
    return [_point(kernel, strategy, job) for job in jobs]


def _point(kernel: "Kernel", strategy: "VectorizedRunner", job: Job) -> Done:
    number, parameters = job
    begin = time.perf_counter()
    try:
        found = kernel.run(strategy.retuned(parameters))
    except StrategyLoadError as error:
        return Done(number, "refused", parameters, {}, told(error), {})
    except MemoryError:
        return Done(number, "failed", parameters, {}, "it needs more memory than it may use", {})
    except QuantstripError as error:
        return Done(number, "failed", parameters, {}, told(error), {})
    figures = {
        **found.metrics._asdict(), "equity_final": found.equity_final, "fills": found.fills,
        "rejected": found.rejected,
    }  # fmt: skip
    return Done(number, "done", parameters, figures, "", {}, time.perf_counter() - begin)
