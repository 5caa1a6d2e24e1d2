"""What runs on a home, as ``home.service_file`` tells it, and the lock that keeps a second service away."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from quantstrip.clock import Micros, system_clock
from quantstrip.errors import ServiceError, ServiceRunning
from quantstrip.home import Home, private_folder
from quantstrip.locks import take_lock, try_lock
from quantstrip.supervise.configuration import write_atomically

_INSTANT_SECONDS = 0.5
"""How long ``service_pid``, which tries the lock, may seem to be another service."""


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One running service.

    Attributes:
        pid: process id of ``quantstrip up``.
        port: port of the dashboard on the loopback interface.
        started: wall clock.
        socket: the supervisor's control socket; kept, because where it lies may depend on the environment.
        version: version of the program that runs.
        address: what the dashboard listens on besides the loopback address; "" where nothing.

    """

    pid: int
    port: int
    started: Micros
    socket: str
    version: str
    address: str = ""


def read_record(home: Home) -> ServiceRecord | None:
    """What ``up`` wrote, or None; a record may outlive a killed service."""
    try:
        content = json.loads(home.service_file.read_text(encoding="utf-8"))
        return ServiceRecord(**content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise ServiceError(
            f"{home.service_file} is not readable: {error}",
            hint="Delete the file; it is written anew when the service starts.",
        ) from error


def write_record(home: Home, record: ServiceRecord) -> None:
    """Write the record of the service that starts."""
    write_atomically(home.service_file, json.dumps(asdict(record), indent=1))


def socket_of(home: Home) -> Path:
    """The control socket of the service that runs on ``home``."""
    record = read_record(home)
    return Path(record.socket) if record else home.socket


@contextmanager
def service_lock(home: Home) -> Iterator[None]:
    """Hold the home's service lock; the file is gone afterwards.

    Raises:
        ServiceRunning: another process holds it; the message names its pid and how to stop it.

    """
    private_folder(home.locks)
    path = home.locks / "service.lock"
    deadline = system_clock.monotonic() + _INSTANT_SECONDS
    while (descriptor := take_lock(path)) is None:
        if system_clock.monotonic() >= deadline:
            raise service_running(home, _pid_in(path))
        system_clock.wait(0.05)
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def service_running(home: Home, pid: int) -> ServiceRunning:
    """The error for a second service on one home."""
    who = f"process {pid}" if pid else "another process"
    return ServiceRunning(
        f"a service runs on the home {home.root} already ({who})",
        hint=f"Stop it with: quantstrip --home {home.root} down",
    )


@contextmanager
def control_lock(home: Home, client: str, *, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Yield True while this process alone decides about ``client``; False when another does.

    The warden and the commands of a person take it around "look, then act", so that a start and a stop at one
    time come one after the other.
    """
    private_folder(home.locks)
    path = home.locks / f"control-{client}.lock"
    deadline = system_clock.monotonic() + wait_seconds
    while (descriptor := take_lock(path)) is None:
        if system_clock.monotonic() >= deadline:
            yield False
            return
        system_clock.wait(0.02)
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def clear_stale_locks(home: Home) -> None:
    """Delete lock files that a killed process left behind; one that is held stays."""
    for path in home.locks.glob("*.lock"):
        descriptor = take_lock(path)
        if descriptor is not None:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def service_pid(home: Home) -> int:
    """Process id of the ``up`` that holds the home's service lock; 0 when none does."""
    path = home.locks / "service.lock"
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        # The lock is held for an instant only; ``service_lock`` tries again before it believes in another service.
        return 0 if try_lock(descriptor) else _pid_in(path)
    finally:
        os.close(descriptor)


def _pid_in(path: Path) -> int:
    try:
        return int(path.read_text(encoding="utf-8").strip() or 0)
    except (FileNotFoundError, ValueError):
        return 0
