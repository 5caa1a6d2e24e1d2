"""What a client is doing: the supervisor's word, the ledger's record and the process itself, in one row."""

import re
from dataclasses import dataclass
from typing import Any

import psutil

from quantstrip.clock import SECOND, Micros, from_text, system_clock
from quantstrip.errors import ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations.settings import manager_of
from quantstrip.ports import ProcessState
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import FAILED, ClientRow, RunRow, client_row, run_row
from quantstrip.supervise.names import client_of
from quantstrip.supervise.options import restart_policy
from quantstrip.supervise.policy import ALIVE, LASTING, Mark
from quantstrip.supervise.record import read_record

_RUNS = 100
_PROBLEMS = FAILED | {"load_error"}
_FRAME = re.compile(r'File "(?P<file>[^"<]+)", line (?P<line>\d+)')
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
        heartbeat: its last sign of life; 0 for none.
        restarts: how often it was started again since a person, or the service, started it.
        last_error: the last line of the last failure's trace; "" when the last run did not fail.
        memory_mb: resident memory, in 1,000,000 bytes.
        cpu_percent: mean use of one processor since the process started.
        next_job: due time of its next job, UTC text; "" for none.
        differs: its source is no longer what is deployed.
        desired: running or stopped: what a person wants.
        note: why it is in this state, in words.

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
    last_trace: str
    memory_mb: float
    cpu_percent: float
    next_job: str
    code_hash: str
    differs: bool
    desired: str
    mode: str
    note: str


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


class StatusReader:
    """Reads the state of all clients at one moment."""

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self._ledger = ledger
        self._now = system_clock.now()
        self._policy = restart_policy(manager_of(home))
        try:
            states = SupervisordSupervisor(home).states()
        except ServiceNotRunning:
            states = []
        self._service_runs = bool(states)
        self._states = {name: state for state in states if (name := client_of(state.name)) is not None}
        record = read_record(home)
        self._service_started = record.started if record else 0

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
        memory, cpu = _usage(pid)
        failed = last if last is not None and last.outcome in _PROBLEMS else None
        beat = own or (last if not alive else None)
        return ClientStatus(
            name=row.name,
            display_name=row.display_name or (last.client if last else row.name),
            state=self._state(row, process, own, last),
            since=row.since,
            pid=pid,
            started=process.started if alive and process else (last.started if last else 0),
            heartbeat=beat.heartbeat if beat else 0,
            heartbeat_age_seconds=round((self._now - own.heartbeat) / SECOND, 3) if own else None,
            restarts=self._restarts(row, runs),
            last_error=last_line(failed.trace) if failed else "",
            last_trace=failed.trace if failed else "",
            memory_mb=memory,
            cpu_percent=cpu,
            next_job=own.next_job_time if own else "",
            code_hash=row.code_hash,
            differs=row.differs,
            desired="running" if row.wanted else "stopped",
            mode=last.mode if last else row.mode,
            note=row.note,
        )

    def _state(self, row: ClientRow, process: ProcessState | None, own: RunRow | None, last: RunRow | None) -> str:
        if process is not None and process.state == "STOPPING":
            return "stopping"
        if process is not None and process.state in ALIVE:
            return self._alive_state(process, own)
        mark = row.mark
        if row.wanted and row.since < self._service_started:
            mark = Mark.NONE
        if mark is not Mark.NONE and (mark in LASTING or row.wanted):
            return _STATES[mark]
        if not row.wanted:
            return "stopped"
        failed = last is not None and last.outcome in FAILED and last.started >= row.since
        if self._service_runs:
            return "backoff" if failed else "starting"
        return "crashed" if failed else "stopped"

    def _alive_state(self, process: ProcessState, own: RunRow | None) -> str:
        if own is None:
            age, limit = self._now - process.started, self._policy.startup_seconds
        else:
            age, limit = self._now - own.heartbeat, self._policy.stale_seconds
        if age > limit * SECOND:
            return "unresponsive"
        return "starting" if own is None else "running"

    def _restarts(self, row: ClientRow, runs: list[RunRow]) -> int:
        since = max(row.since, self._service_started) - SECOND  # a run may be written within the second of its start
        return max(0, sum(run.started >= since for run in runs) - 1)


def problems_of(ledger: Ledger, limit: int) -> list[Problem]:
    """Failed runs and refused deployments, newest first."""
    runs = (run_row(row) for row in ledger.client_runs(limit=max(_RUNS, limit)))
    found = [
        _problem(run.client, run.ended or run.started, run.outcome, run.trace)
        for run in runs
        if run.outcome in _PROBLEMS
    ]
    refused = (row for row in ledger.alerts(limit) if row["kind"] == "deploy_refused")
    found += [_problem(row["client"], from_text(row["update_time"]), "deploy_refused", row["body"]) for row in refused]
    return sorted(found, key=lambda problem: problem.when, reverse=True)[:limit]


def last_line(trace: str) -> str:
    """The line of a trace that says what happened."""
    lines = [line for line in trace.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _problem(name: Any, when: Micros, kind: str, trace: str) -> Problem:
    frames = list(_FRAME.finditer(trace))
    file, line = (frames[-1]["file"], int(frames[-1]["line"])) if frames else ("", 0)
    return Problem(str(name), when, kind, last_line(trace) or kind, trace, file, line)


def _usage(pid: int) -> tuple[float, float]:
    if not pid:
        return 0.0, 0.0
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            age = max(0.01, system_clock.now() / SECOND - process.create_time())
            used = (times.user + times.system) / age * 100
            return round(process.memory_info().rss / 1e6, 1), round(used, 1)
    except psutil.NoSuchProcess:
        return 0.0, 0.0
