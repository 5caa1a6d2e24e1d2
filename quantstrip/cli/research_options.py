"""Options that ``backtest`` and ``sweep`` share, and how ``name=value`` is read."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from quantstrip.cli.session import FilePath

_SOURCE: Final = "quantstrip.source"


def words(context: click.Context, option: click.Parameter, given: str | None) -> list[str] | None:  # noqa: ARG001
    """``A,B`` as a list."""
    if given is None:
        return None
    found = [word.strip() for word in given.split(",")]
    if not all(found):
        raise click.BadParameter(f"names with commas between are expected, such as AAPL,MSFT; got {given!r}")
    return found


def read_parameters(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:  # noqa: ARG001
    """``name=value`` pairs; values that spell a number or a truth are read as such."""
    from quantstrip.operations.grids import value_of

    return {name: value_of(text) for name, text in _pairs(given).items()}


def read_grid(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, list[Any]]:  # noqa: ARG001
    """``name=first:last:step``, ``name=a,b,c`` or ``name=value``."""
    from quantstrip.operations.grids import values_of

    return {name: values_of(text) for name, text in _pairs(given).items()}


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name.isidentifier():
            raise click.BadParameter(f"{pair!r} is not of the form name=value")
        if name in found:
            raise click.BadParameter(f"{name} is given twice")
        found[name] = text
    return found


def read_source_name(context: click.Context, option: click.Parameter, given: str | None) -> None:  # noqa: ARG001
    """Keep the name of a place for ``read_bars``, which comes later."""
    if given is not None:
        from quantstrip.feeds.sources import is_source

        if not is_source(given):
            raise click.BadParameter(f"{given!r} is none of store, folder, download, sample, synthetic, synthetic:SEED")
    context.meta[_SOURCE] = given


def read_bars(context: click.Context, option: click.Parameter, given: Path | None) -> Path | str | None:  # noqa: ARG001
    """The folder, or the name of the only place to ask."""
    source: str | None = context.meta.get(_SOURCE)
    if given is not None and source is not None:
        raise click.UsageError("--bars and --source exclude each other")
    return source if given is None else given


_OPTIONS = (
    click.option(
        "--bars",
        type=FilePath(exists=True, file_okay=False),
        metavar="DIR",
        callback=read_bars,
        help="Folder with SYMBOL.csv or SYMBOL.parquet files (default: the home's store, its data/bars, the feeds of "
        "its settings; else the sample).",
    ),
    click.option(
        "--source",
        metavar="NAME",
        is_eager=True,
        expose_value=False,
        callback=read_source_name,
        help="The only place to ask for bars: store, folder, download, sample, or synthetic[:SEED] to invent them.",
    ),
    click.option("--symbols", callback=words, metavar="A,B", help="What to run it on (default: the strategy's own)."),
    click.option("--timeframe", help="Timeframe of the bars.  [default: the strategy's; else the one the files have]"),
    click.option("--start", metavar="DATE", help="First bar, as a date: 2005-01-31."),
    click.option("--end", metavar="DATE", help="Last bar, as a date; its whole day is included."),
    click.option("--cash", type=float, help="Starting cash, in money.  [default: its form's, 100000 for most]"),
    click.option("--fee-rate", type=float, help="Commission as a fraction of the traded value."),
    click.option("--slippage-bps", type=float, help="Slippage of market and stop orders in 1/100 %."),
    click.option(
        "--risk",
        default="form",
        show_default=True,
        metavar="PROFILE",
        help="Risk rules: form (the strategy's own form decides), native, cash_only, off, or a TOML file.",
    ),
    click.option("--quantity", type=float, help="Units for signals that name none."),
    click.option(
        "--calendar", default="auto", show_default=True,
        help="Sessions the bars follow, such as NYSE or 24/7; 'none' takes them as they are, 'auto' finds out.",
    ),
    click.option(
        "--gaps",
        type=click.Choice(["refuse", "accept"]),
        default="refuse",
        show_default=True,
        help="What to do when sessions are missing in the bars.",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0),
        metavar="BARS",
        help="Bars before --start (without it: the first ones) that only warm indicators up.",
    ),
    click.option(
        "--virtual-legs/--netting",
        default=None,
        help="May a symbol be held long and short at once?  [default: the strategy's own choice]",
    ),
    click.option(
        "--direction",
        type=click.Choice(["both", "long", "short"]),
        help="both allows shorts; long and short refuse the other side's entries.  [default: the risk profile's]",
    ),
    click.option("--strict", is_flag=True, help="Fill as live would, at the next open, also where a form's document "
                 "fills within the bar."),
    click.option("--max-volume-share", type=float, metavar="SHARE", help="Fill at most this share of a bar's "
                 "volume; the rest waits."),
    click.option("--borrow-rate", type=float, metavar="RATE", help="Paid on short positions, a year: 0.03 is 3 %."),
    click.option("--funding-rate", type=float, metavar="RATE", help="Paid by longs to shorts each interval "
                 "(perpetuals)."),
    click.option("--funding-hours", type=float, metavar="HOURS", help="Length of that interval.  [default: 8]"),
    click.option("--patience", type=float, metavar="SECONDS", help="Most that one call of the strategy may take, one "
                 "bar or its loading.  [default: 60]"),
    click.option("--benchmark", metavar="SYMBOL", help="What alpha and beta are measured against; it is not traded."),
    click.option("--untrusted", is_flag=True, help="The code is somebody else's: run it where it reaches no file, "
                 "network or process."),
)  # fmt: skip


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a run is asked besides its parameters. It takes no more memory than the machine can spare."""

    @wraps(command)
    def bounded(*arguments: Any, **options: Any) -> Any:
        from quantstrip.operations.memory import bound_memory

        bound_memory()
        return command(*arguments, **options)

    for option in reversed(_OPTIONS):
        bounded = option(bounded)
    return bounded


def asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was asked, by the names of these options: nothing of what was left out, and no calendar as None."""
    given = {name: value for name, value in options.items() if value is not None}
    return given | ({"calendar": None} if given.get("calendar") == "none" else {})


def git_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where a strategy comes from instead of a file."""
    for option in (
        click.option("--path", metavar="FILE", help="With --git: its file.  [default: the only one there is]"),
        click.option("--commit", metavar="DIGITS", help="With --git: all 40 digits of a commit."),
        click.option("--branch", metavar="NAME", help="With --git: its branch or tag.  [default: the repository's]"),
        click.option("--git", metavar="URL", help="Take the strategy from a repository: https, ssh or file."),
    ):
        command = option(command)
    return command
