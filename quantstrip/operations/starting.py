"""What became of a client that was just started: it lives, it has ended, or it takes longer than one waits."""

from dataclasses import dataclass

from quantstrip.clock import SECOND, Clock, system_clock
from quantstrip.errors import ClientNotFound, ClientNotStarted
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations.client_status import PROBLEMS, ClientStatus, StatusReader
from quantstrip.operations.settings import manager_of
from quantstrip.operations.traces import error_of
from quantstrip.supervise.book import ClientRow, RunRow, client_row, run_row
from quantstrip.supervise.options import start_wait_seconds
from quantstrip.supervise.policy import Mark

_PAUSE = 0.05
_RUNS = 20
_ON_START_SECONDS = 5
_TRIED_AGAIN = frozenset({"backoff", "starting", "running"})


@dataclass(frozen=True, slots=True)
class Start:
    """How a start went.

    Attributes:
        status: the client afterwards. ``starting`` means that it took longer than the wait: nothing is known yet.
        error: what ended it, "" where nothing did.
        trace: the whole trace of that.

    """

    status: ClientStatus
    error: str = ""
    trace: str = ""

    def where(self, home: Home) -> str:
        """What to read, and what follows."""
        again = "\nThe service tries it again by itself." if self.status.state in _TRIED_AGAIN else ""
        return f"The whole trace: quantstrip --home {home.root} logs {self.status.name}{again}"


def await_start(home: Home, name: str, seconds: float | None = None, *, clock: Clock = system_clock) -> Start:
    """Wait for the life or the end of a client that a person has just started.

    Args:
        home: its home.
        name: the client.
        seconds: how long at most; the setting ``service.start_wait_seconds`` where None.
        clock: tells when that is over.

    Raises:
        ClientNotFound: there is none of that name.

    """
    ledger = open_ledger(home)
    limit = start_wait_seconds(manager_of(home)) if seconds is None else seconds
    deadline = clock.monotonic() + limit
    while not (runs := _known(ledger, name)) and clock.monotonic() < deadline:
        clock.wait(_PAUSE)
    while (status := StatusReader(home, ledger).one(_row(ledger, name))).state == "stopping":
        if clock.monotonic() >= deadline:
            break
        clock.wait(_PAUSE)
    failed = next((run for run in runs if run.outcome in PROBLEMS), None)
    return Start(status, error_of(failed.trace) or failed.outcome, failed.trace) if failed else Start(status)


def check_start(home: Home, name: str, seconds: float | None = None) -> ClientStatus:
    """``await_start``, where a client that ended is an error.

    Raises:
        ClientNotStarted: with the error that ended it, and where its trace is.

    """
    start = await_start(home, name, seconds)
    if start.error:
        what = "cannot be loaded" if start.status.state == "load_error" else "was started and failed"
        raise ClientNotStarted(f"{name} {what}: {start.error}", hint=start.where(home))
    return start.status


def _known(ledger: Ledger, name: str) -> list[RunRow]:
    """Runs since the client was started, oldest first; none while nothing is known of the newest."""
    row = _row(ledger, name)
    runs = [run_row(each) for each in ledger.client_runs(name, limit=_RUNS)]
    if row.mark is not Mark.NONE:  # the warden was faster: its mark is of the newest run, and is younger than that
        return [run for run in runs[:1] if run.ended is not None]
    runs = [run for run in runs if run.started >= row.since]
    told = runs and (_lives(runs[0]) or runs[0].ended or any(run.outcome in PROBLEMS for run in runs))
    return runs[::-1] if told else []


def _lives(run: RunRow) -> bool:
    """It beats and its ``on_start`` is done, or takes so long that it will not fail at once."""
    return run.beat is not None and (run.begun or run.beat - run.started > _ON_START_SECONDS * SECOND)


def _row(ledger: Ledger, name: str) -> ClientRow:
    found = ledger.get_client(name)
    if found is None:
        raise ClientNotFound(f"no client {name!r} is deployed", hint="See: quantstrip status")
    return client_row(found)
