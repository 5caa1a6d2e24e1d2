"""``runs``: backtests that are kept."""

from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.session import Session, json_option, local_text, pass_session, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.operations.runs import StoredRun


@click.group()
def runs() -> None:
    """Backtests that are kept: list, show, delete."""


@runs.command("list", short_help="Every kept run, newest first.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Runs to show.")
@json_option
@pass_session
def list_runs(session: Session, limit: int, as_json: bool) -> None:
    """List kept runs, newest first."""
    from quantstrip.operations import runs as kept

    found = kept.list_runs(session.existing_home(), limit)
    if as_json:
        print_json([_told(one) for one in found])
        return
    rows = [
        (one.run_id, local_text(one.created), one.run["strategy"], ",".join(one.run["symbols"]), one.run["timeframe"],
         f"{one.run['start']} to {one.run['end']}", _share(one.metrics["total_return"]), one.metrics["trade_count"])
        for one in found
    ]  # fmt: skip
    print_table(("RUN", "RUN AT", "STRATEGY", "SYMBOLS", "BARS", "SPAN", "RETURN", "TRADES"), rows)


@runs.command(short_help="What a kept run was, and what came of it.")
@click.argument("run")
@json_option
@pass_session
def show(session: Session, run: str, as_json: bool) -> None:
    """Show RUN: with --json the whole result, as the backtest printed it."""
    from quantstrip.operations import runs as kept

    home = session.existing_home()
    one = kept.get(home, run)
    if as_json:
        print_json(kept.load_result(home, one.run_id))
        return
    rows: list[tuple[str, Any]] = [("run", one.run_id), ("run at", local_text(one.created)), ("file", one.file)]
    rows += [(f"git {name}", value) for name, value in one.git.items()]
    plain = ("strategy", "form", "symbols", "timeframe", "start", "end", "cash", "risk", "code_hash", "data_hash")
    rows += [(name, one.run.get(name)) for name in plain]
    rows += [(f"package {name}", value) for name, value in one.pins.get("packages", {}).items()]
    rows += [(f"parameter {name}", value) for name, value in one.run["parameters"].items()]
    rows += [*one.metrics.items(), ("equity_final", one.equity_final), *one.counts.items()]
    for name, value in rows:
        click.echo(f"{name:<18} {', '.join(value) if isinstance(value, list) else '-' if value is None else value}")
    for other in kept.twins(home, one):
        click.echo(f"{'note':<18} the same code, data and parameters gave another result: {other}")


@runs.command(short_help="Forget kept runs.")
@click.argument("run", nargs=-1, required=True)
@pass_session
def delete(session: Session, run: tuple[str, ...]) -> None:
    """Delete each RUN, with bars that no other kept run was on."""
    from quantstrip.operations import runs as kept

    for name in kept.delete(session.existing_home(), run):
        click.echo(f"deleted {name}")


def _told(one: "StoredRun") -> dict[str, Any]:
    from quantstrip.clock import to_text

    return {
        "run_id": one.run_id, "created": to_text(one.created), "seconds": one.seconds, "file": one.file,
        "git": dict(one.git), "run": dict(one.run), "metrics": dict(one.metrics), "equity_final": one.equity_final,
        "counts": dict(one.counts),
    }  # fmt: skip


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
