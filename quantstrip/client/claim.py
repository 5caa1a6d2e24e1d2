"""One client for each strategy in one mode: positions are keyed by the strategy's name, whoever trades it.

A client claims the strategy for as long as its process lives, by a lock that the kernel lets go of. Where the lock is
free but the strategy's current run belongs to another client that should run, that one goes first: after a restart of
the service the same client trades the strategy as before, whichever process is the faster one.
"""

import atexit
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from quantstrip.client.guard import hold
from quantstrip.clock import Clock, system_clock
from quantstrip.errors import ClientLoadError
from quantstrip.home import Home, private_folder
from quantstrip.locks import take_lock
from quantstrip.log import logger

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

OWNER_SECONDS = 10.0
"""How long the client that traded the strategy last has to take it up again, before another one may."""
_POLL = 0.1
_LOOKS = 4
"""So many looks in a row must find the claim held: others hold it for an instant to look."""
_OWN_LOOKS = 20
"""As many, where an earlier process of this very client may be ending."""


def claim_strategy(
    home: Home, ledger: "Ledger", client: str, strategy: str, mode: str, *, clock: Clock = system_clock
) -> None:
    """Claim ``strategy`` in ``mode`` for ``client`` until this process ends.

    Raises:
        ClientLoadError: another client trades it; the message names that one.

    """
    path = claim_path(home, strategy, mode)
    private_folder(path.parent)
    deadline, held, told = clock.monotonic() + OWNER_SECONDS, 0, False
    while True:
        handle = take_lock(path)
        if handle is not None:
            os.ftruncate(handle, 0)  # a killed process left its name
            owner = _owner_to_come(ledger, client, strategy, mode)
            if not owner or clock.monotonic() >= deadline:
                _keep(handle, path, client)
                return
            if not told:
                logger.info("strategy {}: waiting for {}, which traded it last, to take it up again", strategy, owner)
            os.close(handle)
            held, told = 0, True
        elif (holder := _name_in(path)) is not None and held >= (_OWN_LOOKS if holder in {"", client} else _LOOKS):
            raise _taken(strategy, mode, client, holder)
        else:
            held += 1
        clock.wait(_POLL)


def claim_path(home: Home, strategy: str, mode: str) -> Path:
    """The lock file of a strategy in a mode; a strategy's name may hold what a file's may not."""
    digest = hashlib.sha256(f"{mode}\n{strategy}".encode()).hexdigest()[:16]
    return home.locks / f"strategy-{digest}.lock"


def _name_in(path: Path) -> str | None:
    """The client that wrote its name into a claim; None where the file has just gone."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _owner_to_come(ledger: "Ledger", client: str, strategy: str, mode: str) -> str:
    """The other client whose run of the strategy is the current one, which should run and does not yet; "" for none."""
    owners = [str(run["client"]) for run in ledger.strategy_runs(mode=mode) if run["strategy"] == strategy]
    owner = owners[-1] if owners else client
    row = ledger.get_client(owner) if owner != client else None
    if row is None or row["desired_state"] != "running" or not str(row["status_note"] or "").startswith("started"):
        return ""  # stopped, removed, given up, not to be loaded: the strategy is free
    lives = any(run["client"] == owner and run["next_job_time"] is not None for run in ledger.open_client_runs())
    return "" if lives else owner  # one that lives without the claim trades something else by now


def _taken(strategy: str, mode: str, client: str, holder: str) -> ClientLoadError:
    return ClientLoadError(
        f"the strategy {strategy!r} is traded by the client {holder!r} already, in the mode {mode}; positions are kept "
        f"by the strategy's name, so {client!r} cannot trade it as well",
        hint=f"Stop the other one (quantstrip stop {holder}), or give this strategy a name of its own: "
        "super().__init__(name=...) in its __init__, for a script another name of its file.",
    )


def _keep(handle: int, path: Path, client: str) -> None:
    hold(handle)
    os.write(handle, f"{client}\n".encode())
    atexit.register(_clear, path, os.getpid())  # the kernel lets go of the lock itself, however the process ends


def _clear(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a process that it forked ends through here too
        path.unlink(missing_ok=True)
