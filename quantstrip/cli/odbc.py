"""``odbc install, show, test, uninstall``: the data source through which Excel and others read the ledger."""

import shlex
from typing import TYPE_CHECKING

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.operations.odbc import DataSource

_NAME = click.option("--name", default="", help="Name of the data source  [default: quantstrip, or quantstrip-demo]")


@click.group()
def odbc() -> None:
    """Let Excel and other programs read the ledger through ODBC."""


@odbc.command(short_help="Set up the data source, read-only.")
@_NAME
@click.option("--replace", is_flag=True, help="Take the name from a data source that reads something else.")
@json_option
@pass_session
def install(session: Session, name: str, replace: bool, as_json: bool) -> None:
    """Set up an ODBC data source that reads this home's ledger and cannot write to it; others stay as they are."""
    from quantstrip.operations import odbc as sources

    made = sources.install(session.existing_home(), name, replace=replace)
    if as_json:
        print_json(made)
        return
    _print(made)
    own = shlex.quote(made.name)
    click.echo(session.named(f"Try it out: quantstrip odbc test --name {own}"))
    click.echo(session.named(f"A workbook that uses it: quantstrip excel ledger.xlsx --dsn {own}"))


@odbc.command(short_help="Show the data source.")
@_NAME
@json_option
@pass_session
def show(session: Session, name: str, as_json: bool) -> None:
    """Show where the data source is recorded, what it reads, and what programs connect with."""
    from quantstrip.operations import odbc as sources

    found = sources.show(session.existing_home(), name)
    if as_json:
        print_json(found)
    elif found.installed:
        _print(found)
    else:
        hint = session.named(f"Make it with: quantstrip odbc install --name {shlex.quote(found.name)}")
        click.echo(f"There is no data source {found.name!r} in {found.place}. {hint}")


@odbc.command("test", short_help="Read every view through the data source.")
@_NAME
@click.option("--types", is_flag=True, help="The type of each column, too.")
@json_option
@pass_session
def test_(session: Session, name: str, types: bool, as_json: bool) -> None:
    """Read every view through the data source and print rows and columns; fails where it would allow writing."""
    from quantstrip.operations import odbc_check

    read = odbc_check.check(session.existing_home(), name)
    if as_json:
        print_json(read)
        return
    kinds = ("text", "integer", "real", "date", "time")
    counts = [[sum(kind == each for each in view.columns.values()) for kind in kinds] for view in read]
    print_table(
        ["VIEW", "ROWS", *(kind.upper() for kind in kinds)],
        [[view.view, view.rows, *count] for view, count in zip(read, counts, strict=True)],
    )
    if types:
        for view in read:
            click.echo(f"\n{view.view}")
            print_table(["  COLUMN", "TYPE"], [[f"  {column}", kind] for column, kind in view.columns.items()])
    click.echo(f"\n{len(read)} views read; INSERT, UPDATE and DELETE are refused.")


@odbc.command(short_help="Take the data source away.")
@_NAME
@json_option
@pass_session
def uninstall(session: Session, name: str, as_json: bool) -> None:
    """Take this home's data source away; the ledger and other data sources stay as they are."""
    from quantstrip.operations import odbc as sources

    was = sources.uninstall(session.existing_home(), name)
    if as_json:
        print_json(was)
    else:
        click.echo(f"Removed: {was.name} from {was.place}")


def _print(source: "DataSource") -> None:
    click.echo(f"Data source: {source.name}\nRecorded in: {source.place}")
    click.echo(f"Connect with: {source.connection}\nReads this home's ledger: {'yes' if source.ours else 'NO'}")
    for key, value in source.values.items():
        click.echo(f"    {key} = {value}")
