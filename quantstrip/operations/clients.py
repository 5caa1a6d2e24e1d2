"""Deploying, starting, stopping and looking at clients."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from quantstrip.clock import system_clock
from quantstrip.errors import ClientError, ClientLoadError, ClientNotFound, FileChanged, ServiceNotRunning
from quantstrip.home import VARIABLE, Home, asset
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations.client_status import ClientStatus, Problem, StatusReader, problems_of
from quantstrip.operations.homes import make_home
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.settings import OrDefaults, manager_of
from quantstrip.operations.starting import Start, await_start, check_start
from quantstrip.redaction import scrub
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import make_note
from quantstrip.supervise.configuration import write_program
from quantstrip.supervise.control import Control
from quantstrip.supervise.deploy import Deployment, check_unique, deploy_files, find_source, version_folder
from quantstrip.supervise.names import check_name
from quantstrip.supervise.options import stop_seconds
from quantstrip.supervise.policy import Mark

__all__ = [
    "ClientStatus",
    "Deployment",
    "Problem",
    "Start",
    "await_start",
    "client_status",
    "deploy",
    "list_clients",
    "log_lines",
    "problems",
    "redeploy",
    "remove",
    "restart",
    "rollback",
    "run_in_foreground",
    "start",
    "stop",
]


def list_clients(home: Home) -> list[ClientStatus]:
    """Every deployed client, by name."""
    return StatusReader(home, existing_ledger(home)).all()


def client_status(home: Home, name: str) -> ClientStatus:
    """One deployed client.

    Raises:
        ClientNotFound: there is none of that name.

    """
    ledger = existing_ledger(home)
    row = _ending(home, ledger).row(name)
    return StatusReader(home, ledger).one(row)


def deploy(
    home: Home, source: str | Path, *, start: bool = True, wait_seconds: float | None = None, expect: str = ""
) -> Deployment:
    """Copy a client and the helpers it imports into the store, and run that version from now on.

    Without a service the client starts with it. With ``start=False`` a client that runs goes on with its old version
    until it is restarted, and one that does not run stays stopped.

    Args:
        home: its home.
        source: a file, a package's folder, a name in the clients folder, or a deployed client's name.
        start: run it now.
        wait_seconds: how long to wait for its first heartbeat or its end; None is the setting
            ``service.start_wait_seconds``, 0 does not wait.
        expect: hash of the version that the caller was shown; "" takes whatever the files are.

    Raises:
        FileChanged: the files are no longer what was expected; what runs goes on.
        ClientNotStarted: the new version is deployed, and cannot be loaded or failed at once.
        ClientNotFound: there is no such file.
        ClientLoadError: it does not compile; nothing changes, and the error is kept among the problems.
        ClientError: the name is impossible or taken.
        HomeError: the home cannot be written or lies in a synchronised folder.

    """
    home.create()  # a checkout is a home by its marker alone; its folders come with the first use
    ledger = open_ledger(home)
    path = _source(home, ledger, source)
    known = ledger.get_client(check_unique(path, ""))
    try:
        made = deploy_files(home, path, known_source=str(known["source"]) if known else "")
    except ClientLoadError as error:
        name = path.stem
        body = scrub(str(error))  # it quotes the line that does not compile
        ledger.alert("deploy_refused", f"{name} was not deployed", body, client=name, rate_key=f"deploy:{name}")
        raise
    if expect and made.code_hash != expect:
        raise FileChanged(
            f"the files of {made.name} changed while they were looked at; nothing was deployed",
            hint="Look at the difference again, then deploy.",
        )
    write_program(home, made.name, stop_seconds=stop_seconds(manager_of(home)))
    _point_at(ledger, made.name, made.code_hash, f"version {made.code_hash} deployed", start=start, source=path)
    ledger.add_deployment(made.name, made.code_hash, list(made.files), "")
    started = start and _run_now(home, ledger, made.name, f"version {made.code_hash} deployed")
    if started and wait_seconds != 0:
        check_start(home, made.name, wait_seconds)
    return replace(made, started=started, previous=str(known["code_hash"]) if known else "")


def redeploy(home: Home, name: str, *, start: bool = True, wait_seconds: float | None = None) -> Deployment:
    """Deploy a client anew from where it came from, wherever that is; one that never was deployed, from its name.

    Raises:
        QuantstripError: as ``deploy``.

    """
    known = open_ledger(home).get_client(name)
    source = _recorded(home, name, str(known["source"])) if known and known["source"] else name
    return deploy(home, source, start=start, wait_seconds=wait_seconds)


def start(home: Home, name: str, *, wait_seconds: float | None = None) -> None:
    """Run a deployed client from now on, also after the service was restarted; waits as ``deploy`` does.

    Raises:
        ClientNotStarted: it cannot be loaded, or failed at once.
        ClientNotFound: there is none of that name.
        ServiceNotRunning: there is no service; nothing was changed.

    """
    _control(home, existing_ledger(home)).start(name)
    if wait_seconds != 0:
        check_start(home, name, wait_seconds)


def stop(home: Home, name: str) -> None:
    """End a client and wait until it is gone; it stays stopped until someone starts it."""
    _ending(home, existing_ledger(home)).stop(name)


def restart(home: Home, name: str, *, wait_seconds: float | None = None) -> None:
    """End a client and start it again, with the version that is deployed now.

    Raises:
        QuantstripError: as ``start``.

    """
    _control(home, existing_ledger(home)).restart(name)
    if wait_seconds != 0:
        check_start(home, name, wait_seconds)


def remove(home: Home, name: str) -> None:
    """End a client and forget it; what it did stays in the ledger, its versions in the store.

    An environment of packages of its own goes with it.

    Raises:
        ClientNotFound: there is none of that name.
        PackageError: it is removed, and its environment is being changed and stays.

    """
    from quantstrip.operations.package_versions import forget
    from quantstrip.overlay import place_of

    _ending(home, existing_ledger(home)).remove(name)
    forget(place_of(home, check_name(name)))


def rollback(home: Home, name: str, to: str | None = None, *, wait_seconds: float | None = None) -> Deployment:
    """Point a client at an older version, ``to`` or the one deployed before the current one, and restart it.

    Raises:
        ClientError: there is no such version, or its folder is gone; the versions that exist are listed.
        ClientNotStarted: the older version is deployed, and cannot be loaded or failed at once.

    """
    ledger = existing_ledger(home)
    row = _control(home, ledger).row(name)
    target = _older_version(home, ledger, name, row.code_hash, to)
    _point_at(ledger, name, target, f"rolled back to {target}", start=row.wanted, source=None)
    files = sorted(
        path.relative_to(version_folder(home, name, target)).as_posix()
        for path in version_folder(home, name, target).rglob("*.py")
    )
    ledger.add_deployment(name, target, files, f"rollback from {row.code_hash}")
    started = row.wanted and _run_now(home, ledger, name, f"rolled back to {target}")
    if started and wait_seconds != 0:
        check_start(home, name, wait_seconds)
    folder = version_folder(home, name, target)
    return Deployment(name, target, folder, tuple(files), Path(row.source), started, row.code_hash)


def log_lines(home: Home, name: str, lines: int = 200) -> list[str]:
    """The last lines of a client's log; other streams (``service``, ``dashboard``) by their name."""
    from quantstrip.log import tail

    return tail(home, check_name(name), lines)


def run_in_foreground(home: Home, source: str | Path) -> int:
    """Run one client straight from its file, with its log on the terminal, until it ends; returns its exit code.

    Raises:
        ClientNotFound: there is no such file.
        ClientBusy: the service runs it already.

    """
    path = find_source(home, source)
    file = path / "__init__.py" if path.is_dir() else path
    command = [sys.executable, "-P", "-m", "quantstrip.client", "--home", str(home.root), "--file", str(file)]
    process = subprocess.Popen(command, env={**os.environ, VARIABLE: str(home.root)})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the client too, which ends in order; a second one interrupts its job


def problems(home: Home, limit: int = 50) -> list[Problem]:
    """Load errors, crashes, failed jobs and refused deployments, newest first."""
    return problems_of(existing_ledger(home), limit)


def _source(home: Home, ledger: Ledger, source: str | Path) -> Path:
    """What to deploy; the name of a client that is deployed from elsewhere stands for where it came from."""
    try:
        return find_source(home, source)
    except ClientNotFound:
        known = ledger.get_client(str(source))
        if known is None or not known["source"]:
            if (asset("clients") / f"{source}.py").is_file():  # one that ships, in a home that nobody has filled yet
                return find_source(make_home(home), source)
            raise
        return _recorded(home, str(source), str(known["source"]))


def _recorded(home: Home, name: str, source: str) -> Path:
    """Where a client was deployed from, when it is still there."""
    try:
        return find_source(home, source)
    except ClientNotFound as error:
        raise ClientNotFound(
            f"{name} was deployed from {source}, which is gone",
            hint="Put it back, or deploy it from where it is now. What runs is a copy and goes on.",
        ) from error


def _control(home: Home, ledger: Ledger) -> Control:
    limit = stop_seconds(manager_of(home))
    return Control(home, SupervisordSupervisor(home), ledger, stop_seconds=limit)


def _ending(home: Home, ledger: Ledger) -> Control:
    """For looking and stopping: with settings that cannot be read a client could not start, but it can be ended."""
    return Control(home, SupervisordSupervisor(home), ledger, stop_seconds=stop_seconds(OrDefaults(manager_of(home))))


def _point_at(ledger: Ledger, name: str, code_hash: str, reason: str, *, start: bool, source: Path | None) -> None:
    columns: dict[str, object] = {"code_hash": code_hash}
    if source is not None:
        columns |= {"source": str(source), "differs": 0}
    known = ledger.get_client(name)
    if start:
        columns |= {
            "desired_state": "running",
            "status_note": make_note(Mark.NONE, system_clock.now(), reason),
        }
    elif known is None:
        columns |= {
            "desired_state": "stopped",
            "status_note": make_note(Mark.STOPPED, system_clock.now(), "deployed, never started"),
        }
    ledger.set_client(name, **columns)


def _run_now(home: Home, ledger: Ledger, name: str, reason: str) -> bool:
    try:
        _control(home, ledger).restart(name, reason)
    except ServiceNotRunning:
        return False
    return True


def _older_version(home: Home, ledger: Ledger, name: str, current: str, to: str | None) -> str:
    # Newest first, each version once, at its latest real deployment: rolling back twice goes two versions back.
    made = [row for row in ledger.deployments(name) if not str(row["note"] or "").startswith("rollback")]
    order = list(dict.fromkeys(str(row["code_hash"]) for row in made))
    kept = [code for code in order if version_folder(home, name, code).is_dir()]
    hint = f"Versions of {name!r}, newest first: {', '.join(kept) or 'none'} (current: {current})"
    if to is not None:
        matches = [code for code in kept if code.startswith(to)]
        if len(matches) != 1:
            raise ClientError(f"{len(matches)} stored versions of {name!r} begin with {to!r}, expected one", hint=hint)
        return matches[0]
    older = kept[kept.index(current) + 1 :] if current in kept else kept
    if not older:
        raise ClientError(f"there is no version of {name!r} before {current}", hint=hint)
    return older[0]
