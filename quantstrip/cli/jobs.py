"""``job list, runs, run``."""

from typing import TYPE_CHECKING

import click

from quantstrip.cli.session import (
    Session,
    json_option,
    local_text,
    moment_text,
    pass_session,
    plain,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from quantstrip.operations.jobs import JobRunInfo

_MOMENTS = ("due", "started", "finished", "asked")


@click.group()
def job() -> None:
    """Jobs of clients: what runs next, what ran; run one now."""


@job.command("list")
@click.argument("name", required=False)
@json_option
@pass_session
def list_(session: Session, name: str | None, as_json: bool) -> None:
    """List the jobs of client NAME, or of all clients that run, the next one first."""
    from quantstrip.operations import jobs

    found = jobs.planned(session.existing_home(), name)
    if as_json:
        print_json([_plain(each) for each in found])
        return
    if not found:
        click.echo("No job is planned." if name is None else f"No job of {name} is known.")
        return
    print_table(("CLIENT", "DUE", "JOB"), [(each.client, local_text(each.due), each.job) for each in found])


@job.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Most to show.")
@json_option
@pass_session
def runs(session: Session, name: str | None, limit: int, as_json: bool) -> None:
    """Show the newest runs of jobs, of client NAME or of all: when they were due, when they ran, how they ended."""
    from quantstrip.operations import jobs

    found = jobs.job_runs(session.existing_home(), name, limit)
    if as_json:
        print_json([_plain(each) for each in found])
        return
    if not found:
        click.echo("No job ran yet.")
        return
    rows = [
        (each.client, local_text(each.due), local_text(each.started), _seconds(each), _how(each), each.job)
        for each in found
    ]
    print_table(("CLIENT", "DUE", "RAN", "TOOK", "OUTCOME", "JOB"), rows)


@job.command()
@click.argument("name")
@click.argument("job", metavar="JOB")
@click.option("--no-wait", is_flag=True, help="Return as soon as it is asked for.")
@json_option
@pass_session
def run(session: Session, name: str, job: str, no_wait: bool, as_json: bool) -> int:
    """Have the running client NAME run JOB now, and wait for its end. Exits with 1 when it fails or does not run.

    JOB is a line of 'quantstrip job list NAME', or as much of its beginning as no other job shares: mostly the name of
    the function. It runs in the client's own loop, after the job that runs, and its schedule stays as it is.
    """
    from quantstrip.operations import jobs

    home = session.existing_home()
    found = jobs.ask(home, name, job, by="quantstrip job")
    if not no_wait:
        found = jobs.wait(home, found.id)
    if as_json:
        print_json(_plain(found))
    elif no_wait:
        click.echo(f"{name}: {found.job} is asked for")
    else:
        click.echo(f"{name}: {found.job} {found.words}")
    return int(found.over and found.outcome not in ("ok", "overrun"))


def _seconds(run: "JobRunInfo") -> str:
    return "-" if run.seconds is None else f"{run.seconds:.1f} s"


def _how(run: "JobRunInfo") -> str:
    marks = [mark for mark, given in (("late", run.late), ("by hand", run.by_hand)) if given]
    return run.outcome + (f" ({', '.join(marks)})" if marks else "")


def _plain(found: object) -> dict[str, object]:
    """For programs: moments are UTC text, null where they have not come."""
    row: dict[str, object] = plain(found)
    given = {name: value for name, value in row.items() if name in _MOMENTS and isinstance(value, int)}
    return row | {name: moment_text(value) or None for name, value in given.items()}
