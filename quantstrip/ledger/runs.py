"""Client runs and job runs: what ran, with which code, when, and how it ended."""

import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, or_, select, update
from sqlalchemy import delete as sql_delete

from quantstrip.clock import DAY, Micros, from_text, to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.job_requests import EXPIRE, EXPIRE_OF, FORGET, REPLACE, REQUESTS_DONE, plan
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.tables import client_run, execution, job_request, job_run, orders, planned_job
from quantstrip.model import Mode

RUN_OUTCOMES = ("stopped", "finished", "load_error", "crashed", "killed", "job_error", "unresponsive")
JOB_OUTCOMES = ("ok", "failed", "interrupted", "missed", "overrun")

_R, _J = client_run.c, job_run.c
_START = Insert(client_run)
_BEAT = Statement(
    lambda: (
        update(client_run)
        .where(_R.run_id == bindparam("id"))
        .values(heartbeat=bindparam("now"), next_job_time=bindparam("next"))
    )
)
_END = Statement(
    lambda: (
        update(client_run)
        .where(_R.run_id == bindparam("id"), _R.ended.is_(None))
        .values(ended=bindparam("now"), outcome=bindparam("how"), exit_code=bindparam("code"), trace=bindparam("why"))
    )
)
_HAS = Statement(lambda: select(_R.run_id).where(_R.run_id == bindparam("id")))
_LIST = Statement(lambda: _newest_runs())
_LIST_OF = Statement(lambda: _newest_runs().where(_R.client == bindparam("client")))  # read along an index
_WHICH = Statement(lambda: select(client_run).where(_R.run_id == bindparam("id")))
_OPEN = Statement(lambda: select(client_run).where(_R.ended.is_(None)).order_by(_R.run_id))
_BEGIN = Insert(job_run, keyed=True)
_FINISH = Statement(
    lambda: (
        update(job_run)
        .where(_J.job_run_id == bindparam("id"), _J.finished.is_(None))
        .values(finished=bindparam("now"), outcome=bindparam("how"), trace=bindparam("why"))
    )
)
_HAS_JOB = Statement(lambda: select(_J.job_run_id).where(_J.job_run_id == bindparam("id")))
_INTERRUPT = Statement(
    lambda: (
        update(job_run)
        .where(_J.client == bindparam("name"), _J.finished.is_(None), _J.outcome.is_(None))
        .values(finished=bindparam("now"), outcome="interrupted")
    )
)
_JOBS = Statement(lambda: _newest_jobs())
_JOBS_OF = Statement(lambda: _newest_jobs().where(_J.client == bindparam("client")))
# A run that a person asked for says nothing about the schedule.
_LAST_DUE = Statement(
    lambda: select(func.max(_J.due)).where(
        _J.client == bindparam("client"), _J.job == bindparam("job"), _J.job_request_id.is_(None)
    )
)
_later, _newer = job_run.alias(), client_run.alias()
# The newest scheduled run of each job stays: it is what the missed-run policy counts from.
_PRUNE_JOBS = Statement(
    lambda: sql_delete(job_run).where(
        _J.due < bindparam("before"),
        or_(_J.outcome.is_not(None), _J.finished.is_not(None)),
        or_(
            _J.job_request_id.is_not(None),
            exists().where(
                _later.c.client == _J.client,
                _later.c.job == _J.job,
                _later.c.due > _J.due,
                _later.c.job_request_id.is_(None),
            ),
        ),
    )
)
_MADE_BY_RUNS = (
    orders.c.client_run_id, execution.c.client_run_id, _J.run_id, job_request.c.run_id, planned_job.c.run_id,
)  # fmt: skip
_PRUNE_RUNS = Statement(
    lambda: sql_delete(client_run).where(
        _R.ended < bindparam("before"),
        *(_R.run_id.not_in(select(made).where(made.is_not(None))) for made in _MADE_BY_RUNS),
        exists().where(_newer.c.client == _R.client, _newer.c.run_id > _R.run_id),
    )
)


class ClientRuns(Family):
    """Runs of clients."""

    def start_client_run(self, client: str, pid: int, code_hash: str, mode: str, display_name: str = "") -> int:
        """Note that a client's process has started; returns the run's id.

        When ``pid`` is this process, everything it records from now on carries the run and its mode. The mode may be
        empty where it is not known, because the client did not even load.
        """
        row = {
            "client": validate.words("client", client), "pid": validate.whole("pid", pid), "code_hash": code_hash,
            "mode": str(validate.mode(mode)) if mode else "", "display_name": display_name or client, "trace": "",
        }  # fmt: skip
        with self.store.write() as tx:
            tx.run(REPLACE, {"which": client})
            run_id = int(tx.insert(_START, row | {"started": tx.now, "heartbeat": tx.now}) or 0)
            tx.run(EXPIRE, {"which": client, "but": run_id, "now": tx.now})
        if pid == os.getpid():
            self.context.client_run_id = run_id
            self.context.mode = validate.mode(mode or Mode.LIVE)
        return run_id

    def heartbeat(
        self, run_id: int, next_job_time: str | None = None, jobs: Mapping[str, Micros] | None = None
    ) -> None:
        """Say that the process is alive, and when its next job is due (ledger text). Survives a crash, not a power cut.

        Args:
            run_id: the process.
            next_job_time: "" for no job; None while its ``on_start`` is not done.
            jobs: when each of its jobs is due next; None where that is as it was said last.

        Raises:
            UnknownRecord: no such run.

        """
        with self.store.write(durable=False) as tx:
            if tx.run(_BEAT, {"id": run_id, "now": tx.now, "next": next_job_time}).rowcount == 0:
                raise _no_run(run_id)
            if jobs is not None:
                plan(tx, run_id, jobs)

    def end_client_run(self, run_id: int, outcome: str, exit_code: int | None = None, trace: str = "") -> None:
        """Note how a run ended; the first word stays, because who was there knows best.

        Raises:
            InvalidRecord: no such outcome.
            UnknownRecord: no such run.

        """
        values = {"id": run_id, "how": _outcome(outcome, RUN_OUTCOMES), "code": exit_code, "why": trace}
        with self.store.write() as tx:
            if tx.run(_END, values | {"now": tx.now}).rowcount == 0 and tx.one(_HAS, values) is None:
                raise _no_run(run_id)
            tx.run(EXPIRE_OF, {"id": run_id, "now": tx.now})

    def client_runs(self, client: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Runs of one client, or of all, newest first."""
        return self._rows(_LIST if client is None else _LIST_OF, client=client, most=limit)

    def last_client_run(self, client: str) -> dict[str, Any] | None:
        """The newest run of a client, or None."""
        return self._row(_LIST_OF, client=client, most=1)

    def client_run(self, run_id: int) -> dict[str, Any] | None:
        """One run, or None."""
        return self._row(_WHICH, id=run_id)

    def open_client_runs(self) -> list[dict[str, Any]]:
        """Runs that have not ended, oldest first."""
        return self._rows(_OPEN)


class JobRuns(Family):
    """Runs of jobs. A job's identity is (client, job, due time); it runs at most once."""

    def begin_job(self, client: str, job: str, due: Micros, run_id: int | None = None) -> int | None:
        """Take the right to run a job; the job run's id, or None when it was taken before."""
        row = self._job(client, job, due, run_id)
        with self.store.write() as tx:
            return tx.insert(_BEGIN, row | {"started": tx.now})

    def finish_job(self, job_run_id: int, outcome: str, trace: str = "") -> None:
        """Note how a job ended.

        Raises:
            InvalidRecord: no such outcome.
            UnknownRecord: no such job run.

        """
        values = {"id": job_run_id, "how": _outcome(outcome, JOB_OUTCOMES), "why": trace}
        with self.store.write() as tx:
            if tx.run(_FINISH, values | {"now": tx.now}).rowcount == 0 and tx.one(_HAS_JOB, values) is None:
                raise UnknownRecord(f"no job run has the id {job_run_id}", hint="begin_job returns it.")
            tx.run(REQUESTS_DONE, {"id": job_run_id, "now": tx.now})

    def record_missed_job(self, client: str, job: str, due: Micros, run_id: int | None = None) -> None:
        """Note that a job was due while nothing ran; one that ran after all keeps its row."""
        row = self._job(client, job, due, run_id) | {"outcome": "missed"}
        with self.store.write() as tx:
            tx.insert(_BEGIN, row)

    def interrupt_open_jobs(self, client: str) -> int:
        """Mark a dead process's unfinished jobs as interrupted; returns how many."""
        with self.store.write() as tx:
            found = tx.run(_INTERRUPT, {"name": client, "now": tx.now}).rowcount
            tx.run(REQUESTS_DONE, {"name": client, "now": tx.now})
            return found

    def job_runs(self, client: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Job runs of one client, or of all, newest first."""
        return self._rows(_JOBS if client is None else _JOBS_OF, client=client, most=limit)

    def last_job_due(self, client: str, job: str) -> Micros | None:
        """When the newest run of a job was due by its schedule, or None."""
        with self.store.read() as tx:
            found = tx.one(_LAST_DUE, {"client": client, "job": job})[0]
        return None if found is None else from_text(found)

    def prune(self, days: int) -> int:
        """Forget job runs, and client runs that no order or fill refers to, older than ``days``; returns how many."""
        before = {"before": to_text(self.store.now() - validate.whole("days", days) * DAY)}
        with self.store.write(durable=False) as tx:
            forgotten = tx.run(_PRUNE_JOBS, before).rowcount
            tx.run(FORGET, before)
            return forgotten + tx.run(_PRUNE_RUNS, before).rowcount

    @staticmethod
    def _job(client: str, job: str, due: Micros, run_id: int | None) -> dict[str, Any]:
        moment = validate.moment("due", due, "")
        return {"client": validate.words("client", client), "job": validate.words("job", job), "due": moment,
                "run_id": run_id, "trace": ""}  # fmt: skip


def _newest_runs() -> Select[Any]:
    return select(client_run).order_by(_R.run_id.desc()).limit(bindparam("most"))


def _newest_jobs() -> Select[Any]:
    return select(job_run).order_by(_J.job_run_id.desc()).limit(bindparam("most"))


def _outcome(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidRecord(
            f"outcome must be one of {', '.join(allowed)}, got {value!r}", hint="Use one of these words."
        )
    return value


def _no_run(run_id: int) -> UnknownRecord:
    return UnknownRecord(f"no client run has the id {run_id}", hint="start_client_run returns it.")
