"""How far a task is: told by its function as often as it likes, written to the ledger a few times a second at most."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quantstrip.errors import LedgerError, TaskCancelled
from quantstrip.ledger import Ledger
from quantstrip.log import logger

WRITE_SECONDS = 0.3
"""Shortest pause between two writes of one task's progress."""
BEAT_SECONDS = 2.0
"""Longest pause between two: the heartbeat of a task that says nothing."""


@dataclass
class Progress:
    """What a task's function tells its progress to.

    Attributes:
        fraction: how much is done, from 0 to 1; it never goes back.
        note: what is being done.
        cancelled: the task is to end; a plain flag, because a signal's handler sets it.
        heard: called at each word, for whoever shows it in this process.

    """

    fraction: float = 0.0
    note: str = ""
    cancelled: bool = False
    heard: Callable[["Progress"], None] | None = None

    def report(self, fraction: float, note: str | None = None) -> None:
        """Say how much is done, and what comes now; cheap enough for an inner loop.

        Raises:
            TaskCancelled: the task is to end now.

        """
        if self.cancelled:
            raise TaskCancelled("the task was cancelled")
        if fraction > self.fraction:
            self.fraction = min(1.0, fraction)
        if note is not None:
            self.note = note
        if self.heard is not None:
            self.heard(self)

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """Takes the progress of a part of the work, a fraction of that part, which spans ``begin`` to ``end``."""
        return lambda fraction: self.report(begin + (end - begin) * fraction)


@contextmanager
def beating(ledger: Ledger, task_id: int, progress: Progress) -> Iterator[None]:
    """While inside, a thread writes the progress and the heartbeat, and notices that the task was cancelled."""
    over = threading.Event()

    def beat() -> None:
        written, silent = (0.0, ""), 0.0
        while not over.wait(WRITE_SECONDS):
            now, silent = (progress.fraction, progress.note), silent + WRITE_SECONDS
            if now == written and silent < BEAT_SECONDS:
                continue
            try:
                if not ledger.note_task_progress(task_id, *now):
                    progress.cancelled = True
            except LedgerError as error:  # busy, a full disk: the work goes on, the next word may get through
                logger.warning("task {}: its progress is not written: {}", task_id, error.message)
            written, silent = now, 0.0

    thread = threading.Thread(target=beat, name="task-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
