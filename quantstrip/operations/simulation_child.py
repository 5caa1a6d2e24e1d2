"""``python -m quantstrip.operations.simulation_child``: the process of a client on trial, a simulation or a rehearsal.

It dies with the process that started it, whatever it is doing. Before any line of the user's runs, the fence is up.
"""

import argparse
import faulthandler
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from quantstrip.client.fence import raise_fence
from quantstrip.client.guard import client_lock
from quantstrip.client.main import ending_process
from quantstrip.errors import QuantstripError
from quantstrip.home import VARIABLE, Home
from quantstrip.ledger import open_ledger
from quantstrip.model import ExitCode
from quantstrip.operations.simulation_home import client_name
from quantstrip.supervise.tether import tether

_MEGABYTE = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the process; its code is one of ``quantstrip.model.ExitCode``."""
    given = _parse(arguments)
    tether(given.parent, signal.SIGKILL)
    home, file = Home(given.home), given.file
    os.environ[VARIABLE] = str(home.root)
    raise_fence(given.real, given.home.parent, network=given.network, local=given.local)
    _limit(given.memory)
    name = client_name(file)
    try:
        _append_clients(given.real, file)
        open_ledger(home).store.disposable = True
        with client_lock(home, name):
            if given.rehearse is not None:
                from quantstrip.client.rehearsing import Rehearsing

                return Rehearsing(home, name, file, given.rehearse).run()
            from quantstrip.client.child import Child

            return Child(home, name, file=file).run()
    except QuantstripError as error:
        print(error, file=sys.stderr)
        return ExitCode.LOAD_ERROR


def _append_clients(real: Path, file: Path) -> None:
    """Let a file of the clients' folder import its helpers as it does when it is deployed."""
    clients = Home(real).clients
    if file.is_relative_to(clients):
        sys.path.append(str(clients))


def _limit(megabytes: int) -> None:
    if megabytes and sys.platform != "win32":
        import resource

        most, wanted = resource.getrlimit(resource.RLIMIT_DATA)[1], megabytes * _MEGABYTE
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, type=Path, help="the trial's own")
    parser.add_argument("--real", required=True, type=Path, help="the home that must not be touched")
    parser.add_argument("--file", required=True, type=Path)
    parser.add_argument("--parent", required=True, type=int)
    parser.add_argument("--memory", type=int, default=0, help="megabytes; 0 is no limit")
    parser.add_argument("--network", action="store_true")
    parser.add_argument("--local", action="store_true", help="with --network, this machine and private addresses too")
    parser.add_argument("--rehearse", help="what to rehearse, as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    faulthandler.enable()
    ending_process(main)
