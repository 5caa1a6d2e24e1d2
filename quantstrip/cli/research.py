"""``backtest``, ``sweep``, ``compare``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.session import FilePath, Session, json_option, pass_session, plain, print_json, print_table
from quantstrip.errors import TaskError

if TYPE_CHECKING:
    from quantstrip.operations.sweeps import Sweep

_METRICS = (
    "total_return", "annualised_return", "sharpe", "max_drawdown", "win_rate", "profit_factor", "trade_count",
    "equity_final",
)  # fmt: skip


def _words(context: click.Context, option: click.Parameter, given: str | None) -> list[str] | None:  # noqa: ARG001
    if given is None:
        return None
    words = [word.strip() for word in given.split(",")]
    if not all(words):
        raise click.BadParameter(f"names with commas between are expected, such as AAPL,MSFT; got {given!r}")
    return words


def _parameters(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:  # noqa: ARG001
    """``name=value`` pairs; values that spell a number or a truth are read as such."""
    from quantstrip.operations.grids import value_of

    return {name: value_of(text) for name, text in _pairs(given).items()}


def _grid(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, list[Any]]:  # noqa: ARG001
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


_OPTIONS = (
    click.option(
        "--bars",
        type=FilePath(exists=True, file_okay=False),
        metavar="DIR",
        help="Folder with SYMBOL.csv files (default: the home's data/bars, else the sample).",
    ),
    click.option("--symbols", callback=_words, metavar="A,B", help="What to run it on (default: the strategy's own)."),
    click.option("--timeframe", help="Timeframe of the bars.  [default: the strategy's; else the one the files have]"),
    click.option("--start", metavar="DATE", help="First bar, as a date: 2005-01-31."),
    click.option("--end", metavar="DATE", help="Last bar, as a date; its whole day is included."),
    click.option("--cash", type=float, help="Starting cash, in money.  [default: 100000]"),
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
        "--calendar", default="NYSE", show_default=True, help="Sessions the bars follow; 'none' takes them as they are."
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
)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a run is asked besides its parameters."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@_options
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=_parameters,
    metavar="NAME=VALUE",
    help="A parameter of the strategy; may be repeated.",
)
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


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@_options
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=_grid,
    metavar="NAME=VALUES",
    help="Values of a parameter: first:last:step, a,b,c or one value; may be repeated.",
)
@click.option("--metric", type=click.Choice(_METRICS), default="sharpe", show_default=True, help="What to judge by.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="Points to show, the best first.")
@click.option("--workers", type=click.IntRange(0, 256), default=0, help="Processes.  [default: one a processor]")
@json_option
@pass_session
def sweep(
    session: Session, /, file: Path, parameters: dict[str, list[Any]], metric: str, top: int, workers: int,
    as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Run the strategy in FILE with every combination of parameters; the result is kept like any task's."""
    from quantstrip.operations import sweeps, tasks

    given = {name: value for name, value in options.items() if value is not None}
    given["calendar"] = None if options["calendar"] == "none" else options["calendar"]
    given |= {name: str(Path(given[name]).resolve()) for name in ("bars",) if name in given}
    if Path(str(given["risk"])).is_file():
        given["risk"] = str(Path(str(given["risk"])).resolve())
    given |= {"file": str(file.resolve()), "workers": workers}
    given["grid"] = {name: values for name, values in parameters.items() if len(values) > 1}
    given["parameters"] = {name: values[0] for name, values in parameters.items() if len(values) == 1}
    home = session.existing_home()
    with progress_bar() as bar:
        made = tasks.run_now(home, "sweep", given, by="quantstrip sweep", heard=lambda p: bar.to(p.fraction, p.note))
        bar.to(made.progress)
    if made.state != "done":
        raise TaskError(f"the sweep is {made.state}: {made.error}", hint=f"quantstrip task show {made.task_id}")
    found = sweeps.load(home, made.task_id)
    if as_json:
        print_json({"task": made.task_id, "result": made.result, "points": [plain(point) for point in found.points]})
        return 0
    _told(session, found, metric, top)
    return 0


@click.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@json_option
@pass_session
def compare(session: Session, numbers: tuple[int, ...], as_json: bool) -> None:
    """Compare backtests that were run as tasks: their figures, and what was not the same."""
    from quantstrip.operations import backtests

    if len(set(numbers)) < 2:
        raise click.UsageError("two or more different numbers are needed; see: quantstrip task list")
    found = [backtests.load(session.existing_home(), number) for number in dict.fromkeys(numbers)]
    differs = backtests.differing(found)
    if as_json:
        print_json([
            {"task": one.task_id, "metrics": dict(one.metrics), "equity_final": one.equity_final,
             "counts": dict(one.counts), "run": dict(one.run), "differs": sorted(differs)}
            for one in found
        ])  # fmt: skip
        return
    told = [backtests.described(one) for one in found]
    rows = [(name, *(_shown(one.metrics[name]) for one in found)) for name in found[0].metrics]
    rows.append(("equity_final", *(_shown(one.equity_final) for one in found)))
    rows += [(name, *(_shown(one.counts[name]) for one in found)) for name in ("fills", "rejected")]
    rows += [(f"* {name}", *(_shown(each.get(name)) for each in told)) for name in told[0] if name in differs]
    rows += [(f"* {name}", *(_shown(each.get(name)) for each in told)) for name in sorted(differs - told[0].keys())]
    print_table(("", *(f"RUN {one.task_id}" for one in found)), rows)
    click.echo("\n* differs; all else that the runs were asked is the same")


def _told(session: Session, found: "Sweep", metric: str, top: int) -> None:
    """The best points, how many were tried, and what was refused."""
    names = list(found.grid)
    shown = list(dict.fromkeys((metric, "total_return", "sharpe", "max_drawdown", "trade_count")))
    ranked = found.ranked(metric)
    rows = [
        (*(str(point.parameters[name]) for name in names), *(_shown(point.figures[name]) for name in shown))
        for point in ranked[:top]
    ]
    print_table((*map(str.upper, names), *map(str.upper, shown)), rows)
    refused = [point for point in found.points if point.state != "done"]
    click.echo(f"\n{len(ranked)} of {found.total} points ran; the best of so many tries owes a part of it to luck.")
    if refused:
        click.echo(f"{len(refused)} did not run, such as {refused[0].parameters}: {refused[0].error}")
    click.echo(session.named(f"Kept as task {found.task_id}; all of it: quantstrip task show {found.task_id}"))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.4f}" if isinstance(value, float) else str(value)
