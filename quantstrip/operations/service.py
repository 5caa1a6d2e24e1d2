"""The background service: start it, stop it, ask how it is."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from quantstrip import __version__
from quantstrip.clock import Clock, Micros, system_clock
from quantstrip.errors import PortInUse, ServiceError, ServiceNotRunning
from quantstrip.home import VARIABLE, Home
from quantstrip.operations import access
from quantstrip.operations.exposure import Exposure, check_exposure
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.configuration import check_path, output_file
from quantstrip.supervise.orphans import unmarked
from quantstrip.supervise.record import read_record, service_pid, service_running

if TYPE_CHECKING:
    from quantstrip.operations.client_status import ClientStatus

DASHBOARD_SECONDS = 60.0
"""How long the dashboard may take to answer before that is told."""
_HEALTH_PATH = "/healthz"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The service of one home.

    Attributes:
        pid: process id of ``quantstrip up``; 0 when it does not run.
        since: when it started, wall clock; 0 when it does not run.
        url: the dashboard's address, without the token.
        dashboard: True when the dashboard runs: its port takes connections, also while it is too busy to answer.
        address: what the dashboard listens on for other machines; "" where nothing.
        reply: ``answers``; ``busy``: it takes connections and gave no answer within a second; ``none``: nobody listens;
            "" where it was not asked, or no service runs.

    """

    running: bool
    pid: int
    since: Micros
    port: int
    url: str
    dashboard: bool
    reply: str
    version: str
    home: str
    clients: list["ClientStatus"] = field(default_factory=list)
    address: str = ""


def check_start(home: Home, port: int, address: str | None = None) -> Exposure:
    """Everything that must hold before anything is started; makes the home where it is missing.

    Raises:
        HomeError: the home cannot be written or lies in a synchronised folder.
        ServiceRunning: a service runs on this home.
        PortInUse: another program has the port.
        SecretError: the login token can be read by others.
        SchemaMismatch: the database is newer than this program.
        SettingsError: the settings file is malformed.
        ConfigError: other machines could reach the dashboard, and nobody could log in, or without TLS.

    """
    from quantstrip.ledger import open_ledger
    from quantstrip.operations.settings import manager_of

    check_path(home)
    home.create()
    if pid := service_pid(home):
        raise service_running(home, pid)
    manager_of(home).items()
    access.token(home)
    exposure = check_exposure(home, address)
    for each in (access.LOOPBACK, exposure.address):
        check_port(port, each or access.LOOPBACK)
    open_ledger(home)
    return exposure


def check_port(port: int, address: str = access.LOOPBACK) -> None:
    """Raise ``PortInUse`` unless the dashboard could listen on ``port`` of ``address`` now."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            raise PortInUse(
                f"the dashboard cannot listen on port {port} of {address}: {error}",
                hint="End the program that uses it, or choose another one with --port.",
            ) from error


def up(
    home: Home,
    *,
    port: int | None = None,
    address: str | None = None,
    detach: bool = False,
    demo: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> ServiceStatus:
    """Start the service; in the foreground until a signal ends it, or in the background once the dashboard answers.

    Args:
        home: whose service.
        port: the dashboard's; None takes the setting ``dashboard.port``.
        address: what it listens on besides 127.0.0.1; None takes the setting ``dashboard.address``.
        detach: return when the dashboard answers; ``down`` stops the service.
        demo: put the demo's clients into the home first.
        tell: receives what the user should read, above all the dashboard's address.

    Raises:
        QuantstripError: as ``check_start``; or the service ended while it started.

    """
    chosen = port if port is not None else configured_port(home)
    exposure = check_start(home, chosen, address)
    if demo:
        from quantstrip.operations.demo import prepare_demo

        prepare_demo(home)
    if detach:
        return _detached(home, chosen, exposure, tell)
    _foreground(home, chosen, exposure, tell)
    return status(home)


def configured_port(home: Home) -> int:
    """The setting ``dashboard.port``."""
    from quantstrip.operations.settings import manager_of

    return int(manager_of(home).get("dashboard.port", 8051))


def down(home: Home, *, clock: Clock = system_clock) -> None:
    """Stop the service and wait until all of it is gone.

    Raises:
        ServiceNotRunning: none runs on this home.
        ServiceError: it does not end.

    """
    supervisor = SupervisordSupervisor(home)
    pid = service_pid(home)
    if pid:
        os.kill(pid, signal.SIGTERM)
    elif supervisor.alive():
        supervisor.shutdown()  # its ``up`` was killed
    else:
        raise ServiceNotRunning(f"no service runs on the home {home.root}", hint="Start it with: quantstrip up")
    deadline = clock.monotonic() + _stop_limit(home)
    while service_pid(home) or supervisor.alive() or (pid and _alive(pid)):
        if clock.monotonic() > deadline:
            raise ServiceError(
                f"the service on {home.root} did not end (process {pid})",
                hint=f"See {home.logs}/up.log and {home.logs}/supervisord.log.",
            )
        clock.wait(0.05)


def status(home: Home, *, clients: bool = True) -> ServiceStatus:
    """How the service of ``home`` is, with its clients unless told otherwise.

    Without them it is cheap, for whoever asks every second: the dashboard's port is tried and nothing is asked of it.
    """
    record = read_record(home)
    pid = service_pid(home)
    running = pid != 0 or (record is not None and SupervisordSupervisor(home).alive())
    port = record.port if record else 0
    reply = "" if not (running and clients) else reply_of(port)
    rows: list[ClientStatus] = []
    if clients and home.database.is_file():
        from quantstrip.operations.clients import list_clients

        rows = list_clients(home)
    return ServiceStatus(
        running=running,
        pid=pid,
        since=record.started if record and running else 0,
        port=port if running else 0,
        url=f"http://{access.LOOPBACK}:{port}" if running else "",
        dashboard=running and (reply in {"answers", "busy"} if reply else listens(port)),
        reply=reply,
        version=record.version if record and running else __version__,
        home=str(home.root),
        clients=rows,
        address=record.address if record and running else "",
    )


def listens(port: int, timeout_seconds: float = 0.5) -> bool:
    """True when somebody takes connections on ``port`` of the loopback interface; the kernel answers, at once."""
    try:
        with socket.create_connection((access.LOOPBACK, port), timeout_seconds):
            return True
    except OSError:
        return False


def reply_of(port: int, timeout_seconds: float = 1.0) -> str:
    """``answers``, ``busy`` or ``none``, as in ``ServiceStatus``; takes ``timeout_seconds`` and a half at most."""
    if answers(port, timeout_seconds):
        return "answers"
    return "busy" if listens(port) else "none"


def answers(port: int, timeout_seconds: float = 1.0) -> bool:
    """True when the dashboard answers on ``port``."""
    connection = http.client.HTTPConnection(access.LOOPBACK, port, timeout=timeout_seconds)
    try:
        connection.request("GET", _HEALTH_PATH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _foreground(home: Home, port: int, exposure: Exposure, tell: Callable[[str], None]) -> None:
    from quantstrip.log import logger, open_configured
    from quantstrip.operations.settings import manager_of
    from quantstrip.supervise.options import stop_seconds
    from quantstrip.supervise.programs import write_all
    from quantstrip.supervise.runner import ServiceRunner

    settings = manager_of(home)
    open_configured(home, "up", settings)
    limit = stop_seconds(settings)
    greeting = Greeting(home, port, tell, exposure)
    runner = ServiceRunner(home, port, __version__, stop_seconds=limit, on_pass=greeting.look, address=exposure.address)
    logger.info("the service starts on {} with the dashboard on port {}", home.root, port)
    runner.run(prepare=lambda: write_all(home, limit))
    logger.info("the service has ended")
    tell("Stopped.")


@dataclass
class Greeting:
    """Prints the dashboard's address as soon as it answers, or that it does not."""

    home: Home
    port: int
    tell: Callable[[str], None]
    exposure: Exposure
    clock: Clock = system_clock

    def __post_init__(self) -> None:
        self._begun = self.clock.monotonic()
        self._done = False
        self._complained = False

    def look(self) -> None:
        """Look once; costs nothing after the address was printed."""
        if self._done:
            return
        if answers(self.port, 0.2):
            self._done = True
            self.tell(greeting(self.home, self.port, self.exposure))
        elif not self._complained and self.clock.monotonic() - self._begun > DASHBOARD_SECONDS:
            self._complained = True
            self.tell(
                f"The dashboard does not answer on port {self.port} yet; clients run all the same.\n"
                f"Its own words are in {output_file(self.home, 'dashboard')}"
            )


def greeting(home: Home, port: int, exposure: Exposure) -> str:
    """Where the dashboard is: for the token's holder on this machine, and for users elsewhere."""
    lines = [f"Quantstrip runs on {home.root}", f"Dashboard: {access.login_url(home, port)}"]
    if elsewhere := exposure.urls(port):
        lines.append(f"From elsewhere, for users: {', '.join(elsewhere)}")
    if exposure.needs_plain:
        lines.append("WARNING: passwords and pages cross the network readable (dashboard.plain_http)")
    return "\n".join(lines)


def _detached(home: Home, port: int, exposure: Exposure, tell: Callable[[str], None]) -> ServiceStatus:
    command = [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root), "up", "--port", str(port)]
    command += ["--address", exposure.address or access.LOOPBACK]
    path = output_file(home, "up")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=home.root,
            env={**unmarked(os.environ), VARIABLE: str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with _left_running(process):
        deadline = system_clock.monotonic() + DASHBOARD_SECONDS
        while not (service_pid(home) == process.pid and answers(port)):
            if process.poll() is not None:
                words = path.read_text(encoding="utf-8", errors="replace").strip()
                raise ServiceError(f"the service ended while it started:\n{words}", hint=f"See {home.logs}/up.log")
            if system_clock.monotonic() > deadline:
                raise ServiceError(
                    f"the service runs, but its dashboard does not answer after {DASHBOARD_SECONDS:.0f} s",
                    hint=f"Its own words are in {output_file(home, 'dashboard')}. "
                    f"Stop it with: quantstrip --home {home.root} down",
                )
            system_clock.wait(0.1)
    tell(f"{greeting(home, port, exposure)}\nStop it with: quantstrip --home {home.root} down")
    return status(home)


@contextmanager
def _left_running(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """The child outlives this object on purpose; without this, Python warns about it when the object goes."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.returncode = 0


def _stop_limit(home: Home) -> float:
    from quantstrip.operations.settings import OrDefaults, manager_of
    from quantstrip.supervise.options import stop_seconds

    return stop_seconds(OrDefaults(manager_of(home))) + 40.0


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
