"""Names that must not repeat: of messages, and of processes that have taken work."""

import os
import uuid
from functools import cache
from pathlib import Path

import psutil

_DOMAIN = "quantstrip.local"  # the machine's own name is nobody's business
_PROC = Path("/proc")


def message_id() -> str:
    """A fresh Message-ID; the outbox keeps it for every attempt (RFC 5322, 3.6.4)."""
    return f"<{uuid.uuid4().hex}@{_DOMAIN}>"


def sender_of(pid: int | None = None) -> str:
    """Names a process, this one unless given, so that others can tell whether it lives: ids of processes come back.

    Raises:
        ProcessLookupError: no such process.

    """
    number = os.getpid() if pid is None else pid
    began = _began(number)
    if not began:
        raise ProcessLookupError(f"no process {number} lives")
    return f"{number}:{began}"


def lives(sender: str) -> bool:
    """True while the process that ``sender`` names runs."""
    pid, _, began = sender.partition(":")
    return pid.isdigit() and bool(began) and _began(int(pid)) == began


def _began(pid: int) -> str:
    """When a process was started; "" where there is none, or it waits as a zombie for its parent.

    Linux counts from the start of the machine, which stays the same when the clock is set; the time of day that psutil
    makes of it would not.
    """
    if not _boot():
        try:
            process = psutil.Process(pid)
            return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
        except psutil.NoSuchProcess:
            return ""
    try:
        # proc_pid_stat(5): after the name, which may hold anything, come the state (3) ... and the start (22).
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{fields[19]}.{_boot()}"


@cache
def _boot() -> str:
    """Names this run of the machine; "" where the system does not say."""
    try:
        return (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        return ""
