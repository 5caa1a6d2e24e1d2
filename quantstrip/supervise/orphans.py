"""Processes that outlived the supervisor that started them."""

from collections.abc import Mapping
from contextlib import suppress

import psutil

from quantstrip.home import Home
from quantstrip.log import logger

_MARK = "SUPERVISOR_SERVER_URL"  # supervisord puts it into the environment of its children, and they into theirs


def find_orphans(home: Home) -> list[psutil.Process]:
    """Every process that descends from a supervisor of ``home``; meant to be asked while none runs.

    This process and its ancestors are never among them: a service may be started from a terminal of its predecessor.
    """
    wanted = f"unix://{home.socket}"
    here = psutil.Process()
    spared = {here.pid, *(parent.pid for parent in here.parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # gone meanwhile, or another user's
            if process.environ().get(_MARK) == wanted and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def unmarked(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without supervisord's marks, for a process that is nobody's child but ours."""
    return {name: value for name, value in environment.items() if not name.startswith("SUPERVISOR_")}


def end_orphans(home: Home, seconds: float) -> int:
    """Ask what is left to end, kill after ``seconds`` what does not, and return how many there were."""
    orphans = find_orphans(home)
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(orphans, timeout=seconds)
    for process in stubborn:
        logger.error("process {} outlived its supervisor and does not end: it is killed", process.pid)
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5.0)
    return len(orphans)
