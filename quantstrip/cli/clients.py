"""``deploy, rollback, start, stop, restart, remove, logs, run``."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.session import Session, json_option, pass_session, plain, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.home import Home
    from quantstrip.operations.clients import Deployment, Start
    from quantstrip.operations.logs import Wanted

_LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@click.command()
@click.argument("source")
@click.option("--start/--no-start", default=True, help="Run the new version now (default) or at the next start.")
@json_option
@pass_session
def deploy(session: Session, source: str, start: bool, as_json: bool) -> int:
    """Copy SOURCE and the helper files it imports into the store, and run that version.

    SOURCE is a Python file, the folder of a package, the name of a client in the home's clients folder, or the name of
    a client that is deployed from elsewhere. Exits with 1 when the client cannot be loaded or fails at once.
    """
    from quantstrip.operations import clients

    home = session.existing_home()
    made = clients.deploy(home, source, start=start, wait_seconds=0)
    if as_json:
        return _print_started(session, made)
    click.echo(f"{made.name}: version {made.code_hash} deployed ({', '.join(made.files)})")
    if start and not made.started:
        click.echo(session.named("It starts with the service: quantstrip up"))
    return _report(session, (made.name,)) if made.started else 0


@click.command()
@click.argument("name")
@click.option("--to", help="The version to go back to (default: the one before the current one).")
@json_option
@pass_session
def rollback(session: Session, name: str, to: str | None, as_json: bool) -> int:
    """Point client NAME at an older deployed version and restart it."""
    from quantstrip.operations import clients

    made = clients.rollback(session.existing_home(), name, to, wait_seconds=0)
    if as_json:
        return _print_started(session, made)
    click.echo(f"{name}: version {made.previous} replaced by {made.code_hash}")
    return _report(session, (name,)) if made.started else 0


@click.command()
@_NAMES
@json_option
@pass_session
def start(session: Session, names: tuple[str, ...], as_json: bool) -> int:
    """Run deployed clients from now on, also after the service was restarted."""
    from quantstrip.operations import clients

    for name in names:
        clients.start(session.existing_home(), name, wait_seconds=0)
    return _report(session, names, as_json=as_json)


@click.command()
@_NAMES
@json_option
@pass_session
def stop(session: Session, names: tuple[str, ...], as_json: bool) -> None:
    """End clients and wait until they are gone; they stay stopped until someone starts them."""
    from quantstrip.operations import clients

    for name in names:
        clients.stop(session.existing_home(), name)
        if not as_json:
            click.echo(f"{name}: stopped")
    if as_json:
        print_json([{"name": name, "state": "stopped"} for name in names])


@click.command()
@_NAMES
@json_option
@pass_session
def restart(session: Session, names: tuple[str, ...], as_json: bool) -> int:
    """End clients and start them again, with the version that is deployed now."""
    from quantstrip.operations import clients

    for name in names:
        clients.restart(session.existing_home(), name, wait_seconds=0)
    return _report(session, names, as_json=as_json)


@click.command()
@click.argument("name")
@json_option
@pass_session
def remove(session: Session, name: str, as_json: bool) -> None:
    """End a client and forget it; its runs, orders and fills stay in the ledger."""
    from quantstrip.operations import clients

    clients.remove(session.existing_home(), name)
    if as_json:
        print_json({"name": name, "state": "removed"})
    else:
        click.echo(f"{name}: removed")


@click.command()
@click.argument("name", default="service")
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(0), help="Lines to begin with.")
@click.option("--level", type=click.Choice(_LEVELS, case_sensitive=False), help="Only entries of this level and above.")
@click.option("--find", "words", default="", metavar="TEXT", help="Only entries with this text, whatever its case.")
@click.option("--since", type=click.DateTime(), help="From this moment on, in the machine's zone.")
@click.option("--files", "listed", is_flag=True, help="List the log's files, those put away too, and stop.")
@click.option("--file", "which", default="", metavar="FILE", help="Print one of --files, as it is.")
@pass_session
def logs(
    session: Session, name: str, following: bool, lines: int, level: str | None, words: str, since: datetime | None,
    listed: bool, which: str,
) -> None:  # fmt: skip
    """Show the log of a client, or one of: service (default), up, dashboard, notifier, worker, supervisord, commands.

    With --level, --find or --since, -n counts entries: a line with its trace.
    """
    from quantstrip.clock import from_datetime
    from quantstrip.errors import ClientNotFound
    from quantstrip.log import streams
    from quantstrip.operations import clients, log_follow
    from quantstrip.operations.logs import Wanted, line_of

    home = session.existing_home()
    wanted, moment = Wanted(level or "", words), from_datetime(since.astimezone()) if since else 0
    filtered = bool(level or words or since)
    if (listed or which) and (following or filtered):
        raise click.UsageError("--files and --file take a file as it is: leave out -f, --level, --find and --since")
    if listed or which:
        _files(home, name, which)
        return
    if following:
        _follow(home, name, lines, wanted if filtered else None, moment)
        return
    known = streams(home)
    if name not in known:
        raise ClientNotFound(f"there is no log {name!r}", hint=f"Logs: {', '.join(known) or 'none yet'}")
    if filtered:
        found = [line_of(entry) for entry in log_follow.entries(home, name, lines, wanted, moment)]
    else:
        found = clients.log_lines(home, name, lines)
    click.echo("\n".join(found))


def _files(home: "Home", name: str, which: str) -> None:
    """Print one file of a log as it is; without a name, which files there are, the newest first."""
    from quantstrip.operations import logs

    if which:
        click.echo(logs.download(home, name, which), nl=False)
        return
    print_table(["FILE", "BYTES"], [[each.path.name, f"{each.size:,}"] for each in logs.files(home, name)])


def _follow(home: "Home", name: str, lines: int, wanted: "Wanted | None", moment: int) -> None:
    """Print a log until Ctrl-C: every line, or the entries that are wanted."""
    import threading

    from quantstrip.log import follow
    from quantstrip.operations import log_follow

    never = threading.Event()
    found = (
        follow(home, name, never, lines=lines)
        if wanted is None
        else log_follow.follow(home, name, wanted, never, most=lines, moment=moment)
    )
    try:
        for line in found:
            click.echo(line)
    except KeyboardInterrupt:
        return


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("source")
@pass_session
def run(session: Session, source: str) -> int:
    """Run one client in the foreground, straight from its file and without deploying it; Ctrl-C ends it.

    SOURCE is a Python file, or the name of a client in the home's clients folder.
    """
    from quantstrip.operations import clients

    return clients.run_in_foreground(session.existing_home(), source)


def _report(session: Session, names: tuple[str, ...], *, as_json: bool = False) -> int:
    """Wait until it is known what became of the clients, say it, and return 1 where one failed."""
    from quantstrip.operations import clients

    told = []
    for name in names:
        start = clients.await_start(session.home, name)
        told.append(_told(start))
        if not as_json:
            _say(session, start)
        _say_error(session, start)
    if as_json:
        print_json(told)
    return int(any(each["error"] for each in told))


def _print_started(session: Session, made: "Deployment") -> int:
    """A deployment as JSON, with what became of its start."""
    from quantstrip.operations import clients

    start = clients.await_start(session.home, made.name) if made.started else None
    print_json(plain(made) | (_told(start) if start else {"state": "", "pid": 0, "error": ""}))
    if start:
        _say_error(session, start)
    return int(bool(start and start.error))


def _told(start: "Start") -> dict[str, Any]:
    """What became of a client, for programs."""
    status = start.status
    return {"name": status.name, "state": status.state, "pid": status.pid, "error": start.error}


def _say(session: Session, start: "Start") -> None:
    status = start.status
    line = f"{status.name}: {status.state}" + (f", process {status.pid}" if status.pid else "")
    if status.state == "starting" and not start.error:
        line = session.named(f"{line}; it is not known yet whether it works. Look again with: quantstrip status")
    click.echo(line)


def _say_error(session: Session, start: "Start") -> None:
    if start.error:
        click.echo(f"{start.error}\n{session.named(start.where(session.home))}", err=True)
