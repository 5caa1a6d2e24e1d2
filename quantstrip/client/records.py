"""What a client writes about its jobs: the part of the ledger it needs, and a twin in memory for notebooks."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from quantstrip.clock import Micros
from quantstrip.errors import LedgerError
from quantstrip.log import logger
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from quantstrip.ledger.job_requests import AskedJob


class Records(Protocol):
    """The ledger's side of a client's life; ``quantstrip.ledger.Ledger`` is one."""

    def begin_job(self, client: str, job: str, due: Micros, run_id: int) -> int | None:
        """Claim a run of a job; None when that run was claimed before, by whichever process."""
        ...

    def finish_job(self, job_run_id: int, outcome: str, trace: str = "") -> None:
        """How the run ended: ok, failed, interrupted, missed or overrun."""
        ...

    def record_missed_job(self, client: str, job: str, due: Micros, run_id: int) -> None:
        """A run that did not take place."""
        ...

    def interrupt_open_jobs(self, client: str) -> int:
        """Close the runs that a killed process left open; how many there were."""
        ...

    def last_job_due(self, client: str, job: str) -> Micros | None:
        """Due time of the latest run on record, whatever its outcome."""
        ...

    def alert(self, kind: str, subject: str, body: str, client: str = "", rate_key: str = "") -> Any:
        """Tell the owner; alerts of one ``rate_key`` are not repeated at once."""
        ...


class Requests(Protocol):
    """Jobs that a person asks for; ``quantstrip.ledger.Ledger`` keeps them."""

    def take_asked_job(self, run_id: int, runnable: Collection[str]) -> "AskedJob | None":
        """Take the oldest request for a process, and no other process or moment does so again."""
        ...


def tell(records: Records, kind: str, subject: str, body: str, *, client: str, topic: str) -> None:
    """Record an alert; a ledger that cannot take it now leaves it to the log, and the client goes on."""
    try:
        records.alert(kind, scrub(subject), scrub(body), client=client, rate_key=f"{kind}:{client}:{topic}")
    except LedgerError as error:
        logger.error("alert not recorded ({}): {}", error, subject)


class JobRun(NamedTuple):
    """One run of a job, as it is kept in memory."""

    client: str
    job: str
    due: Micros
    outcome: str
    trace: str = ""


class MemoryRecords:
    """Records that end with the process: for clients run from a notebook or a test."""

    def __init__(self) -> None:
        self.runs: list[JobRun] = []
        self.alerts: list[tuple[str, str, str]] = []

    def begin_job(self, client: str, job: str, due: Micros, run_id: int) -> int | None:  # noqa: ARG002
        if any((run.client, run.job, run.due) == (client, job, due) for run in self.runs):
            return None
        self.runs.append(JobRun(client, job, due, "running"))
        return len(self.runs)

    def finish_job(self, job_run_id: int, outcome: str, trace: str = "") -> None:
        self.runs[job_run_id - 1] = self.runs[job_run_id - 1]._replace(outcome=outcome, trace=trace)

    def record_missed_job(self, client: str, job: str, due: Micros, run_id: int) -> None:
        handle = self.begin_job(client, job, due, run_id)
        if handle is not None:
            self.finish_job(handle, "missed")

    def interrupt_open_jobs(self, client: str) -> int:
        found = [n for n, run in enumerate(self.runs, 1) if run.client == client and run.outcome == "running"]
        for handle in found:
            self.finish_job(handle, "interrupted")
        return len(found)

    def last_job_due(self, client: str, job: str) -> Micros | None:
        return max((run.due for run in self.runs if (run.client, run.job) == (client, job)), default=None)

    def alert(self, kind: str, subject: str, body: str, client: str = "", rate_key: str = "") -> None:  # noqa: ARG002
        self.alerts.append((kind, subject, body))
