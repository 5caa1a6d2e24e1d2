"""``token``."""

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json


@click.command()
@click.option("--rotate", is_flag=True, help="Make a new token first: every open login ends, in every browser.")
@json_option
@pass_session
def token(session: Session, rotate: bool, as_json: bool) -> None:
    """Print the dashboard's address with its login token, also while the service runs.

    Who has this address can use the dashboard: keep it to yourself.
    """
    from quantstrip.operations.address import address

    found = address(session.existing_home(), rotate=rotate)
    if as_json:
        print_json(found)
        return
    click.echo(found.url)
    if rotate:
        click.echo("Logins with the old token have ended.", err=True)
    if not found.running:
        click.echo(session.named("No service runs yet; the address holds once it does: quantstrip up"), err=True)
