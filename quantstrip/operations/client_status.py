"""What a client is doing: the supervisor's word, the ledger's record and the process itself, in one row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantstrip.clock import SECOND, Micros, from_text, system_clock
from quantstrip.errors import ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model import ExitCode
from quantstrip.operations.risk import HaltRow, RiskState, risk_states
from quantstrip.operations.settings import OrDefaults, manager_of
from quantstrip.operations.traces import error_of, place_of
from quantstrip.operations.usage import usage
from quantstrip.ports import ProcessState
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import FAILED, ClientRow, RunRow, client_row, run_row
from quantstrip.supervise.names import client_of
from quantstrip.supervise.options import restart_policy
from quantstrip.supervise.policy import ALIVE, LASTING, Mark
from quantstrip.supervise.record import read_record

_RUNS = 100
PROBLEMS = FAILED | {"load_error"}
"""Outcomes of a run that a person must know of."""
_ENDED = {"load_error": "load_error", "finished": "stopping", "stopped": "stopping"}
"""The state of a client that has recorded its end, until the warden says more."""
_ALERTS = 500
_LOCKED = "another copy of it runs; it is tried again when that one has ended"
_STATES = {
    Mark.STOPPED: "stopped",
    Mark.FINISHED: "finished",
    Mark.FAILED: "crashed",
    Mark.LOAD_ERROR: "load_error",
    Mark.GIVEN_UP: "given_up",
}


@dataclass(frozen=True, slots=True)
class ClientStatus:
    """One client, as a monitor shows it.

    Attributes:
        state: running, starting, stopped, stopping, crashed, load_error, given_up, backoff, unresponsive, finished.
        since: when a person last started or stopped it, or when it was marked; wall clock, 0 where unknown.
        pid: 0 when no process runs.
        started: start of the process that runs, or of the last one; 0 when none ever ran.
        heartbeat: its last sign of life; 0 for none, as while it is being loaded.
        restarts: how often it was started again since a person, or the service, started it.
        last_error: what its process ended with, or what a job of the process that runs raised last; "" for neither.
        last_error_at: when that was, wall clock; 0 for never.
        failed_jobs: how often a job of the process that runs has raised.
        memory_mb: resident memory, in 1,000,000 bytes.
        cpu_percent: mean use of one processor since the process started.
        cpu_now: use of one processor since it was looked at last, a few seconds ago; None at the first look.
        next_job: due time of its next job, UTC text; "" for none.
        differs: its source is no longer what is deployed.
        desired: running or stopped: what a person wants.
        note: why it is in this state, in words.
        killed: a person switched the entries of its strategy off.
        kill_reason: why, in that person's words.
        halts: rules that halt its strategy's entries, oldest first; see ``operations.risk``.

    """

    name: str
    display_name: str
    state: str
    since: Micros
    pid: int
    started: Micros
    heartbeat: Micros
    heartbeat_age_seconds: float | None
    restarts: int
    last_error: str
    last_error_at: Micros
    failed_jobs: int
    last_trace: str
    memory_mb: float
    cpu_percent: float
    cpu_now: float | None
    next_job: str
    code_hash: str
    differs: bool
    desired: str
    mode: str
    note: str
    killed: bool = False
    kill_reason: str = ""
    halts: tuple[HaltRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One failure of one client; ``file`` and ``line`` are where its trace ends, "" and 0 where it names none."""

    name: str
    when: Micros
    kind: str
    message: str
    trace: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class JobErrors:
    """What the jobs of one process raised: how often, when and what last; alerts count them."""

    count: int = 0
    when: Micros = 0
    trace: str = ""


class StatusReader:
    """Reads the state of all clients at one moment."""

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self._ledger = ledger
        self._now = system_clock.now()
        self._policy = restart_policy(OrDefaults(manager_of(home)))
        try:
            states = SupervisordSupervisor(home).states()
        except ServiceNotRunning:
            states = []
        self._service_runs = bool(states)
        self._states = {name: state for state in states if (name := client_of(state.name)) is not None}
        record = read_record(home)
        self._service_started = record.started if record else 0
        self._risk = risk_states(ledger)
        self._alerts = [row for row in ledger.alerts(_ALERTS) if row["kind"] == "job_error"]

    def all(self) -> list[ClientStatus]:
        """Every deployed client, by name."""
        return sorted((self.one(client_row(row)) for row in self._ledger.clients()), key=lambda status: status.name)

    def one(self, row: ClientRow) -> ClientStatus:
        """One client."""
        process = self._states.get(row.name)
        runs = [run_row(found) for found in self._ledger.client_runs(row.name, limit=_RUNS)]
        last = runs[0] if runs else None
        alive = process is not None and process.state in ALIVE | {"STOPPING"}
        own = last if alive and last is not None and process is not None and last.pid == process.pid else None
        pid = process.pid if alive and process is not None else 0
        memory, cpu, cpu_now = usage(pid)
        error, error_at, trace, failed_jobs = self._last_error(own, last)
        beat = own or (last if not alive else None)
        risk = self._risk.get(row.name) or RiskState(row.name)
        return ClientStatus(
            name=row.name,
            display_name=row.display_name or (last.client if last else row.name),
            state=self._state(row, process, own, last),
            since=row.since,
            pid=pid,
            started=process.started if alive and process else (last.started if last else 0),
            heartbeat=(beat.beat or 0) if beat else 0,
            heartbeat_age_seconds=round((self._now - own.beat) / SECOND, 3) if own and own.beat else None,
            restarts=self._restarts(row, runs),
            last_error=error,
            last_error_at=error_at,
            failed_jobs=failed_jobs,
            last_trace=trace,
            memory_mb=memory,
            cpu_percent=cpu,
            cpu_now=cpu_now,
            next_job=own.next_job_time if own else "",
            code_hash=row.code_hash,
            differs=row.differs,
            desired="running" if row.wanted else "stopped",
            mode=last.mode if last else row.mode,
            note=self._note(row, process),
            killed=risk.killed,
            kill_reason=risk.kill_reason,
            halts=risk.halts,
        )

    def _state(self, row: ClientRow, process: ProcessState | None, own: RunRow | None, last: RunRow | None) -> str:
        if process is not None and process.state == "STOPPING":
            return "stopping"
        if process is not None and process.state in ALIVE and (own is None or own.ended is None):
            return self._alive_state(process, own)
        mark = row.mark
        if row.wanted and row.since < self._service_started:
            mark = Mark.NONE
        if mark is not Mark.NONE and (mark in LASTING or row.wanted):
            return _STATES[mark]
        if not row.wanted:
            return "stopped"
        since = max(row.since, self._service_started)
        outcome = last.outcome if last is not None and last.started >= since else ""
        if outcome in _ENDED and self._service_runs:  # its process is about to go, or the warden has not looked yet
            return _ENDED[outcome]
        failed = outcome in FAILED
        if self._service_runs:
            return "backoff" if failed else "starting"
        return "crashed" if failed else "stopped"

    def _alive_state(self, process: ProcessState, own: RunRow | None) -> str:
        beat = own.beat if own is not None else None
        if beat is None:
            age, limit = self._now - process.started, self._policy.startup_seconds
        else:
            age, limit = self._now - beat, self._policy.stale_seconds
        if age > limit * SECOND:
            return "unresponsive"
        return "starting" if beat is None else "running"

    def _last_error(self, own: RunRow | None, last: RunRow | None) -> tuple[str, Micros, str, int]:
        """The error, its moment and trace, and how many jobs of the process that runs have failed."""
        if last is not None and last.outcome in PROBLEMS:
            return error_of(last.trace), last.ended or last.started, last.trace, 0
        found = self._job_errors(own) if own is not None else JobErrors()
        return error_of(found.trace), found.when, found.trace, found.count

    def _job_errors(self, run: RunRow) -> JobErrors:
        rows = [row for row in self._alerts if row["client"] == run.client and _moment(row) >= run.started]
        if not rows:
            return JobErrors()
        return JobErrors(sum(int(row["occurrences"]) for row in rows), _moment(rows[0]), str(rows[0]["body"]))

    @staticmethod
    def _note(row: ClientRow, process: ProcessState | None) -> str:
        locked = process is not None and process.state == "EXITED" and process.exit_code == ExitCode.LOCKED
        return _LOCKED if row.wanted and locked else row.note

    def _restarts(self, row: ClientRow, runs: list[RunRow]) -> int:
        since = max(row.since, self._service_started) - SECOND  # a run may be written within the second of its start
        return max(0, sum(run.started >= since for run in runs) - 1)


def problems_of(ledger: Ledger, limit: int) -> list[Problem]:
    """Failed runs and refused deployments, newest first."""
    runs = (run_row(row) for row in ledger.client_runs(limit=max(_RUNS, limit)))
    found = [
        _problem(run.client, run.ended or run.started, run.outcome, run.trace)
        for run in runs
        if run.outcome in PROBLEMS
    ]
    refused = (row for row in ledger.alerts(limit) if row["kind"] == "deploy_refused")
    found += [_problem(row["client"], from_text(row["update_time"]), "deploy_refused", row["body"]) for row in refused]
    return sorted(found, key=lambda problem: problem.when, reverse=True)[:limit]


def _problem(name: Any, when: Micros, kind: str, trace: str) -> Problem:
    file, line = place_of(trace)
    return Problem(str(name), when, kind, error_of(trace) or kind, trace, file, line)


def _moment(row: Mapping[str, Any]) -> Micros:
    return from_text(row["update_time"])
