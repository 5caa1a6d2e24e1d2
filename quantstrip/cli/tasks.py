"""``task list, show, run, repeat, cancel, remove``."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.progress import Bar, progress_bar
from quantstrip.cli.session import Session, json_option, local_text, pass_session, plain, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.operations.tasks import Task

_STATES = ("queued", "running", "done", "failed", "cancelled", "interrupted")
_PATHS = ("file", "bars", "risk", "other", "trades")
_MOMENTS = ("created", "started", "finished", "heartbeat", "cancel_requested")


@click.group()
def task() -> None:
    """Long work in the background: see it, ask for it, take it back."""


@task.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to show.")
@json_option
@pass_session
def list_(session: Session, state: str | None, limit: int, as_json: bool) -> None:
    """List tasks, the newest first."""
    from quantstrip.operations import tasks

    found = tasks.list_tasks(session.existing_home(), state, limit)
    if as_json:
        print_json([_plain(each) for each in found])
        return
    if not found:
        click.echo("No task." if state is None else f"No task is {state}.")
        return
    rows = [
        (each.task_id, each.kind, each.state, f"{each.progress:.0%}", local_text(each.created), each.requested_by,
         each.error.partition("\n")[0] or each.note)
        for each in found
    ]  # fmt: skip
    print_table(("ID", "KIND", "STATE", "DONE", "ASKED", "BY", "NOTE"), rows)
    if any(each.state == "queued" for each in found) and not tasks.served(session.home):
        click.echo(session.named("\nNo service runs; what is queued waits for: quantstrip up"))


@task.command()
@click.argument("number", type=int)
@json_option
@pass_session
def show(session: Session, number: int, as_json: bool) -> None:
    """Show all of the task NUMBER: what was asked, how far it is, what came of it."""
    from quantstrip.operations import tasks

    found = tasks.get(session.existing_home(), number)
    if as_json:
        print_json(_plain(found))
        return
    _show(found)
    if found.trace:
        click.echo(f"\n{found.trace.rstrip()}")


@task.command()
@click.argument("kind")
@click.option("--arguments", default="{}", metavar="JSON", help="What the kind takes, as a JSON object.")
@click.option("--now", is_flag=True, help="Do it in this process: needs no service.")
@click.option("--no-wait", is_flag=True, help="Return as soon as it is queued.")
@json_option
@pass_session
def run(session: Session, /, kind: str, arguments: str, now: bool, no_wait: bool, as_json: bool) -> int:
    """Have a task of KIND (backtest, sweep, report ...) done by the service, and wait for it.

    Ctrl-C ends the waiting; the task goes on.
    """
    from quantstrip.operations import tasks

    if now and no_wait:
        raise click.UsageError("--now and --no-wait exclude each other")
    home, given = session.existing_home(), _arguments(arguments)
    if now:
        with progress_bar() as bar:
            made = tasks.run_now(home, kind, given, by="quantstrip task", heard=lambda p: bar.to(p.fraction, p.note))
            bar.to(made.progress)
        return _told(made, as_json=as_json)
    made = tasks.submit(home, kind, given, by="quantstrip task")
    if not no_wait:
        with _goes_on(session, made.task_id), progress_bar() as bar:
            made = tasks.wait(home, made.task_id, looked=lambda task: _look(bar, task))
    elif not as_json:
        _queued(session, made)
        return 0
    return _told(made, as_json=as_json)


@task.command()
@click.argument("number", type=int)
@json_option
@pass_session
def repeat(session: Session, number: int, as_json: bool) -> None:
    """Queue what the task NUMBER was asked once more, such as one that was interrupted."""
    from quantstrip.operations import tasks

    made = tasks.repeat(session.existing_home(), number, by="quantstrip task")
    if as_json:
        print_json(_plain(made))
    else:
        _queued(session, made)


@task.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@pass_session
def cancel(session: Session, numbers: tuple[int, ...]) -> None:
    """Take tasks back: at once while they wait; those that run end within seconds."""
    from quantstrip.operations import tasks

    for number in numbers:
        found = tasks.cancel(session.existing_home(), number)
        click.echo(f"Task {number} is {'ending' if found.state == 'running' else found.state}.")


@task.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@pass_session
def remove(session: Session, numbers: tuple[int, ...]) -> None:
    """Forget tasks that are over, with the files they wrote."""
    from quantstrip.operations import tasks

    for number in numbers:
        tasks.remove(session.existing_home(), number)
        click.echo(f"Task {number} is removed.")


def _arguments(text: str) -> dict[str, Any]:
    """The JSON object; paths in it are made absolute, for the worker has a working folder of its own."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f'JSON is expected, such as \'{{"form": "xlsx"}}\': {error}') from None
    if not isinstance(found, dict):
        raise click.BadParameter(f'a JSON object is expected, such as \'{{"form": "xlsx"}}\', got {text}')
    paths = {name: Path(found[name]).expanduser() for name in _PATHS if isinstance(found.get(name), str)}
    if "risk" in paths and not paths["risk"].is_file():
        del paths["risk"]  # a profile's name
    if "bars" in paths and not paths["bars"].is_dir():
        del paths["bars"]  # the name of a place
    return found | {name: str(path.resolve()) for name, path in paths.items()}


@contextmanager
def _goes_on(session: Session, number: int) -> Iterator[None]:
    """Ctrl-C ends the waiting, and says what becomes of the task."""
    try:
        yield
    except KeyboardInterrupt:
        words = f"Task {number} goes on. Take it back: quantstrip task cancel {number}"
        click.echo(session.named(words), err=True)
        raise


def _queued(session: Session, made: "Task") -> None:
    click.echo(session.named(f"Task {made.task_id} is queued. See it: quantstrip task show {made.task_id}"))


def _look(bar: Bar, task: "Task") -> None:
    bar.to(task.progress, "waits for its turn" if task.state == "queued" else task.note)


def _told(task: "Task", *, as_json: bool) -> int:
    """Print the task; the exit code is 0 where it is done or waits."""
    if as_json:
        print_json(_plain(task))
    else:
        _show(task)
    return 0 if task.state in {"done", "queued"} else 1


def _show(task: "Task") -> None:
    rows = [("task", f"{task.task_id}, a {task.kind}"), ("state", f"{task.state}, {task.progress:.0%} done")]
    rows += [("note", task.note)] if task.note else []
    rows += [(name, local_text(value)) for name in _MOMENTS if (value := getattr(task, name)) and name != "heartbeat"]
    rows += [(name, json.dumps(value)) for name, value in task.arguments.items() if value not in (None, "", {})]
    rows += [(name, _shown(value)) for name, value in (task.result or {}).items() if not isinstance(value, dict)]
    rows += [("error", task.error)] if task.error else []
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  " + value.replace("\n", f"\n{'':<{width}}  "))
    sys.stdout.flush()


def _shown(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _plain(task: "Task") -> dict[str, Any]:
    """For programs: moments as UTC text, those that have not come as null."""
    from quantstrip.cli.session import moment_text

    found: dict[str, Any] = plain(task)
    return found | {name: moment_text(getattr(task, name)) or None for name in _MOMENTS}
