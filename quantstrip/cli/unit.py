"""``service install, uninstall, status, mend``: the service as a part of the machine, and its own parts."""

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json

_NAME = click.option("--name", default="quantstrip", show_default=True, help="Name of the unit, one for each home.")
_SCOPE = click.option(
    "--system/--user", "system", default=False, help="For the whole machine, or for your login (default)."
)


@click.group()
def service() -> None:
    """Start the service with the machine (systemd)."""


@service.command(short_help="Write, enable and start a systemd unit.")
@_SCOPE
@_NAME
@click.option("--run-as", help="With --system: the user that runs it; never root.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the dashboard (default: setting dashboard.port).")
@json_option
@pass_session
def install(session: Session, system: bool, name: str, run_as: str | None, port: int | None, as_json: bool) -> None:
    """Write a systemd unit that runs 'quantstrip up' on this home, enable it and start it."""
    from quantstrip.operations.units import install as install_unit

    result = install_unit(session.existing_home(), system=system, run_as=run_as or "", port=port, name=name)
    if as_json:
        print_json(result)
        return
    click.echo(f"Written: {result.path}")
    for command in result.done:
        click.echo(f"Done:    {command}")
    if result.to_run:
        click.echo("Still to be run by you:")
        for command in result.to_run:
            click.echo(f"    {command}")
    if result.note:
        click.echo(result.note)


@service.command(short_help="Start parts of the service that do not run.")
@json_option
@pass_session
def mend(session: Session, as_json: bool) -> None:
    """Start what of a running service stands still: warden, dashboard, notifier or worker. Clients are left alone."""
    from quantstrip.errors import ServiceNotRunning
    from quantstrip.operations import service_health
    from quantstrip.operations.service import status as service_status

    home = session.existing_home()
    if not service_status(home, clients=False).running:
        raise ServiceNotRunning(f"no service runs on the home {home.root}", hint="Start it with: quantstrip up")
    found = service_health.missing_parts(home)
    for part in found:
        service_health.start_part(home, part.name)
    if as_json:
        print_json({"started": [part.name for part in found]})
        return
    for part in found:
        click.echo(
            f"{part.name} is started; it was {part.state.lower()}: {part.means}. Its last words: {part.words_in}"
        )
    if not found:
        click.echo("All parts of the service run.")


@service.command(short_help="Stop the unit and delete it.")
@_SCOPE
@_NAME
@json_option
def uninstall(system: bool, name: str, as_json: bool) -> None:
    """Stop and disable the unit and delete it; the home stays as it is."""
    from quantstrip.operations.units import uninstall as uninstall_unit

    result = uninstall_unit(system=system, name=name)
    if as_json:
        print_json(result)
        return
    click.echo(f"Deleted: {result.path}")
    for command in result.to_run:
        click.echo(f"Run:     {command}")


@service.command(short_help="Is it installed, enabled, active?")
@_SCOPE
@_NAME
@json_option
def status(system: bool, name: str, as_json: bool) -> None:
    """Show whether the unit is installed, enabled and active."""
    from quantstrip.operations.units import unit_status

    found = unit_status(system=system, name=name)
    if as_json:
        print_json(found)
        return
    if not found.installed:
        click.echo(f"Not installed ({found.path} does not exist)")
        return
    click.echo(f"{found.path}\nenabled: {found.enabled}\nactive:  {found.active}")
