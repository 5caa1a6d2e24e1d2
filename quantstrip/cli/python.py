"""``python``: run a file of the user's own."""

from pathlib import Path

import click

from quantstrip.cli.session import FilePath, Session, pass_session


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_session
def python(session: Session, file: Path, arguments: tuple[str, ...]) -> int:
    """Run FILE as Python runs a script, with the home's packages, and the import names of strategy files.

    It is for trying a strategy by hand: what FILE imports as core.models, core.enums, strategies.base and
    strategies.vectorized is what a strategy's file gets. Modules of yours with such names win.
    """
    from quantstrip.operations.python_file import run_file

    return run_file(session.readable_home(), file, arguments)
