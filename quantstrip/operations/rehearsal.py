"""Rehearse a client: a span of its schedule in seconds, against recorded bars, on a copy of the ledger.

``start`` asks the service's worker for a task of the kind ``rehearsal``; ``outcome`` says which jobs ran when, and what
came of them. What it logs is followed with ``simulation.output``, and it is stopped with ``simulation.stop``.
"""

from pathlib import Path

from quantstrip.home import Home
from quantstrip.operations import tasks
from quantstrip.operations.rehearsal_outcome import RehearsalOutcome, rehearsal_of
from quantstrip.operations.simulation import refuse_second
from quantstrip.operations.tasks import Task


def start(
    home: Home,
    file: Path,
    start: str | None = None,
    end: str | None = None,
    *,
    network: bool = False,
    local: bool = False,
    by: str = "",
) -> Task:
    """Rehearse a client's file; what is saved runs.

    Args:
        start, end: dates (the whole day counts) or moments, in the client's zone where they name none; both None for
            the next week of a client, and the last month of the bars of a strategy.
        network: True to allow connections to the internet; a client that talks to a broker itself could reach it.
        local: True to allow, with ``network``, this machine and private addresses too.

    Raises:
        TaskRefused: no such file, no span, or it is on trial already.
        ServiceNotRunning: nobody would do it.

    """
    refuse_second(home, file)
    arguments = {"file": str(file.resolve()), "start": start, "end": end, "network": network, "local": local}
    return tasks.submit(home, "rehearsal", arguments, by=by)


def outcome(home: Home, task_id: int) -> RehearsalOutcome:
    """What a rehearsal came to, so far or in all.

    Raises:
        UnknownRecord: no such task.
        LedgerError: its ledger cannot be read.

    """
    tasks.get(home, task_id)
    return rehearsal_of(home.tasks / str(task_id))
