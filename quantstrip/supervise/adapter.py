"""``ports.Supervisor`` over supervisord's RPC socket."""

import http.client
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

from quantstrip.clock import SECOND
from quantstrip.errors import ClientNotFound, ServiceError, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ports import ProcessState
from quantstrip.supervise.record import socket_of

# supervisor.xmlrpc.Faults; spelled here: importing supervisor's modules costs 100 ms.
_SHUTDOWN, _BAD_NAME, _SPAWN_ERROR, _ALREADY_STARTED, _NOT_RUNNING, _ALREADY_ADDED, _STILL_RUNNING = (
    6, 10, 50, 60, 70, 90, 91,
)  # fmt: skip
_GONE = (ConnectionError, FileNotFoundError, http.client.HTTPException)


class SupervisordSupervisor:
    """Starts and stops the processes of one home.

    Each call opens its own connection, so one instance may be used by several threads and kept across restarts of
    supervisord.

    Raises:
        ServiceNotRunning: (every method) nobody answers on the home's socket, or the service is shutting down.
        ServiceError: supervisord refused, with its reason.

    """

    def __init__(self, home: Home) -> None:
        self.home = home

    def start(self, name: str) -> None:
        """Start a process and return at once; one that runs is left alone."""
        self._call("supervisor.startProcess", name, False, ignore=(_ALREADY_STARTED,))

    def stop(self, name: str) -> None:
        """Stop a process and wait until it is gone; one that does not run is left alone."""
        self._call("supervisor.stopProcess", name, True, ignore=(_NOT_RUNNING,))

    def ask_to_stop(self, name: str) -> None:
        """Send the stop signal and return at once; supervisord kills the process when its time is over."""
        self._call("supervisor.stopProcess", name, False, ignore=(_NOT_RUNNING,))

    def kill(self, name: str) -> None:
        """Kill a process that no longer answers; its exit is reported like any other."""
        self._call("supervisor.signalProcess", name, "KILL", ignore=(_NOT_RUNNING,))

    def add(self, name: str) -> None:
        """Make a process known, from its generated configuration; one that is known is left alone."""
        self._call("supervisor.reloadConfig")
        self._call("supervisor.addProcessGroup", name, ignore=(_ALREADY_ADDED,))

    def remove(self, name: str) -> None:
        """Stop a process and forget it; one that is not known is left alone."""
        try:
            self.stop(name)
            self._call("supervisor.removeProcessGroup", name, ignore=(_BAD_NAME,))
        except ClientNotFound:
            return

    def states(self) -> list[ProcessState]:
        """Every known process; supervisord keeps times in whole seconds."""
        return [_state(info) for info in self._call("supervisor.getAllProcessInfo")]

    def shutdown(self) -> None:
        """Stop everything, the supervisor last; returns as soon as it has begun."""
        self._call("supervisor.shutdown")

    def pid(self) -> int:
        """Process id of the running supervisord."""
        return int(self._call("supervisor.getPID"))

    def alive(self) -> bool:
        """True when supervisord answers on the home's socket, even while it shuts down."""
        try:
            self._call("supervisor.getState", timeout=5.0)
        except ServiceNotRunning:
            return False
        return True

    def _call(self, method: str, *args: Any, ignore: tuple[int, ...] = (), timeout: float | None = None) -> Any:
        path = socket_of(self.home)
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=_UnixTransport(path, timeout)) as proxy:
                function: Any = proxy
                for part in method.split("."):
                    function = getattr(function, part)
                return function(*args)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in ignore:
                return None
            raise _translate(fault, args) from fault
        except _GONE as error:
            raise ServiceNotRunning(
                f"no service runs on the home {self.home.root}", hint="Start it with: quantstrip up"
            ) from error
        except TimeoutError as error:
            raise ServiceError(
                f"the service on {self.home.root} does not answer", hint=f"Look into {self.home.logs}/supervisord.log"
            ) from error


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.settimeout(self.timeout)
            channel.connect(str(self._path))
        except OSError:
            channel.close()
            raise
        self.sock = channel


class _UnixTransport(xmlrpc.client.Transport):
    """The transport of ``xmlrpc.client`` over a unix socket; supervisor's own costs 100 ms to import."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path, self._timeout)
        self._connection = host, connection  # what ``close`` closes
        return connection


def _translate(fault: xmlrpc.client.Fault, args: tuple[Any, ...]) -> ServiceError | ClientNotFound:
    name = args[0] if args else "supervisord"
    if fault.faultCode == _BAD_NAME:
        return ClientNotFound(f"the service knows no process {name!r}", hint="List them with: quantstrip status")
    if fault.faultCode == _SHUTDOWN:
        return ServiceNotRunning("the service is shutting down", hint="Start it again with: quantstrip up")
    if fault.faultCode == _STILL_RUNNING:
        return ServiceError(f"{name!r} still runs", hint="Stop it first.")
    if fault.faultCode == _SPAWN_ERROR:
        return ServiceError(f"{name!r} could not be started", hint="The reason is in logs/supervisord.log.")
    return ServiceError(f"the service refused {name!r}: {fault.faultString}", hint="See logs/supervisord.log.")


def _state(info: dict[str, Any]) -> ProcessState:
    return ProcessState(
        name=str(info["name"]),
        state=str(info["statename"]),
        pid=int(info["pid"]),
        started=int(info["start"]) * SECOND,
        stopped=int(info["stop"]) * SECOND,
        exit_code=int(info["exitstatus"]),
        description=str(info["description"]),
    )
