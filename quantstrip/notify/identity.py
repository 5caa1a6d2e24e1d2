"""Names that must not repeat: of messages, and of who is sending."""

import os
import uuid

import psutil

_DOMAIN = "quantstrip.local"  # the machine's own name is nobody's business


def message_id() -> str:
    """A fresh Message-ID; the outbox keeps it for every attempt (RFC 5322, 3.6.4)."""
    return f"<{uuid.uuid4().hex}@{_DOMAIN}>"


def sender_of(process: psutil.Process | None = None) -> str:
    """Names a process, this one unless given, so that others can tell whether it lives: ids of processes come back."""
    here = process or psutil.Process(os.getpid())
    return f"{here.pid}:{here.create_time():.3f}"


def lives(sender: str) -> bool:
    """True while the process that ``sender`` names runs."""
    pid, _, started = sender.partition(":")
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and f"{process.create_time():.3f}" == started
    except (psutil.NoSuchProcess, ValueError):
        return False
