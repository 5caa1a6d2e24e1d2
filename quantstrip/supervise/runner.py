"""The foreground service: holds the home's lock, runs supervisord as its child, stops all of it in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import ServiceError, ServiceNotRunning
from quantstrip.home import VARIABLE, Home
from quantstrip.log import logger
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.configuration import output_file, pid_file, supervisor_log, write_config
from quantstrip.supervise.names import WARDEN
from quantstrip.supervise.orphans import end_orphans, unmarked
from quantstrip.supervise.policy import ALIVE
from quantstrip.supervise.record import ServiceRecord, clear_stale_locks, service_lock, service_running, write_record

_RESTART_LIMIT = 3
_RESTART_WINDOW_SECONDS = 60.0
_STEP_SECONDS = 0.2
_LAST_SECONDS = 3.0


@dataclass
class StopRequest:
    """Set by a signal; a plain flag, because an ``Event`` may deadlock when its own waiter is interrupted."""

    made: bool = False

    def asked(self) -> bool:
        """True once a signal came; a call, because the flag changes between two looks."""
        return self.made


@dataclass
class ServiceRunner:
    """One ``quantstrip up`` in the foreground.

    Attributes:
        port: the dashboard's port.
        version: the program's version, for the record.
        stop_seconds: how long a client may take to end before it is killed.
        on_pass: called a few times a second while the service runs.
        address: what the dashboard listens on besides the loopback address, where the settings do not say it; "" where
            it is reached from this machine alone.

    """

    home: Home
    port: int
    version: str
    stop_seconds: float = 20.0
    on_pass: Callable[[], None] = lambda: None
    clock: Clock = system_clock
    address: str = ""

    def __post_init__(self) -> None:
        self.supervisor = SupervisordSupervisor(self.home)

    def run(self, prepare: Callable[[], None] = lambda: None) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP; nothing is left afterwards, neither process nor lock nor socket.

        Args:
            prepare: called once the lock is held and before anything starts.

        Raises:
            ServiceRunning: another service runs on this home.
            ServiceError: supervisord cannot be started, or keeps dying.

        """
        with service_lock(self.home), stop_on_signals() as stop:
            self._await_predecessor(stop)
            prepare()
            write_config(self.home, self.port, self.address)
            record = ServiceRecord(
                os.getpid(), self.port, self.clock.now(), str(self.home.socket), self.version, self.address
            )
            write_record(self.home, record)
            try:
                self._keep_running(stop)
            finally:
                self._clean()

    def _keep_running(self, stop: StopRequest) -> None:
        deaths: list[float] = []
        while not stop.asked():
            if left := end_orphans(self.home, self.stop_seconds):
                logger.warning("{} processes of an earlier supervisor were still there", left)
            process = self._spawn()
            try:
                while process.poll() is None and not stop.asked():
                    self.on_pass()
                    self.clock.wait(_STEP_SECONDS)
            finally:
                self._end(process)
            if stop.asked():
                return
            now = self.clock.monotonic()
            deaths = [moment for moment in deaths if now - moment < _RESTART_WINDOW_SECONDS] + [now]
            logger.error("the supervisor ended by itself with {}", process.returncode)
            if len(deaths) > _RESTART_LIMIT:
                raise ServiceError(
                    f"the supervisor ended {len(deaths)} times within {_RESTART_WINDOW_SECONDS:.0f} s",
                    hint=f"Its own words are in {supervisor_log(self.home)}",
                )
            self.clock.wait(_STEP_SECONDS)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable, "-P", "-m", "quantstrip.supervise.host", str(self.home.supervisor_config), str(os.getpid()),
        ]  # fmt: skip
        with output_file(self.home, "supervisord").open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self.home.root,
                env={**unmarked(os.environ), VARIABLE: str(self.home.root)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C of the terminal reaches this process alone, which stops in order
            )
        deadline = self.clock.monotonic() + 20.0
        while not self.supervisor.alive():
            if process.poll() is not None or self.clock.monotonic() > deadline:
                self._end(process)
                raise ServiceError(
                    f"the supervisor did not start (exit code {process.returncode})",
                    hint=f"See {output_file(self.home, 'supervisord')} and {supervisor_log(self.home)}",
                )
            self.clock.wait(0.05)
        return process

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Stop in order: the warden, so that nothing is started again; all clients at once; the rest."""
        if process.poll() is not None:
            return
        try:
            self.supervisor.stop(WARDEN)
            for name in [state.name for state in self.supervisor.states() if state.state in ALIVE]:
                self.supervisor.ask_to_stop(name)
            self.supervisor.shutdown()
        except ServiceNotRunning:
            process.terminate()
        try:
            process.wait(self.stop_seconds + 15.0)
        except subprocess.TimeoutExpired:
            logger.error("the supervisor did not end in time and is killed")
            process.kill()
            process.wait()
        end_orphans(self.home, _LAST_SECONDS)

    def _await_predecessor(self, stop: StopRequest) -> None:
        """A supervisor whose ``up`` was killed is ending by itself: wait for that, or say who runs."""
        deadline = self.clock.monotonic() + self.stop_seconds + 5.0
        while self.supervisor.alive():
            if self.clock.monotonic() > deadline or stop.asked():
                raise service_running(self.home, self.supervisor.pid())
            self.clock.wait(_STEP_SECONDS)

    def _clean(self) -> None:
        for path in (self.home.service_file, self.home.socket, pid_file(self.home)):
            path.unlink(missing_ok=True)
        clear_stale_locks(self.home)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """A request that the first SIGINT, SIGTERM or SIGHUP makes; the handlers that were there come back."""
    stop = StopRequest()

    def ask(*_: object) -> None:
        stop.made = True

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored under nohup: then the service stays
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
