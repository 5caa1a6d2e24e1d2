"""Never two copies, never an orphan: a lock for each client, and a tie to the parent process."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import ClientBusy
from quantstrip.home import Home, private_folder
from quantstrip.locks import take_lock

_PR_SET_PDEATHSIG = 1
_POLL = 0.05


def die_with_parent() -> None:
    """Have the kernel send SIGTERM when the parent dies (Linux; elsewhere the heartbeat's check does it alone)."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def is_orphan(home: Home) -> bool:
    """True when the supervisor that started this process died before ``die_with_parent`` could tie us to it."""
    if "SUPERVISOR_ENABLED" not in os.environ:
        return False
    try:
        supervisor = int((home.run / "supervisord.pid").read_text())
    except (OSError, ValueError):
        return False  # no supervisor of ours: a foreign one may run clients too
    return supervisor != os.getppid()


def end_helpers(seconds: float = 1.0) -> None:
    """Ask the processes that this one started to end, and give them ``seconds`` for it; the warden kills what is left.

    They are those of its process group, which is its own under a supervisor; one that was started in a session of its
    own goes on. SIGTERM comes to the caller too, which must ignore it.
    """
    if "SUPERVISOR_ENABLED" not in os.environ or os.getpgrp() != os.getpid():
        return  # in a terminal the group belongs to the shell
    import psutil  # here, since no client needs it before

    helpers = [child for child in psutil.Process().children(recursive=True) if _group_of(child.pid) == os.getpid()]
    if helpers:
        os.killpg(os.getpid(), signal.SIGTERM)
        psutil.wait_procs(helpers, timeout=seconds)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def lock_path(home: Home, name: str) -> Path:
    """The lock file of a client."""
    return home.locks / f"client-{name}.lock"


@contextlib.contextmanager
def client_lock(home: Home, name: str, *, wait: float = 0.0, clock: Clock = system_clock) -> Iterator[Path]:
    """Hold the client's lock within the block; the kernel lets go of it however the process dies.

    Another copy that is about to end is waited for, ``wait`` seconds at most.

    Raises:
        ClientBusy: another process holds it.

    """
    path = lock_path(home, name)
    private_folder(path.parent)
    deadline = clock.monotonic() + wait
    while (handle := take_lock(path)) is None:
        if clock.monotonic() >= deadline:
            raise ClientBusy(
                f"client {name} runs already ({_holder(path)})",
                hint=f"Stop it first: quantstrip stop {name}",
            )
        clock.wait(_POLL)
    hold(handle)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield path
    finally:
        path.unlink(missing_ok=True)
        _held.discard(handle)
        os.close(handle)


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError):
        pid = path.read_text().strip()
        return f"process {pid}" if pid else "its process is starting"
    return "its process is ending"


def hold(handle: int) -> None:
    """Keep a lock to this process: one that it forks lets go of it."""
    _held.add(handle)


def _let_go() -> None:
    """A process that a job forks would keep the lock alive after us."""
    while _held:
        os.close(_held.pop())


_held: set[int] = set()
os.register_at_fork(after_in_child=_let_go)
