"""``static list, add, set, remove``: brokers, strategies and instruments."""

from typing import TYPE_CHECKING

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table
from quantstrip.cli.streams import logged

if TYPE_CHECKING:
    from quantstrip.operations.static_data import Kind, Row

_kind = click.argument("kind", type=click.Choice(["broker", "strategy", "instrument"]))
_contract = click.option("--contract", default="", help="An instrument's contract; without it the row of its symbol.")
_fields = click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")


@click.group()
def static() -> None:
    """Brokers, strategies and instruments: what the ledger knows of them."""


@static.command("list", short_help="List brokers, strategies or instruments.")
@_kind
@json_option
@pass_session
def list_(session: Session, kind: "Kind", as_json: bool) -> None:
    """List all of KIND with what is known of each."""
    from quantstrip.operations import static_data

    rows = static_data.rows(session.existing_home(), kind)
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo(f"No {kind} is registered yet.")
    else:
        names = list(static_data.FIELDS[kind])
        print_table(["NAME", *(name.upper() for name in names)], [
            [f"{each.name} ({each.contract})" if each.contract else each.name,
             *("" if each.values[name] is None else each.values[name] for name in names)] for each in rows
        ])  # fmt: skip


@static.command(short_help="Add one.")
@_kind
@click.argument("name")
@_fields
@_contract
@json_option
@pass_session
def add(session: Session, kind: "Kind", name: str, fields: tuple[str, ...], contract: str, as_json: bool) -> None:
    """Add NAME, a KIND, with values such as full_name="Interactive Brokers" or multiplier=50."""
    from quantstrip.operations import static_data

    home = session.existing_home()
    with logged(home):
        row = static_data.add(home, kind, name, _given(fields), contract, by="quantstrip static")
    _told(row, "added", as_json=as_json)


@static.command("set", short_help="Change values of one.")
@_kind
@click.argument("name")
@_fields
@click.option("--rename", default="", metavar="NAME", help="Another name for a broker or a strategy.")
@_contract
@json_option
@pass_session
def set_(
    session: Session, kind: "Kind", name: str, fields: tuple[str, ...], rename: str, contract: str, as_json: bool
) -> None:
    """Change values of NAME; those that are not given stay."""
    from quantstrip.operations import static_data

    if not fields and not rename:
        raise click.UsageError("give FIELD=VALUE, or --rename")
    home = session.existing_home()
    with logged(home):
        row = static_data.change(home, kind, name, _given(fields), contract, to=rename, by="quantstrip static")
    _told(row, "changed", as_json=as_json)


@static.command(short_help="Remove one that nothing refers to.")
@_kind
@click.argument("name")
@_contract
@pass_session
def remove(session: Session, kind: "Kind", name: str, contract: str) -> None:
    """Remove NAME, a KIND; refused, with the reason, where rows of the ledger refer to it."""
    from quantstrip.operations import static_data

    home = session.existing_home()
    with logged(home):
        static_data.remove(home, kind, name, contract, by="quantstrip static")
    click.echo(f"{kind} {name} is removed.")


def _given(fields: tuple[str, ...]) -> dict[str, str]:
    if wrong := [each for each in fields if "=" not in each]:
        raise click.UsageError(f"FIELD=VALUE is expected, got {wrong[0]!r}")
    return dict(each.partition("=")[::2] for each in fields)


def _told(row: "Row", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        said = ", ".join(f"{name}={value}" for name, value in row.values.items() if value is not None)
        click.echo(f"{row.kind} {row.name} is {what}{f': {said}' if said else '.'}")
