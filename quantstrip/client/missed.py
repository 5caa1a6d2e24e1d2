"""Runs that fell into a sleep, a clock jump or a time without service.

A daily or weekly run that could begin within ``LATE`` of its time simply runs. One that could not is recorded as
missed; under ``missed_runs = "run_once"`` the latest of them runs late, under its own due time: at most once.
"""

from collections.abc import Sequence

from quantstrip.client.base import ClientBase
from quantstrip.client.job import Job
from quantstrip.client.records import Records, tell
from quantstrip.clock import SECOND, Micros, to_text
from quantstrip.log import logger

LATE: Micros = 60 * SECOND
"""How late a daily or weekly run may begin after a sleep, a jump or a restart without counting as missed."""
MOST = 50
"""How many missed runs of one job are recorded at once: enough to see them, not a year of them."""


class MissedRunKeeper:
    """Finds the runs that were missed and applies the client's policy to them."""

    def __init__(self, client: ClientBase, records: Records, run_id: int) -> None:
        self._client = client
        self._records = records
        self._run_id = run_id

    def resume(self, known_since: Micros | None) -> None:
        """At the start: go on where the ledger says that earlier processes ended.

        Args:
            known_since: start of the previous process when it ran the same code, so that a job that has not run yet
                is known to have waited since then; None when unknown.

        """
        now = self._client.clock.now()
        for job in self._calendar_jobs():
            last = self._records.last_job_due(self._client.name, job.key)
            since = known_since if last is None else last
            if since is None or since >= now:
                continue
            job.resume(since)
            self._settle(job, job.rule.between(since, now, MOST), now)

    def after_gap(self) -> None:
        """After a sleep or a jump forward: runs due in it were missed, unless they are hardly late."""
        now = self._client.clock.now()
        for job in self._calendar_jobs():
            if job.due <= now - LATE:
                self._settle(job, [job.due, *job.rule.between(job.due, now, MOST)], now)

    def after_jump_back(self) -> None:
        """After the clock was set back: nothing may wait longer than its interval. What ran already is not repeated."""
        now = self._client.clock.now()
        for job in self._client.scheduler.planned():
            rule = job.rule
            first = rule.first(now)
            if (rule.is_calendar and rule.interval == 1) or job.due > now + rule.period:
                job.set_due(first)

    def _settle(self, job: Job, dues: Sequence[Micros], now: Micros) -> None:
        missed = [due for due in dues if due <= now - LATE]
        current = [due for due in dues if due > now - LATE]
        if current:
            job.set_due(current[-1])
        if not missed:
            return
        late = missed.pop() if self._client.missed_runs == "run_once" and not current else None
        if late is not None:
            job.set_due(late)
        elif not current:
            job.set_due(job.rule.after_now(missed[-1], now))
        for due in missed:
            self._records.record_missed_job(self._client.name, job.key, due, self._run_id)
        self._tell(job, missed, late)

    def _tell(self, job: Job, missed: Sequence[Micros], late: Micros | None) -> None:
        lines = [f"missed: {to_text(due)[:19]} UTC" for due in missed]
        if late is not None:
            lines.append(f"runs late, now: {to_text(late)[:19]} UTC")
        logger.warning("job {} of {}: {}", job.key, self._client.name, "; ".join(lines))
        tell(
            self._records,
            "missed_job",
            f"{self._client.name}: {job.key} missed {len(missed) + (late is not None)} run(s)",
            "\n".join(lines),
            client=self._client.name,
            topic=f"{job.key}:{missed[-1] if missed else late}",
        )

    def _calendar_jobs(self) -> list[Job]:
        return [job for job in self._client.scheduler.planned() if job.rule.is_calendar]
