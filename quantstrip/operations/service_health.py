"""The parts of a running service that do not run, and starting what is missing from a page.

When a page is shown, one of three things holds: the service runs, and with it the page's own server; the service runs
and one of its parts does not; or the page's server was started alone and there is no service.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import PortInUse, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.operations import access, service
from quantstrip.operations.service import ServiceStatus
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.configuration import output_file
from quantstrip.supervise.names import client_of
from quantstrip.supervise.policy import ALIVE

DOES: Final = {
    "warden": "crashed clients are not started again, and nobody notices one that hangs",
    "notifier": "no message is sent",
    "worker": "backtests, reports and other long work wait",
    "dashboard": "no page is shown",
}

LOOK_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the service that does not run.

    Attributes:
        state: supervisord's word: STOPPED, BACKOFF, FATAL ...
        means: what does not happen meanwhile.
        words_in: the file with its last words.

    """

    name: str
    state: str
    means: str
    words_in: str


_seen: dict[Path, tuple[float, list[Part]]] = {}
"""The last look at each home: when, on the steady clock, and what was found."""


def missing_parts(home: Home, clock: Clock = system_clock) -> list[Part]:
    """The service's own processes that do not run; none where there is no service at all.

    Pages ask every other second: an answer is kept for ``LOOK_SECONDS``.
    """
    then, found = _seen.get(home.root, (-LOOK_SECONDS, []))
    if clock.monotonic() - then >= LOOK_SECONDS:
        found = _look(home)
        _seen[home.root] = (clock.monotonic(), found)
    return found


def _look(home: Home) -> list[Part]:
    try:
        states = SupervisordSupervisor(home).states()
    except ServiceNotRunning:
        return []
    return [
        Part(each.name, each.state, DOES.get(each.name, "part of the platform stands still"),
             str(output_file(home, each.name)))
        for each in states
        if client_of(each.name) is None and each.state not in ALIVE
    ]  # fmt: skip


def start_part(home: Home, name: str) -> None:
    """Start a part of the service that does not run.

    Raises:
        ServiceNotRunning: there is no service.
        ServiceError: it cannot be started; the message says where the reason is.

    """
    _seen.pop(home.root, None)
    SupervisordSupervisor(home).start(name)


def start_service(home: Home) -> ServiceStatus:
    """Start the service in the background, beside a dashboard that was started alone and keeps its port.

    The service's own dashboard takes the setting ``dashboard.port``, or any free port where that one is taken.

    Raises:
        ServiceRunning: it runs.
        QuantstripError: what ``service.check_start`` refuses; or it ended while it started.

    """
    port = service.configured_port(home)
    try:
        service.check_port(port)
    except PortInUse:
        port = _free_port()
    return service.up(home, port=port, detach=True)


def _free_port() -> int:
    with socket.create_server((access.LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])
