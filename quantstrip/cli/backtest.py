"""``backtest``: run a strategy over bars, keep the run, and prove a kept one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.research_options import asked, git_options, read_parameters, run_options
from quantstrip.cli.session import FilePath, Session, pass_session, print_json, strategy_json_option

if TYPE_CHECKING:
    from quantstrip.backtest import BacktestResult

_LOG_LINES: Final = 10
"""Lines of a script's log that are printed."""


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False), required=False)
@run_options
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=read_parameters,
    metavar="NAME=VALUE",
    help="A parameter of the strategy; may be repeated.",
)
@click.option("--label", type=click.Choice(["bar", "close"]), default="bar", show_default=True,
              help="With 'close', the JSON's fills carry exec_time too, the moment as the ledger has it.")  # fmt: skip
@click.option(
    "--keep/--no-keep", default=True, help="Keep the run in the home, with all it depends on.  [default: keep]"
)
@git_options
@click.option("--verify", metavar="RUN", help="Run a kept run again, and prove that it gives the same.")
@strategy_json_option
@pass_session
def backtest(
    session: Session, /, file: Path | None, verify: str | None, git: str | None, branch: str | None,
    commit: str | None, path: str | None, as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Run the strategy in FILE over historical bars: the home's, those of --bars, or the shipped sample."""
    if sum(each is not None for each in (file, verify, git)) != 1:
        raise click.UsageError(
            "name one: a strategy's FILE, a repository with --git URL, or a kept run with --verify RUN"
        )
    if verify is not None:
        return _verify(session, verify, as_json)
    if git is None and (branch or commit or path):
        raise click.UsageError("--branch, --commit and --path belong to --git URL")
    repository = None if git is None else {"url": git, "branch": branch, "commit": commit, "path": path}
    return _run(session, file, repository, as_json, options)


def _run(
    session: Session, file: Path | None, repository: dict[str, Any] | None, as_json: bool, options: dict[str, Any]
) -> int:  # fmt: skip
    from quantstrip.operations import backtest_run

    label = options.pop("label")
    given = asked(options)
    with progress_bar() as bar:
        given["on_progress"] = bar.to if bar.shown else None
        home = session.readable_home()
        if file is not None:
            made = backtest_run.run(home, file, **given)
        else:
            made = backtest_run.run_from_git(home, **(repository or {}), **given)
        bar.to(1.0)
    for note in made.notes:
        click.echo(f"Note: {note}", err=True)
    if not as_json:
        click.echo(str(made.result))
        for line in _log(made.result)[-_LOG_LINES:]:
            click.echo(f"{'log':<18} {line['time']} {line['symbol']}: {line['text']}")
        if made.run_id:
            click.echo(
                session.named(f"{'kept as':<18} {made.run_id}; prove it: quantstrip backtest --verify {made.run_id}")
            )
        return 0
    from quantstrip import dialects

    found = made.result.to_dict()
    own = dialects.result_of(found["run"]["form"], made.result)
    if own is not None:
        found["result"] = own  # in the fields of its form's own document
    if made.result.logged:
        found["log"] = _log(made.result)
    if label == "close":
        from quantstrip.clock import to_text

        for row, fill in zip(found["fills"], made.result.fills, strict=True):
            row["exec_time"] = to_text(fill.ts)
    print_json(found)
    return 0


def _log(result: "BacktestResult") -> list[dict[str, str]]:
    """What a script wrote to its log; times are labels of bars, as everywhere in a result."""
    return [
        {"time": result.labels.of(symbol, ts), "symbol": symbol, "text": text} for ts, symbol, text in result.logged
    ]


def _verify(session: Session, run_id: str, as_json: bool) -> int:
    from quantstrip.operations import runs_verify

    home = session.existing_home()
    if run_id.isdigit():  # a task's number: the run that it kept
        from quantstrip.operations import backtests

        run_id = str((backtests.get(home, int(run_id)).result or {}).get("run_id") or run_id)
    with progress_bar() as bar:
        found = runs_verify.verify(home, run_id, bar.to if bar.shown else None)
        bar.to(1.0)
    if as_json:
        print_json({
            "run_id": found.run_id,
            "equal": found.equal,
            "differs": [each._asdict() for each in found.differs],
            "notes": list(found.notes),
            "result_hash": found.result_hash,
            "again": found.again,
            "exit_code": found.exit_code,
        })  # fmt: skip
        return found.exit_code
    if found.equal:
        click.echo(f"{found.run_id}: run again, the same byte for byte ({found.result_hash})")
    else:
        click.echo(f"{found.run_id}: not proven")
    for each in found.differs:
        click.echo(f"  differs, {each.kind}: {each.text}")
    for note in found.notes:
        click.echo(f"  note: {note}")
    return found.exit_code
