"""``simulate`` and ``rehearse``: a client is tried out before it trades."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.progress import progress_bar
from quantstrip.cli.session import FilePath, Session, json_option, pass_session, plain, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.home import Home
    from quantstrip.operations.rehearsal_outcome import RehearsalOutcome
    from quantstrip.operations.simulation_outcome import Outcome
    from quantstrip.operations.task_progress import Progress
    from quantstrip.operations.tasks import Task

_FILE = click.argument("file", type=FilePath())
_NETWORK = click.option(
    "--allow-network",
    "network",
    is_flag=True,
    help="Let it connect to the internet. A client that talks to a broker by itself could send real orders.",
)
_LOCAL = click.option(
    "--allow-local", "local", is_flag=True,
    help="With --allow-network: let it connect to this machine and private addresses, brokers' gateways among them.",
)  # fmt: skip
_MOST_ROWS = 20


@click.command()
@_FILE
@_NETWORK
@_LOCAL
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End it after so long (default: a setting).")
@json_option
@pass_session
def simulate(session: Session, file: Path, network: bool, local: bool, minutes: float | None, as_json: bool) -> int:
    """Run the client in FILE on a copy of the ledger, here and now: nothing is sent, nothing is kept of it.

    What it logs and prints is shown as it comes; Ctrl-C stops it. Then its orders, fills and captured mails are listed.
    """
    from quantstrip.operations import simulation

    home = session.existing_home()
    follower = _Follower(home, quiet=as_json)
    asked = {"file": _there(file), "network": network, "local": local, "minutes": minutes}
    task = _run(home, "simulation", asked, follower)
    found = simulation.outcome(home, task.task_id)
    if as_json:
        print_json({"task": task.task_id, "state": task.state, "error": task.error, **plain(found)})
    else:
        _ended(task)
        _show(found, network=network)
    return 0 if task.state in {"done", "cancelled"} else 1


@click.command()
@_FILE
@click.option(
    "--start", help="First day, or moment, in the client's zone (default: next week, or the last month of bars)."
)
@click.option("--end", help="Last day, or moment.")
@click.option("--jobs", "most", type=click.IntRange(1), default=20_000, show_default=True, help="Most runs of jobs.")
@_NETWORK
@_LOCAL
@json_option
@pass_session
def rehearse(
    session: Session,
    file: Path,
    start: str | None,
    end: str | None,
    most: int,
    network: bool,
    local: bool,
    as_json: bool,
) -> int:
    """Run a span of the schedule of the client in FILE in seconds, with its clock set.

    Every job that is due in the span runs at its time; a strategy sees exactly the recorded bars of the span. Exits
    with 1 where a job failed.
    """
    from quantstrip.operations import rehearsal

    home = session.existing_home()
    asked = {"file": _there(file), "start": start, "end": end, "most_jobs": most, "network": network, "local": local}
    with progress_bar() as bar:
        task = _run(home, "rehearsal", asked, lambda progress: bar.to(progress.fraction, progress.note))
    found = rehearsal.outcome(home, task.task_id)
    if as_json:
        print_json(
            {"task": task.task_id, "state": task.state, "error": task.error, **plain(found), "jobs": plain(found.jobs)}
        )
    else:
        _ended(task)
        _show_rehearsal(found)
        _show(found.did, network=network)
    return 0 if task.state == "done" and not any(each.failed for each in found.jobs) else 1


class _Follower:
    """Prints what the trial logs, as it comes."""

    def __init__(self, home: "Home", *, quiet: bool) -> None:
        self._home, self._quiet = home, quiet
        self._task_id, self._offset = 0, 0

    def __call__(self, _: "Progress | None" = None) -> None:
        from quantstrip.operations import simulation

        if self._quiet:
            return
        if not self._task_id:
            self._task_id = _own(self._home, "running").task_id
        piece = simulation.output(self._home, self._task_id, self._offset)
        self._offset = piece.offset
        click.echo(piece.text, nl=False)
        sys.stdout.flush()

    def rest(self) -> None:
        """Print what came at the end."""
        if self._task_id:
            self()


def _run(home: "Home", kind: str, arguments: dict[str, Any], heard: Any) -> "Task":
    """Do it in this process; Ctrl-C stops the client, and what it did is shown all the same."""
    from quantstrip.operations import tasks

    try:
        return tasks.run_now(home, kind, arguments, by=f"quantstrip {kind}", heard=heard)
    except KeyboardInterrupt:
        return _own(home, "cancelled")
    finally:
        if isinstance(heard, _Follower):
            heard.rest()


def _own(home: "Home", state: str) -> "Task":
    """The newest task that this process does, or did."""
    import os

    from quantstrip.operations import tasks

    return next(each for each in tasks.list_tasks(home, state, 1000) if each.pid == os.getpid())


def _there(file: Path) -> str:
    return str(file.expanduser().resolve())


def _ended(task: "Task") -> None:
    words = {"done": "ended", "cancelled": "was stopped"}.get(task.state, task.state)
    note = (task.result or {}).get("note", "")
    click.echo(f"\nThe {task.kind} {words}{f': {note}' if note else ''}.")
    if task.error:
        click.echo(task.error, err=True)


def _show(found: "Outcome", *, network: bool) -> None:
    counts = found.counts or {}
    names = (("orders", "orders"), ("executions", "fills"), ("mails", "mails"), ("rejections", "refused signals"))
    sent = "What it sent over the network itself is not among them." if network else "Nothing was sent."
    click.echo(", ".join(f"{counts.get(name, 0)} {words}" for name, words in names) + f". {sent}")
    if found.executions:
        click.echo()
        rows = [(each.time[:19], each.strategy, each.side, f"{each.quantity:g}", each.symbol, f"{each.price:g}",
                 f"{each.commission:.2f}") for each in found.executions[-_MOST_ROWS:]]  # fmt: skip
        print_table(("FILL (UTC)", "STRATEGY", "SIDE", "QUANTITY", "SYMBOL", "PRICE", "COMMISSION"), rows)
    if found.mails:
        click.echo()
        mails = [(each.time[:19], each.to, each.subject) for each in found.mails[-_MOST_ROWS:]]
        print_table(("MAIL (UTC)", "TO", "SUBJECT"), mails)


def _show_rehearsal(found: "RehearsalOutcome") -> None:
    from quantstrip.client.zones import wall_time, zone_of

    if not found.start:
        return
    zone = zone_of(found.zone)
    click.echo(f"From {wall_time(found.start, zone):%Y-%m-%d %H:%M} to {wall_time(found.end, zone):%Y-%m-%d %H:%M}, "
               f"{found.zone}: {len(found.runs):,} runs of jobs.")  # fmt: skip
    if found.jobs:
        rows = [
            (each.job, each.runs, each.failed, each.missed, f"{wall_time(each.first, zone):%a %Y-%m-%d %H:%M:%S}",
             f"{wall_time(each.last, zone):%a %Y-%m-%d %H:%M:%S}", f"{1e3 * each.slowest:.1f} ms")
            for each in found.jobs
        ]  # fmt: skip
        print_table(("JOB", "RUNS", "FAILED", "MISSED", "FIRST DUE", "LAST DUE", "SLOWEST"), rows)
    for failed in [each for each in found.runs if each.outcome == "failed"][:3]:
        click.echo(f"\n{failed.job}, due {wall_time(failed.due, zone):%Y-%m-%d %H:%M:%S}:\n{failed.trace.rstrip()}")
