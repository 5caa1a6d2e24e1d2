"""``python -m quantstrip.operations.notifier --home DIR``: the process that drains the outbox, for the supervisor.

It ends within seconds of SIGTERM, between two messages, and when its parent dies.
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
from quantstrip.ledger import open_ledger
from quantstrip.log import logger, open_configured
from quantstrip.notify.notifier import PAUSE_SECONDS, Notifier
from quantstrip.supervise.tether import tether

_AFTER_TROUBLE_SECONDS = 5.0


def run(notifier: Notifier) -> None:
    """Drain until told to stop; a locked database or a broken settings file passes, and mail goes out later."""
    logger.info("the notifier looks after the outbox")
    while not notifier.stopping:
        pause = PAUSE_SECONDS
        try:
            notifier.run_once()
        except QuantstripError as error:
            logger.opt(exception=error).error("this pass failed, the next comes in a moment: {}", error)
            pause = _AFTER_TROUBLE_SECONDS
        until = system_clock.monotonic() + pause
        while not notifier.stopping and system_clock.monotonic() < until:
            system_clock.wait(min(0.25, pause))
    logger.info("the notifier has ended")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    home = Home(parser.parse_args(arguments).home)
    tether(os.getppid())
    settings = SettingsManager(home)
    open_configured(home, "notifier", settings, capture_output=True)
    notifier = Notifier(open_ledger(home), settings, home)

    def stop(*_: object) -> None:
        notifier.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    run(notifier)
    return 0


if __name__ == "__main__":
    sys.exit(main())
