"""The published ``scheduler``: the syntax of the ``schedule`` library on our clock, our zone and our rules.

``schedule`` 1.2 asks the machine for naive local time, adds days to it, and drops a job's next run when the job raises.
Here a job's next run is a moment (``Job.due``) computed by ``Recurrence``; everything a client writes stays the same.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import schedule
from schedule import CancelJob

from quantstrip.client.job import Job
from quantstrip.client.zones import machine_zone, wall_time
from quantstrip.clock import SECOND, Clock, Micros, system_clock

Runner = Callable[[Job], Any]


class Scheduler(schedule.Scheduler):
    """``schedule.Scheduler`` with a clock, a zone and a runner.

    Args:
        clock: where the time comes from.
        zone: zone of every time that names none; the machine's by default.
        runner: what carries a due job out (the client's, which keeps records); ``Job.run`` by default.

    """

    def __init__(
        self, clock: Clock = system_clock, zone: dt.tzinfo | None = None, runner: Runner | None = None
    ) -> None:
        super().__init__()
        self.clock = clock
        self.zone = zone or machine_zone()
        self.runner: Runner = runner or Job.run
        self._halted = False

    def every(self, interval: int = 1) -> Job:
        """Begin a job: ``every(5).seconds.do(f)``, ``every().day.at("15:45", "America/New_York").do(f)``."""
        return Job(interval, self)

    def run_pending(self) -> None:
        """Run what is due, the longest overdue first; a job that an earlier one cancelled does not run."""
        for job in sorted(job for job in self.planned() if job.should_run):
            if self._halted:
                return
            if job in self.jobs:
                self._run_job(job)

    def run_all(self, delay_seconds: float = 0) -> None:
        """Run every job now, due or not, with a pause of ``delay_seconds`` between two."""
        for job in self.planned():
            if self._halted:
                return
            self._run_job(job)
            self.clock.wait(delay_seconds)

    def halt(self) -> None:
        """Start no further job."""
        self._halted = True

    def get_next_run(self, tag: Hashable | None = None) -> dt.datetime | None:
        """Wall time of the next run in the scheduler's zone (naive), or None."""
        due = self.next_due(tag)
        return None if due is None else wall_time(due, self.zone)

    next_run = property(get_next_run)

    def next_due(self, tag: Hashable | None = None) -> Micros | None:
        """The moment of the next run, or None without jobs."""
        return min((job.due for job in self.planned(tag)), default=None)

    def planned(self, tag: Hashable | None = None) -> Sequence[Job]:
        """The jobs with ``tag``, or all, in the order in which they were made."""
        return [job for job in self.get_jobs(tag) if isinstance(job, Job)]

    @property
    def idle_seconds(self) -> float | None:
        """Seconds to the next run, negative when it is overdue, None without jobs."""
        due = self.next_due()
        return None if due is None else (due - self.clock.now()) / SECOND

    def unique_key(self, description: str) -> str:
        """``description``, numbered when a job of that description is there: the second is ``... #2``."""
        taken = {job.key for job in self.planned()}
        number, key = 1, description
        while key in taken:
            number += 1
            key = f"{description} #{number}"
        return key

    def settle(self, job: Job, result: object) -> None:
        """Cancel a job whose run returned ``CancelJob``."""
        if result is CancelJob or isinstance(result, CancelJob):
            self.cancel_job(job)

    def _run_job(self, job: schedule.Job) -> None:
        assert isinstance(job, Job)  # noqa: S101 - every() makes no others
        self.settle(job, self.runner(job))
