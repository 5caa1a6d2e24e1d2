"""``query list, show, save, rename, delete``: named queries of your own, beside those that ship."""

from typing import IO

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table
from quantstrip.operations.roles import OWNER


@click.group()
def query() -> None:
    """Queries that have a name: those that ship, and your own in the home's queries folder."""


@query.command("list", short_help="List the queries that have a name.")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List the pre-built queries and your own; "db query NAME" runs one."""
    from quantstrip.operations import queries

    found = [*queries.pre_built(), *queries.own(session.readable_home())]
    if as_json:
        print_json(found)
        return
    rows = [[each.name, "yours" if each.own else "pre-built", each.title] for each in found]
    print_table(["NAME", "WHOSE", "SHOWS"], rows)


@query.command(short_help="Print the SQL of one.")
@click.argument("name")
@pass_session
def show(session: Session, name: str) -> None:
    """Print the SQL of the query NAME."""
    from quantstrip.operations import queries

    click.echo(queries.load(session.readable_home(), name).sql.rstrip("\n"))


@query.command(short_help="Keep SQL under a name.")
@click.argument("name")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@click.option("--over", is_flag=True, help="In the place of your query of that name.")
@json_option
@pass_session
def save(session: Session, name: str, file: IO[str], over: bool, as_json: bool) -> None:
    """Keep the SQL in FILE, or what is piped in, as your query NAME; its first line, a comment, says what it shows."""
    from quantstrip.operations import queries

    home = session.existing_home()
    kept = queries.save(home, name, file.read(), over=queries.load(home, name).sql if over else None)
    _done(f"{kept.name} is saved. Run it: quantstrip db query {kept.name}", as_json, name=kept.name)


@query.command(short_help="Give one of your own another name.")
@click.argument("name")
@click.argument("new")
@json_option
@pass_session
def rename(session: Session, name: str, new: str, as_json: bool) -> None:
    """Give your query NAME the name NEW."""
    from quantstrip.operations import queries

    kept = queries.rename(session.existing_home(), name, new)
    _done(f"{name} is called {kept.name} now", as_json, name=kept.name)


@query.command(short_help="Delete one of your own.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def delete(session: Session, name: str, yes: bool, as_json: bool) -> None:
    """Delete your query NAME; those that ship stay."""
    from quantstrip.operations import queries

    home = session.existing_home()
    if not yes:
        click.confirm(f"Delete the query {name}? This cannot be undone", abort=True, err=as_json)
    queries.delete(home, name)
    _done(f"{name} is deleted", as_json, name=name)


@query.command(short_help="What was run on the dashboard's SQL page.")
@click.option("--person", default=OWNER.name, show_default=True, help="Who ran it, as the Users page names them.")
@click.option("--forget", is_flag=True, help="Empty it.")
@json_option
@pass_session
def history(session: Session, person: str, forget: bool, as_json: bool) -> None:
    """Print what a person ran on the SQL page, the newest first, and what came of it."""
    from quantstrip.clock import to_datetime
    from quantstrip.operations import drafts

    home = session.existing_home()
    if forget:
        drafts.forget_history(home, person)
        _done(f"The history of {person} is empty", as_json, person=person)
        return
    runs = drafts.history(home, person)
    if as_json:
        print_json(runs)
        return
    for run in runs:
        click.echo(f"{to_datetime(run.ts).astimezone():%Y-%m-%d %H:%M:%S %Z}  {run.outcome}\n{run.text.rstrip()}\n")


def _done(words: str, as_json: bool, **facts: str) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(words)
