"""What a person does to a client: start, stop, restart, remove; each in one piece, whoever else acts at that moment."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import ClientNotFound, ServiceError, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ports import Supervisor
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import ClientRow, client_row, make_note, run_row
from quantstrip.supervise.configuration import DEFAULT_STOP_SECONDS, program_file, write_program
from quantstrip.supervise.memory import MemorySupervisor
from quantstrip.supervise.names import program_name
from quantstrip.supervise.policy import Mark
from quantstrip.supervise.record import control_lock

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger


@dataclass
class Control:
    """Commands on the clients of one home.

    Desired state goes to the ledger first, then the supervisor is told; the warden brings about whatever is missing
    if this process dies in between.
    """

    home: Home
    supervisor: SupervisordSupervisor | MemorySupervisor
    ledger: "Ledger"
    stop_seconds: int = DEFAULT_STOP_SECONDS
    clock: Clock = system_clock

    def row(self, name: str) -> ClientRow:
        """The client as the ledger knows it.

        Raises:
            ClientNotFound: no client of that name is deployed; those that are, are listed.

        """
        found = self.ledger.get_client(name)
        if found is None:
            known = ", ".join(sorted(str(row["name"]) for row in self.ledger.clients()))
            raise ClientNotFound(
                f"no client {name!r} is deployed", hint=f"Deployed clients: {known or 'none; see: quantstrip deploy'}"
            )
        return client_row(found)

    def start(self, name: str, reason: str = "started by a person") -> None:
        """Run it from now on; earlier failures are forgiven. One that runs is left alone."""
        with self._alone(name):
            self.row(name)
            self._check_service()
            self._want(name, reason)
            if self._is_ending(name):
                self._halt(name)
            self._launch(name)

    def stop(self, name: str, reason: str = "stopped by a person") -> None:
        """End it, and wait until it is gone; it stays stopped when the service starts again."""
        with self._alone(name):
            self.row(name)
            self._unwant(name, reason)
            self._halt(name)

    def restart(self, name: str, reason: str = "restarted by a person") -> None:
        """End it if it runs and start it again, with the version that is deployed now."""
        with self._alone(name):
            self.row(name)
            self._check_service()
            self._want(name, reason)
            self._halt(name)
            self._launch(name)

    def remove(self, name: str) -> None:
        """End it and forget it; its runs, orders and fills stay in the ledger, its versions in the store."""
        with self._alone(name):
            self.row(name)
            self._unwant(name, "removed by a person")
            with suppress(ServiceNotRunning):  # without a service there is no process to end
                self.supervisor.remove(program_name(name))
            program_file(self.home, name).unlink(missing_ok=True)
            self.ledger.remove_client(name)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        limit = self.stop_seconds + 10.0
        with control_lock(self.home, name, wait_seconds=limit) as mine:
            if not mine:
                raise ServiceError(
                    f"another command works on the client {name!r} and did not end within {limit:.0f} s",
                    hint="Try again; see: quantstrip status",
                )
            yield

    def _check_service(self) -> None:
        if not self.supervisor.alive():
            raise ServiceNotRunning(
                f"no service runs on the home {self.home.root}; nothing was changed",
                hint="Start it with: quantstrip up",
            )

    def _want(self, name: str, reason: str) -> None:
        note = make_note(Mark.NONE, self.clock.now(), reason)
        self.ledger.set_client(name, desired_state="running", status_note=note)

    def _unwant(self, name: str, reason: str) -> None:
        note = make_note(Mark.STOPPED, self.clock.now(), reason)
        self.ledger.set_client(name, desired_state="stopped", status_note=note)

    def _is_ending(self, name: str) -> bool:
        """True when the client has recorded its end and its process is not gone yet: it "runs" for an instant more."""
        last = next(map(run_row, self.ledger.client_runs(name, limit=1)), None)
        program = program_name(name)
        pid = next((state.pid for state in self.supervisor.states() if state.name == program), 0)
        return last is not None and last.ended is not None and last.pid == pid != 0

    def _launch(self, name: str) -> None:
        launch(self.home, self.supervisor, name, self.stop_seconds)

    def _halt(self, name: str) -> None:
        with suppress(ClientNotFound, ServiceNotRunning):  # it does not run, which is what is wanted
            self.supervisor.stop(program_name(name))


def launch(home: Home, supervisor: Supervisor, name: str, stop_seconds: int) -> None:
    """Start the client's process, made known if it is not yet; the caller holds the client's control lock."""
    program = program_name(name)
    try:
        supervisor.start(program)
    except ClientNotFound:
        write_program(home, name, stop_seconds=stop_seconds)
        supervisor.add(program)
        supervisor.start(program)
