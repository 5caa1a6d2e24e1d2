"""Jobs that a person asks for: they run in the client's own loop, one at a time, like any other job."""

from quantstrip.client.base import ClientBase
from quantstrip.client.records import Requests
from quantstrip.client.runs import JobRunner
from quantstrip.errors import LedgerError
from quantstrip.log import logger


class AskedJobs:
    """Takes up what a person asked of one client.

    Args:
        client: whose jobs.
        requests: where they are asked.
        runner: what carries them out: records, error policy and overrun alerts are those of scheduled runs.
        run_id: the ledger's number of this process; requests to another one are not its own.

    """

    def __init__(self, client: ClientBase, requests: Requests, runner: JobRunner, run_id: int) -> None:
        self._client = client
        self._requests = requests
        self._runner = runner
        self._run_id = run_id

    def run_one(self) -> bool:
        """Run what was asked for first; False where nothing waits."""
        scheduler = self._client.scheduler
        jobs = {job.key: job for job in scheduler.planned() if not job.is_over}
        try:
            taken = self._requests.take_asked_job(self._run_id, jobs)
        except LedgerError as error:  # it waits in the ledger; the loop looks again
            logger.error("jobs that were asked for wait: {}", error)
            self._runner.held = True
            return False
        if taken is None:
            return False
        logger.info("job {} runs now: a person asked for it", taken.job)
        job = jobs[taken.job]
        scheduler.settle(job, self._runner.run_asked(job, taken.job_run_id))
        return True
