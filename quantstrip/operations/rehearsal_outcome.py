"""What a rehearsal came to: the file that its process writes, read while it grows, beside what its ledger holds."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from quantstrip.client.rehearsed_jobs import WRITTEN, JobSeen
from quantstrip.clock import Micros, to_text
from quantstrip.operations.simulation_outcome import Outcome, outcome_of

_MOST_TRACES: Final = 200


@dataclass
class Follower:
    """Reads ``rehearsal.jsonl`` as it grows.

    Attributes:
        start, end: the span; 0 until it is known.
        jobs: runs of jobs, in the order in which they ended.
        reached: how far it came; 0 while it runs, or where it was killed.

    """

    folder: Path
    start: Micros = 0
    end: Micros = 0
    zone: str = ""
    jobs: list[JobSeen] = field(default_factory=list)
    reached: Micros = 0
    note: str = ""
    ending: str = ""
    _offset: int = 0
    _traces: int = 0

    def read(self) -> None:
        """Take up what was written since the last call; a line without an end waits."""
        try:
            with (self.folder / WRITTEN).open("rb") as file:
                file.seek(self._offset)
                raw = file.read()
        except FileNotFoundError:
            return
        whole = raw.rfind(b"\n") + 1
        self._offset += whole
        for line in raw[:whole].splitlines():
            self._take(json.loads(line))

    @property
    def fraction(self) -> float:
        """Share of the span that is behind."""
        if not self.jobs or self.end <= self.start:
            return 0.0
        return min(1.0, max(0.0, (self.jobs[-1].due - self.start) / (self.end - self.start)))

    @property
    def words(self) -> str:
        """How far it is, in words."""
        if not self.start:
            return "loading the client"
        return f"{len(self.jobs)} runs of jobs, at {to_text(self.jobs[-1].due if self.jobs else self.start)[:16]} UTC"

    def _take(self, line: dict[str, Any]) -> None:
        if "job" in line:
            seen = JobSeen(*line["job"])
            self._traces += bool(seen.trace)
            self.jobs.append(seen if self._traces <= _MOST_TRACES else seen._replace(trace=""))
        elif "start" in line:
            self.start, self.end, self.zone = int(line["start"]), int(line["end"]), str(line["zone"])
        else:
            ended = line["ended"]
            self.reached, self.note, self.ending = int(ended["reached"]), str(ended["note"]), str(ended["outcome"])


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the rehearsed schedule, over all of its runs.

    Attributes:
        seconds: the machine's time of all runs; ``slowest`` of the longest one.
        first, last: when it was due, of the first and of the last run.

    """

    job: str
    runs: int
    failed: int
    missed: int
    overruns: int
    seconds: float
    slowest: float
    first: Micros
    last: Micros


@dataclass(frozen=True, slots=True)
class RehearsalOutcome:
    """A rehearsal, so far or in all.

    Attributes:
        start, end: the span, microseconds UTC; 0 until the client is loaded.
        zone: the client's.
        runs: every run of a job, oldest first.
        did: orders, fills, mails, refused signals.
        reached: how far it came; 0 while it runs, or where it was killed.
        note: why it did not come to its end; "" where it did.
        ending: finished, stopped, job_error, crashed, load_error; "" while it runs.

    """

    start: Micros
    end: Micros
    zone: str
    runs: tuple[JobSeen, ...]
    did: Outcome
    reached: Micros
    note: str
    ending: str

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs in the order in which each was due first."""
        by_name: dict[str, list[JobSeen]] = {}
        for each in self.runs:
            by_name.setdefault(each.job, []).append(each)
        return tuple(_summed(name, runs) for name, runs in by_name.items())


def rehearsal_of(folder: Path) -> RehearsalOutcome:
    """The rehearsal of a task's ``folder``; empty before it begins.

    Raises:
        LedgerError: its ledger cannot be read.

    """
    found = Follower(folder)
    found.read()
    return RehearsalOutcome(
        found.start,
        found.end,
        found.zone,
        tuple(found.jobs),
        outcome_of(folder),
        found.reached,
        found.note,
        found.ending,
    )


def _summed(name: str, runs: list[JobSeen]) -> Job:
    outcomes = [each.outcome for each in runs]
    seconds = [each.seconds for each in runs]
    due = [each.due for each in runs]
    return Job(
        name, len(runs), outcomes.count("failed"), outcomes.count("missed"), outcomes.count("overrun"),
        sum(seconds), max(seconds), min(due), max(due),
    )  # fmt: skip
