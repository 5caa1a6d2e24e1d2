"""A client's life: start, due work, sleep, stop."""

from collections.abc import Callable

from quantstrip.client.asked import AskedJobs
from quantstrip.client.base import ClientBase
from quantstrip.client.ending import FINISHED, STOPPED, Ending, StopTimeout, crash
from quantstrip.client.missed import LATE, MissedRunKeeper
from quantstrip.client.records import Records, Requests
from quantstrip.client.runs import JobRunner
from quantstrip.clock import SECOND, Micros
from quantstrip.log import logger

LONGEST_SLEEP = 30.0
"""Seconds after which the loop wakes without due work, to notice a sleep or a clock that was set."""
_RETRY = 1.0


class ClientLoop:
    """Runs one client from ``on_start`` to ``on_stop``.

    Args:
        client: the client to run.
        records: where its jobs are recorded.
        run_id: the ledger's number of this process.
        known_since: start of the previous process of the same code, see ``MissedRunKeeper.resume``.
        on_step: called before ``on_start``, and again when it is done.
        requests: where jobs that a person asks for are kept; None for none.

    Attributes:
        begun: True once ``on_start`` is done.

    """

    def __init__(
        self,
        client: ClientBase,
        records: Records,
        run_id: int = 0,
        known_since: Micros | None = None,
        on_step: Callable[[], None] = lambda: None,
        requests: Requests | None = None,
    ) -> None:
        self.runner = JobRunner(client, records, run_id)
        self._asked = AskedJobs(client, requests, self.runner, run_id) if requests is not None else None
        self._client = client
        self._records = records
        self._known_since = known_since
        self._missed = MissedRunKeeper(client, records, run_id)
        self._requested = False
        self._on_step = on_step
        self.begun = False
        self._wall = client.clock.now()
        self._steady = client.clock.monotonic()
        client.scheduler.runner = self.runner

    def next_due(self) -> Micros | None:
        """When the next job is due."""
        return self._client.scheduler.next_due()

    def due_times(self) -> dict[str, Micros]:
        """When each job is due next. From any thread."""
        return {job.key: job.due for job in self._client.scheduler.planned()}

    def job_is_asked(self) -> None:
        """A person has asked for a job: take it up as soon as nothing else runs. From any thread."""
        self._client._wake.set()

    def request_stop(self) -> None:
        """End soon: the running job may finish. From any thread."""
        self._requested = True
        self._client.stop_client()

    def run(self) -> Ending:
        """Live until the client stops or is asked to; never raises an ``Exception``."""
        client = self._client
        try:
            self.begin()
            while not client.stopping:
                self.step()
        except Exception as error:  # noqa: BLE001 - whatever leaves the client is how it ended
            logger.opt(exception=error).critical("client {} crashed: {}", client.name, error)
            return crash(error)
        return self.end()

    def end(self) -> Ending:
        """End what runs beside the schedule, and the client; how it ended."""
        beside = self._client._finish()
        self._on_stop()
        return self.runner.ending or beside or (STOPPED if self._requested else FINISHED)

    def begin(self) -> None:
        """Close what a killed process left open, start the client, and take its schedule up where it was left."""
        client = self._client
        interrupted = self._records.interrupt_open_jobs(client.name)
        if interrupted:
            logger.warning("{} job run(s) of {} were interrupted last time; not repeated", interrupted, client.name)
        self._on_step()
        client._begin()
        client.on_start()
        self._missed.resume(self._known_since)
        self._mark()
        self.begun = True
        self._on_step()

    def step(self, longest: float = LONGEST_SLEEP) -> None:
        """Run what is due and what is asked for, then sleep until the next run, a stop, or ``longest`` seconds."""
        client = self._client
        self.runner.held = False
        client.scheduler.run_pending()
        client._wake.clear()  # before it looks: who asks from now on wakes it again
        while not client.stopping and self._asked is not None and self._asked.run_one():
            client.scheduler.run_pending()  # what became due meanwhile waits for one job, not for all that are asked
        if client.stopping:
            return
        idle = client.scheduler.idle_seconds
        seconds = longest if idle is None else min(longest, max(0.0, idle))
        if self.runner.held:
            seconds = _RETRY
        before = client.clock.now()
        client.clock.wait(seconds, client._wake)
        if not client.stopping:
            self._notice(client.clock.now() - before - round(seconds * SECOND))

    def _notice(self, overslept: Micros) -> None:
        """Compare the wall clock with the sleep that was asked for and with the clock that never jumps."""
        wall, steady = self._wall, self._steady
        self._mark()
        jumped = (self._wall - wall) - round((self._steady - steady) * SECOND)
        if max(overslept, jumped) > LATE:
            logger.warning(
                "{:.0f} s are missing: the machine slept or its clock was set", max(overslept, jumped) / SECOND
            )
            self._missed.after_gap()
        elif jumped < -SECOND:
            logger.warning("the machine's clock was set back by {:.0f} s", -jumped / SECOND)
            self._missed.after_jump_back()

    def _mark(self) -> None:
        self._wall = self._client.clock.now()
        self._steady = self._client.clock.monotonic()

    def _on_stop(self) -> None:
        try:
            self.runner.interruptible = True
            self._client.on_stop()
        except StopTimeout:
            logger.warning("on_stop of {} did not end in time and was interrupted", self._client.name)
        except Exception as error:  # noqa: BLE001 - the hook is user code; the client ends all the same
            logger.opt(exception=error).error("on_stop of {} raised: {}", self._client.name, error)
        finally:
            self.runner.interruptible = False
