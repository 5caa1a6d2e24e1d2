"""Tasks: long work that is asked for, claimed by one worker, and ends in one of five ways.

::

    queued ──► running ──► done         its result is recorded
       │          ├──────► failed       it raised, or its process died; error and trace are recorded
       │          ├──────► interrupted  its worker ended; it is not repeated by itself
       └──────────┴──────► cancelled    a person took it back

``change_task`` is the only way from one state to another, and refuses every other step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from quantstrip.clock import DAY, to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import task

QUEUED, RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = (
    "queued", "running", "done", "failed", "cancelled", "interrupted",
)  # fmt: skip
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    QUEUED: frozenset({RUNNING, CANCELLED}),
    RUNNING: frozenset({DONE, FAILED, CANCELLED, INTERRUPTED}),
    DONE: frozenset(),
    FAILED: frozenset(),
    CANCELLED: frozenset(),
    INTERRUPTED: frozenset(),
}
"""The states a task may go to, by the state it is in."""
STATES: Final = tuple(ALLOWED)
FINISHED: Final = tuple(state for state, following in ALLOWED.items() if not following)
RESULT_BYTES: Final = 65_536
"""Most that the result of a task may hold in the ledger, as JSON; what is larger belongs into a file."""

_T = task.c
_CHANGING = (
    "state", "progress", "note", "result", "error", "trace", "started", "finished", "heartbeat", "pid", "worker",
)  # fmt: skip
_INSERT = Insert(task)
_ONE = Statement(lambda: select(task).where(_T.task_id == bindparam("id")))
_OLDEST = Statement(lambda: select(_T.kind, func.min(_T.task_id)).where(_T.state == QUEUED).group_by(_T.kind))
_RUNNING = Statement(lambda: select(_T.kind, func.count()).where(_T.state == RUNNING).group_by(_T.kind))
_CHANGE = Statement(
    lambda: (
        update(task)
        .where(_T.task_id == bindparam("id"), _T.state == bindparam("was"))
        .values({name: bindparam(f"new_{name}") for name in _CHANGING})
    )
)
_PROGRESS = Statement(
    lambda: (
        update(task)
        .where(_T.task_id == bindparam("id"), _T.state == RUNNING)
        .values(progress=bindparam("fraction"), note=bindparam("said"), heartbeat=bindparam("now"))
    )
)
_ASK = Statement(
    lambda: (
        update(task)
        .where(_T.task_id == bindparam("id"), _T.cancel_requested.is_(None))
        .values(cancel_requested=bindparam("now"))
    )
)
_PID = Statement(lambda: update(task).where(_T.task_id == bindparam("id")).values(pid=bindparam("number")))
_LIST = Statement(
    lambda: (
        select(task)
        .where(or_(bindparam("state").is_(None), _T.state == bindparam("state")))
        .order_by(_T.task_id.desc())
        .limit(bindparam("most"))
    )
)
_FORGET = Statement(lambda: delete(task).where(_T.task_id == bindparam("id")))
_OLD = Statement(lambda: select(_T.task_id).where(_T.finished < bindparam("before")).order_by(_T.task_id))


class Tasks(Family):
    """Long work."""

    def add_task(self, kind: str, arguments: Mapping[str, Any], requested_by: str = "") -> int:
        """Queue a task; returns its id.

        Raises:
            InvalidRecord: the kind is empty, or the arguments are no dict.

        """
        row = {
            "kind": validate.words("kind", kind), "arguments": validate.to_json("arguments", arguments),
            "state": QUEUED, "progress": 0.0, "note": "", "error": "", "trace": "", "worker": "",
            "requested_by": requested_by,
        }  # fmt: skip
        if row["arguments"] is None:
            raise InvalidRecord("arguments must be a dict, got None", hint="Pass {} for none.")
        with self.store.write() as tx:
            return int(tx.insert(_INSERT, row | {"create_time": tx.now}) or 0)

    def claim_task(
        self,
        worker: str,
        parallel: int = 1,
        *,
        task_id: int | None = None,
        pid: int | None = None,
        among: Callable[[str], bool] = lambda _: True,
    ) -> dict[str, Any] | None:
        """Take the oldest queued task, and be the only one who does; None where there is none, or enough are running.

        Args:
            worker: names the process that answers for it from now on.
            parallel: most tasks that may run at once, whoever runs them.
            task_id: this one and no other, whatever else runs.
            pid: the process that does it, where that is known already.
            among: True for the kinds that are taken and counted; all of them by default.

        """
        with self.store.write() as tx:
            if task_id is None:
                if sum(count for kind, count in tx.all(_RUNNING) if among(kind)) >= parallel:
                    return None
                task_id = min((oldest for kind, oldest in tx.all(_OLDEST) if among(kind)), default=None)
                if task_id is None:
                    return None
            self.change_task(task_id, RUNNING, worker=validate.words("worker", worker), pid=pid)
            return _read(tx, task_id)

    def change_task(
        self,
        task_id: int,
        state: str,
        *,
        result: Mapping[str, Any] | None = None,
        error: str = "",
        trace: str = "",
        note: str | None = None,
        worker: str | None = None,
        pid: int | None = None,
    ) -> None:
        """Take a task from its state to ``state``.

        Args:
            result: what came of it, small, where it is done.
            error: why it is not done, for people.
            note: what it was doing; None keeps what it said last.

        Raises:
            UnknownRecord: no such task.
            InvalidRecord: there is no such step, or the result is too large for the ledger.

        """
        stored = validate.to_json("result", result)
        if stored is not None and len(stored) > RESULT_BYTES:
            raise InvalidRecord(
                f"the result of a task may hold {RESULT_BYTES} bytes of JSON, got {len(stored)}",
                hint="Write the work to a file and give its path.",
            )
        with self.store.write() as tx:
            row = _raw(tx, task_id)
            if state not in ALLOWED[row["state"]]:
                following = ", ".join(sorted(ALLOWED[row["state"]])) or "nothing: it is over"
                raise InvalidRecord(f"task {task_id} is {row['state']} and cannot be {state}; allowed: {following}")
            new = row | {"state": state, "error": error, "trace": trace, "result": stored, "heartbeat": tx.now}
            given = {"note": note, "worker": worker, "pid": pid}
            new |= {name: value for name, value in given.items() if value is not None}
            new["started" if state == RUNNING else "finished"] = tx.now
            if state == DONE:
                new["progress"] = 1.0
            tx.run(_CHANGE, {f"new_{name}": new[name] for name in _CHANGING} | {"id": task_id, "was": row["state"]})

    def settle_task(self, task_id: int, error: str, *, died: bool = False) -> str:
        """End a running task whose process is gone without a word of its own; returns the state it has then.

        It becomes ``cancelled`` where a person asked for that, ``failed`` where its process alone died, and
        ``interrupted`` where the worker ended; one that is over stays as it is.
        """
        with self.store.write() as tx:
            row = _raw(tx, task_id)
            if row["state"] != RUNNING:
                return str(row["state"])
            asked = row["cancel_requested"] is not None
            state = CANCELLED if asked else FAILED if died else INTERRUPTED
            self.change_task(task_id, state, error="" if asked else error)
            return state

    def note_task_pid(self, task_id: int, pid: int) -> None:
        """Note which process does the task."""
        with self.store.write(durable=False) as tx:
            tx.run(_PID, {"id": task_id, "number": pid})

    def note_task_progress(self, task_id: int, fraction: float, note: str) -> bool:
        """Note how far a running task is, and that its process lives; False when it is to end.

        It is to end where a person cancelled it, or where it is not recorded as running any more.
        """
        values = {"id": task_id, "fraction": min(1.0, max(0.0, validate.finite("progress", fraction))), "said": note}
        with self.store.write(durable=False) as tx:
            ours = tx.run(_PROGRESS, values | {"now": tx.now}).rowcount == 1
            return ours and _raw(tx, task_id)["cancel_requested"] is None

    def cancel_task(self, task_id: int) -> str:
        """Cancel a queued task, or ask a running one to end; returns the task's state.

        Raises:
            UnknownRecord: no such task.
            InvalidRecord: it is over.

        """
        with self.store.write() as tx:
            state = str(_raw(tx, task_id)["state"])
            if state in FINISHED:
                raise InvalidRecord(
                    f"task {task_id} is {state} and cannot be cancelled", hint="Only queued and running tasks can."
                )
            tx.run(_ASK, {"id": task_id, "now": tx.now})
            if state == QUEUED:
                self.change_task(task_id, CANCELLED)
                return CANCELLED
            return state

    def task(self, task_id: int) -> dict[str, Any]:
        """One task, with ``arguments`` and ``result`` as dicts.

        Raises:
            UnknownRecord: no such task.

        """
        with self.store.read() as tx:
            return _read(tx, task_id)

    def tasks(self, state: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Tasks in one state, or all, newest first.

        Raises:
            InvalidRecord: no such state.

        """
        if state is not None and state not in STATES:
            raise InvalidRecord(f"a task is {', '.join(STATES)}, got {state!r}", hint="Use one of these words.")
        with self.store.read() as tx:
            return [_decoded(row) for row in tx.dicts(_LIST, {"state": state, "most": limit})]

    def remove_task(self, task_id: int) -> None:
        """Forget a task that is over.

        Raises:
            UnknownRecord: no such task.
            InvalidRecord: it waits or runs.

        """
        with self.store.write() as tx:
            state = _raw(tx, task_id)["state"]
            if state not in FINISHED:
                raise InvalidRecord(f"task {task_id} is {state} and cannot be removed", hint="Cancel it first.")
            tx.run(_FORGET, {"id": task_id})

    def prune_tasks(self, days: int) -> Sequence[int]:
        """Forget tasks that ended more than ``days`` ago; returns their ids."""
        before = to_text(self.store.now() - validate.whole("days", days) * DAY)
        with self.store.write(durable=False) as tx:
            found = [int(number) for (number,) in tx.all(_OLD, {"before": before})]
            for number in found:
                tx.run(_FORGET, {"id": number})
            return found


def _raw(tx: Transaction, task_id: int) -> dict[str, Any]:
    row = tx.first(_ONE, {"id": task_id})
    if row is None:
        raise UnknownRecord(f"there is no task {task_id}", hint="List them with: quantstrip task list")
    return row


def _read(tx: Transaction, task_id: int) -> dict[str, Any]:
    return _decoded(_raw(tx, task_id))


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: validate.from_json(row[name]) for name in ("arguments", "result")}
