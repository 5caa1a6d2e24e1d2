"""Is everything there that the platform needs? Each check says what to do when it is not."""

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from quantstrip.errors import QuantstripError
from quantstrip.home import Home, asset

_OLDEST = (3, 11)
_FREE_BYTES = 500_000_000
_OWNER = "Run as the user who owns the home, or give yourself access to it."


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        ok: nothing to do.
        message: what was found.
        hint: what to do when it is not ok.
        optional: only needed for some uses; does not make the installation wrong.

    """

    name: str
    ok: bool
    message: str
    hint: str = ""
    optional: bool = False


def checks(home: Home) -> list[Check]:
    """Every check, in the order in which one would repair things; nothing is changed."""
    found = [_python(), _packages(), _assets(), *_of_home(home)]
    return [*found, _odbc(), *_systemd()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "python",
        sys.version_info >= _OLDEST,
        f"{version} at {sys.executable}",
        f"Install Python {_OLDEST[0]}.{_OLDEST[1]} or newer and make the environment with it.",
    )


def _packages() -> Check:
    """Every requirement of the installed distribution, by its metadata."""
    from packaging.requirements import Requirement

    wrong = []
    for line in metadata.requires("quantstrip") or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    return Check(
        "packages",
        not wrong,
        "; ".join(wrong) or "all requirements are met",
        f"Run: {sys.executable} -m pip install --upgrade quantstrip",
    )


def _your_packages(home: Home) -> Check:
    """What was installed for clients still finds what it needs, also after the platform was upgraded."""
    from quantstrip.operations.packages import everywhere

    there = everywhere(home)
    wrong = [
        f"{each.name} {each.version}{f' of {client}' if client else ''}: {each.problem}"
        for client, found in there.items() for each in found if each.problem
    ]  # fmt: skip
    count, own = len(there[""]), len(there) - 1
    said = "; ".join(wrong) or (f"{count} installed for clients" if count else "none installed for clients")
    said += f"; {own} with an environment of their own" if own and not wrong else ""
    return Check("your packages", not wrong, said, "Look for versions that fit: quantstrip package upgrade --all")


def _assets() -> Check:
    missing = [name for name in ("dashboard", "service", "schema", "settings") if not asset(name).is_dir()]
    return Check(
        "shipped files",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "all there",
        "Install the package anew.",
    )


def _of_home(home: Home) -> Iterator[Check]:
    if not home.exists():
        hint = f"Make one: quantstrip init {home.root}"
        yield Check("home", False, f"there is no home at {home.root}", hint)
        return
    yield _guarded("home", lambda: _home(home))
    yield _guarded("disk", lambda: _disk(home))
    yield _guarded("settings", lambda: _settings(home))
    yield _guarded("ledger", lambda: _ledger(home))
    yield _your_packages(home)
    yield _guarded("token", lambda: _token(home))
    yield _guarded("access", lambda: _access(home))
    yield from _notifications(home)
    try:
        yield from _service(home)
    except OSError as error:
        yield Check("service", False, _denied(error), _OWNER)


def _guarded(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except QuantstripError as error:
        return Check(name, False, error.message, error.hint)
    except OSError as error:
        return Check(name, False, _denied(error), _OWNER)


def _denied(error: OSError) -> str:
    return f"{error.filename or 'the home'}: {error.strerror or error}"


def _home(home: Home) -> str:
    home.check_place()
    home.check_writable()
    return f"{home.root} can be written"


def _disk(home: Home) -> str:
    status = os.statvfs(home.data)
    free = status.f_bavail * status.f_frsize
    if free < _FREE_BYTES:
        raise QuantstripError(
            f"only {free / 1e6:.0f} MB are free at {home.data}",
            hint="Free some space: a full disk stops every recording.",
        )
    return f"{free / 1e9:.1f} GB are free"


def _settings(home: Home) -> str:
    from quantstrip.config import SettingsManager

    manager = SettingsManager(home)  # a fresh one: keys that were read before may be gone by now
    secrets = [setting.path for setting in manager.tree() if setting.secret and setting.value]
    for path in secrets:
        manager.get(path)
    if wrong := manager.problems():
        raise QuantstripError(
            "; ".join(wrong),
            hint="Set it again, or delete it: quantstrip settings set PATH VALUE. Its client does not start before.",
        )
    return f"{home.settings_file.name} is read, {len(secrets)} secrets can be decrypted"


def _ledger(home: Home) -> str:
    from quantstrip.ledger import open_ledger

    if not home.database.exists():
        return "not made yet; it is made at the first start"
    ledger = open_ledger(home)
    problems = ledger.integrity_check()
    if problems:
        raise QuantstripError(
            f"the database is damaged: {'; '.join(problems[:3])}",
            hint=f"Stop the service and restore a backup from {home.backups}.",
        )
    return f"version {ledger.schema_version()}, integrity is good"


def _notifications(home: Home) -> Iterator[Check]:
    """Optional: a platform that tells nobody still trades."""
    from quantstrip.operations.notifications import health

    name = "notifications"
    try:
        found = health(home) if home.database.exists() else None
    except QuantstripError as error:
        yield Check(name, False, error.message, error.hint, optional=True)
        return
    if found is None or not found.accounts + found.channels:
        message = "no mail account and no channel: alerts are shown in the dashboard only"
        yield Check(name, False, message, "Add one: quantstrip notify add NAME --provider gmail", optional=True)
        return
    ways = f"{found.accounts} mail accounts, {found.channels} channels"
    stuck = f"{found.dead} messages were given up, {found.late} wait after a failed attempt"
    bad = bool(found.dead or found.late)
    yield Check(name, not bad, f"{ways}; {stuck}" if bad else ways, "Look: quantstrip notify list", optional=True)


def _token(home: Home) -> str:
    from quantstrip.operations import access

    access.token(home)
    return "the dashboard's login token is readable by its owner only"


def _access(home: Home) -> str:
    from quantstrip.operations.exposure import check_exposure
    from quantstrip.operations.users import list_users

    found, users = check_exposure(home), len(list_users(home))
    named = f"{users} user{'' if users == 1 else 's'}"
    if not found.exists:
        return f"the dashboard is reached from this machine alone; {named}"
    plain = ", readable on the way (dashboard.plain_http)" if found.needs_plain else ""
    return f"the dashboard is reached from elsewhere as {', '.join(found.hosts) or found.address}{plain}; {named}"


def _service(home: Home) -> Iterator[Check]:
    from quantstrip.operations import service

    found = service.status(home, clients=False)
    if found.running:
        yield Check("service", True, f"runs as process {found.pid}")
        yield Check(
            "dashboard",
            found.dashboard,
            f"answers on {found.url}" if found.dashboard else f"does not answer on {found.url}",
            f"Look into {home.logs}/dashboard.log",
        )
        return
    yield Check("service", True, "does not run; start it with: quantstrip up")
    yield _guarded("port", lambda: _port(service.configured_port(home)))
    stale = [path.name for path in (home.socket, home.service_file) if path.exists()]
    yield Check(
        "left-overs", True, f"{', '.join(stale)} of a killed service; the next start clears them" if stale else "none"
    )


def _port(port: int) -> str:
    from quantstrip.operations import service

    service.check_port(port)
    return f"{port} is free"


def _odbc() -> Check:
    from quantstrip.operations.odbc import how_to_install

    hint = how_to_install()
    try:
        import pyodbc
    except ImportError as error:  # the package is there, the system's driver manager is not
        return Check("odbc", False, f"ODBC cannot be used: {error}", hint, optional=True)
    drivers = [name for name in pyodbc.drivers() if "sqlite" in name.lower()]
    return Check(
        "odbc",
        bool(drivers),
        f"driver {drivers[0]}"
        if drivers
        else "no SQLite driver is registered; only Excel and other ODBC readers need one",
        hint,
        optional=True,
    )


def _systemd() -> Iterator[Check]:
    from quantstrip.operations import units

    for system in (False, True):
        found = units.unit_status(system=system)
        if not found.installed:
            continue
        yield Check(
            f"unit ({found.scope})",
            found.enabled != "disabled",
            f"{found.path}: {found.enabled}, {found.active}",
            f"systemctl {'' if system else '--user '}enable --now {Path(found.path).name}",
        )
        user = getpass.getuser()
        if not system:
            yield Check(
                "linger",
                units.lingers(user),
                f"services of {user} start {'with the machine' if units.lingers(user) else 'only at login'}",
                f"loginctl enable-linger {user}",
                optional=True,
            )
