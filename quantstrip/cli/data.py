"""``data``: bars of the home: bring them in, see them, look them through, download, forget, take out."""

from pathlib import Path
from typing import Any

import click

from quantstrip.cli.session import FilePath, Session, json_option, pass_session, plain, print_json, print_table
from quantstrip.errors import DataError, TaskError

_FIELDS = ("open", "high", "low", "close", "volume")
_calendar = click.option(
    "--calendar", default="auto", show_default=True,
    help="Sessions the bars follow: NYSE, 24/7, a MIC; 'none' takes them as they are, 'auto' finds out.",
)  # fmt: skip
_start = click.option("--start", metavar="DATE", help="First bar, as a date: 2005-01-31.")
_end = click.option("--end", metavar="DATE", help="Last bar, as a date; its whole day is included.")
_adjusted = click.option(
    "--adjusted/--unadjusted", default=None, help="Are prices adjusted for splits or dividends?  [default: not known]"
)


@click.group()
def data() -> None:
    """Bars that backtests and clients run on: the home's store."""


@data.command("import")
@click.argument("files", type=FilePath(exists=True, dir_okay=False), nargs=-1, required=True)
@click.option("--symbol", help="What the bars are of.  [default: the file's name]")
@click.option("--timeframe", help="Of the bars.  [default: told by their distance]")
@_calendar
@click.option("--zone", default="UTC", show_default=True, help="Whose clock the times show, where they name no zone.")
@_adjusted
@click.option("--gaps", type=click.Choice(["refuse", "accept"]), default="refuse", show_default=True,
              help="What to do when sessions are missing.")  # fmt: skip
@click.option("--duplicates", type=click.Choice(["refuse", "first", "last"]), default="refuse", show_default=True,
              help="What to do when a time is there twice: refuse, or keep one.")  # fmt: skip
@click.option("--outliers", type=click.Choice(["accept", "refuse"]), default="accept", show_default=True,
              help="What to do with bars that look wrong; they are reported.")  # fmt: skip
@click.option("--conflicts", type=click.Choice(["refuse", "keep", "replace"]), default="refuse", show_default=True,
              help="What to do when a bar differs from the stored one of its time: which one counts.")  # fmt: skip
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be done.")
@json_option
@pass_session
def import_(
    session: Session, /, files: tuple[Path, ...], symbol: str | None, calendar: str, gaps: Any, duplicates: Any,
    outliers: Any, as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Add the bars of FILES (CSV or Parquet: time, open, high, low, close, volume) to the store.

    Times are the start of each bar in UTC. A file that is refused changes nothing; the others are imported.
    """
    from quantstrip.bars.intake import Policy
    from quantstrip.cli.progress import progress_bar
    from quantstrip.operations import data_import

    if symbol is not None and len(files) > 1:
        raise click.UsageError("--symbol goes with one file: each file has a symbol of its own")
    home, policy = session.existing_home(), Policy(gaps, duplicates, outliers)
    imported, refused = [], []
    with progress_bar() as bar:
        for number, path in enumerate(files):

            def tell(share: float, words: str, number: int = number) -> None:
                bar.to((number + share) / len(files), words)

            try:
                made = data_import.import_bars(
                    home, path, symbol=symbol, calendar=None if calendar == "none" else calendar, policy=policy,
                    on_progress=tell, **options,
                )  # fmt: skip
            except DataError as error:
                if len(files) == 1:
                    raise
                refused.append({"file": str(path), "error": error.message, "hint": error.hint})
                continue
            imported.append((path, made))
        bar.to(1.0, "")
    done = [{"file": str(path), **plain(made.report), "merged": plain(made.merged)} for path, made in imported]
    for _, made in imported if not as_json else ():
        report = made.report
        sessions = report.gaps.calendar or "no calendar"
        click.echo(f"{report.symbol} {report.timeframe}: {made.merged} ({report.first} to {report.last}, {sessions})")
        for line in report.lines():
            click.echo(f"  {line}")
    if as_json:
        print_json({"imported": done, "refused": refused})
    for each in refused if not as_json else ():
        click.echo(f"Refused: {each['error']}\n{each['hint']}", err=True)
    return 1 if refused else 0


@data.command("list")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List what is stored."""
    from quantstrip.bars import label_text
    from quantstrip.operations import data as stored

    found = stored.series(session.readable_home())
    if as_json:
        print_json([
            plain(each) | {name: label_text(each.timeframe, getattr(each, name)) for name in ("first", "last")}
            for each in found
        ])  # fmt: skip
        return
    if not found:
        click.echo(session.named("No bars are stored. Bring some in: quantstrip data import FILE"))
        return
    rows = [
        (each.symbol, each.timeframe, f"{each.rows:,}", label_text(each.timeframe, each.first),
         label_text(each.timeframe, each.last), each.calendar or "none", _adjustment(each.adjusted),
         ", ".join(each.sources))
        for each in found
    ]  # fmt: skip
    print_table(("SYMBOL", "TIMEFRAME", "BARS", "FIRST", "LAST", "CALENDAR", "PRICES", "SOURCE"), rows)


@data.command()
@click.argument("symbol")
@click.option("--timeframe", help="Made of finer bars where it is not stored.  [default: the coarsest that is stored]")
@_start
@_end
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Most bars to show, the last ones."
)
@json_option
@pass_session
def show(
    session: Session, symbol: str, timeframe: str | None, start: str | None, end: str | None, limit: int, as_json: bool
) -> None:
    """Show stored bars of SYMBOL."""
    from quantstrip.operations import data as stored

    table = stored.show(session.readable_home(), symbol, timeframe, start, end)
    part = table.rows(max(0, len(table) - limit))
    rows = [
        (part.label_text(row), *(float(getattr(part, name)[row]) for name in _FIELDS)) for row in range(len(part))
    ]  # fmt: skip
    if as_json:
        print_json({
            "symbol": table.symbol, "timeframe": table.timeframe, "source": table.source, "count": len(table),
            "gaps": str(table.gaps), "bars": [dict(zip(("time", *_FIELDS), row, strict=True)) for row in rows],
        })  # fmt: skip
        return
    print_table(("TIME", *map(str.upper, _FIELDS)), [(row[0], *(f"{value:g}" for value in row[1:])) for row in rows])
    click.echo(f"\n{len(table):,} bars, {table.source}; {table.gaps}")


@data.command()
@click.argument("symbols", nargs=-1)
@json_option
@pass_session
def check(session: Session, symbols: tuple[str, ...], as_json: bool) -> int:
    """Look through the stored bars of SYMBOLS, or all: damaged files, gaps, bars that look wrong."""
    from quantstrip.cli.progress import progress_bar
    from quantstrip.operations import data as stored

    with progress_bar() as bar:
        found = stored.check(session.readable_home(), symbols, bar.to)
    if as_json:
        print_json([
            {"symbol": each.about.symbol, "timeframe": each.about.timeframe, "bars": each.about.rows,
             "damaged": each.damaged, "gaps": plain(each.gaps), "outliers": [plain(one) for one in each.outliers]}
            for each in found
        ])  # fmt: skip
    for each in found if not as_json else ():
        said = [*each.damaged, *([] if each.damaged or each.gaps.clean else [str(each.gaps)])]
        said += [f"{one.label} looks wrong: {one.why}" for one in each.outliers]
        click.echo(f"{each.about.symbol} {each.about.timeframe}: {'; '.join(said) or 'whole'}")
    return 1 if any(each.damaged for each in found) else 0


@data.command()
@click.argument("symbols", nargs=-1, required=True)
@click.option("--timeframe", default="1d", show_default=True, help="Of the bars.")
@click.option(
    "--feed", default="yfinance", show_default=True,
    help="yfinance, or ccxt:EXCHANGE such as ccxt:binance; several with commas are asked in that order.",
)  # fmt: skip
@_start
@_end
@click.option("--calendar", help="Sessions the bars follow.  [default: NYSE for yfinance, 24/7 for ccxt]")
@click.option("--adjusted/--unadjusted", default=True, help="Adjust prices for dividends, where the feed has both.")
@click.option("--again", is_flag=True, help="Fetch everything and replace what differs, as after a dividend.")
@json_option
@pass_session
def download(session: Session, /, symbols: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """Fetch bars of SYMBOLS into the store; goes on behind the last stored bar.

    Ctrl-C ends it; what has come is kept. To have it done by the service: quantstrip task run download.
    """
    from quantstrip.cli.progress import progress_bar
    from quantstrip.operations import tasks

    given = {name: value for name, value in options.items() if value is not None} | {"symbols": list(symbols)}
    home = session.existing_home()
    with progress_bar() as bar:
        made = tasks.run_now(home, "download", given, by="quantstrip data", heard=lambda p: bar.to(p.fraction, p.note))
        bar.to(made.progress)
    if made.state != "done" or made.result is None:
        words, _, hint = made.error.partition("\n")
        raise TaskError(f"nothing was downloaded: {words}" if words else f"the download is {made.state}", hint=hint)
    if as_json:
        print_json({"task": made.task_id, **made.result})
    else:
        for each in made.result["downloaded"]:
            click.echo(
                f"{each['symbol']} {each['timeframe']}: {each['added']:,} added; {each['bars']:,} from {each['first']} "
                f"to {each['last']}, from {each['feed']}"
            )
            if each["gaps"]:
                click.echo(f"  {each['gaps']}")
        for symbol, error in made.result["failed"].items():
            click.echo(f"{symbol}: {error}", err=True)
    return 1 if made.result["failed"] else 0


@data.command()
@click.argument("symbol")
@click.option("--timeframe", help="Only the bars of this one.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, symbol: str, timeframe: str | None, yes: bool) -> int:
    """Forget the stored bars of SYMBOL."""
    from quantstrip.operations import data as stored

    home = session.existing_home()
    if not yes and not click.confirm(f"Delete the stored bars of {symbol}{f' in {timeframe}' if timeframe else ''}?"):
        click.echo("Nothing was deleted.")
        return 1
    click.echo(f"Deleted: {symbol} {', '.join(stored.delete(home, symbol, timeframe))}")
    return 0


@data.command()
@click.argument("symbol")
@click.argument("file", type=FilePath(dir_okay=False))
@click.option("--timeframe", required=True, help="Made of finer bars where it is not stored.")
@_start
@_end
@pass_session
def export(session: Session, symbol: str, file: Path, timeframe: str, start: str | None, end: str | None) -> None:
    """Write bars of SYMBOL to FILE (.csv or .parquet)."""
    from quantstrip.operations import data as stored

    count = stored.export(session.readable_home(), symbol, timeframe, file, start, end)
    click.echo(f"Written: {file}, {count:,} bars")


def _adjustment(adjusted: bool | None) -> str:
    return "" if adjusted is None else "adjusted" if adjusted else "as traded"
