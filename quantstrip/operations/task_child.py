"""``python -m quantstrip.operations.task_child ID --home DIR --worker PID``: the process that does one task.

It has low priority and, where one is set, a limit on its memory. It dies with its worker, whatever it is doing; at
SIGTERM its function ends at its next word about its progress.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.supervise.tether import tether

NICE = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the process: 0 where the task's end is recorded, whatever it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", type=int)
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--worker", required=True, type=int)
    parser.add_argument("--memory", type=int, default=0, help="megabytes; 0 is nine tenths of the machine's")
    given = parser.parse_args(arguments)
    tether(given.worker, signal.SIGKILL)
    from quantstrip.operations.task_progress import Progress

    progress = Progress()

    def stop(*_: object) -> None:
        progress.cancelled = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C of a terminal is the service's affair
    _be_modest(given.memory)
    from quantstrip.ledger import open_ledger
    from quantstrip.operations.task_run import perform

    home = Home(given.home)
    ledger = open_ledger(home)
    try:
        perform(home, ledger, ledger.task(given.task), progress)
    except QuantstripError as error:
        print(error, file=sys.stderr)  # into the task's output; the worker records that it ended
        return 1
    return 0


def _be_modest(megabytes: int) -> None:
    """Let clients go first, and take no more memory than allowed."""
    from quantstrip.operations.memory import bound_memory

    with suppress(OSError, AttributeError):
        os.nice(NICE)
    bound_memory(megabytes)


if __name__ == "__main__":
    sys.exit(main())
