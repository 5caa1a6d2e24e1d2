"""``sweep``, ``compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.research_options import asked, git_options, read_grid, run_options
from quantstrip.cli.session import FilePath, Session, pass_session, plain, print_json, print_table, strategy_json_option
from quantstrip.errors import TaskError

if TYPE_CHECKING:
    from quantstrip.operations.sweeps import Sweep

_METRICS = (
    "total_return", "annualised_return", "sharpe", "max_drawdown", "win_rate", "profit_factor", "trade_count",
    "equity_final",
)  # fmt: skip

_WIDTH = 40
_WARNING = "{} of {} points ran; the best of so many tries owes a part of it to luck."


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False), required=False)
@run_options
@click.option(
    "--grid",
    multiple=True,
    callback=read_grid,
    metavar="NAME=VALUES",
    help="Values of a parameter: first:last:step, a,b,c or one value; may be repeated.",
)
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=read_grid,
    metavar="NAME=VALUE",
    help="A parameter that stays as it is; may be repeated. With several values, as --grid.",
)
@click.option(
    "--random", "drawn", type=click.IntRange(1), metavar="N", help="Run N points of the grid, drawn by chance."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of that draw: the same seed, the same points.")
@click.option(
    "--limit",
    type=float,
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="Refuse to go on where the first point says that all would take longer.",
)
@click.option(
    "--estimate", is_flag=True, help="Run a few points, say how long all of them would take, and keep nothing."
)
@click.option("--bar-by-bar", is_flag=True, help="Let the engine run every point, also where compiled code can.")
@click.option(
    "--dask",
    default="",
    metavar="ADDRESS",
    help="Run the points on a Dask cluster: its scheduler's address, such as tcp://host:8786, or 'local'.",
)
@click.option(
    "--resume",
    type=int,
    metavar="TASK",
    help="Continue an earlier sweep with the points that are left; FILE and the options are its own.",
)
@git_options
@click.option("--metric", type=click.Choice(_METRICS), default="sharpe", show_default=True, help="What to judge by.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="Points to show, the best first.")
@click.option("--workers", type=click.IntRange(0, 256), default=0, help="Points at once.  [default: one a processor]")
@strategy_json_option
@pass_session
def sweep(
    session: Session, /, file: Path | None, grid: dict[str, list[Any]], parameters: dict[str, list[Any]], metric: str,
    top: int, workers: int, drawn: int | None, seed: int, limit: float, estimate: bool, bar_by_bar: bool, dask: str,
    resume: int | None, git: str | None, branch: str | None, commit: str | None, path: str | None, as_json: bool,
    **options: Any,
) -> int:  # fmt: skip
    """Run the strategy in FILE with every combination of parameters; the result is kept like any task's."""
    from quantstrip.operations import sweeps, tasks

    if sum(each is not None for each in (file, resume, git)) != 1:
        raise click.UsageError(
            "name one: a strategy's FILE, a repository with --git URL, or --resume TASK to continue a sweep"
        )
    if git is None and (branch or commit or path):
        raise click.UsageError("--branch, --commit and --path belong to --git URL")
    if resume is not None:
        given = {**tasks.get(session.existing_home(), resume).arguments, "resume": resume}
    else:
        file = _fetched(session, git, branch, commit, path) if file is None else file
        both = sorted(set(grid) & set(parameters))
        if both:
            raise click.UsageError(f"{', '.join(both)} is given as --grid and as --param")
        given = _as_arguments(options) | {"file": str(file.resolve()), "random": drawn or 0, "seed": seed}
        values = {**grid, **parameters}
        given["grid"] = {name: each for name, each in values.items() if len(each) > 1 or name in grid}
        given["parameters"] = {name: each[0] for name, each in values.items() if name not in given["grid"]}
    given |= {"workers": workers, "limit_minutes": limit, "bar_by_bar": bar_by_bar, "dask": dask}
    home, kind = session.existing_home(), "sweep_estimate" if estimate else "sweep"
    with progress_bar() as bar:
        made = tasks.run_now(home, kind, given, by="quantstrip sweep", heard=lambda p: bar.to(p.fraction, p.note))
        bar.to(made.progress)
    if made.state != "done":
        raise TaskError(f"the sweep is {made.state}: {made.error}", hint=f"quantstrip task show {made.task_id}")
    if estimate:
        return _estimated(dict(made.result or {}), as_json)
    found = sweeps.load(home, made.task_id)
    if as_json:
        print_json(_as_dict(found, made.result, metric))
        return 0
    _told(session, found, metric, top)
    click.echo(f"{str((made.result or {})['way']).capitalize()}, in {(made.result or {})['seconds']:,.1f} s.")
    return 0


def _estimated(found: dict[str, Any], as_json: bool) -> int:
    """How long it would take; 1 where that is more than it may."""
    from quantstrip.operations.sweep_pool import spelled

    if as_json:
        print_json(found)
    else:
        click.echo(
            f"{found['points']:,} points would take about {spelled(found['seconds'])}: {found['seconds_each']:.3f} s "
            f"each, {found['at_once']} at once; {found['way']}"
        )
        if found["refused"]:
            click.echo(f"{found['refused']} of the {found['tried']} that were tried did not run: {found['why']}")
        if found["over"]:
            click.echo(
                f"That is more than the limit of {spelled(found['limit'])}: take fewer points, or --limit MINUTES"
            )
    return int(found["over"])


def _fetched(session: Session, git: str | None, branch: str | None, commit: str | None, path: str | None) -> Path:
    from quantstrip.operations import from_git

    checkout = from_git.fetch(session.existing_home(), git or "", branch=branch, commit=commit)
    return from_git.choose(checkout, path)


def _as_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a run as a task's arguments: paths from the root, since a worker has a folder of its own."""
    given = asked(options)
    if isinstance(given.get("bars"), Path):
        given["bars"] = str(given["bars"].resolve())
    if Path(str(given["risk"])).is_file():
        given["risk"] = str(Path(str(given["risk"])).resolve())
    return given


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@strategy_json_option
@pass_session
def compare(session: Session, names: tuple[str, ...], as_json: bool) -> None:
    """Compare kept runs, or backtests by the numbers of their tasks: their figures, and what was not the same."""
    from quantstrip.operations import backtests, runs

    if len(set(names)) < 2:
        raise click.UsageError("two or more different ones are needed; see: quantstrip runs list, or task list")
    home, told_of = session.existing_home(), list(dict.fromkeys(names))
    found = [backtests.load(home, int(name)) if name.isdigit() else runs.get(home, name) for name in told_of]
    differs = backtests.differing(found)
    if as_json:
        print_json([
            {"task" if name.isdigit() else "run_id": int(name) if name.isdigit() else name,
             "metrics": dict(one.metrics), "equity_final": one.equity_final,
             "counts": dict(one.counts), "run": dict(one.run), "differs": sorted(differs)}
            for name, one in zip(told_of, found, strict=True)
        ])  # fmt: skip
        return
    told = [backtests.described(one) for one in found]
    rows = [(name, *(_shown(one.metrics.get(name)) for one in found)) for name in found[0].metrics]
    rows.append(("equity_final", *(_shown(one.equity_final) for one in found)))
    rows += [(name, *(_shown(one.counts[name]) for one in found)) for name in ("fills", "rejected")]
    names_of = [*(name for name in told[0] if name in differs), *sorted(differs - told[0].keys())]
    asked_for = [(name, [_shown(each.get(name)) for each in told]) for name in names_of]
    rows += [(f"* {name}", *values) for name, values in asked_for if _fits(values)]
    print_table(("", *(f"RUN {name}" for name in told_of)), rows)
    for name, values in asked_for:
        if not _fits(values):
            click.echo(f"\n* {name}")
            for run, value in zip(told_of, values, strict=True):
                click.echo(f"  RUN {run}: {value}")
    click.echo("\n* differs; all else that the runs were asked is the same")


def _as_dict(found: "Sweep", result: Any, metric: str) -> dict[str, Any]:
    """A sweep as JSON; beside the best point, how many were tried to find it."""
    region, ranked = next(iter(found.robust(metric)), None), found.ranked(metric)
    robust = region and {"parameters": dict(region.point.parameters), "median": region.middle,
                         "worst": region.worst, "points": region.size}  # fmt: skip
    best = {"parameters": dict(ranked[0].parameters), metric: ranked[0].figures[metric]} if ranked else None
    return {
        "task": found.task_id, "result": result, "best": best, "tries": len(ranked),
        "warning": _WARNING.format(len(ranked), found.total), "robust": robust,
        "points": [plain(point) for point in found.points],
    }  # fmt: skip


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
    regions = found.robust(metric)
    if regions:
        best = regions[0]
        place = ", ".join(f"{name} {best.point.parameters[name]}" for name in names)
        click.echo(
            f"\nRobust region: {place}; {metric} {_shown(best.point.figures[metric])} there; the median of the "
            f"{best.size} points around it is {_shown(best.middle)}, the worst {_shown(best.worst)}."
        )
    click.echo(f"\n{_WARNING.format(len(ranked), found.total)}")
    refused = [point for point in found.points if point.state != "done"]
    if refused:
        click.echo(f"{len(refused)} did not run, such as {refused[0].parameters}: {refused[0].error}")
    click.echo(session.named(f"Kept as task {found.task_id}; all of it: quantstrip task show {found.task_id}"))


def _fits(values: list[str]) -> bool:
    """Whether they are short enough to stand side by side."""
    return all(len(value) <= _WIDTH for value in values)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.4f}" if isinstance(value, float) else str(value)
