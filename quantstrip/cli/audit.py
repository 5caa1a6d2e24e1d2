"""``audit verify, head, acts, rotate``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.ledger.audit_found import Problem, Verification

_SHOWN = 100  # characters of one value of a row


@click.group("audit")
def audit() -> None:
    """Show that nobody changed orders, fills and positions behind the platform's back."""


@audit.command(short_help="Check every row against the audit chain.")
@click.option("--since", metavar="DAY", help="Only what was written from this day or moment on (UTC).")
@click.option("--head", "recorded", metavar="SEQ:MAC", help="A head that was written down: shows a cut tail too.")
@click.option("--database", type=FilePath(), metavar="FILE", help="Check a copy, such as a backup.")
@json_option
@pass_session
def verify(session: Session, since: str | None, recorded: str | None, database: Path | None, as_json: bool) -> int:
    """Name the first row that was altered, inserted or removed from outside. Exits with 1 when there is one.

    Clients may write meanwhile: what is checked is one moment.
    """
    from quantstrip.operations import audit as operations

    home = session.existing_home()
    with _Progress(shown=not as_json and sys.stderr.isatty()) as progress:
        found = operations.verify(home, since=since, recorded=recorded, database=database, progress=progress.to)
    if as_json:
        told = {name: getattr(found, name) for name in found.__dataclass_fields__}
        problem = found.problem
        told["problem"] = problem and {name: getattr(problem, name) for name in (*problem.__dataclass_fields__, "todo")}
        print_json({"ok": found.ok} | told)
    else:
        _tell(found)
    return 0 if found.ok else 1


@audit.command(short_help="Print the chain's newest link, to be written down.")
@json_option
@pass_session
def head(session: Session, as_json: bool) -> None:
    """Print SEQUENCE:MAC of the newest link. Keep it elsewhere: with it a chain that was cut shows."""
    from quantstrip.operations import audit as operations

    found = operations.head(session.existing_home())
    if as_json:
        print_json(found)
    else:
        click.echo(found.head or "There is no audit chain yet.")
        if found.head and not found.is_on:
            click.echo("The audit is off. On: quantstrip settings set ledger.audit true", err=True)


@audit.command(short_help="List what people changed beside the audited tables.")
@click.option("-n", "limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="The newest so many.")
@json_option
@pass_session
def acts(session: Session, limit: int, as_json: bool) -> None:
    """List what people wrote by SQL, and what they changed of static data and users, the newest first."""
    from quantstrip.operations import audit as operations

    found = operations.acts(session.existing_home(), limit)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("Nobody has written by SQL or changed static data or users since the audit tells of it.")
        return
    rows = [[one.sequence, one.time[:19], one.kind, one.by, one.user, one.rows_in_words, " ".join(one.what.split())]
            for one in found]  # fmt: skip
    print_table(["LINK", "TIME (UTC)", "KIND", "ASKED BY", "USER", "ROWS", "WHAT"], rows)


@audit.command(short_help="Change the chain's key.")
@click.option("--lost", is_flag=True, help="The old key is gone: begin anew. What was linked cannot be checked then.")
@json_option
@pass_session
def rotate(session: Session, lost: bool, as_json: bool) -> None:
    """Carry the chain on with a new key; the old one stays in settings/audit.key, to check what it was used for."""
    from quantstrip.operations import audit as operations

    key_id = operations.rotate(session.existing_home(), lost=lost)
    if as_json:
        print_json({"key": key_id})
    else:
        click.echo(f"The chain goes on with the key {key_id}. Keep a copy of settings/audit.key in a safe place.")


def _tell(found: "Verification") -> None:
    """What was checked, what was found, what is not covered, what to do."""
    if not found.head:
        click.echo("There is no audit chain: nothing is covered.")
        click.echo("If there was one before, all of its links were removed. Look at the newest backup.")
        return
    begin = f", from link {found.first} on" if found.first > 1 else ""
    click.echo(f"Checked: {found.rows:,} rows, {found.links:,} links{begin}. Head: {found.head}")
    for gap in found.gaps:
        click.echo(f"Not covered: {gap}.")
    for table, count in found.uncovered.items():
        click.echo(f"Not covered: {count:,} rows of {table}, without a link of what was checked.")
    for table, count in found.changed_while_off.items():
        click.echo(f"Not covered: {count:,} rows of {table} changed while the audit was off.")
    if found.problem is None:
        click.echo("Everything that is covered is as the platform wrote it.")
    else:
        _tell_problem(found.problem)


def _tell_problem(problem: "Problem") -> None:
    click.echo(f"\nFOUND: {problem.kind}")
    click.echo(f"  what   {problem.what}")
    click.echo("  where  " + (f"{problem.table}, " if problem.table else "") + f"link {problem.sequence}")
    click.echo(f"  when   {_when(problem)}")
    if problem.who:
        click.echo(f"  who    wrote it then: {problem.who}")
    if problem.row:
        pairs = (f"{name}={_short(value)}" for name, value in problem.row.items())
        click.echo("  now    " + ", ".join(pairs))
    click.echo(f"  to do  {problem.todo}")
    click.echo("This is the first one; there may be more behind it.")


def _when(problem: "Problem") -> str:
    if not problem.written:
        return "unknown: the platform did not write it"
    return f"after {problem.written} UTC, when the platform wrote it"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


class _Progress:
    """A bar on stderr, where somebody watches."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._done = 0
        self._bar = click.progressbar(length=0, label="Verifying", file=sys.stderr) if shown else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None and self._done:
            self._bar.render_finish()

    def to(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.length = total
            self._bar.update(done - self._done)
            self._done = done
