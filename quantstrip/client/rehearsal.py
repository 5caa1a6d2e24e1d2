"""A client's schedule in seconds: from one due job to the next, with the time set to when it is due.

A strategy's bars come in between: each is shown once the jobs that were due before its close have run.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from quantstrip.client.base import ClientBase
from quantstrip.client.ending import Ending, crash
from quantstrip.client.loop import ClientLoop
from quantstrip.client.records import Records
from quantstrip.client.rehearsed_jobs import JobSeen
from quantstrip.client.rehearsed_time import Journey
from quantstrip.client.strategy import StrategyClient
from quantstrip.clock import Micros, system_clock, to_text
from quantstrip.errors import ClientLoadError
from quantstrip.feeds import HistoryFeed, Tables
from quantstrip.feeds.timeline import Moment
from quantstrip.log import logger
from quantstrip.model import ExitCode

MOST_RESTARTS: Final = 10


class Ended(NamedTuple):
    """How a rehearsal ended; ``reached`` is how far it came, ``note`` why it did not come to its end."""

    ending: Ending
    reached: Micros
    note: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a rehearsal gives up: after so many runs of jobs, or so many seconds of the machine's time."""

    jobs: int = 20_000
    seconds: float = 300.0


class WatchedRecords:
    """Records that tell of each run of a job when it is over; for the rest they are those they are made of."""

    def __init__(self, records: Records, told: Callable[[JobSeen], None]) -> None:
        self._records = records
        self._told = told
        self._open: dict[int, tuple[str, Micros, Micros, float]] = {}
        self.count = 0

    def begin_job(self, client: str, job: str, due: Micros, run_id: int) -> int | None:
        handle = self._records.begin_job(client, job, due, run_id)
        if handle is not None:
            self._open[handle] = (job, due, system_clock.now(), time.perf_counter())
        return handle

    def finish_job(self, job_run_id: int, outcome: str, trace: str = "") -> None:
        self._records.finish_job(job_run_id, outcome, trace)
        job, due, started, began = self._open.pop(job_run_id)
        self.count += 1
        self._told(JobSeen(job, due, started, system_clock.now(), time.perf_counter() - began, outcome, trace))

    def record_missed_job(self, client: str, job: str, due: Micros, run_id: int) -> None:
        self._records.record_missed_job(client, job, due, run_id)
        self.count += 1
        self._told(JobSeen(job, due, 0, 0, 0.0, "missed", ""))

    def interrupt_open_jobs(self, client: str) -> int:
        return self._records.interrupt_open_jobs(client)

    def last_job_due(self, client: str, job: str) -> Micros | None:
        return self._records.last_job_due(client, job)

    def alert(self, kind: str, subject: str, body: str, client: str = "", rate_key: str = "") -> object:
        return self._records.alert(kind, subject, body, client, rate_key)


class Rehearsal:
    """Rehearses a client from the moment that ``journey`` is at.

    Args:
        make: makes the client anew; called at the start, and where its error policy has it restarted.
        records: where its jobs are recorded.
        journey: the time.
        told: hears of each run of a job.
        run_id: the ledger's number of this process.
        limits: where to give up.

    """

    def __init__(
        self,
        make: Callable[[], ClientBase],
        records: Records,
        journey: Journey,
        told: Callable[[JobSeen], None] = lambda _: None,
        run_id: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self._make = make
        self._records = WatchedRecords(records, told)
        self._journey = journey
        self._run_id = run_id
        self._limits = limits or Limits()
        self._began = time.perf_counter()
        self._note = ""
        self._asked = False
        self._client: ClientBase | None = None
        self._loop: ClientLoop | None = None

    def stop(self) -> None:
        """End soon: the running job may finish. From a signal's handler too."""
        self._asked = True
        if self._loop is not None:
            self._loop.request_stop()

    def run(self, end: Micros) -> Ended:
        """Run everything that is due up to ``end``; whatever the client raises is how it ended."""
        restarts = 0
        while True:
            ending = self._live(end)
            if ending.exit_code != ExitCode.RESTART or self._asked or self._note:
                break
            restarts += 1
            if restarts > MOST_RESTARTS:
                self._note = f"it asked to be started anew {restarts} times: the platform gives it up before that"
                break
            logger.warning("its error policy has it started anew")
        return Ended(ending, system_clock.now(), self._note)

    def _live(self, end: Micros) -> Ending:
        self._client = client = self._make()
        self._loop = loop = ClientLoop(client, self._records, self._run_id)
        try:
            loop.begin()
            if isinstance(client, StrategyClient):
                ending = self._trade(client, end)
                if ending is not None:
                    return ending
            self._until(end)
        except Exception as error:  # noqa: BLE001 - as in a client's process: whatever leaves it is how it ended
            logger.opt(exception=error).critical("client {} crashed: {}", client.name, error)
            return crash(error)
        return loop.end()

    def _until(self, moment: Micros) -> bool:
        """Run what is due up to ``moment``, and be there; False where it ends before."""
        client, loop = self._client, self._loop
        assert client is not None  # noqa: S101 - set by _live
        assert loop is not None  # noqa: S101 - with it
        while not client.stopping:
            due = loop.next_due()
            if due is None or due > moment:
                self._journey.to(moment)
                return True
            if not self._may_go_on(due):
                return False
            self._journey.to(due)
            loop.step(0.0)
        return False

    def _may_go_on(self, due: Micros) -> bool:
        if self._records.count >= self._limits.jobs:
            self._note = f"it ended after {self._records.count} runs of jobs, the most of one rehearsal"
        elif time.perf_counter() - self._began > self._limits.seconds:
            self._note = f"it ended after {self._limits.seconds:g} seconds, the most of one rehearsal"
        else:
            return True
        self._note += f"; what was due from {to_text(due)[:19]} UTC on did not run"
        return False

    def _trade(self, client: StrategyClient, end: Micros) -> Ending | None:
        """Run the strategy over the bars of the span, with the jobs in between; an ending where it failed."""
        narrow(client, system_clock.now(), end, self._until)
        engine, recorder = client._make_engine()
        try:
            try:
                summary = engine.run()
            finally:
                recorder.close()
        except Exception as error:  # noqa: BLE001 - a fault of the strategy: its policy says what it means
            logger.opt(exception=error).error("strategy {} failed: {}", engine.strategy.name, error)
            return client._after(error)
        logger.info("{} bars: {} orders, {} fills, {} rejected signals, equity {:.2f}", summary.bars, summary.orders,
                    summary.fills, summary.rejections, summary.account.equity())  # fmt: skip
        return None


class SpanFeed(HistoryFeed):
    """Bars up to the end of a span; before each of the span, what was due by then is done.

    Args:
        tables: the bars, those before the span too: they warm up.
        start: where the span begins.
        before: called with a bar's close before it is shown; False ends the feed.
        steps: as for ``HistoryFeed``.

    """

    def __init__(self, tables: Tables, start: Micros, before: Callable[[Micros], bool], *, steps: int = 0) -> None:
        super().__init__(tables, steps=steps)
        self._start, self._before = start, before

    def slices(self) -> Iterator[Moment]:
        """Every slice, as of ``HistoryFeed``."""
        for moment in super().slices():
            if moment[0] >= self._start and not self._before(moment[0] - 1):
                return
            yield moment


def narrow(client: StrategyClient, start: Micros, end: Micros, before: Callable[[Micros], bool]) -> None:
    """Have the client's strategy trade the bars from ``start`` to ``end`` alone; older ones warm it up.

    Raises:
        ClientLoadError: there are no bars in the span.

    """
    setup = client._setup
    tables = {
        symbol: each.rows(0, int(np.searchsorted(each.ts, end, "right"))) for symbol, each in setup.tables.items()
    }
    if not any(len(each) and each.ts[-1] >= start for each in tables.values()):
        first, last = bars_span(client)
        raise ClientLoadError(
            f"no bars are recorded from {to_text(start)[:16]} to {to_text(end)[:16]} UTC",
            hint=f"They reach from {to_text(first)[:10]} to {to_text(last)[:10]}: rehearse a span in there.",
        )
    tables = {symbol: each for symbol, each in tables.items() if len(each)}
    client._setup = replace(
        setup,
        key=f"{setup.key}:{start}:{end}",
        tables=tables,
        feed=SpanFeed(tables, start, before, steps=setup.strategy.tick_steps),
        begin=max(setup.begin, start),
    )


def bars_span(client: StrategyClient) -> tuple[Micros, Micros]:
    """Close of the first and of the last bar of a client that is prepared."""
    tables = client._setup.tables.values()
    return min(int(each.ts[0]) for each in tables), max(int(each.ts[-1]) for each in tables)
