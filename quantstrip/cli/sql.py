"""``sql``: one statement, read or written, shown or taken as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.database import Statement
from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json, print_table
from quantstrip.cli.streams import logged

if TYPE_CHECKING:
    from quantstrip.operations.sql_write import Preview


@click.command(cls=Statement, short_help="Read the ledger with SQL, or write what may be written.")
@click.argument("statement")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for a ':NAME' in it.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Most rows to print.")
@click.option("-o", "--output", type=FilePath(dir_okay=False), metavar="FILE",
              help="Write every row to a .csv, .xlsx or .parquet file.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Say how the rows would be found, without running it.")
@click.option("--write", is_flag=True, help="Let it change static tables and your own; shown before it is written.")
@click.option("--yes", is_flag=True, help="With --write: do not ask.")
@json_option
@pass_session
def sql(
    session: Session, /, statement: str, params: tuple[str, ...], limit: int, output: Path | None, explain: bool,
    write: bool, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run STATEMENT, SQL or the name of a query, on the ledger. It only reads, unless --write is given.

    With --write the rows that would change are shown, and written after a yes. Orders, fills, positions and the rest of
    the ledger's history are never written from here.

    \b
      quantstrip sql "SELECT * FROM v_executions" -o fills.parquet
      quantstrip sql --write "UPDATE strategy SET description = 'slow' WHERE name = 'ma_cross'"
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations import queries
    from quantstrip.operations import sql as free

    if sum((write, explain, output is not None)) > 1:
        raise click.UsageError("--write, --explain and --output exclude each other")
    home = session.existing_home()
    text = queries.statement(statement, home)
    if explain:
        click.echo(free.plan(home, text))
        return 0
    values = _values(text, params)
    if write:
        return _write(session, text, values, yes=yes, as_json=as_json)
    if output is not None:
        return _export(session, text, values, output, as_json=as_json)
    result = free.run(home, text, values, most_rows=limit)
    if as_json:
        print_json(result)
        return 0
    print_table(result.columns, [["" if cell is None else free.shown(cell) for cell in row] for row in result.rows])
    if result.cut:
        click.echo(f"... only the first {len(result.rows):,} rows; more with --limit, all with -o FILE", err=True)
    return 0


def _export(session: Session, text: str, values: dict[str, Any], output: Path, *, as_json: bool) -> int:
    from quantstrip.operations import sql_export

    made = sql_export.export(session.existing_home(), text, values, output.expanduser())
    if as_json:
        print_json({"file": str(made.path), "rows": made.rows, "cut": made.cut})
        return 0
    click.echo(f"Written: {made.path}, {made.rows:,} rows")
    if made.cut:
        click.echo("A sheet holds no more rows: take .csv or .parquet for all of them.", err=True)
    return 0


def _write(session: Session, text: str, values: dict[str, Any], *, yes: bool, as_json: bool) -> int:
    from quantstrip.operations import sql_write

    home = session.existing_home()
    shown = sql_write.preview(home, text, values)
    if not as_json:
        _show(shown)
    if not yes and not click.confirm("Write it?", err=as_json):
        click.echo("Nothing was written.", err=as_json)
        return 1
    with logged(home):
        done = sql_write.commit(home, shown, by="quantstrip sql")
    if as_json:
        print_json({"written": [{"table": each.table, "inserted": each.inserted, "updated": each.updated,
                                 "deleted": each.deleted} for each in done.changes]})  # fmt: skip
    else:
        click.echo(f"Written: {done.words}")
    return 0


def _show(shown: "Preview") -> None:
    click.echo(f"This would change {shown.words}")
    for change in shown.changes:
        click.echo(f"\n{change.table}")
        for before, after in change.sample:
            names = change.columns
            if before is None or after is None:
                row = after if before is None else before
                said = ", ".join(f"{name}={cell!r}" for name, cell in zip(names, row or (), strict=False))
                click.echo(f"  {'added' if before is None else 'deleted'}: {said}")
                continue
            pairs = zip(names, before, after, strict=False)
            said = ", ".join(f"{name}: {old!r} -> {new!r}" for name, old, new in pairs if old != new)
            click.echo(f"  {names[0]}={before[0]!r}: {said or 'written with the same values'}")


def _values(text: str, given: tuple[str, ...]) -> dict[str, Any]:
    """The values of ``--param`` by name."""
    from quantstrip.operations import sql as free

    names, pairs = free.parameters(text), dict(each.partition("=")[::2] for each in given)
    if set(pairs) != set(names):
        wanted = " ".join(f"--param {name}=VALUE" for name in names)
        raise click.UsageError(f"this asks for {wanted}" if names else "this asks for no value: leave --param out")
    return {name: free.value(words) for name, words in pairs.items()}
