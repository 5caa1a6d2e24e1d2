"""``python -m quantstrip.operations.bell DATABASE COMMAND...``: waits for a task, then becomes COMMAND.

The worker turns into this while it has nothing to do: it keeps its process id, and needs a third of the memory. So
this module imports next to nothing. It looks at a counter that SQLite keeps in shared memory, and reads a row only
after somebody has written.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path

from quantstrip.clock import system_clock

LOOK_SECONDS = 0.25
_LOOKS_A_CONNECTION = 240
"""A database that was put in another's place is noticed within a minute."""
_WAITING = "SELECT 1 FROM task WHERE state IN ('queued', 'running') LIMIT 1"


def await_task(database: Path) -> None:
    """Return as soon as a task waits, or runs and may have nobody who answers for it."""
    while not _rings(database):
        pass


def _rings(database: Path) -> bool:
    """Look for a while over one connection."""
    raw = None
    try:
        raw = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        seen = -1
        for _ in range(_LOOKS_A_CONNECTION):
            version = raw.execute("PRAGMA data_version").fetchone()[0]
            if version != seen and raw.execute(_WAITING).fetchone() is not None:
                return True
            seen = version
            system_clock.wait(LOOK_SECONDS)
    except sqlite3.Error:  # not there yet, locked, older than the program: whoever asks for a task will be told
        system_clock.wait(LOOK_SECONDS)
    finally:
        if raw is not None:
            raw.close()
    return False


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # the worker held it while it became this
    await_task(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the worker's own command
