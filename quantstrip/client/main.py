"""The process of one client: ``python -m quantstrip.client NAME --home DIR``."""

import argparse
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from quantstrip.client.child import Child
from quantstrip.client.guard import client_lock, die_with_parent, end_helpers, is_orphan
from quantstrip.errors import ClientBusy, LedgerError, QuantstripError, SchemaMismatch
from quantstrip.home import VARIABLE, find_home
from quantstrip.model import ExitCode

_LOCK_WAIT = 2.0
_LINGER = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one client until it ends; returns its exit code (``quantstrip.model.ExitCode``)."""
    options = _parse(arguments)
    die_with_parent()
    home = find_home(options.home)
    os.environ[VARIABLE] = str(home.root)  # settings and db_handler of the client's code are this home's
    file = Path(options.file).resolve() if options.file else None
    name = options.name or (file.parent.name if file and file.name == "__init__.py" else file.stem if file else "")
    if is_orphan(home):
        return ExitCode.STOPPED
    supervised = "SUPERVISOR_ENABLED" in os.environ
    try:
        with client_lock(home, name, wait=_LOCK_WAIT if supervised else 0.0):
            return Child(home, name, file=file, supervised=supervised).run()
    except ClientBusy as error:
        print(error, file=sys.stderr)
        return ExitCode.LOCKED
    except QuantstripError as error:  # before there was a ledger to record it in
        print(error, file=sys.stderr)
        # A ledger that is busy or on a full disk may answer later; another version of it will not.
        passing = isinstance(error, LedgerError) and not isinstance(error, SchemaMismatch)
        return ExitCode.CRASHED if passing else ExitCode.LOAD_ERROR


def run_process() -> None:
    """The process of a client."""
    faulthandler.enable()
    ending_process(main)


def ending_process(entry: Callable[[], int]) -> None:
    """``entry``, then the end of the process and of those it started, also when threads of its code do not end."""
    code = int(entry())
    for number in (signal.SIGTERM, signal.SIGINT):  # it has ended already: its own exit code stands
        signal.signal(number, signal.SIG_IGN)
    timer = threading.Timer(_LINGER, os._exit, [code])
    timer.daemon = True
    timer.start()
    end_helpers()
    sys.exit(code)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m quantstrip.client", description="Run one client in this process.")
    parser.add_argument("name", nargs="?", default="", help="name of a deployed client")
    parser.add_argument("--home", default=None, help="the home; QUANTSTRIP_HOME or the nearest one by default")
    parser.add_argument("--file", default=None, help="run this file, deployed or not, in the foreground")
    options = parser.parse_args(arguments)
    if not options.name and not options.file:
        parser.error("name a deployed client, or a file with --file")
    return options
