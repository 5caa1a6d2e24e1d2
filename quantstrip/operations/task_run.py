"""Doing one task that is claimed, in this process, and recording what came of it."""

import shutil
import traceback
from collections.abc import Mapping
from typing import Any, Final

from quantstrip.errors import InvalidRecord, QuantstripError, TaskCancelled
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.tasks import CANCELLED, DONE, FAILED, INTERRUPTED
from quantstrip.log import logger
from quantstrip.operations.task_kinds import KINDS, Kind, kind_of
from quantstrip.operations.task_progress import Progress, beating
from quantstrip.redaction import scrub

OUTPUT: Final = "output.log"
"""What the task printed, in its folder."""


def perform(
    home: Home, ledger: Ledger, row: Mapping[str, Any], progress: Progress, *, kinds: Mapping[str, Kind] = KINDS,
    aside: bool = True,
) -> str:  # fmt: skip
    """Do the task of ``row``, which is running, and record its end; returns the state it has then.

    Args:
        aside: nobody waits for it: a failure goes to the log as well.

    Raises:
        KeyboardInterrupt: the user ended it; it is recorded as cancelled first.

    """
    task_id = int(row["task_id"])
    try:
        kind = kind_of(row["kind"], kinds)
        arguments = kind.read(row["arguments"])
        folder = home.tasks / str(task_id)
        folder.mkdir(parents=True, exist_ok=True)
        with beating(ledger, task_id, progress):
            result = kind.load()(home, arguments, folder, progress)
        return _end(ledger, task_id, DONE, result=result, note="")
    except TaskCancelled:
        asked = ledger.task(task_id)["cancel_requested"] is not None
        error = "" if asked else "the worker was stopped while it ran"
        return _end(ledger, task_id, CANCELLED if asked else INTERRUPTED, error=error)
    except KeyboardInterrupt:
        _end(ledger, task_id, CANCELLED)
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary: whatever it is becomes the task's error
        told = isinstance(error, QuantstripError)  # its message says it, a person reads it; the task keeps the trace
        if aside or not told:
            logger.opt(exception=None if told else error).error("task {} failed: {}", task_id, error)
        trace = scrub("".join(traceback.format_exception(error)))
        return _end(ledger, task_id, FAILED, error=_explained(error), trace=trace)


def clear(home: Home, task_id: int) -> None:
    """Remove what a task wrote."""
    shutil.rmtree(home.tasks / str(task_id), ignore_errors=True)


def _end(ledger: Ledger, task_id: int, state: str, **what: Any) -> str:
    """Record the end, unless somebody has recorded another one: then that holds."""
    try:
        ledger.change_task(task_id, state, **what)
    except InvalidRecord:
        found = str(ledger.task(task_id)["state"])
        if found == "running":
            raise
        logger.warning("task {} is {} already and cannot be {} any more", task_id, found, state)
        return found
    return state


def _explained(error: BaseException) -> str:
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):  # a strategy's fault has a cause
        return (
            "it needs more memory than it may use\nAsk for less (fewer symbols, a shorter span), or raise the setting "
            "worker.memory_megabytes."
        )
    if isinstance(error, QuantstripError):
        return scrub(str(error))
    return scrub(f"{type(error).__name__}: {error}")
