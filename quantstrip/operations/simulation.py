"""Try a client out: it runs as it would, on a copy of the ledger, and nothing of it leaves its own folder.

``start`` asks the service's worker for a task of the kind ``simulation``; ``output`` follows what it logs and prints,
``outcome`` says what it ordered, filled and mailed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.operations import tasks
from quantstrip.operations.simulation_outcome import Outcome, outcome_of
from quantstrip.operations.task_run import OUTPUT
from quantstrip.operations.tasks import Task

KINDS: Final = ("simulation", "rehearsal")
MOST_AT_ONCE: Final = 262_144
"""Most bytes of output that one call returns."""


class Output(NamedTuple):
    """A piece of what a trial logged and printed.

    Attributes:
        offset: where the next piece begins.
        state: the task's.
        anew: True where the file was emptied since, because it had grown too large: the piece is its beginning.

    """

    text: str
    offset: int
    state: str
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A trial that waits or runs."""

    task_id: int
    kind: str
    file: Path


def start(
    home: Home, file: Path, *, network: bool = False, local: bool = False, minutes: float | None = None, by: str = ""
) -> Task:
    """Run a client's file as a simulation; what is saved runs.

    Args:
        network: True to allow connections to the internet; a client that talks to a broker itself could reach it.
        local: True to allow, with ``network``, this machine and private addresses too.
        minutes: ended after so many; None for the setting ``worker.trial_minutes``.

    Raises:
        TaskRefused: no such file, or it is on trial already.
        ServiceNotRunning: nobody would do it.

    """
    refuse_second(home, file)
    arguments = {"file": str(file.resolve()), "network": network, "local": local, "minutes": minutes}
    return tasks.submit(home, "simulation", arguments, by=by)


def stop(home: Home, task_id: int) -> Task:
    """Stop a simulation or a rehearsal: its client may finish the running job; one that is over stays as it is.

    Raises:
        UnknownRecord: no such task.

    """
    found = tasks.get(home, task_id)
    return found if found.over else tasks.cancel(home, task_id)


def running(home: Home, file: Path | None = None) -> list[Running]:
    """The trials that wait or run, of one file or of all, newest first."""
    found = [
        Running(task.task_id, task.kind, Path(str(task.arguments["file"])))
        for state in ("running", "queued")
        for task in tasks.list_tasks(home, state, 1000)
        if task.kind in KINDS
    ]
    return [each for each in found if file is None or each.file == file.resolve()]


def output(home: Home, task_id: int, offset: int = 0) -> Output:
    """What a trial logged and printed from ``offset`` bytes on, ``MOST_AT_ONCE`` bytes at most, whole lines only.

    Raises:
        UnknownRecord: no such task.

    """
    task = tasks.get(home, task_id)
    try:
        with (home.tasks / str(task_id) / OUTPUT).open("rb") as file:
            size = file.seek(0, 2)
            anew = size < offset
            begin = 0 if anew else offset
            file.seek(begin)
            raw = file.read(MOST_AT_ONCE)
    except FileNotFoundError:
        return Output("", 0, task.state)
    whole = raw.rfind(b"\n") + 1
    if (task.over and begin + len(raw) == size) or (not whole and len(raw) == MOST_AT_ONCE):
        whole = len(raw)  # the last line may have no end
    return Output(raw[:whole].decode("utf-8", "replace"), begin + whole, task.state, anew)


def outcome(home: Home, task_id: int) -> Outcome:
    """What a trial ordered, filled, mailed and ran, so far or in all.

    Raises:
        UnknownRecord: no such task.
        LedgerError: its ledger cannot be read.

    """
    tasks.get(home, task_id)
    return outcome_of(home.tasks / str(task_id))


def refuse_second(home: Home, file: Path) -> None:
    """Refuse to start a second trial of one file.

    Raises:
        TaskRefused: one waits or runs.

    """
    for each in running(home, file):
        raise TaskRefused(
            f"{file.name} is on trial already, as task {each.task_id} ({each.kind})",
            hint=f"Stop it first: quantstrip task cancel {each.task_id}",
        )
