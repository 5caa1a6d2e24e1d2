"""Summaries that are cut off, run by the tests.

``eod_cut_off.py kill TEMPLATE FOLDER``: a child for each statement of deciding and queueing; the n-th kills itself with
SIGKILL just before its n-th statement, in the home ``FOLDER/n``, a copy of TEMPLATE. Prints how many there are.

``eod_cut_off.py send HOME``: what the shipped client does when it is due; prints what became of it.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import eod


def send(home: Home, made: eod.Summary | None = None) -> str:
    """Decide and send; ``made`` saves making the summary, which writes nothing."""
    due = eod.due_now(home)
    return "done" if eod.is_done(home, due) else eod.deliver(home, made or eod.summarise(home, due)).words


def kill_itself_at(home: Home, statement: int) -> None:
    """Arrange for this process to be killed just before the n-th statement of the ledger's writer."""
    seen = 0

    def count(_sql: str) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    ledger = open_ledger(home)
    ledger.start_client_run("eod_summary", os.getpid(), "code", "live")
    with ledger.store.write() as transaction:
        transaction.raw.set_trace_callback(count)


def kill(template: Path, folder: Path) -> None:
    """One child after the other, until one gets to its end."""
    made = eod.summarise(Home(template), eod.due_now(Home(template)))
    open_ledger(Home(template)).close()
    statement = 0
    while True:
        statement += 1
        home = Home(Path(shutil.copytree(template, folder / str(statement))))
        child = os.fork()
        if child == 0:
            kill_itself_at(home, statement)
            send(home, made)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(statement if os.waitstatus_to_exitcode(status) == 0 else f"failed at {statement}", flush=True)
            return


if __name__ == "__main__":
    if sys.argv[1] == "kill":
        kill(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(send(Home(Path(sys.argv[2]))))
