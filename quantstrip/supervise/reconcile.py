"""Brings what runs in line with what should run: one pass over all clients, the same after every event and tick."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from quantstrip.clock import SECOND, Clock, Micros, system_clock
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.model.exits import ExitCode
from quantstrip.ports import ProcessState
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import ClientRow, RunRow, client_row, make_note, run_row
from quantstrip.supervise.configuration import DEFAULT_STOP_SECONDS, output_file
from quantstrip.supervise.control import launch
from quantstrip.supervise.differs import SourceWatch
from quantstrip.supervise.memory import MemorySupervisor
from quantstrip.supervise.names import client_of, program_name
from quantstrip.supervise.policy import ALIVE, LASTING, Decision, Facts, Failure, Mark, RestartPolicy, Step, decide
from quantstrip.supervise.record import control_lock

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

INTERVAL_SECONDS = 2.0
"""Longest pause between two passes; changed sources are marked and silent clients noticed within it."""
_TRACE_BYTES = 8000
_TITLES = {
    Mark.GIVEN_UP: "was given up",
    Mark.LOAD_ERROR: "could not be loaded",
    Mark.FAILED: "stopped after a failed job",
}
_SAME_START_SECONDS = 2


@dataclass
class Reconciler:
    """Decides for every client and acts.

    It keeps nothing that matters: a new one, made after the warden died, decides the same.

    Attributes:
        service_started: marks older than this are void, so that each start of the service tries every client anew.

    """

    home: Home
    supervisor: SupervisordSupervisor | MemorySupervisor
    ledger: "Ledger"
    service_started: Micros
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    stop_seconds: int = DEFAULT_STOP_SECONDS
    clock: Clock = system_clock

    def __post_init__(self) -> None:
        self._sources = SourceWatch(self.home)
        self._last: tuple[Micros, float] | None = None
        self._no_kill_before = 0.0

    def run_once(self) -> float:
        """One pass; returns the seconds until the next one is due."""
        self._notice_sleep()
        states = self._states()
        self._close_dead_runs(states)
        pause = INTERVAL_SECONDS
        for row in map(client_row, self.ledger.clients()):
            until = self._settle(row, states.get(row.name))
            if until is not None:
                pause = min(pause, max(0.05, (until - self.clock.now()) / SECOND))
            self._mark_difference(row)
        return pause

    def _settle(self, row: ClientRow, process: ProcessState | None) -> Micros | None:
        """Decide for one client and act; the moment to look again when it waits out a pause."""
        decision = decide(self._facts(row, process), self.policy, self.clock.now())
        if decision.step is Step.KEEP:
            return None
        if decision.step is Step.WAIT:
            return decision.until
        with control_lock(self.home, row.name) as mine:
            if not mine:
                return None  # a person's command works on this client; the next pass sees what became of it
            fresh = self.ledger.get_client(row.name)
            if fresh is None:
                return None
            row = client_row(fresh)
            process = self._states().get(row.name)
            decision = decide(self._facts(row, process), self.policy, self.clock.now())
            self._act(row, process, decision)
        return None

    def _act(self, row: ClientRow, process: ProcessState | None, decision: Decision) -> None:
        program = program_name(row.name)
        if decision.step is Step.START:
            self._tell_restart(row, process, decision)
            launch(self.home, self.supervisor, row.name, self.stop_seconds)
        elif decision.step is Step.STOP:
            logger.warning("client {}: {}; it is stopped", row.name, decision.reason)
            self.supervisor.ask_to_stop(program)
        elif decision.step is Step.KILL and self.clock.monotonic() >= self._no_kill_before:
            self._kill(row, process, decision)
        elif decision.step is Step.MARK:
            self._mark(row, decision)

    def _facts(self, row: ClientRow, process: ProcessState | None) -> Facts:
        mark = row.mark if not row.wanted or row.since >= self.service_started else Mark.NONE
        alive = process is not None and process.state in ALIVE
        runs = [run_row(found) for found in self.ledger.client_runs(row.name, limit=50)]
        last = runs[0] if runs else None
        ended = None if alive or process is None else _end_code(process)
        if process is not None and ended is not None:
            last = self._recorded_end(row, process, ended, last)
            runs = [run_row(found) for found in self.ledger.client_runs(row.name, limit=50)]
        return Facts(
            wanted=row.wanted,
            mark=mark,
            process=process,
            heartbeat=last.heartbeat if last and process and last.pid == process.pid else None,
            ended=ended,
            outcome=last.outcome if last else "",
            failures=self._failures(row, runs),
        )

    def _failures(self, row: ClientRow, runs: list[RunRow]) -> list[Failure]:
        since = max(row.since, self.service_started, self.clock.now() - round(self.policy.window_seconds * SECOND))
        return sorted(failure for run in runs if (failure := run.failure) is not None and failure.ended >= since)

    def _recorded_end(self, row: ClientRow, process: ProcessState, code: int, last: RunRow | None) -> RunRow | None:
        """The latest run of a client that ended; one that died before it could record itself is recorded here."""
        # supervisord keeps whole seconds, so the run's own start is never before the floor of the process's.
        if code == ExitCode.LOCKED or (last is not None and last.started >= process.started):
            return last
        outcome = {ExitCode.STOPPED: "stopped", ExitCode.LOAD_ERROR: "load_error", -1: "killed"}.get(code, "crashed")
        run_id = self.ledger.start_client_run(row.name, 0, row.code_hash, row.mode, row.display_name)
        self.ledger.end_client_run(run_id, outcome, exit_code=code, trace=self._last_words(row.name))
        return run_row(self.ledger.client_runs(row.name, limit=1)[0])

    def _close_dead_runs(self, states: Mapping[str, ProcessState]) -> None:
        """End the record of runs whose process is gone: killed, or lost with the machine."""
        for run in map(run_row, self.ledger.open_client_runs()):
            process = states.get(run.client)
            if (process is not None and process.pid == run.pid) or _lives(run):
                continue
            code = process.exit_code if process is not None and process.pid == 0 and process.started else None
            trace = self._last_words(run.client)
            self.ledger.end_client_run(run.run_id, "killed", exit_code=code, trace=trace)
            logger.warning("client {}: its process {} is gone without a word", run.client, run.pid)

    def _kill(self, row: ClientRow, process: ProcessState | None, decision: Decision) -> None:
        logger.error("client {}: {}", row.name, decision.reason)
        for run in map(run_row, self.ledger.open_client_runs()):
            if run.client == row.name and process is not None and run.pid == process.pid:
                self.ledger.end_client_run(run.run_id, "unresponsive", trace=decision.reason)
        self._alert("client_unresponsive", row, f"{row.name} stopped responding", decision.reason)
        self.supervisor.kill(program_name(row.name))

    def _mark(self, row: ClientRow, decision: Decision) -> None:
        note = make_note(decision.mark, self.clock.now(), decision.reason)
        if decision.mark in LASTING:
            # Its own decision: a later start of the service must not set it trading again.
            self.ledger.set_client(row.name, desired_state="stopped", status_note=note)
        else:
            self.ledger.set_client(row.name, status_note=note)
        title = _TITLES.get(decision.mark)
        if title is not None:
            logger.error("client {}: {}", row.name, decision.reason)
            runs = self.ledger.client_runs(row.name, limit=1)
            trace = run_row(runs[0]).trace if runs else ""
            self._alert(f"client_{decision.mark}", row, f"{row.name} {title}", f"{decision.reason}\n\n{trace}".strip())
        else:
            logger.info("client {}: {}", row.name, decision.reason)

    def _tell_restart(self, row: ClientRow, process: ProcessState | None, decision: Decision) -> None:
        if process is None or _end_code(process) in {None, ExitCode.LOCKED}:
            logger.info("client {} starts: {}", row.name, decision.reason)
            return
        logger.warning("client {} starts again: {}", row.name, decision.reason)
        runs = self.ledger.client_runs(row.name, limit=1)
        trace = run_row(runs[0]).trace if runs else ""
        body = f"{decision.reason}\n\n{trace}".strip()
        self._alert("client_restarted", row, f"{row.name} ended unexpectedly and starts again", body)

    def _alert(self, kind: str, row: ClientRow, subject: str, body: str) -> None:
        self.ledger.alert(kind, subject, body, client=row.name, rate_key=f"{kind}:{row.name}")

    def _mark_difference(self, row: ClientRow) -> None:
        if not row.source:
            return
        differs = self._sources.differs(row.source, row.code_hash)
        if differs != row.differs:
            fresh = self.ledger.get_client(row.name)
            if fresh is not None and fresh["code_hash"] == row.code_hash:
                self.ledger.set_client(row.name, differs=int(differs))

    def _states(self) -> dict[str, ProcessState]:
        named = ((client_of(state.name), state) for state in self.supervisor.states())
        return {name: state for name, state in named if name is not None}

    def _last_words(self, client: str) -> str:
        path = output_file(self.home, program_name(client))
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TRACE_BYTES))
            return file.read().decode(errors="replace").strip()

    def _notice_sleep(self) -> None:
        """After the machine slept, or its clock jumped, every heartbeat looks old: give them time to beat."""
        now = (self.clock.now(), self.clock.monotonic())
        if self._last is not None:
            wall = (now[0] - self._last[0]) / SECOND
            if abs(wall - (now[1] - self._last[1])) > INTERVAL_SECONDS or wall > 5 * INTERVAL_SECONDS:
                self._no_kill_before = now[1] + self.policy.stale_seconds
        self._last = now


def _end_code(process: ProcessState) -> int | None:
    """How the latest process ended by itself; None when it runs, never ran, or was stopped on request."""
    if process.state == "EXITED":
        return process.exit_code
    return int(ExitCode.CRASHED) if process.state in {"FATAL", "BACKOFF", "UNKNOWN"} else None


def _lives(run: RunRow) -> bool:
    """True when the very process of the run is alive; its pid may belong to a younger process by now."""
    try:
        born = round(psutil.Process(run.pid).create_time() * SECOND)
    except psutil.NoSuchProcess:
        return False
    return born <= run.started + _SAME_START_SECONDS * SECOND
