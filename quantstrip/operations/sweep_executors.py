"""Where the points of a sweep run: processes that have read the bars once, a Dask cluster, or an executor of yours.

Processes end with the one that started them, however that ends, and share what memory it may use.
"""

import gc
import hashlib
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantstrip import overlay
from quantstrip.errors import TaskError
from quantstrip.home import Home

if TYPE_CHECKING:
    from quantstrip.operations.research import Setup
    from quantstrip.operations.sweep_pool import Done, Job

LOCAL: Final = "local"
"""What stands for a Dask cluster of this machine."""
_CONNECT_SECONDS: Final = 10.0
_KEPT_BARS: Final = 400_000
"""Bars that a process keeps for its next point: 100 MB."""
_YOUNG: Final = 50_000
"""New objects between two looks of the garbage collector, which took a sixth of a run's time."""


class Crew(NamedTuple):
    """Workers: how a point is handed to them, how many there are, and what tells that one was lost."""

    submit: "Callable[[Job, bool], Future[Done]]"
    size: int
    lost: tuple[type[Exception], ...] = ()


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def opened(
    home: Home, setup: "Setup", workers: int, total: int, dask: str, executor: Executor | None
) -> Iterator[Crew]:
    """The workers of a sweep; gone when it is over, but for an executor that was given."""
    count = max(1, min(workers or processors(), total))
    if executor is not None:
        yield _on(executor, _text(home, setup), count)
    elif dask:
        with _cluster(dask, count) as client:
            text = _text(home, setup)
            carried = client.scatter(text, broadcast=True)
            count = max(1, sum(client.ncores().values()))
            yield _on(client.get_executor(), carried, count, _key(text))
    else:
        with _processes(home, setup, count) as crew:
            yield crew


def _on(executor: Executor, text: Any, count: int, key: str = "") -> Crew:
    """Workers that have nothing yet: each unpacks the setup with the first point it gets."""
    wanted = key or _key(text)
    return Crew(lambda job, compiled: executor.submit(_carried, wanted, text, job, compiled), count, (Exception,))


@contextmanager
def _processes(home: Home, setup: "Setup", count: int) -> Iterator[Crew]:
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), initializer=_begin,
        initargs=(str(home.root), setup, os.getpid(), _share(count)),
    )  # fmt: skip
    try:
        yield Crew(lambda job, compiled: pool.submit(_point, job, compiled), count)
    finally:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()  # at the end none has anything left to do
        pool.shutdown(cancel_futures=True)


@contextmanager
def _cluster(address: str, count: int) -> Iterator[Any]:
    """A client of a Dask cluster: this machine's own, or the one at an address.

    Raises:
        TaskError: Dask is not installed, or nothing answers there.

    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise TaskError(
            "a Dask cluster needs the package distributed, which is not installed",
            hint='Install it: pip install "quantstrip[dask]".',
        ) from error
    own = None
    if address == LOCAL:
        own = distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=40
        )
    try:
        try:
            client = distributed.Client(own or address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise TaskError(
                f"no Dask scheduler answers at {address}: {error}",
                hint="Give its address as tcp://host:8786, or local for a cluster of this machine.",
            ) from error
        with client:
            yield client
    finally:
        if own is not None:
            own.close()


_setup: "Setup | None" = None
"""What this process runs; set once, when it begins."""
_unpacked: "dict[str, Setup]" = {}
"""What workers of an executor were handed last, by its hash."""


def _begin(home: str, setup: "Setup", parent: int, memory: int) -> None:
    global _setup
    from quantstrip.feeds.timeline import keep_slices
    from quantstrip.supervise.tether import tether

    tether(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C of a terminal is the parent's affair
    if memory and sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    overlay.use(Home(Path(home)), overlay.client_of(Home(Path(home)), setup.file))
    _setup = setup
    keep_slices(_KEPT_BARS)
    gc.freeze()  # what is there stays: a run makes little that only the collector frees, so that it may look rarely
    gc.set_threshold(_YOUNG, 20, 1000)


def _point(job: "Job", compiled: bool) -> "Done":
    from quantstrip.operations.sweep_pool import point

    assert _setup is not None  # noqa: S101 - _begin ran
    return point(_setup, job, compiled)


def _carried(key: str, text: bytes, job: "Job", compiled: bool) -> "Done":
    """A point in a worker that may not have the setup yet."""
    from quantstrip.operations.sweep_pool import point

    setup = _unpacked.get(key)
    if setup is None:
        root, setup = pickle.loads(text)  # noqa: S301 - the sweep's own, sent by the process that made it
        home = Home(Path(root))
        if home.root.is_dir():  # on another machine there is none: what is imported must be installed there
            overlay.use(home, overlay.client_of(home, setup.file))
        _unpacked.clear()
        _unpacked[key] = setup
    return point(setup, job, compiled)


def _text(home: Home, setup: "Setup") -> bytes:
    return pickle.dumps((str(home.root), setup))


def _key(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _share(count: int) -> int:
    """Bytes that each of ``count`` processes may take of what this one may; 0 for no limit."""
    if sys.platform == "win32":
        return 0
    import resource

    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit // count
