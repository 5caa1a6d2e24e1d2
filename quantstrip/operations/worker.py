"""``python -m quantstrip.operations.worker --home DIR``: the process that has tasks done, for the supervisor.

Each task runs in a child of its own. The worker records the end of those that died without a word, and ends those that
are cancelled. With nothing to do it becomes ``quantstrip.operations.bell``. It ends at SIGTERM, with its children, and
when its parent dies.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from quantstrip.clock import system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.tasks import QUEUED, RUNNING
from quantstrip.log import close_stream, logger, open_configured
from quantstrip.operations.task_children import Children
from quantstrip.operations.task_kinds import REPORT, ROOM, TRIAL, WORK
from quantstrip.operations.tasks import prune
from quantstrip.supervise.tether import tether

PASS_SECONDS = 0.2
IDLE_SECONDS = 10.0
"""So long it stays what it is after its last task: starting anew takes a third of a second."""
_AFTER_TROUBLE_SECONDS = 5.0


class Worker:
    """Has tasks done until it is told to stop, or has been idle for a while.

    Attributes:
        stopping: set to end; a plain flag, because a signal's handler sets it.

    """

    def __init__(self, home: Home, ledger: Ledger, settings: SettingsManager) -> None:
        self.home, self.ledger, self.settings = home, ledger, settings
        self.children = Children(home, ledger)
        self.stopping = False

    def run(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Work; whatever went wrong in a pass is logged, and the next one comes in a moment."""
        idle_since = system_clock.monotonic()
        self._housekeeping()
        while not self.stopping and system_clock.monotonic() - idle_since < idle_seconds:
            pause = PASS_SECONDS
            try:
                if self.run_once():
                    idle_since = system_clock.monotonic()
            except QuantstripError as error:
                logger.opt(exception=error).error("this pass failed, the next comes in a moment: {}", error)
                pause = _AFTER_TROUBLE_SECONDS
            until = system_clock.monotonic() + pause
            while not self.stopping and system_clock.monotonic() < until:
                system_clock.wait(min(PASS_SECONDS, pause))
        self.children.end_all()

    def run_once(self) -> bool:
        """One pass; True while there is anything to do."""
        asked = {WORK: "worker.parallel", REPORT: "worker.reports", TRIAL: "worker.trials"}
        self.children.room = {
            lane: int(self.settings.get(asked[lane], most)) if lane in asked else most for lane, most in ROOM.items()
        }
        self.children.memory_megabytes = int(self.settings.get("worker.memory_megabytes", 0))
        self.children.cancel_seconds = float(self.settings.get("worker.cancel_seconds", 10.0))
        self.children.reap()
        self.children.end_cancelled()
        self.children.settle_orphans()
        self.children.start_queued()
        return any(self.ledger.tasks(state, 1) for state in (QUEUED, RUNNING))

    def _housekeeping(self) -> None:
        try:
            if count := prune(self.home, int(self.settings.get("worker.keep_days", 90))):
                logger.info("{} old tasks were forgotten", count)
        except QuantstripError as error:
            logger.opt(exception=error).error("old tasks are not forgotten: {}", error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the process; where it was idle for a while, it goes on as the bell and does not return."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without a task before it waits")
    given = parser.parse_args(arguments)
    home = Home(given.home)
    tether(os.getppid())
    settings = SettingsManager(home)
    open_configured(home, "worker", settings, capture_output=True)
    ledger = open_ledger(home)
    worker = Worker(home, ledger, settings)

    def stop(*_: object) -> None:
        worker.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logger.info("the worker looks after the tasks")
    worker.run(given.idle)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # one that comes now waits until the bell takes it
    if not worker.stopping:
        _become_the_bell(home, ledger, given.idle)
    logger.info("the worker has ended")
    return 0


def _become_the_bell(home: Home, ledger: Ledger, idle_seconds: float) -> None:
    """Go on as the bell, in this process, which becomes a worker again."""
    ledger.close()
    close_stream()
    python = [sys.executable, "-P", "-m"]
    worker = [*python, "quantstrip.operations.worker", "--home", str(home.root), "--idle", str(idle_seconds)]
    os.execv(sys.executable, [*python, "quantstrip.operations.bell", str(home.database), *worker])  # noqa: S606 - ours


if __name__ == "__main__":
    sys.exit(main())
