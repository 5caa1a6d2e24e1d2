"""Jobs of clients: what runs next, what ran, and running one now because a person asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import SECOND, Clock, Micros, from_text, system_clock
from quantstrip.errors import ClientNotFound, JobRefused
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.job_requests import ASKED, EXPIRED, OPEN
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.traces import error_of
from quantstrip.redaction import scrub
from quantstrip.supervise.book import RunRow, run_row
from quantstrip.supervise.observe import process_lives

LATE_SECONDS: Final = 60
"""A run that begins so much after its due time is late, as in the view ``v_job_problems``."""
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job of a client, and when it is due next; 0 where its process has ended."""

    client: str
    job: str
    due: Micros


@dataclass(frozen=True, slots=True)
class JobRunInfo:
    """One run of a job; moments are wall clock, 0 where they have not come.

    Attributes:
        due: when it should have begun; of a run that a person asked for, when it was asked for.
        outcome: ok, failed, interrupted, missed, overrun, or running.
        late: it began more than a minute after it was due.
        by_hand: a person asked for it.
        seconds: how long it took; None while it runs, and where it did not take place.
        code_hash: the version that ran it; "" where it is not known.

    """

    job_run_id: int
    client: str
    job: str
    due: Micros
    started: Micros
    finished: Micros
    outcome: str
    late: bool
    by_hand: bool
    seconds: float | None
    code_hash: str
    error: str
    trace: str


@dataclass(frozen=True, slots=True)
class JobAsked:
    """What became of a job that a person asked for.

    Attributes:
        state: asked, taken, done, refused or expired.
        outcome: how its run ended, as in ``JobRunInfo``; "" before that.
        note: why it was refused or expired, or the error of its run.

    """

    id: int
    client: str
    job: str
    state: str
    asked: Micros
    asked_by: str
    outcome: str
    note: str
    trace: str

    @property
    def over(self) -> bool:
        """True once nothing more will become of it."""
        return self.state not in OPEN

    @property
    def words(self) -> str:
        """What became of it, in words that follow the job's name."""
        if self.state == ASKED:
            return "waits for its turn: another job runs"
        if self.state in (EXPIRED, "refused"):
            return f"did not run: {self.note}"
        if not self.over:
            return "runs"
        return f"ran: {self.outcome}" + (f": {self.note}" if self.note else "")


def planned(home: Home, client: str | None = None) -> list[PlannedJob]:
    """The jobs of the clients that live, the next one first; of one client also those of its last process.

    Raises:
        LedgerError: there is no ledger.

    """
    ledger = existing_ledger(home)
    rows = ledger.planned_jobs(client)
    living = {run.run_id for run in map(run_row, ledger.open_client_runs()) if process_lives(run)} if rows else set()
    return [
        PlannedJob(row["client"], scrub(row["job"]), from_text(row["due"]) if row["run_id"] in living else 0)
        for row in rows
        if client is not None or row["run_id"] in living
    ]


def job_runs(home: Home, client: str | None = None, limit: int = 50) -> list[JobRunInfo]:
    """Runs of jobs of one client, or of all, newest first.

    Raises:
        LedgerError: there is no ledger.

    """
    ledger = existing_ledger(home)
    rows = ledger.job_runs(client, limit)
    runs = {run.run_id: run for run in (ledger_run(ledger, each) for each in {row["run_id"] for row in rows}) if run}
    return [_run(row, runs.get(row["run_id"])) for row in rows]


def ledger_run(ledger: Ledger, run_id: int | None) -> RunRow | None:
    """One process of a client, as recorded."""
    row = ledger.client_run(run_id) if run_id is not None else None
    return run_row(row) if row else None


def ask(home: Home, client: str, job: str, *, by: str = "") -> JobAsked:
    """Ask a running client to run one of its jobs now; it does so in its own loop, once no other job runs.

    The run is recorded, logged and alerted of like a scheduled one; the schedule stays as it is.

    Args:
        home: its home.
        client: its name.
        job: the whole name as ``planned`` has it, or as much of its beginning as no other job shares.
        by: who asks: a page, a command, a person.

    Raises:
        ClientNotFound: there is none of that name.
        JobRefused: it does not run, or has no such job.
        InvalidRecord: the same job is asked for and waits already, or the process has just ended.

    """
    ledger = existing_ledger(home)
    run = _living(ledger, client)
    chosen = _choose(client, job, [row["job"] for row in ledger.planned_jobs(client)])
    return _asked(ledger, ledger.ask_job(client, chosen, run.run_id, by))


def asked(home: Home, number: int) -> JobAsked:
    """What became of a request.

    Raises:
        UnknownRecord: there is none of that number.

    """
    return _asked(existing_ledger(home), number)


def wait(home: Home, number: int, seconds: float | None = None, *, clock: Clock = system_clock) -> JobAsked:
    """Wait until a request is over, ``seconds`` at most; what became of it until then."""
    ledger = existing_ledger(home)
    deadline = None if seconds is None else clock.monotonic() + seconds
    while not (found := _asked(ledger, number)).over:
        if deadline is not None and clock.monotonic() >= deadline:
            break
        clock.wait(_LOOK_SECONDS)
    return found


def asked_lately(home: Home, client: str, limit: int = 10) -> list[JobAsked]:
    """The newest requests for jobs of a client, newest first."""
    ledger = existing_ledger(home)
    return [_asked(ledger, int(row["job_request_id"])) for row in ledger.job_requests(client, limit)]


def _living(ledger: Ledger, client: str) -> RunRow:
    """The process of a client that lives and has begun its schedule."""
    row = ledger.last_client_run(client)
    run = run_row(row) if row else None
    if run is None and ledger.get_client(client) is None:
        known = ", ".join(sorted(str(each["name"]) for each in ledger.clients()))
        raise ClientNotFound(f"no client {client!r} is deployed", hint=f"Deployed clients: {known or 'none yet'}")
    if run is None or run.ended is not None or not process_lives(run):
        raise JobRefused(
            f"{client} does not run, so none of its jobs can", hint=f"Start it first: quantstrip start {client}"
        )
    if not run.begun:
        raise JobRefused(f"{client} is being started; its jobs are not known yet", hint="Try again in a moment.")
    return run


def _choose(client: str, job: str, known: Sequence[str]) -> str:
    """The job that is meant: its whole name, or a beginning that only it has."""
    if job in known:
        return job
    found = [each for each in known if job and each.startswith(job)]
    whole_word = [each for each in found if each.split(" ", 1)[0] == job]
    if len(found) == 1 or len(whole_word) == 1:
        return (found if len(found) == 1 else whole_word)[0]
    listed = "\n".join(f"  {each}" for each in known) or "  none"
    what = f"has {len(found)} jobs that begin with" if found else "has no job"
    raise JobRefused(f"{client} {what} {job!r}", hint=f"Its jobs:\n{listed}")


def _asked(ledger: Ledger, number: int) -> JobAsked:
    row = ledger.job_request(number)
    state, note, run = row["state"], row["note"], row["run"]
    outcome = (run["outcome"] or "running") if run else ""
    process = ledger_run(ledger, row["run_id"])
    if state in OPEN and (process is None or process.ended is not None or not process_lives(process)):
        # Killed, and nobody has recorded it yet.
        state, note = (EXPIRED, "its process ended before it came to it") if state == ASKED else ("done", "")
        outcome = "" if state == EXPIRED else "interrupted"
    trace = scrub(run["trace"]) if run else ""
    return JobAsked(
        id=number,
        client=row["client"],
        job=scrub(row["job"]),
        state=state,
        asked=from_text(row["asked"]),
        asked_by=row["asked_by"],
        outcome=outcome,
        note=note or error_of(trace),
        trace=trace,
    )


def _run(row: Mapping[str, Any], process: RunRow | None) -> JobRunInfo:
    due, started, finished = (_moment(row[name]) for name in ("due", "started", "finished"))
    outcome = row["outcome"] or "running"
    if outcome == "running" and (process is None or process.ended is not None):
        outcome = "interrupted"  # as the next process of the client will record it
    trace = scrub(row["trace"])
    return JobRunInfo(
        job_run_id=row["job_run_id"],
        client=row["client"],
        job=scrub(row["job"]),
        due=due,
        started=started,
        finished=finished,
        outcome=outcome,
        late=bool(started) and started - due > LATE_SECONDS * SECOND,
        by_hand=row["job_request_id"] is not None,
        seconds=(finished - started) / SECOND if started and finished and outcome != "interrupted" else None,
        code_hash=process.code_hash if process else "",
        error=error_of(trace),
        trace=trace,
    )


def _moment(text: str | None) -> Micros:
    return from_text(text) if text else 0
