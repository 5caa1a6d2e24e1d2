"""``python -m quantstrip.supervise.warden --home DIR``: supervisord's event listener, which looks after the clients."""

import argparse
import os
import signal
import sys
from pathlib import Path

from quantstrip.clock import DAY, Clock, Micros, system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import QuantstripError, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.log import logger, open_configured
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.ends import tell_ends
from quantstrip.supervise.events import CLOSED, Event, EventReader
from quantstrip.supervise.leftovers import end_leftovers
from quantstrip.supervise.options import restart_policy, stop_seconds
from quantstrip.supervise.reconcile import Reconciler
from quantstrip.supervise.record import read_record

_STOPPING = "SUPERVISOR_STATE_CHANGE_STOPPING"


def run(home: Home, reader: EventReader) -> None:
    """Look after the clients of ``home`` until supervisord stops or is gone."""
    settings = SettingsManager(home)
    record = read_record(home)
    started = record.started if record else system_clock.now()
    reconciler = Reconciler(home, SupervisordSupervisor(home), open_ledger(home), started)
    housekeeping = Housekeeping(reconciler.ledger, settings)
    reader.start()
    logger.info("the warden looks after the clients of {}", home.root)
    pause, told = 0.0, ""
    while not _over(events := reader.take(pause)):
        end_leftovers(events)
        try:
            reconciler.policy = restart_policy(settings)
            reconciler.stop_seconds = stop_seconds(settings)
            pause = reconciler.run_once()
            tell_ends(reconciler.ledger, events)
            housekeeping.run_if_due()
            told = ""
        except ServiceNotRunning:
            logger.info("the service is going down; the warden stands aside")
            pause = 1.0
        except QuantstripError as error:
            # A locked database or a broken settings file passes; clients are looked after again a moment later. Until
            # then none is started: it would read the same file and be given up as one that does not load.
            if error.message != told:
                logger.opt(exception=error).error("this pass failed, one comes each second until then: {}", error)
            pause, told = 1.0, error.message


class Housekeeping:
    """Forgets old records of jobs and runs, at the start and then once a day (``ledger.job_retention_days``)."""

    def __init__(self, ledger: Ledger, settings: SettingsManager, clock: Clock = system_clock) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._due: Micros = 0

    def run_if_due(self) -> None:
        """Do it when a day has passed since the last time."""
        now = self._clock.now()
        if now < self._due:
            return
        self._due = now + DAY
        forgotten = self._ledger.prune(int(self._settings.get("ledger.job_retention_days", 90)))
        logger.info("{} old records of jobs and runs were forgotten", forgotten)


def _over(events: list[Event]) -> bool:
    return any(event is CLOSED or event.name == _STOPPING for event in events)


def main(arguments: list[str] | None = None) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    home = Home(parser.parse_args(arguments).home)
    # stdin and stdout are the protocol's: nothing else may ever write there.
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that locks are let go of in order
    open_configured(home, "service", SettingsManager(home))
    run(home, EventReader(source, sink))
    sys.exit(0)


if __name__ == "__main__":
    main()
