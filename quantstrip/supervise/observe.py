"""What is known about a client at one moment: the supervisor's word and the ledger's record, brought together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from quantstrip.clock import SECOND, Clock, Micros
from quantstrip.home import Home
from quantstrip.log import logger
from quantstrip.model.exits import ExitCode
from quantstrip.ports import ProcessState
from quantstrip.redaction import scrub
from quantstrip.supervise.book import ClientRow, RunRow, run_row
from quantstrip.supervise.configuration import output_file
from quantstrip.supervise.names import program_name
from quantstrip.supervise.policy import ALIVE, Facts, Failure, Mark

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

_TRACE_BYTES = 8000
_SAME_START_SECONDS = 2
_RUNS = 50
_OUTCOMES = {ExitCode.STOPPED: "stopped", ExitCode.LOAD_ERROR: "load_error", -1: "killed"}


@dataclass
class Observer:
    """Reads facts, and writes down ends that nobody recorded, so that facts and record never disagree."""

    home: Home
    ledger: "Ledger"
    service_started: Micros
    clock: Clock

    def open_runs(self) -> dict[str, RunRow]:
        """The newest run of each client that has not ended."""
        return {run.client: run for run in map(run_row, self.ledger.open_client_runs())}

    def facts(
        self, row: ClientRow, process: ProcessState | None, open_run: RunRow | None, window_seconds: float
    ) -> Facts:
        """Everything a decision about one client rests on."""
        mark = row.mark if not row.wanted or row.since >= self.service_started else Mark.NONE
        if process is not None and process.state in ALIVE:
            own = open_run if open_run is not None and open_run.pid == process.pid else self._run_of(row, process.pid)
            return Facts(row.wanted, mark, process, own.beat if own else None, None, "", ())
        ended = None if process is None else end_code(process)
        if process is None or ended is None or not row.wanted or mark is not Mark.NONE:
            return Facts(row.wanted, mark, process, None, ended, "", ())
        self._record_end(row, process, ended)
        runs = [run_row(found) for found in self.ledger.client_runs(row.name, limit=_RUNS)]
        failures = self._failures(row, runs, window_seconds)
        return Facts(row.wanted, mark, process, None, ended, runs[0].outcome if runs else "", failures)

    def close_dead_runs(self, states: Mapping[str, ProcessState]) -> None:
        """End the record of runs whose process is gone: killed, or lost with the machine."""
        for run in map(run_row, self.ledger.open_client_runs()):
            process = states.get(run.client)
            if (process is not None and process.pid == run.pid) or process_lives(run):
                continue
            code = process.exit_code if process is not None and process.pid == 0 and process.started else None
            self.ledger.end_client_run(run.run_id, "killed", exit_code=code, trace=self.last_words(run.client))
            logger.warning("client {}: its process {} is gone without a word", run.client, run.pid)

    def last_trace(self, name: str) -> str:
        """The trace of the newest run."""
        runs = self.ledger.client_runs(name, limit=1)
        return run_row(runs[0]).trace if runs else ""

    def last_words(self, client: str) -> str:
        """The end of what its process printed past its own log: a crash of the interpreter, an error of the linker."""
        path = output_file(self.home, program_name(client))
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TRACE_BYTES))
            return scrub(file.read().decode(errors="replace").strip())

    def _run_of(self, row: ClientRow, pid: int) -> RunRow | None:
        runs = map(run_row, self.ledger.client_runs(row.name, limit=1))
        return next((run for run in runs if run.pid == pid), None)

    def _failures(self, row: ClientRow, runs: list[RunRow], window_seconds: float) -> list[Failure]:
        since = max(row.since, self.service_started, self.clock.now() - round(window_seconds * SECOND))
        return sorted(failure for run in runs if (failure := run.failure) is not None and failure.ended >= since)

    def _record_end(self, row: ClientRow, process: ProcessState, code: int) -> None:
        """Write down the end of a process that died before it could record itself."""
        runs = self.ledger.client_runs(row.name, limit=1)
        # supervisord keeps whole seconds, so the run's own start is never before the floor of the process's.
        if code == ExitCode.LOCKED or (runs and run_row(runs[0]).started >= process.started):
            return
        run_id = self.ledger.start_client_run(row.name, 0, row.code_hash, row.mode, row.display_name)
        outcome = _OUTCOMES.get(code, "crashed")
        self.ledger.end_client_run(run_id, outcome, exit_code=code, trace=self.last_words(row.name))


def end_code(process: ProcessState) -> int | None:
    """How the latest process ended by itself; None when it runs, never ran, or was stopped on request."""
    if process.state == "EXITED":
        return process.exit_code
    return int(ExitCode.CRASHED) if process.state in {"FATAL", "BACKOFF", "UNKNOWN"} else None


def process_lives(run: RunRow) -> bool:
    """True when the very process of the run is alive; its pid may belong to a younger process by now."""
    try:
        born = round(psutil.Process(run.pid).create_time() * SECOND)
    except psutil.NoSuchProcess:
        return False
    return born <= run.started + _SAME_START_SECONDS * SECOND
