"""``settings get, set, list, delete``."""

import sys

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

_TYPES = ("text", "int", "float", "bool", "list", "dict", "secret")


@click.group()
def settings() -> None:
    """Show and change settings; paths are written like dashboard.port or /dashboard/port."""


@settings.command("get")
@click.argument("path")
@json_option
@pass_session
def get_(session: Session, path: str, as_json: bool) -> None:
    """Print the value at PATH; a secret is masked."""
    from quantstrip.operations.settings import get_setting

    value = get_setting(session.home, path)
    if as_json or isinstance(value, dict | list | bool):
        print_json(value)
    else:
        click.echo(value)


@settings.command("set")
@click.argument("path")
@click.argument("value", required=False)
@click.option("--type", "value_type", type=click.Choice(_TYPES), help="(default: the type it has, else text)")
@pass_session
def set_(session: Session, path: str, value: str | None, value_type: str | None) -> None:
    """Set PATH to VALUE and save.

    A secret is asked for, or read from standard input: as an argument everyone on this machine could see it.
    A negative number goes behind two dashes: settings set my.floor -- -5
    """
    from quantstrip.operations.settings import set_setting, type_at

    value_type = value_type or type_at(session.existing_home(), path)
    if value_type == "secret":
        if value is not None:
            raise click.UsageError(
                "a secret is never an argument: others can read it there. Leave VALUE out, and it is asked for"
            )
        value = click.prompt("Value", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if not value:
            raise click.UsageError("the secret is empty")
    elif value is None:
        raise click.UsageError("Missing argument 'VALUE'.")
    set_setting(session.existing_home(), path, value, value_type)
    click.echo(f"{path} is set")


@settings.command("list")
@click.argument("path", default="")
@json_option
@pass_session
def list_(session: Session, path: str, as_json: bool) -> None:
    """List all settings, or those below PATH; secrets are masked."""
    from quantstrip.operations.settings import list_settings

    found = list_settings(session.home, path)
    if as_json:
        print_json(found)
        return
    rows = [
        (row.path, str(row.type), row.value, "own" if row.changed else "default")
        for row in found
        if row.type != "folder"
    ]
    print_table(("PATH", "TYPE", "VALUE", "FROM"), rows)


@settings.command("delete")
@click.argument("path")
@pass_session
def delete(session: Session, path: str) -> None:
    """Delete a value of your own; a platform setting goes back to its default."""
    from quantstrip.operations.settings import delete_setting

    delete_setting(session.existing_home(), path)
    click.echo(f"{path} is deleted")
