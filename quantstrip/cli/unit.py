"""``service install, uninstall, status``: the service as a part of the machine."""

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
