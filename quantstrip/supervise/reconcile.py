"""Brings what runs in line with what should run: one pass over all clients, the same after every event and tick."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantstrip.clock import SECOND, Clock, Micros, system_clock
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.model.exits import ExitCode
from quantstrip.ports import ProcessState
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import ClientRow, RunRow, client_row, make_note, run_row
from quantstrip.supervise.configuration import DEFAULT_STOP_SECONDS
from quantstrip.supervise.control import launch
from quantstrip.supervise.differs import SourceWatch
from quantstrip.supervise.ledger_lock import write_lock_holder
from quantstrip.supervise.memory import MemorySupervisor
from quantstrip.supervise.names import client_of, program_name
from quantstrip.supervise.observe import Observer, end_code
from quantstrip.supervise.policy import ALIVE, LASTING, Decision, Mark, RestartPolicy, Step, decide
from quantstrip.supervise.record import control_lock

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

INTERVAL_SECONDS = 2.0
"""Longest pause between two passes; changed sources are marked and silent clients noticed within it."""
_TITLES = {Mark.GIVEN_UP: "was given up", Mark.FAILED: "stopped after a failed job"}
"""Marks a person must hear about; a load error is told by the client itself, with its trace."""


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
        self._observer = Observer(self.home, self.ledger, self.service_started, self.clock)
        self._sources = SourceWatch(self.home)
        self._last: tuple[Micros, float] | None = None
        self._no_kill_before = 0.0

    def run_once(self) -> float:
        """One pass; returns the seconds until the next one is due."""
        self._notice_sleep()
        states = self._states()
        # First, and by reading alone: a client that hangs may hold the ledger, and every write would wait for it.
        self._end_silence(states)
        self._observer.close_dead_runs(states)
        runs = self._observer.open_runs()
        pause = INTERVAL_SECONDS
        for row in map(client_row, self.ledger.clients()):
            decision = self._decide(row, states.get(row.name), runs.get(row.name))
            if decision.step is Step.WAIT:
                pause = min(pause, max(0.05, (decision.until - self.clock.now()) / SECOND))
            elif decision.step not in {Step.KEEP, Step.KILL}:
                self._settle(row.name)
            self._mark_difference(row)
        return pause

    def _decide(self, row: ClientRow, process: ProcessState | None, run: RunRow | None) -> Decision:
        facts = self._observer.facts(row, process, run, self.policy.window_seconds)
        return decide(facts, self.policy, self.clock.now())

    def _end_silence(self, states: Mapping[str, ProcessState]) -> None:
        """Kill clients whose heartbeat stopped; of those that wait for the ledger, only the one that holds it."""
        if self.clock.monotonic() < self._no_kill_before:
            return
        runs = self._observer.open_runs()
        alive = [(row, states[row.name]) for row in map(client_row, self.ledger.clients()) if row.name in states]
        alive = [(row, process) for row, process in alive if process.state in ALIVE]
        silent = [(row, process, self._decide(row, process, runs.get(row.name))) for row, process in alive]
        silent = [found for found in silent if found[2].step is Step.KILL]
        if not silent:
            return
        holder = write_lock_holder(self.ledger.path)
        if holder and holder != os.getpid():
            self._no_kill_before = self.clock.monotonic() + self.policy.stale_seconds
            silent = [found for found in silent if found[1].pid == holder] or self._stuck(alive, runs, holder)
            logger.error("process {} holds the ledger, so that no client can record that it is alive", holder)
        for row, process, decision in silent:
            with control_lock(self.home, row.name) as mine:
                if mine:
                    self._kill(row, process, decision)

    def _stuck(
        self, alive: Sequence[tuple[ClientRow, ProcessState]], runs: Mapping[str, RunRow], holder: int
    ) -> list[tuple[ClientRow, ProcessState, Decision]]:
        """The client that took the ledger while it was being loaded, from which no heartbeat is expected yet."""
        oldest = self.clock.now() - round(self.policy.stale_seconds * SECOND)
        kill = Decision(Step.KILL, "it holds the ledger and does not go on; it is killed and started again")
        found = [(row, process, kill) for row, process in alive if process.pid == holder and process.started < oldest]
        return [each for each in found if each[0].name not in runs or runs[each[0].name].beat is None]

    def _settle(self, name: str) -> None:
        """Look again while nobody else decides about this client, and act."""
        with control_lock(self.home, name) as mine:
            fresh = self.ledger.get_client(name)
            if not mine or fresh is None:
                return  # a person's command works on this client; the next pass sees what became of it
            row = client_row(fresh)
            process = self._states().get(name)
            self._act(row, process, self._decide(row, process, self._observer.open_runs().get(name)))

    def _act(self, row: ClientRow, process: ProcessState | None, decision: Decision) -> None:
        if decision.step is Step.START:
            self._tell_start(row, process, decision)
            launch(self.home, self.supervisor, row.name, self.stop_seconds)
        elif decision.step is Step.STOP:
            logger.warning("client {}: {}; it is stopped", row.name, decision.reason)
            self.supervisor.ask_to_stop(program_name(row.name))
        elif decision.step is Step.MARK:
            self._mark(row, decision)

    def _kill(self, row: ClientRow, process: ProcessState, decision: Decision) -> None:
        logger.error("client {}: {}", row.name, decision.reason)
        self.supervisor.kill(program_name(row.name))  # before anything is written: it may hold the ledger
        for run in map(run_row, self.ledger.open_client_runs()):
            if run.client == row.name and run.pid == process.pid:
                self.ledger.end_client_run(run.run_id, "unresponsive", trace=decision.reason)
        self._alert("client_unresponsive", row, f"{row.name} stopped responding", decision.reason)

    def _mark(self, row: ClientRow, decision: Decision) -> None:
        note = make_note(decision.mark, self.clock.now(), decision.reason)
        if decision.mark in LASTING:
            # Its own decision: a later start of the service must not set it trading again.
            self.ledger.set_client(row.name, desired_state="stopped", status_note=note)
        else:
            self.ledger.set_client(row.name, status_note=note)
        title = _TITLES.get(decision.mark)
        if title is None:
            logger.info("client {}: {}", row.name, decision.reason)
            return
        logger.error("client {}: {}", row.name, decision.reason)
        body = f"{decision.reason}\n\n{self._observer.last_trace(row.name)}".strip()
        self._alert(f"client_{decision.mark}", row, f"{row.name} {title}", body)

    def _tell_start(self, row: ClientRow, process: ProcessState | None, decision: Decision) -> None:
        if process is None or end_code(process) in {None, ExitCode.LOCKED}:
            logger.info("client {} starts: {}", row.name, decision.reason)
            return
        logger.warning("client {} starts again: {}", row.name, decision.reason)
        body = f"{decision.reason}\n\n{self._observer.last_trace(row.name)}".strip()
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

    def _notice_sleep(self) -> None:
        """After the machine slept, or its clock jumped, every heartbeat looks old: give them time to beat."""
        now = (self.clock.now(), self.clock.monotonic())
        if self._last is not None:
            wall = (now[0] - self._last[0]) / SECOND
            if abs(wall - (now[1] - self._last[1])) > INTERVAL_SECONDS or wall > 5 * INTERVAL_SECONDS:
                self._no_kill_before = now[1] + self.policy.stale_seconds
        self._last = now
