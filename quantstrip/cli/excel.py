"""``excel FILE.xlsx``: a workbook that reads the ledger through ODBC."""

import shlex
from pathlib import Path

import click

from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json


@click.command()
@click.argument("file", type=FilePath(), default=Path("ledger.xlsx"))
@click.option("--views", default="", metavar="A,B", help="Only these views, as trades,positions  [default: all]")
@click.option("--mode", default="", help="live, paper, replay or simulation  [default: the first that has rows]")
@click.option("--dsn", default="", metavar="NAME", help="The data source  [default: the one that reads this ledger]")
@click.option("--rows", type=click.IntRange(1, 1_048_575), help="Most rows of a sheet, the newest  [default: 100000]")
@click.option("--all-runs", is_flag=True, help="Older runs of a strategy too, not its newest one alone.")
@click.option("--refresh-on-open", is_flag=True, help="Read the ledger whenever the workbook is opened.")
@json_option
@pass_session
def excel(
    session: Session,
    file: Path,
    views: str,
    mode: str,
    dsn: str,
    rows: int | None,
    all_runs: bool,
    refresh_on_open: bool,
    as_json: bool,
) -> None:
    """Write a workbook to FILE (ledger.xlsx) with a sheet for each view, which Excel refreshes from the ledger."""
    from quantstrip.operations import excel as workbooks

    made = workbooks.write(
        session.existing_home(),
        file,
        views=[name.strip() for name in views.split(",") if name.strip()],
        mode=mode,
        source=dsn,
        rows=workbooks.ROWS if rows is None else rows,
        all_runs=all_runs,
        refresh_on_open=refresh_on_open,
    )
    if as_json:
        print_json(made)
        return
    click.echo(f"Written: {made.path} ({len(made.sheets)} sheets, {sum(made.sheets.values())} rows, mode {made.mode})")
    if not made.recorded:
        words = f"in the mode {made.mode} yet; without --mode it is the first that has rows" if mode else "yet"
        click.echo(f"Nothing is recorded {words}.")
    click.echo(f"It reads the data source {made.source!r}: in Excel, Data > Refresh All.")
    if not made.installed:
        hint = session.named(f"Make it with: quantstrip odbc install --name {shlex.quote(made.source)}")
        click.echo(f"That data source is not on this machine yet. {hint}")
