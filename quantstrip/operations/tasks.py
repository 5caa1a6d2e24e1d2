"""Long work: ask for it, see how far it is, wait for it, take it back.

A task is a row in the ledger. The service's worker does it in a process of its own, with low priority; ``run_now`` does
it in this one.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from quantstrip.clock import Clock, Micros, from_text, system_clock
from quantstrip.errors import InvalidRecord, ServiceNotRunning, TaskError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.ledger.tasks import FINISHED, RUNNING
from quantstrip.notify.identity import lives, sender_of
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.task_kinds import KINDS, Kind, kind_of
from quantstrip.operations.task_progress import Progress
from quantstrip.operations.task_run import clear, perform

_LOOK_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """One task, as it is now.

    Attributes:
        state: queued, running, done, failed, cancelled or interrupted.
        progress: share that is done, from 0 to 1.
        note: what it is doing.
        result: what came of it, where it is done: figures, and the paths of files.
        error: why it is not done, "" otherwise; ``trace`` where there is one.
        created, started, finished, heartbeat, cancel_requested: wall clock; 0 where it has not happened.
        pid: the process that does it, or did; 0 while it waits.

    """

    task_id: int
    kind: str
    arguments: Mapping[str, Any]
    state: str
    progress: float
    note: str
    result: Mapping[str, Any] | None
    error: str
    trace: str
    requested_by: str
    created: Micros
    started: Micros
    finished: Micros
    heartbeat: Micros
    cancel_requested: Micros
    pid: int

    @property
    def over(self) -> bool:
        """True once nothing more will become of it."""
        return self.state in FINISHED


def submit(
    home: Home, kind: str, arguments: Mapping[str, Any], *, by: str = "", kinds: Mapping[str, Kind] = KINDS
) -> Task:
    """Queue a task for the service's worker.

    Args:
        kind: one of ``task_kinds.KINDS``.
        arguments: as the kind wants them; paths are absolute.
        by: who asks: a page, a command, a person.

    Raises:
        TaskRefused: no such kind, or arguments that do not fit.
        QuantstripError: the work could not be done with them (a date that is none, a negative amount).
        ServiceNotRunning: nobody would do it.

    """
    checked = asdict(kind_of(kind, kinds).accept(arguments))
    if not served(home):
        raise ServiceNotRunning(
            f"the task {kind} cannot be done: no service runs on the home {home.root}",
            hint=f"Start it with: quantstrip up   or do the task here and now: quantstrip task run {kind} --now",
        )
    return get(home, open_ledger(home).add_task(kind, checked, by))


def served(home: Home) -> bool:
    """True while the service runs that does what is queued."""
    from quantstrip.operations.service import status

    return status(home, clients=False).running


def repeat(home: Home, task_id: int, *, by: str = "", kinds: Mapping[str, Kind] = KINDS) -> Task:
    """Queue a new task that is asked what this one was asked; the old one stays as it is.

    Raises:
        UnknownRecord: no such task.
        TaskRefused: its file is gone meanwhile, say.
        ServiceNotRunning: nobody would do it.

    """
    old = get(home, task_id)
    return submit(home, old.kind, old.arguments, by=by, kinds=kinds)


def run_now(
    home: Home,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    by: str = "",
    heard: Callable[[Progress], None] | None = None,
    kinds: Mapping[str, Kind] = KINDS,
) -> Task:
    """Do a task in this process, with or without a service; returns it when it is over, whatever came of it.

    Args:
        heard: called at each word about its progress, in this thread.

    Raises:
        TaskRefused: no such kind, or arguments that do not fit.
        QuantstripError: the work could not be done with them (a date that is none, a negative amount).

    """
    checked = asdict(kind_of(kind, kinds).accept(arguments))
    ledger = open_ledger(home)
    with ledger.transaction():  # no worker may claim it in between
        task_id = ledger.add_task(kind, checked, by)
        row = ledger.claim_task(sender_of(), task_id=task_id, pid=os.getpid())
    assert row is not None  # noqa: S101 - it was named, and is ours
    clear(home, task_id)
    perform(home, ledger, row, Progress(heard=heard), kinds=kinds, aside=False)
    return get(home, task_id)


def list_tasks(home: Home, state: str | None = None, limit: int = 50) -> list[Task]:
    """Tasks in one state, or all, newest first.

    Raises:
        InvalidRecord: no such state.
        LedgerError: there is no ledger; none is made.

    """
    return [_task(row) for row in existing_ledger(home).tasks(state, limit)]


def get(home: Home, task_id: int) -> Task:
    """One task.

    Raises:
        UnknownRecord: no such task.
        LedgerError: there is no ledger; none is made.

    """
    return _task(existing_ledger(home).task(task_id))


def wait(
    home: Home,
    task_id: int,
    seconds: float | None = None,
    *,
    looked: Callable[[Task], None] = lambda _: None,
    clock: Clock = system_clock,
) -> Task:
    """Wait until a task is over; returns it, whatever came of it.

    Args:
        seconds: at most; None for as long as it takes.
        looked: called with the task at each look, ten times a second.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is not over in time; it goes on.
        ServiceNotRunning: nobody is left who would end it; the next service takes it up, or records what became of it.

    """
    begun = clock.monotonic()
    deadline = None if seconds is None else begun + seconds
    asked_at = begun + _ASK_SECONDS
    while True:
        task = get(home, task_id)
        looked(task)
        if task.over:
            return task
        if deadline is not None and clock.monotonic() >= deadline:
            raise TaskError(
                f"task {task_id} is not over after {seconds:g} s; it is {task.state} and goes on",
                hint=f"Look again: quantstrip task show {task_id}   or take it back: quantstrip task cancel {task_id}",
            )
        if clock.monotonic() >= asked_at:
            asked_at = clock.monotonic() + _ASK_SECONDS
            _check_somebody_is_left(home, task)
        clock.wait(_LOOK_SECONDS)


def cancel(home: Home, task_id: int) -> Task:
    """Take a task back: at once while it waits; one that runs ends within ``worker.cancel_seconds``.

    Raises:
        UnknownRecord: no such task.
        InvalidRecord: it is over.

    """
    ledger = existing_ledger(home)
    if ledger.cancel_task(task_id) == RUNNING and not lives(ledger.task(task_id)["worker"]):
        ledger.settle_task(task_id, "")  # nobody is left who would notice
    return get(home, task_id)


def remove(home: Home, task_id: int) -> None:
    """Forget a task that is over, and remove the files it wrote.

    Raises:
        UnknownRecord: no such task.
        InvalidRecord: it waits or runs.

    """
    existing_ledger(home).remove_task(task_id)
    clear(home, task_id)


def give_up(home: Home, task_id: int) -> None:
    """Nobody looks at what a task makes any more: one that is not over is taken back, else its file is removed."""
    with suppress(InvalidRecord, UnknownRecord):  # it ended, or was removed, at this moment
        if get(home, task_id).over:
            remove(home, task_id)
        else:
            cancel(home, task_id)


def prune(home: Home, days: int) -> int:
    """Forget tasks that ended more than ``days`` ago, and remove their files; returns how many there were."""
    forgotten = open_ledger(home).prune_tasks(days)
    for task_id in forgotten:
        clear(home, task_id)
    return len(forgotten)


def _check_somebody_is_left(home: Home, task: Task) -> None:
    """Raise ``ServiceNotRunning`` where neither the service runs nor the process that answers for the task."""
    if served(home) or (task.state == RUNNING and lives(existing_ledger(home).task(task.task_id)["worker"])):
        return
    raise ServiceNotRunning(
        f"task {task.task_id} is {task.state} and no service runs on the home {home.root}",
        hint="Start it with: quantstrip up",
    )


def _task(row: Mapping[str, Any]) -> Task:
    same = ("task_id", "kind", "arguments", "state", "progress", "note", "result", "error", "trace", "requested_by")
    given: dict[str, Any] = {name: row[name] for name in same}
    given |= {name: _moment(row[name]) for name in ("started", "finished", "heartbeat", "cancel_requested")}
    return Task(**given, created=_moment(row["create_time"]), pid=int(row["pid"] or 0))


def _moment(text: str | None) -> Micros:
    return from_text(text) if text else 0
