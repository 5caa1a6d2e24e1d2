"""``ClientBase``: what every client extends."""

import threading
from typing import Any, ClassVar, Literal

from quantstrip.client.context import ClientContext, current_context
from quantstrip.client.ending import Ending
from quantstrip.client.job import Job
from quantstrip.client.scheduler import Scheduler
from quantstrip.client.zones import zone_of
from quantstrip.clock import Clock
from quantstrip.errors import ClientLoadError
from quantstrip.log import logger
from quantstrip.model import Mode

ErrorPolicy = Literal["continue", "restart", "stop"]
MissedRuns = Literal["skip", "run_once"]
ERROR_POLICIES: tuple[ErrorPolicy, ...] = ("continue", "restart", "stop")
MISSED_RUNS: tuple[MissedRuns, ...] = ("skip", "run_once")
MODES = tuple(map(str, Mode))


class ClientBase:
    """Base class of all clients: a schedule, hooks, and a process of its own.

    Attributes:
        display_name: the name that screens show; the file's name by default.
        scheduler: ``schedule`` syntax, on the platform's clock and zone.
        error_policy: what a job that raises does to the client: ``continue`` goes on with the schedule, ``restart``
            ends the process and has it started anew, ``stop`` ends the client.
        missed_runs: what becomes of daily and weekly runs that fell into a sleep, a clock jump or a time without
            service: ``skip`` records them, ``run_once`` records them and runs the last of them late. Interval jobs
            never catch up.
        mode: whose money moves (``live``, ``paper``, ``replay``, ``simulation``): what the client writes to the ledger
            carries it. The setting ``clients.NAME.mode`` overrides it.
        timezone: IANA zone of times that name none; empty is the platform's (setting ``platform.timezone``).

    Example:
        >>> class Client(ClientBase):
        ...     def __init__(self, *args):
        ...         super().__init__()
        ...         self.scheduler.every().day.at("15:45", "America/New_York").do(self.job)
        ...     def job(self):
        ...         ...

    """

    error_policy: ClassVar[ErrorPolicy] = "continue"
    missed_runs: ClassVar[MissedRuns] = "skip"
    timezone: ClassVar[str] = ""
    mode: str = "live"

    display_name: str
    scheduler: Scheduler
    _context: ClientContext
    _stop: threading.Event
    _wake: threading.Event

    def __new__(cls, *args: Any, **kwargs: Any) -> "ClientBase":  # noqa: ARG004, PYI034 - typed as object.__new__ is
        """Prepare the schedule before any ``__init__`` runs: a forgotten ``super().__init__()`` costs nothing."""
        client = super().__new__(cls)
        context = current_context()
        client._context = context
        client._stop = threading.Event()
        client._wake = threading.Event()
        zone = zone_of(cls.timezone) if cls.timezone else context.zone
        client.scheduler = Scheduler(context.clock, zone)
        client.mode = str(context.settings.get("mode", "") or cls.mode)
        client.display_name = getattr(cls, "display_name", "") or context.name or cls.__name__
        return client

    def __init__(self, *args: Any) -> None:
        """Take and ignore the arguments that published examples pass on."""

    @property
    def name(self) -> str:
        """The client's name, the stem of its file."""
        return self._context.name

    @property
    def clock(self) -> Clock:
        """The clock that the schedule follows."""
        return self._context.clock

    @property
    def stopping(self) -> bool:
        """True once the client was asked to end: a long job may look here and finish early."""
        return self._stop.is_set()

    def stop_client(self) -> None:
        """End the client: no further job starts, ``on_stop`` is called, the process ends and is not restarted."""
        self.scheduler.halt()
        self._stop.set()
        self._wake.set()

    def _prepare(self) -> None:
        """Check and build whatever can be refused before the client starts."""

    def _policy_after(self, job: Job | None, error: Exception) -> ErrorPolicy:
        """Tell ``on_error``, and say which policy holds; a hook that is wrong itself leaves the class's."""
        try:
            chosen = self.on_error(job, error)
        except Exception as second:  # noqa: BLE001 - the hook is user code
            logger.opt(exception=second).error("on_error of {} raised: {}", self.name, second)
            chosen = None
        if chosen is not None and chosen not in ERROR_POLICIES:
            logger.error("on_error returns one of {}, got {!r}", ", ".join(ERROR_POLICIES), chosen)
            chosen = None
        return chosen or self.error_policy

    def _begin(self) -> None:
        """Start what runs beside the schedule; before ``on_start``."""

    def _finish(self) -> Ending | None:
        """Wait for what runs beside the schedule; before ``on_stop``. Its ending, where that is the client's."""
        return None

    def on_start(self) -> None:
        """Called once, before the first job; jobs may be scheduled here too."""

    def on_stop(self) -> None:
        """Called once, after the last job; not after a crash."""

    def on_error(self, job: Job | None, error: Exception) -> ErrorPolicy | None:
        """Called when ``job`` raised ``error`` (None: the strategy); may return a policy for this one error."""


def check_attributes(client: ClientBase) -> None:
    """Refuse a client whose attributes mean nothing.

    Raises:
        ClientLoadError: an unknown policy, or a zone set too late.

    """
    known = (("error_policy", ERROR_POLICIES), ("missed_runs", MISSED_RUNS), ("mode", MODES))
    for attribute, choices in known:
        value = getattr(client, attribute)
        if value not in choices:
            # The hint recommends no choice: the first mode is live, and a mistyped "paper" must not end there.
            setting = f", or in the setting clients.{client.name or 'NAME'}.mode" if attribute == "mode" else ""
            raise ClientLoadError(
                f"{attribute} is one of {', '.join(choices)}; got {value!r}",
                hint=f"Correct it where it is set: in the class{setting}.",
            )
    if client.timezone != type(client).timezone:
        raise ClientLoadError(
            "timezone was set on the client after its schedule was made",
            hint=f"Set it in the class, above __init__: timezone = {client.timezone!r}",
        )
