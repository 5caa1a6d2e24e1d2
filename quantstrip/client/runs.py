"""Running jobs: each run is claimed in the ledger before it begins, so that it takes place at most once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schedule import CancelJob

from quantstrip.client.base import ClientBase
from quantstrip.client.ending import Ending, StopTimeout, trace_of
from quantstrip.client.job import Job
from quantstrip.client.missed import LATE
from quantstrip.client.records import Records, tell
from quantstrip.clock import SECOND, Micros, to_text
from quantstrip.errors import LedgerError
from quantstrip.log import logger
from quantstrip.model import ExitCode


@dataclass(slots=True)
class Running:
    """The job that runs now.

    ``limit`` is the moment from which it keeps another run waiting: its own next one, or another job's by a minute.
    """

    key: str
    handle: int
    started: Micros
    limit: Micros
    told: bool = False


class JobRunner:
    """Carries out due jobs for a client's scheduler and applies its error policy.

    Attributes:
        running: the job that runs now, or None; read by the heartbeat's thread.
        interruptible: True while user code runs that a stop may interrupt once its time is up.
        ending: set when a failed job ends the client.
        held: True when the ledger could not claim a due run: it stays due.

    """

    def __init__(self, client: ClientBase, records: Records, run_id: int) -> None:
        self._client = client
        self._records = records
        self._run_id = run_id
        self.running: Running | None = None
        self.interruptible = False
        self.ending: Ending | None = None
        self.held = False
        self._unrecorded: list[tuple[int, str, str]] = []

    def __call__(self, job: Job) -> Any:
        """Run a due job; its exceptions end here."""
        if job.is_over:
            return CancelJob
        now = self._client.clock.now()
        due = min(job.due, now)  # a job that run_all() starts is due now
        handle = self._claim(job, due)
        if handle is None:
            return None
        return self._carry_out(job, handle, self._limit(job, due, now), job.run)

    def run_asked(self, job: Job, handle: int) -> Any:
        """Run a job that a person asked for, under the run ``handle`` that is on record; its exceptions end here."""
        now = self._client.clock.now()
        planned = [max(other.due, now) + LATE for other in self._client.scheduler.planned()]
        return self._carry_out(job, handle, min(planned), job.run_asked)

    def _carry_out(self, job: Job, handle: int, limit: Micros, call: Callable[[], Any]) -> Any:
        self.running = Running(job.key, handle, self._client.clock.now(), limit)
        outcome, trace = "interrupted", ""
        try:
            result = self._run(call)
            outcome = "overrun" if self._client.clock.now() > self.running.limit else "ok"
        except StopTimeout:
            logger.warning("job {} did not end in time and was interrupted", job.key)
            return None
        except Exception as error:  # noqa: BLE001 - the error policy decides what any exception does
            outcome, trace = "failed", trace_of(error)
            self._failed(job, error, trace)
            return None
        finally:
            self.check_overrun()
            self.running = None
            self._unrecorded.append((handle, outcome, trace))
            self.record_ends()
        return result

    def record_ends(self) -> None:
        """Record how runs ended; what the ledger cannot take now is kept for the next call."""
        try:
            while self._unrecorded:
                self._records.finish_job(*self._unrecorded[0])
                del self._unrecorded[0]
        except LedgerError as error:
            logger.error("the end of a job run is not recorded yet: {}", error)

    def check_overrun(self) -> None:
        """Alert, once, when the job that runs now keeps another run waiting; it is left alone."""
        running, now = self.running, self._client.clock.now()
        if running is None or running.told or now <= running.limit:
            return
        running.told = True
        seconds = (now - running.started) / SECOND
        logger.warning("job {} has run for {:.1f} s and keeps the next run waiting", running.key, seconds)
        tell(
            self._records,
            "overrun",
            f"{self._client.name}: {running.key} overruns",
            f"Started {to_text(running.started)[:19]} UTC, running for {seconds:.1f} s; the next run waits.",
            client=self._client.name,
            topic=running.key,
        )

    def _claim(self, job: Job, due: Micros) -> int | None:
        self.record_ends()
        try:
            handle = self._records.begin_job(self._client.name, job.key, due, self._run_id)
        except LedgerError as error:
            # Unrecorded, it could run twice; so it waits until the ledger answers.
            logger.error("job {} waits: the ledger cannot record it: {}", job.key, error)
            self.held = True
            return None
        if handle is None:
            logger.info("job {} due {} UTC ran already and is not repeated", job.key, to_text(due)[:19])
            job.skip()
        return handle

    def _run(self, call: Callable[[], Any]) -> Any:
        self.interruptible = True
        try:
            return call()
        finally:
            self.interruptible = False

    def _limit(self, job: Job, due: Micros, now: Micros) -> Micros:
        others = [max(other.due, now) + LATE for other in self._client.scheduler.planned() if other is not job]
        return min([job.rule.after_now(due, now), *others])

    def _failed(self, job: Job, error: Exception, trace: str) -> None:
        name = self._client.name
        logger.opt(exception=error).error("job {} of {} failed: {}", job.key, name, error)
        subject = f"{name}: {job.key} failed: {type(error).__name__}: {error}"
        tell(self._records, "job_error", subject, trace, client=name, topic=job.key)
        policy = self._client._policy_after(job, error)
        if policy == "continue":
            return
        code = ExitCode.RESTART if policy == "restart" else ExitCode.STOPPED
        self.ending = Ending("job_error", code, trace)
        self._client.stop_client()
