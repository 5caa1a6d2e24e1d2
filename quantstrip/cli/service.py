"""``init, up, down, status, doctor``."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from quantstrip.cli.session import (
    FolderPath,
    Session,
    demo_option,
    json_option,
    local_text,
    pass_session,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from quantstrip.operations.client_status import ClientStatus


def _ip(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """127.0.0.1, or an address that other machines can reach; anything else is wrong usage."""
    from quantstrip.config.bounds import is_address

    if value is not None and not is_address(value):
        raise click.BadParameter(f"an IP address such as 0.0.0.0 or 192.168.1.5 is expected, got {value!r}")
    return value


@click.command()
@click.argument("folder", type=FolderPath(), required=False)
@pass_session
def init(session: Session, folder: Path | None) -> None:
    """Make a home in FOLDER (default: the home that would be used). One that exists is left as it is."""
    from quantstrip.home import Home
    from quantstrip.operations.homes import make_home

    home = Home(folder.expanduser().resolve()) if folder else session.home
    make_home(home)
    click.echo(
        f"Home: {home.root}\nPut clients into {home.clients}, then: quantstrip --home {quote(str(home.root))} up"
    )


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the dashboard (default: setting dashboard.port).")
@click.option(
    "--address", metavar="IP", callback=_ip, help="Listen there too, for other machines (default: dashboard.address)."
)
@click.option("--detach", is_flag=True, help="Return when the dashboard answers; 'quantstrip down' stops it.")
@click.option("--demo", is_flag=True, help="Run two strategies on sample prices, in a home of their own.")
@pass_session
def up(session: Session, port: int | None, address: str | None, detach: bool, demo: bool) -> None:
    """Start the service and the dashboard; Ctrl-C, or 'quantstrip down', stops all of it.

    It always listens on 127.0.0.1. On another address it does so once a user with a password, or OIDC, is set up, and
    with TLS.
    """
    from quantstrip.operations import service

    if demo:
        session.use_demo()
    elif not session.home.exists():
        # A mistyped folder would otherwise look like a service that runs the clients it should.
        click.echo(f"{session.home.root} was no home: a new one is made there, and no client runs in it yet.")
    service.up(
        session.home,
        port=port,
        address=address,
        detach=detach,
        demo=demo,
        tell=lambda text: click.echo(session.named(text)),
    )


@click.command()
@demo_option
@pass_session
def down(session: Session, demo: bool) -> None:
    """Stop the service and wait until all of it is gone."""
    from quantstrip.operations import service

    if demo:
        session.use_demo()
    service.down(session.home)
    click.echo("Stopped.")


@click.command()
@json_option
@demo_option
@pass_session
def status(session: Session, as_json: bool, demo: bool) -> None:
    """Show the service and its clients."""
    from quantstrip.operations import service

    if demo:
        session.use_demo()
    found = service.status(session.home)
    if as_json:
        print_json(found)
        return
    if found.running:
        click.echo(f"Service runs on {found.home}, process {found.pid}, since {local_text(found.since)}")
        also = f", and listens on {found.address}" if found.address else ""
        click.echo(f"Dashboard {_REPLIES[found.reply]} on {found.url}{also}")
    else:
        click.echo(session.named(f"No service runs on {found.home}; start it with: quantstrip up"))
    if not found.clients:
        click.echo("No client is deployed.")
        return
    heads = ("NAME", "STATE", "PID", "STARTED", "HEARTBEAT", "RESTARTS", "VERSION", "NOTE")
    print_table(
        heads,
        [
            (
                client.name,
                client.state,
                client.pid or "-",
                local_text(client.started),
                "-" if client.heartbeat_age_seconds is None else f"{client.heartbeat_age_seconds:.1f} s ago",
                client.restarts,
                client.code_hash[:8] + (" (source differs)" if client.differs else ""),
                _note(client),
            )
            for client in found.clients
        ],
    )


_REPLIES = {
    "answers": "answers",
    "busy": "runs, and was too busy to answer within a second,",
    "none": "does not answer",
}


def _note(client: "ClientStatus") -> str:
    """What is wrong with a client, else why it is in its state."""
    if client.failed_jobs:
        times = "once" if client.failed_jobs == 1 else f"{client.failed_jobs} times"
        return f"{client.last_error} (a job failed {times}, last {local_text(client.last_error_at)})"
    return client.last_error or client.note or _stops(client)


def _stops(client: "ClientStatus") -> str:
    """What stops the entries of a client that is well otherwise."""
    found = ["entries switched off"] if client.killed else []
    found += [f"entries halted by {halt.rule}" for halt in client.halts]
    return ", ".join(found) + (f"; see: quantstrip risk status {client.name}" if found else "")


@click.command()
@json_option
@pass_session
def doctor(session: Session, as_json: bool) -> int:
    """Check the installation and the home, and say what to do. Exits with 1 when something must be done."""
    from quantstrip.operations.doctor import checks

    found = checks(session.home)
    if as_json:
        print_json(found)
    else:
        for check in found:
            mark = "ok  " if check.ok else ("note" if check.optional else "FAIL")
            click.echo(f"{mark}  {check.name}: {session.named(check.message)}")
            if not check.ok and check.hint:
                click.echo(f"      {session.named(check.hint)}")
    return 1 if any(not check.ok and not check.optional for check in found) else 0
