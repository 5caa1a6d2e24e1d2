"""What a client started ends with it, also when the client was killed and could not see to it itself."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

import psutil

from quantstrip.log import logger
from quantstrip.supervise.events import Event
from quantstrip.supervise.names import client_of

_ENDS = frozenset({"PROCESS_STATE_EXITED", "PROCESS_STATE_STOPPED"})


def end_leftovers(events: Iterable[Event]) -> None:
    """Kill what is left of the process groups of clients that have ended.

    supervisord makes each client the leader of a group. While members are left, the kernel gives the leader's number
    to no other process: where it is in use again, the group is gone and belongs to somebody else.
    """
    for event in events:
        client = client_of(event.fields.get("processname", ""))
        group = int(event.fields.get("pid", 0))
        if event.name not in _ENDS or client is None or group <= 1 or psutil.pid_exists(group):
            continue
        with suppress(ProcessLookupError):  # the usual case: nobody is left
            os.killpg(group, signal.SIGKILL)
            logger.warning("client {}: what it had started was still there and was killed", client)
