"""``backtest``."""

from pathlib import Path
from typing import Any

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json


def _words(context: click.Context, option: click.Parameter, given: str | None) -> list[str] | None:  # noqa: ARG001
    if given is None:
        return None
    words = [word.strip() for word in given.split(",")]
    if not all(words):
        raise click.BadParameter(f"names with commas between are expected, such as AAPL,MSFT; got {given!r}")
    return words


def _parameters(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:  # noqa: ARG001
    """``name=value`` pairs; values that spell a number or a truth are read as such."""
    found: dict[str, Any] = {}
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name.isidentifier():
            raise click.BadParameter(f"{pair!r} is not of the form name=value")
        if name in found:
            raise click.BadParameter(f"{name} is given twice")
        found[name] = _value(text)
    return found


def _value(text: str) -> int | float | bool | str:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.option(
    "--bars",
    type=FilePath(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder with SYMBOL.csv files (default: the home's data/bars, else the sample).",
)
@click.option("--symbols", callback=_words, metavar="A,B", help="What to run it on (default: the strategy's own).")
@click.option("--timeframe", help="Timeframe of the bars.  [default: the strategy's; else the one the files have]")
@click.option("--start", metavar="DATE", help="First bar, as a date: 2005-01-31.")
@click.option("--end", metavar="DATE", help="Last bar, as a date; its whole day is included.")
@click.option("--cash", type=float, help="Starting cash, in money.  [default: 100000]")
@click.option("--fee-rate", type=float, help="Commission as a fraction of the traded value.")
@click.option("--slippage-bps", type=float, help="Slippage of market and stop orders in 1/100 %.")
@click.option(
    "--risk",
    default="form",
    show_default=True,
    metavar="PROFILE",
    help="Risk rules: form (the strategy's own form decides), native, cash_only, off, or a TOML file.",
)
@click.option("--quantity", type=float, help="Units for signals that name none.")
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=_parameters,
    metavar="NAME=VALUE",
    help="A parameter of the strategy; may be repeated.",
)
@click.option(
    "--calendar", default="NYSE", show_default=True, help="Sessions the bars follow; 'none' takes them as they are."
)
@click.option("--gaps", type=click.Choice(["refuse", "accept"]), default="refuse", show_default=True,
              help="What to do when sessions are missing in the bars.")  # fmt: skip
@click.option("--warmup", type=click.IntRange(0), metavar="BARS",
              help="Bars before --start (without it: the first ones) that only warm indicators up.")  # fmt: skip
@click.option("--virtual-legs/--netting", default=None,
              help="May a symbol be held long and short at once?  [default: the strategy's own choice]")  # fmt: skip
@click.option("--label", type=click.Choice(["bar", "close"]), default="bar", show_default=True,
              help="With 'close', the JSON's fills carry exec_time too, the moment as the ledger has it.")  # fmt: skip
@json_option
@pass_session
def backtest(session: Session, /, file: Path, label: str, as_json: bool, calendar: str, **options: Any) -> None:
    """Run the strategy in FILE over historical bars: the home's, those of --bars, or the shipped sample."""
    from quantstrip.operations import research

    given = {name: value for name, value in options.items() if value is not None}
    with progress_bar() as bar:
        given["on_progress"] = bar.to if bar.shown else None
        result = research.backtest(
            session.readable_home(), file, calendar=None if calendar == "none" else calendar, **given
        )
        bar.to(1.0)
    if not as_json:
        click.echo(str(result))
        return
    found = result.to_dict()
    if label == "close":
        from quantstrip.clock import to_text

        for row, fill in zip(found["fills"], result.fills, strict=True):
            row["exec_time"] = to_text(fill.ts)
    print_json(found)
