"""``python -m quantstrip.supervise.warden --home DIR``: supervisord's event listener, which looks after the clients."""

import argparse
import os
import sys
from pathlib import Path

from quantstrip.clock import system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import QuantstripError, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.log import logger, open_stream
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.events import CLOSED, Event, EventReader
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
    reader.start()
    logger.info("the warden looks after the clients of {}", home.root)
    pause = 0.0
    while not _over(reader.take(pause)):
        try:
            reconciler.policy = restart_policy(settings)
            reconciler.stop_seconds = stop_seconds(settings)
            pause = reconciler.run_once()
        except ServiceNotRunning:
            logger.info("the service is going down; the warden stands aside")
            pause = 1.0
        except QuantstripError as error:
            # A locked database or a broken settings file passes; clients are looked after again a moment later.
            logger.opt(exception=error).error("this pass failed, the next comes in a second: {}", error)
            pause = 1.0


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
    open_stream(home, "service")
    run(home, EventReader(source, sink))
    sys.exit(0)


if __name__ == "__main__":
    main()
