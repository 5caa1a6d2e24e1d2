"""``validate lookahead, startup, walk-forward, monte-carlo, parity, pine``: checks of a backtest's honesty."""

from pathlib import Path
from typing import Any

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.research_options import asked, read_grid, read_parameters, run_options
from quantstrip.cli.session import FilePath, Session, pass_session, plain, print_json, print_table
from quantstrip.cli.session import strategy_json_option as json_option

_METRICS = ("total_return", "annualised_return", "sharpe", "win_rate", "profit_factor")
_SHOWN = 20

_file = click.argument("file", type=FilePath(exists=True, dir_okay=False))
_parameters = click.option(
    "--param", "parameters", multiple=True, callback=read_parameters, metavar="NAME=VALUE",
    help="A parameter of the strategy; may be repeated.",
)  # fmt: skip


@click.group("validate")
def validate() -> None:
    """Check whether a backtest is honest, and whether it carries over."""


@validate.command(short_help="Does the strategy know the future?")
@_file
@run_options
@_parameters
@click.option("--all", "every", is_flag=True, help="Cut at every bar, not at 64 with a signal and 64 random ones.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random ones.")
@json_option
@pass_session
def lookahead(session: Session, /, file: Path, every: bool, seed: int, as_json: bool, **options: Any) -> int:
    """Cut the history short, and see whether any decision before the cut changes. Exits with 1 when one does.

    Backtests and sweeps of such strategies do this by themselves before they run.
    """
    from quantstrip.operations import validation

    with progress_bar() as bar:
        found = validation.check_future(
            session.readable_home(), file, every=every, seed=seed, on_progress=bar.to, **asked(options)
        )
    if as_json:
        print_json(
            {"clean": found.clean, "cuts": found.cuts, "failed": found.failed, "failure": found.failure,
             "differences": [each._asdict() for each in found.differences]}
        )  # fmt: skip
    elif not found.cuts:
        click.echo("clean: it is shown one bar after another, and cannot know the future")
    else:
        for each in found.differences:
            click.echo(str(each))
        click.echo(f"{'clean' if found.clean else 'it knows the future'}: {found.cuts:,} cuts")
        if found.failed:
            click.echo(f"it raised on {found.failed:,} short histories: {found.failure}")
    return 0 if found.clean else 1


@validate.command("startup", short_help="How many bars must warm it up?")
@_file
@run_options
@_parameters
@json_option
@pass_session
def start_up(session: Session, /, file: Path, as_json: bool, **options: Any) -> None:
    """Trade the second half of the bars after warm-ups of several lengths, and compare the deals."""
    from quantstrip.backtest.startup import enough
    from quantstrip.operations import validation

    with progress_bar() as bar:
        found = validation.check_startup(session.readable_home(), file, on_progress=bar.to, **asked(options))
    if as_json:
        print_json({"enough": enough(found), "warmups": [each._asdict() for each in found]})
        return
    print_table(("warm-up", "deals", "differ"), [(each.bars, each.deals, each.differ) for each in found])
    bars = enough(found)
    click.echo("even the longest was too short" if bars is None else f"enough: --warmup {bars}")


@validate.command("walk-forward", short_help="Choose on the past, judge on what came after.")
@_file
@run_options
@click.option(
    "--grid", "--param", "grid", multiple=True, callback=read_grid, metavar="NAME=VALUES", required=True,
    help="Values of a parameter: first:last:step, a,b,c or one value; may be repeated.",
)  # fmt: skip
@click.option("--train", type=click.IntRange(2), required=True, metavar="BARS", help="Bars to choose on.")
@click.option("--test", type=click.IntRange(1), required=True, metavar="BARS", help="Bars to judge on.")
@click.option("--anchored/--rolling", default=False, help="Choose on everything since the first bar.")
@click.option("--metric", type=click.Choice(_METRICS), default="sharpe", show_default=True, help="What to choose by.")
@json_option
@pass_session
def forward(
    session: Session, /, file: Path, grid: dict[str, list[Any]], train: int, test: int, anchored: bool, metric: str,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Choose parameters window by window, and judge each choice on the bars right after it."""
    from quantstrip.operations import validation

    varied = {name: values for name, values in grid.items() if len(values) > 1}
    fixed = {name: values[0] for name, values in grid.items() if len(values) == 1}
    with progress_bar() as bar:
        found = validation.go_forward(
            session.readable_home(), file, varied, train=train, test=test, anchored=anchored, metric=metric,
            on_progress=bar.to, parameters=fixed, **asked(options),
        )  # fmt: skip
    if as_json:
        print_json(
            {"metric": found.metric, "anchored": found.anchored, "tries": found.tries, "efficiency": found.efficiency,
             "equity_final": float(found.equity[-1]), "steps": found.steps}
        )  # fmt: skip
        return
    print_table(
        ("judged from", "to", "parameters", f"{metric} before", "after", "trades"),
        [
            (step.window[1], step.window[2], ", ".join(f"{name} {value}" for name, value in step.parameters.items()),
             _figure(step.chosen), _figure(step.judged), step.trades)
            for step in found.steps
        ],
    )  # fmt: skip
    click.echo(f"equity carried on: {found.equity[-1]:,.2f}; {found.tries:,} points tried in each window")
    click.echo(f"judged figures are {_share(found.efficiency)} of the chosen ones")


@validate.command("monte-carlo", short_help="How much was the order of the trades?")
@click.argument("run")
@click.option("--tries", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Orders to look at.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same figures.")
@click.option("--replace", is_flag=True, help="Draw trades with replacement, so that the end differs too.")
@json_option
@pass_session
def monte_carlo(session: Session, /, run: str, tries: int, seed: int, replace: bool, as_json: bool) -> None:
    """Shuffle the trades of a kept RUN, and see which drawdowns their order alone can give."""
    from quantstrip.backtest.montecarlo import LEVELS
    from quantstrip.operations import validation

    with progress_bar() as bar:
        found = validation.shuffle(
            session.existing_home(), run, tries=tries, seed=seed, replace_trades=replace, on_progress=bar.to
        )
    if as_json:
        print_json(plain(found) | {"levels": LEVELS})
        return
    click.echo(f"{found.trades:,} trades, {found.tries:,} orders")
    click.echo(f"largest drawdown from trade to trade: {found.drawdown:.2%}; larger in {found.worse:.1%} of the orders")
    print_table([f"{level:.0%}" for level in LEVELS], [[f"{value:.2%}" for value in found.drawdowns]])
    if found.finals:
        click.echo("equity at the end:")
        print_table([f"{level:.0%}" for level in LEVELS], [[f"{value:,.2f}" for value in found.finals]])
    click.echo(f"ruined: {found.ruined:.1%}")


@validate.command(short_help="Do two ways of running it trade alike?")
@_file
@run_options
@_parameters
@click.option(
    "--against", "other", type=FilePath(exists=True, dir_okay=False), metavar="FILE", help="Another form of it."
)
@click.option("--mode", type=click.Choice(["replay", "paper", "live", "simulation"]), help="Its fills in the ledger.")
@click.option("--strategy", metavar="NAME", help="With --mode: its name there.  [default: its own]")
@click.option(
    "--price-tolerance", type=float, default=1e-9, show_default=True, help="Relative difference that is none."
)
@json_option
@pass_session
def parity(
    session: Session, /, file: Path, other: Path | None, mode: str | None, strategy: str | None, price_tolerance: float,
    as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Compare the backtest of FILE with another file's, or with what it did on paper or live; differences with causes.

    Exits with 1 when there is a difference.
    """
    from quantstrip.model import Mode
    from quantstrip.operations import validation

    with progress_bar() as bar:
        found = validation.compare(
            session.readable_home(), file, other=other, mode=Mode(mode) if mode else None, strategy=strategy,
            price_tolerance=price_tolerance, on_progress=bar.to, **asked(options),
        )  # fmt: skip
    if as_json:
        print_json(_as_dict(found))
    else:
        _tell(found)
    return 0 if not found.mismatches else 1


@validate.command(short_help="Does it trade as TradingView says?")
@click.argument("file", type=FilePath(exists=True))
@run_options
@_parameters
@click.option(
    "--trades",
    type=FilePath(exists=True),
    required=True,
    metavar="CSV",
    help="The list of trades that TradingView exported; a folder of them, each called as its strategy's file, where "
    "FILE is a folder.",
)
@click.option("--zone", default="UTC", show_default=True, help="The chart's time zone, as America/New_York.")
@click.option("--tick", type=float, default=0.0, metavar="STEP", help="The chart's price step: its prices are rounded.")
@click.option("--quantities", is_flag=True, help="Compare quantities too; by default each side sizes as it likes.")
@json_option
@pass_session
def pine(
    session: Session, /, file: Path, trades: Path, zone: str, tick: float, quantities: bool, as_json: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Compare the backtest of FILE, deal by deal, with a list of trades of TradingView. Exits with 1 on a difference.

    Both fill at the next open. Give the costs and the direction that the chart has: by default 0. Of a folder of
    strategies, each is a row of a table.
    """
    from quantstrip.operations import validation

    given = {"fee_rate": 0.0, "slippage_bps": 0.0, **asked(options)}
    if file.is_dir() != trades.is_dir():
        raise click.UsageError("FILE and --trades are two files, or two folders")
    if file.is_dir():
        given |= {"zone": zone, "tick": tick, "quantities": quantities}
        return _pine_table(session, file, trades, given, as_json=as_json)
    with progress_bar() as bar:
        found = validation.compare_pine(
            session.readable_home(), file, trades, zone=zone, tick=tick, quantities=quantities, on_progress=bar.to,
            **given,
        )  # fmt: skip
    if as_json:
        print_json(_pine_dict(found))
    else:
        if found.outside:
            click.echo(f"{found.outside:,} of its rows lie outside of the bars, and are not compared")
        for moment in found.unknown[:_SHOWN]:
            click.echo(f"there is no bar at {moment}")
        _tell(found.parity)
    return 0 if not found.parity.mismatches and not found.unknown else 1


def _pine_table(session: Session, folder: Path, exports: Path, given: dict[str, Any], *, as_json: bool) -> int:
    from quantstrip.operations.pine_table import pine_table

    with progress_bar() as bar:
        rows = pine_table(session.readable_home(), folder, exports, on_progress=bar.to, **given)
    if as_json:
        print_json([{"file": str(row.file), "error": row.error, **(_pine_dict(row.found) if row.found else {})}
                    for row in rows])  # fmt: skip
    else:
        print_table(["STRATEGY", "PARITY", "MATCH", "THERE", "CAUSES"], [_pine_row(row) for row in rows])
    return 0 if all(row.found and not row.found.parity.mismatches and not row.found.unknown for row in rows) else 1


def _pine_row(row: Any) -> tuple[object, ...]:
    if row.found is None:
        return row.file.stem, "-", "", "", row.error
    parity = row.found.parity
    share = "-" if parity.percent is None else f"{parity.percent:.1f} %"
    causes = "; ".join(f"{count:,} x {cause}" for cause, count in parity.causes().items())
    return row.file.stem, share, parity.matched, parity.theirs, causes


def _pine_dict(found: Any) -> dict[str, Any]:
    return {
        "strategy": found.name, "symbol": found.symbol, "outside": found.outside, "unknown": list(found.unknown),
        **_as_dict(found.parity),
    }  # fmt: skip


def _as_dict(found: Any) -> dict[str, Any]:
    return {
        "matched": found.matched, "ours": found.ours, "theirs": found.theirs, "percent": found.percent,
        "signals": None if found.signals is None else {
            "matched": found.signals.matched, "ours": found.signals.ours, "theirs": found.signals.theirs,
            "percent": found.signals.percent,
        },
        "causes": found.causes(),
        "mismatches": [
            {"kind": each.kind, "cause": each.cause, "ours": each.ours and each.ours._asdict(),
             "theirs": each.theirs and each.theirs._asdict()}
            for each in found.mismatches
        ],
    }  # fmt: skip


def _tell(found: Any) -> None:
    from quantstrip.clock import to_text

    for each in found.mismatches[:_SHOWN]:
        deal = each.ours or each.theirs
        click.echo(f"{to_text(deal.ts)} {deal.symbol} {deal.side} {deal.quantity:g} at {deal.price:g}: {each.cause}")
    if len(found.mismatches) > _SHOWN:
        click.echo(f"... and {len(found.mismatches) - _SHOWN:,} more")
    for cause, count in found.causes().items():
        click.echo(f"{count:,} x {cause}")
    for what, each in (("signals", found.signals), ("deals", found)):
        if each is not None:
            share = "-" if each.percent is None else f"{each.percent:.1f} %"
            click.echo(f"{each.matched:,} of {max(each.ours, each.theirs):,} {what} match: {share}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "no share" if value is None else f"{value:.0%}"
