"""How a command that failed says so: a message for people, an object for programs, the trace for the log."""

import json
import sys
import traceback

import click

from quantstrip.cli.session import Session
from quantstrip.errors import QuantstripError

FAILED, INTERRUPTED = 1, 130


def report(session: Session | None, error: BaseException, *, as_json: bool) -> int:
    """Tell what went wrong, on stderr and with ``--json`` on stdout too; returns the exit code.

    Args:
        session: the invocation; None where its own options were wrong.
        error: what ended the command.
        as_json: the command was asked for JSON, and stdout must be one value whatever happens.

    """
    code = FAILED
    if isinstance(error, click.ClickException):
        error.show()
        code, message, hint = error.exit_code, error.format_message(), ""
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        code, message, hint = INTERRUPTED, f"Stopped by the user{_where(error)}.", ""
        click.echo(message, err=True)
    else:
        message, hint = _explained(error)
        hint = _named(session, hint)
        click.echo(f"Error: {message}" + (f"\n{hint}" if hint else ""), err=True)
        kept = _keep_trace(session, error, message)
        if not kept and not isinstance(error, QuantstripError | OSError):
            traceback.print_exception(error)  # a fault of the program, and no log to keep it in
    if as_json and not (session and session.printed_json):
        usage = isinstance(error, click.UsageError)
        kind = "Interrupted" if code == INTERRUPTED else "UsageError" if usage else type(error).__name__
        told = {"type": kind, "message": message, "hint": hint, "exit_code": code}
        click.echo(json.dumps({"error": told}, indent=2))
    return code


def _explained(error: BaseException) -> tuple[str, str]:
    """Message and hint of an error; one that nobody foresaw names itself."""
    if isinstance(error, QuantstripError):
        return error.message, error.hint
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return (
            f"{where}{error.strerror}",
            "See that the file is there, that you may use it, and that the disk has room.",
        )
    hint = "This is a fault of the program. The trace is in logs/commands.log of the home; please report it."
    return f"{type(error).__name__}: {error}", hint


def _where(error: BaseException) -> str:
    """Where the user's own code was when it was stopped: a loop without end is found by that."""
    from quantstrip.operations.traces import own_place_of

    interrupt = error.__context__ if isinstance(error, click.Abort) and error.__context__ else error
    file, line = own_place_of("".join(traceback.format_tb(interrupt.__traceback__)))
    return f" in {file}, line {line}" if file and file != sys.argv[0] else ""


def _named(session: Session | None, hint: str) -> str:
    try:
        return session.named(hint) if session else hint
    except OSError:  # the working folder is gone, or a folder above may not be read
        return hint


def _keep_trace(session: Session | None, error: BaseException, message: str) -> bool:
    """Write the trace to the home's log; False where there is none, or it cannot be written."""
    try:
        home = session.home if session else None
        if home is None or not home.exists():
            return False
        from quantstrip.log import close_stream, logger, open_stream

        open_stream(home, "commands")
    except (QuantstripError, OSError):
        return False  # a home that may not be written: the message has been told
    logger.opt(exception=error).error("{}", message)
    close_stream()
    return True
