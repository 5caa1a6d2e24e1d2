"""What a client's process plans next, and what a person asks it to run at once.

::

    asked ──► taken ──► done      its run ended; how, its row in ``job_run`` says
      ├─────► refused             the client has no such job, or the job is over
      └─────► expired             the process that was asked ended first, or did not come to it in time

A request names the process that is asked. Taking it writes the job's run in the same transaction, so that it takes
place at most once, whatever is killed.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Update, bindparam, delete, func, or_, select, update

from quantstrip.clock import MINUTE, Micros, from_text, to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import client_run, job_request, job_run, planned_job

ASKED, TAKEN, DONE, REFUSED, EXPIRED = "asked", "taken", "done", "refused", "expired"
OPEN: Final = (ASKED, TAKEN)
"""States of a request that something may still become of."""
GOOD_FOR: Micros = 10 * MINUTE
"""How long a request may wait: who asked for a run does not expect it hours later, after a long job or a sleep."""
MOST_PLANNED: Final = 200
"""Jobs of one process that are written down, the next ones first."""

_Q, _P, _R, _J = job_request.c, planned_job.c, client_run.c, job_run.c


def _end(state: str) -> Update:
    return update(job_request).values(state=state, finished=bindparam("now"))


_ENDED = "its process ended before it came to it"
EXPIRE_OF = Statement(lambda: _end(EXPIRED).values(note=_ENDED).where(_Q.run_id == bindparam("id"), _Q.state == ASKED))
"""Let what waits for the run ``id`` expire."""
EXPIRE = Statement(
    lambda: (
        _end(EXPIRED)
        .values(note=_ENDED)
        .where(_Q.client == bindparam("which"), _Q.run_id != bindparam("but"), _Q.state == ASKED)
    )
)
"""Let what waits for any other run of a client expire."""
REQUESTS_DONE = Statement(
    lambda: _end(DONE).where(
        _Q.state == TAKEN,
        _Q.job_request_id.in_(
            select(_J.job_request_id).where(
                or_(_J.job_run_id == bindparam("id"), _J.client == bindparam("name")),
                _J.finished.is_not(None),
                _J.job_request_id.is_not(None),
            )
        ),
    )
)
"""Close what the job run ``id``, or the ended job runs of the client ``name``, came from."""
REPLACE = Statement(
    lambda: delete(planned_job).where(_P.run_id.in_(select(_R.run_id).where(_R.client == bindparam("which"))))
)
"""Forget what a client's earlier processes planned."""
FORGET = Statement(
    lambda: delete(job_request).where(
        _Q.finished < bindparam("before"),
        _Q.job_request_id.not_in(select(_J.job_request_id).where(_J.job_request_id.is_not(None))),
    )
)
"""Forget requests that ended before a moment and whose run is forgotten."""

_DROP = Statement(lambda: delete(planned_job).where(_P.run_id == bindparam("run")))
_PLAN = Insert(planned_job, with_key=True)
_PLANNED = Statement(
    lambda: (
        select(_R.client, planned_job)
        .join(client_run, _R.run_id == _P.run_id)
        .where(or_(bindparam("which").is_(None), _R.client == bindparam("which")))
        .order_by(_P.due, _R.client, _P.job)
    )
)
_ASK = Insert(job_request)
_OPEN_RUN = Statement(
    lambda: select(_R.run_id).where(_R.run_id == bindparam("id"), _R.client == bindparam("which"), _R.ended.is_(None))
)
_WAITING = Statement(lambda: select(job_request).where(_Q.run_id == bindparam("run"), _Q.state == ASKED))
_OLDEST = Statement(
    lambda: (
        select(job_request).where(_Q.run_id == bindparam("run"), _Q.state == ASKED).order_by(_Q.job_request_id).limit(1)
    )
)
_COUNT = Statement(
    lambda: select(func.count()).select_from(job_request).where(_Q.run_id == bindparam("run"), _Q.state == ASKED)
)
_CLAIM = Insert(job_run, keyed=True)
_STEP = Statement(
    lambda: (
        update(job_request)
        .where(_Q.job_request_id == bindparam("id"), _Q.state == ASKED)
        .values(state=bindparam("new"), note=bindparam("why"), finished=bindparam("over"))
    )
)
_ONE = Statement(lambda: select(job_request).where(_Q.job_request_id == bindparam("id")))
_RUN_OF = Statement(lambda: select(job_run).where(_J.job_request_id == bindparam("id")))
_OF_CLIENT = Statement(
    lambda: (
        select(job_request)
        .where(or_(bindparam("which").is_(None), _Q.client == bindparam("which")))
        .order_by(_Q.job_request_id.desc())
        .limit(bindparam("most"))
    )
)


class AskedJob(NamedTuple):
    """A job that a person asked for, taken: its run is on record. ``due`` is the moment it was asked for."""

    job_run_id: int
    job: str
    due: Micros


def plan(tx: Transaction, run_id: int, jobs: Mapping[str, Micros]) -> None:
    """Write down when the jobs of a process are due next, in place of what it said before."""
    tx.run(_DROP, {"run": run_id})
    for job, due in sorted(jobs.items(), key=lambda item: (item[1], item[0]))[:MOST_PLANNED]:
        tx.insert(_PLAN, {"run_id": run_id, "job": job, "due": to_text(due)})


class JobRequests(Family):
    """Jobs that are planned, and jobs that a person asks for."""

    def planned_jobs(self, client: str | None = None) -> list[dict[str, Any]]:
        """The jobs of each client's newest process, the next ones first; whether it lives its run says."""
        return self._rows(_PLANNED, which=client)

    def ask_job(self, client: str, job: str, run_id: int, asked_by: str = "") -> int:
        """Ask the process ``run_id`` of a client to run a job as soon as it can; returns the request's id.

        Raises:
            InvalidRecord: that process has ended, or the same job is asked for and waits already.

        """
        row = {
            "run_id": run_id, "client": validate.words("client", client), "job": validate.words("job", job),
            "state": ASKED, "asked_by": asked_by, "note": "",
        }  # fmt: skip
        with self.store.write() as tx:
            if tx.one(_OPEN_RUN, {"id": run_id, "which": client}) is None:
                raise InvalidRecord(
                    f"the process of {client} that was to run {job!r} has ended",
                    hint="Start the client, then ask again.",
                )
            if any(other["job"] == job for other in tx.dicts(_WAITING, {"run": run_id})):
                raise InvalidRecord(
                    f"{job!r} of {client} is asked for already and waits for its turn",
                    hint="One job of a client runs at a time; it begins when the one that runs has ended.",
                )
            return int(tx.insert(_ASK, row | {"asked": tx.now}) or 0)

    def jobs_are_asked(self, run_id: int) -> bool:
        """Whether anything waits for a process; cheap enough to look twice a second."""
        with self.store.read() as tx:
            return bool(tx.one(_COUNT, {"run": run_id})[0])

    def take_asked_job(self, run_id: int, runnable: Collection[str]) -> AskedJob | None:
        """Take the oldest request for a process and write its run, in one piece; None where nothing waits.

        Requests that cannot be carried out are closed on the way: for a job that is not in ``runnable``, or one that
        has waited for more than ``GOOD_FOR``.
        """
        if not self.jobs_are_asked(run_id):
            return None
        with self.store.write() as tx:
            while (row := tx.first(_OLDEST, {"run": run_id})) is not None:
                asked = from_text(row["asked"])
                state, why = TAKEN, ""
                if from_text(tx.now) - asked > GOOD_FOR:
                    state, why = EXPIRED, f"it waited for more than {GOOD_FOR // MINUTE} minutes"
                elif row["job"] not in runnable:
                    state, why = REFUSED, "the client has no such job any more, or its last day is over"
                over = None if state == TAKEN else tx.now
                tx.run(_STEP, {"id": row["job_request_id"], "new": state, "why": why, "over": over})
                if state == TAKEN:
                    return _claim(tx, row, asked)
        return None

    def job_request(self, job_request_id: int) -> dict[str, Any]:
        """One request; ``run`` is the row of its job run, None before it was taken.

        Raises:
            UnknownRecord: no such request.

        """
        with self.store.read() as tx:
            row = tx.first(_ONE, {"id": job_request_id})
            if row is None:
                raise UnknownRecord(f"no request for a job has the id {job_request_id}", hint="ask_job returns it.")
            return row | {"run": tx.first(_RUN_OF, {"id": job_request_id})}

    def job_requests(self, client: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Requests for jobs of one client, or of all, newest first."""
        return self._rows(_OF_CLIENT, which=client, most=limit)


def _claim(tx: Transaction, row: Mapping[str, Any], asked: Micros) -> AskedJob:
    """The run's row; a microsecond later where a scheduled run of the job has that very due time."""
    run = {
        "client": row["client"], "job": row["job"], "run_id": row["run_id"], "started": tx.now, "trace": "",
        "job_request_id": row["job_request_id"],
    }  # fmt: skip
    due = asked
    while (claimed := tx.insert(_CLAIM, run | {"due": to_text(due)})) is None:
        due += 1
    return AskedJob(claimed, row["job"], due)
