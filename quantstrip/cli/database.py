"""``db migrate, backup, query``."""

from pathlib import Path

import click

from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json, print_table


@click.group("db")
def database() -> None:
    """Migrate, back up and query the ledger."""


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


@database.command(short_help="Run a SELECT on the ledger.")
@click.argument("sql")
@click.option("--param", "params", multiple=True, help="A value for each '?' in SQL, in order.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Most rows to print.")
@json_option
@pass_session
def query(session: Session, sql: str, params: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Run a SELECT on the ledger, read-only: SQL may use every table and view of the schema.

    For example: quantstrip db query "SELECT * FROM v_positions"
    """
    from quantstrip.operations import ledger

    result = ledger.query(session.existing_home(), sql, params, limit=limit)
    if as_json:
        print_json(result)
        return
    print_table(result.columns, [["" if cell is None else cell for cell in row] for row in result.rows])
    if result.truncated:
        click.echo(f"... only the first {limit} rows; more with --limit", err=True)
