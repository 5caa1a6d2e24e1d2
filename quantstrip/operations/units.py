"""The service as a systemd unit: it starts with the machine and comes back after a failure."""

import getpass
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import ServiceError
from quantstrip.home import Home
from quantstrip.operations.settings import manager_of
from quantstrip.supervise.configuration import render_unit, write_atomically
from quantstrip.supervise.options import stop_seconds

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SYSTEM_UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What was done, and what is left to a person.

    Attributes:
        path: the unit's file.
        done: commands that were run.
        to_run: commands a person still has to run, in this order.
        note: anything else they should know.

    """

    path: Path
    done: tuple[str, ...] = ()
    to_run: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """The unit as systemd sees it; ``enabled`` and ``active`` are systemctl's words, "unknown" without systemd."""

    name: str
    path: Path
    scope: str
    installed: bool
    enabled: str
    active: str


def unit_path(*, system: bool, name: str = "quantstrip") -> Path:
    """Where the unit's file lies: ``/etc/systemd/system``, or the user's own folder (``XDG_CONFIG_HOME``)."""
    if _NAME.fullmatch(name) is None:
        raise ServiceError(
            f"{name!r} cannot be the name of a unit", hint="Use letters, digits, '-' and '_', up to 64 of them."
        )
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    return (_SYSTEM_UNITS if system else user) / f"{name}.service"


def install(
    home: Home, *, system: bool = False, run_as: str = "", port: int | None = None, name: str = "quantstrip"
) -> UnitResult:
    """Write the unit, enable it and start it; where no systemd runs, say what to run.

    Args:
        home: the home the service works on.
        system: for the whole machine instead of the user's own systemd.
        run_as: with ``system``, the user that runs it; never root.
        port: the dashboard's; None leaves it to the setting at each start.
        name: the unit's name; another home needs another one.

    Raises:
        ServiceError: ``run_as`` is missing, unknown or root, the home is not theirs, or the name belongs to another
            home.

    """
    path = unit_path(system=system, name=name)
    if system:
        _check_user(home, run_as)
    elif run_as:
        raise ServiceError("--run-as needs --system: a user's own service runs as that user", hint="Add --system.")
    text = render_unit(
        home,
        port=port,
        scope="system" if system else "user",
        run_as=run_as,
        stop_seconds=stop_seconds(manager_of(home)),
    )
    _check_free(path, home)
    _write(path, text)
    wanted = _install_commands(system, path.name)
    if not systemd_runs(system=system):
        return UnitResult(
            path, (), tuple(wanted), "No systemd was reached from here; the unit is written all the same."
        )
    done = [_systemctl(command) for command in wanted]
    return UnitResult(path, tuple(done), (), "" if system else _linger_note())


def uninstall(*, system: bool = False, name: str = "quantstrip") -> UnitResult:
    """Stop and disable the unit and delete its file.

    Raises:
        ServiceError: it is not installed, or systemd refused.

    """
    path = unit_path(system=system, name=name)
    if not path.exists():
        raise ServiceError(f"{path} does not exist: nothing is installed", hint="See: quantstrip service status")
    scope = _scope(system)
    stop, reload = f"systemctl {scope}disable --now {path.name}", f"systemctl {scope}daemon-reload"
    reachable = systemd_runs(system=system)
    if reachable:
        _systemctl(stop)
    path.unlink()
    if reachable:
        _systemctl(reload)
        return UnitResult(path, (stop, reload))
    return UnitResult(path, (), (reload,))


def unit_status(*, system: bool = False, name: str = "quantstrip") -> UnitStatus:
    """Whether the unit is installed, enabled and active."""
    path = unit_path(system=system, name=name)
    enabled = active = "unknown"
    if systemd_runs(system=system):
        enabled, active = (_ask(system, verb, path.name) for verb in ("is-enabled", "is-active"))
    return UnitStatus(name, path, "system" if system else "user", path.exists(), enabled, active)


def systemd_runs(*, system: bool) -> bool:
    """True when systemd is the init of this machine and, for a user's unit, this login has a bus to its own one."""
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return False
    return system or Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}", "systemd").is_dir()


def lingers(user: str) -> bool:
    """True when the user's services start with the machine, without a login (``loginctl enable-linger``)."""
    return Path("/var/lib/systemd/linger", user).exists()


def _check_user(home: Home, run_as: str) -> None:
    if not run_as:
        raise ServiceError("--system needs --run-as USER: the user that runs the service", hint="Never root.")
    try:
        user = pwd.getpwnam(run_as)
    except KeyError as error:
        raise ServiceError(
            f"there is no user {run_as!r} on this machine", hint="Name one that owns the home."
        ) from error
    if user.pw_uid == 0:
        raise ServiceError(
            "the service never runs as root: its dashboard runs code",
            hint="Name an ordinary user with --run-as, or install without --system for yourself.",
        )
    if home.root.stat().st_uid != user.pw_uid:
        raise ServiceError(
            f"the home {home.root} does not belong to {run_as!r}, who could not write it",
            hint=f"Give it to them: chown -R {run_as} {home.root}",
        )


def _check_free(path: Path, home: Home) -> None:
    if not path.exists():
        return
    other = re.search(r"^WorkingDirectory=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if other is None or other.group(1).replace("%%", "%") != str(home.root):
        whose = other.group(1) if other else "something else"
        raise ServiceError(f"{path} belongs to {whose}", hint="Choose another name for this home with --name.")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text).chmod(0o644)
    except OSError as error:
        raise ServiceError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="With --system run it as root (sudo); the service itself runs as the user of --run-as.",
        ) from error


def _install_commands(system: bool, unit: str) -> list[str]:
    scope = _scope(system)
    commands = [f"systemctl {scope}daemon-reload", f"systemctl {scope}enable --now {unit}"]
    if not system:
        commands.append(f"loginctl enable-linger {getpass.getuser()}")
    return commands


def _linger_note() -> str:
    user = getpass.getuser()
    return (
        ""
        if lingers(user)
        else f"It starts when you log in; to start it with the machine: loginctl enable-linger {user}"
    )


def _systemctl(command: str) -> str:
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise ServiceError(f"{command} failed: {words}", hint="Run it yourself and follow what it says.")
    return command


def _ask(system: bool, verb: str, unit: str) -> str:
    command = ["systemctl", *_scope(system).split(), verb, unit]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.strip() or "unknown"


def _scope(system: bool) -> str:
    return "" if system else "--user "
