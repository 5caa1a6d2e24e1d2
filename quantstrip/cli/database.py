"""``db migrate, backup, backups, tables, restore, verify, marks, query, queries``."""

import re
from pathlib import Path

import click

from quantstrip.cli.session import (
    FilePath,
    NegativeNumbers,
    Session,
    json_option,
    local_text,
    pass_session,
    print_json,
    print_table,
)


class Statement(NegativeNumbers):
    """A command whose argument is SQL, which may begin with a comment."""

    looks_like_an_option = re.compile(r"--\s")


@click.group("db")
def database() -> None:
    """Migrate, back up, restore, verify and query the ledger."""


@database.command(short_help="Bring the database to this version.")
@json_option
@pass_session
def migrate(session: Session, as_json: bool) -> None:
    """Bring the database to this program's version; it is made where it is missing."""
    from quantstrip.operations import ledger

    version = ledger.migrate(session.existing_home())
    if as_json:
        print_json({"version": version})
    else:
        click.echo(f"The ledger is at version {version}")


@database.command(short_help="Write a copy of the ledger.")
@click.argument("target", type=FilePath(), required=False)
@json_option
@pass_session
def backup(session: Session, target: Path | None, as_json: bool) -> None:
    """Write a consistent copy of the ledger to TARGET (default: data/backups), also while clients write."""
    from quantstrip.operations import ledger

    written = ledger.backup(session.existing_home(), target)
    if as_json:
        print_json({"file": str(written)})
    else:
        click.echo(f"Written: {written}")


@database.command(short_help="List the backups.")
@json_option
@pass_session
def backups(session: Session, as_json: bool) -> None:
    """List every backup, scheduled or made by hand, the newest first; "db verify NAME" looks one through."""
    from quantstrip.operations import maintenance

    found = maintenance.backups(session.existing_home())
    if as_json:
        print_json(found)
        return
    rows = [[each.name, local_text(each.made), f"{each.size:,}", each.file.parent] for each in found]
    print_table(["BACKUP", "MADE", "BYTES", "IN"], rows)


@database.command(short_help="List tables and views, or the columns of one.")
@click.argument("name", default="")
@json_option
@pass_session
def tables(session: Session, name: str, as_json: bool) -> None:
    """List what can be queried, views first, or the columns of NAME with their meaning."""
    from quantstrip.errors import LedgerError
    from quantstrip.operations import sql_schema

    known = sql_schema.relations(session.existing_home())
    found = [each for each in known if name in ("", each.name)]
    if not found:
        raise LedgerError(f"there is no table or view {name!r}", hint="quantstrip db tables lists them.")
    if as_json:
        print_json(found if not name else found[0])
    elif name:
        click.echo(found[0].about)
        print_table(["COLUMN", "TYPE", "MEANING"], [[one.name, one.kind, one.meaning] for one in found[0].columns])
    else:
        rows = [[each.name, "view" if each.is_view else "table", each.about] for each in found]
        print_table(["NAME", "IS", "ABOUT"], rows)


@database.command(short_help="Put a backup in the ledger's place.")
@click.argument("file", type=FilePath())
@json_option
@pass_session
def restore(session: Session, file: Path, as_json: bool) -> None:
    """Make the backup FILE (a path, or a name in data/backups) the ledger, while no service runs.

    The ledger that was there is kept beside it under another name. What was recorded since the backup is in that file.
    """
    from quantstrip.operations import backup as backups

    done = backups.restore(session.existing_home(), file)
    if as_json:
        print_json({"restored": str(done.source), "kept": str(done.aside) if done.aside else None,
                    "version": done.revision})  # fmt: skip
        return
    click.echo(f"Restored: {done.source}, at version {done.revision}")
    if done.aside is not None:
        click.echo(f"The ledger that was there: {done.aside}")


@database.command(short_help="Check the ledger or a backup.")
@click.argument("file", type=FilePath(), required=False)
@json_option
@pass_session
def verify(session: Session, file: Path | None, as_json: bool) -> int:
    """Check FILE, a backup, or the ledger itself: integrity, schema, rows, books. Exits with 1 if it is unsound."""
    from quantstrip.operations import backup as backups

    found = backups.verify(session.existing_home(), file)
    if as_json:
        print_json({"file": str(found.file), "version": found.revision, "rows": found.rows,
                    "books_checked": found.books_checked, "problems": found.problems})  # fmt: skip
        return 1 if found.problems else 0
    print_table(["TABLE", "ROWS"], [[name, number] for name, number in found.rows.items() if number])
    for problem in found.problems:
        click.echo(f"WRONG  {problem}")
    books = "its books agree" if found.books_checked else "its books were not checked: it has another schema"
    click.echo(f"{found.file}: version {found.revision or 'unknown'}, " + ("not sound" if found.problems else books))
    return 1 if found.problems else 0


@database.command(short_help="Write closing prices of what is held.")
@json_option
@pass_session
def marks(session: Session, as_json: bool) -> None:
    """Write the daily closes of what is held or was traded, and of exchange rates, from bar files to mtm_price."""
    from quantstrip.operations import marks as marking

    done = marking.write_marks(session.existing_home())
    if as_json:
        print_json(done)
        return
    click.echo(f"Written: {done.written} closes of {len(done.symbols)} symbols")
    for line in done.complaints:
        click.echo(line)


@database.command(cls=Statement, short_help="Run a SELECT, or a query by its name.")
@click.argument("sql")
@click.option(
    "--param", "params", multiple=True, help="A value for each '?' in SQL, in order; NAME=VALUE for each ':NAME'."
)
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Most rows to print.")
@json_option
@pass_session
def query(session: Session, sql: str, params: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Run a SELECT on the ledger, read-only: SQL may use every table and view of the schema.

    SQL may also be the name of a query, pre-built or your own, as "db queries" lists them. For example:

    \b
      quantstrip db query "SELECT * FROM v_positions"
      quantstrip db query pnl_by_trade
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations import ledger, queries

    home = session.existing_home()
    text = queries.statement(sql, home)
    result = ledger.query(home, text, _values(text, params), limit=limit)
    if as_json:
        print_json(result)
        return
    print_table(result.columns, [["" if cell is None else cell for cell in row] for row in result.rows])
    if result.truncated:
        click.echo(f"... only the first {limit} rows; more with --limit", err=True)


@database.command(short_help="List the queries that have a name.")
@json_option
@pass_session
def queries(session: Session, as_json: bool) -> None:
    """List the pre-built queries and your own (queries/NAME.sql in the home); "db query NAME" runs one."""
    from quantstrip.operations import queries as named

    found = [*named.pre_built(), *named.own(session.readable_home())]
    if as_json:
        print_json(found)
        return
    print_table(
        ["NAME", "WHOSE", "SHOWS"], [[each.name, "yours" if each.own else "pre-built", each.title] for each in found]
    )


def _values(sql: str, given: tuple[str, ...]) -> tuple[str, ...] | dict[str, object]:
    """The values of ``--param``: by name where the statement has names."""
    from quantstrip.operations import sql as free

    names = free.parameters(sql)
    if not names:
        return given
    pairs = dict(each.partition("=")[::2] for each in given)
    if set(pairs) != set(names):
        wanted = " ".join(f"--param {name}=VALUE" for name in names)
        raise click.UsageError(f"this query asks for {', '.join(names)}: {wanted}")
    return {name: free.value(text) for name, text in pairs.items()}
