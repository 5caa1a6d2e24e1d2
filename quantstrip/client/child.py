"""One client in its process: log, ledger, heartbeat, load, life, and the record of why it ended."""

import hashlib
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip import overlay
from quantstrip.client.base import MODES, ClientBase, check_attributes
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.describe import describe
from quantstrip.client.ending import STOPPED, Ending, StopTimeout, crash, trace_of
from quantstrip.client.heartbeat import Heartbeat
from quantstrip.client.loader import construct, find_file, load_file, load_module, load_trace
from quantstrip.client.loop import ClientLoop
from quantstrip.client.records import tell
from quantstrip.client.signals import stop_on_signals
from quantstrip.client.zones import default_zone
from quantstrip.clock import Clock, from_text, system_clock, to_text
from quantstrip.config import settings
from quantstrip.errors import ClientNotFound, LedgerError, QuantstripError, SettingsError
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.log import close_stream, logger, open_configured
from quantstrip.model import ExitCode, Mode

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

_DEFAULT_STOP = 20.0
_DEFAULT_BEAT = 2.0


class Child:
    """Runs client ``name`` of ``home`` in this process; ``QUANTSTRIP_HOME`` names that home.

    Args:
        home: the home.
        name: the client.
        file: run this file instead of the deployed version.
        supervised: False shows the log on the terminal too.
        clock: where the time comes from.

    """

    def __init__(
        self, home: Home, name: str, *, file: Path | None = None, supervised: bool = False, clock: Clock = system_clock
    ) -> None:
        self._home = home
        self._name = name
        self._file = file
        self._supervised = supervised
        self._clock = clock
        self._loop: ClientLoop | None = None
        self._stop_requested = threading.Event()
        self._loading = False
        self._told_jobs: dict[str, int] | None = None

    def run(self) -> int:
        """Run the client until it ends; returns the exit code.

        Raises:
            QuantstripError: it could not even begin: no such client, no ledger, no log.

        """
        self._open_log()
        try:
            ledger = open_ledger(self._home)
            row = ledger.get_client(self._name) or {}
            if not row and self._file is None:
                raise ClientNotFound(
                    f"no client {self._name!r} is deployed in {self._home.root}",
                    hint=f"Deploy it first: quantstrip deploy {self._name}",
                )
            return self._recorded(ledger, row)
        except QuantstripError as error:
            logger.error("client {} cannot run: {}", self._name, error)
            raise
        finally:
            close_stream()

    def _recorded(self, ledger: "Ledger", row: dict[str, Any]) -> int:
        code_hash = str(row.get("code_hash", "")) if self._file is None else _hash(self._file)
        previous = ledger.last_client_run(self._name)
        mode = self._mode(code_hash)
        run_id = ledger.start_client_run(self._name, os.getpid(), code_hash, mode, str(row.get("display_name", "")))
        heartbeat = Heartbeat(
            lambda: self._beat(ledger, run_id),
            self._setting("heartbeat_seconds", _DEFAULT_BEAT),
            self._clock,
            self._orphaned,
            lambda: self._listen(ledger, run_id),
        )
        stop_on_signals(self._request_stop, self._interruptible, self._job_seconds())
        heartbeat.start()
        same_code = previous is not None and previous["code_hash"] == code_hash
        known_since = from_text(str(previous["started"])) if previous is not None and same_code else None
        try:
            ending = self._live(ledger, run_id, code_hash, known_since, heartbeat)
        finally:
            heartbeat.close()
        logger.info("client {} ended: {} (exit code {})", self._name, ending.outcome, int(ending.exit_code))
        try:
            ledger.end_client_run(run_id, ending.outcome, int(ending.exit_code), ending.trace)
        except LedgerError as error:  # the exit code still says it, and the warden closes the record
            logger.error("the end of client {} is not recorded: {}", self._name, error)
        return int(ending.exit_code)

    def _live(
        self, ledger: "Ledger", run_id: int, code_hash: str, known_since: int | None, heartbeat: Heartbeat
    ) -> Ending:
        """Load and run the client; whatever happens is an ending."""
        try:
            self._loading = True
            client = self._load(code_hash)
            self._loading = False
            if self._file is None:
                ledger.set_client(self._name, display_name=client.display_name)
            self._loop = ClientLoop(client, ledger, run_id, known_since, heartbeat.beat_now, ledger)
            if self._stop_requested.is_set():
                return STOPPED
            return self._loop.run()
        except QuantstripError as error:
            trace = load_trace(error)
            logger.error("client {} cannot be loaded: {}\n{}", self._name, error, trace)
            tell(
                ledger,
                "load_error",
                f"{self._name} cannot be loaded: {error.message}",
                trace,
                client=self._name,
                topic="",
            )
            return Ending("load_error", ExitCode.LOAD_ERROR, trace)
        except StopTimeout:
            logger.warning("loading {} did not end in time and was interrupted", self._name)
            return STOPPED
        except SystemExit as error:  # a job called sys.exit()
            return (
                Ending("finished", ExitCode.STOPPED)
                if not error.code
                else Ending("crashed", ExitCode.CRASHED, trace_of(error))
            )
        except Exception as error:  # noqa: BLE001 - the last boundary of the process: it is recorded, then it ends
            logger.opt(exception=error).critical("client {} crashed: {}", self._name, error)
            return crash(error)
        finally:
            self._loading = False

    def _load(self, code_hash: str) -> ClientBase:
        context = ClientContext(
            name=self._name,
            clock=self._clock,
            zone=default_zone(str(settings.get("platform.timezone", ""))),
            home=self._home,
            settings=settings.items(f"clients.{self._name}"),
            code_hash=code_hash,
            supervised=self._supervised,
        )
        with bound(context):
            overlay.use(self._home, self._name)  # before the file is imported: its first lines may be imports
            if self._file is not None:
                kind = load_file(self._file, self._name, self._home.clients)
            else:
                kind = load_module(self._folder(code_hash), self._name)
            client = construct(kind)
            check_attributes(client)
            client._prepare()
        return client

    def _folder(self, code_hash: str) -> Path:
        return self._home.deployed / self._name / code_hash

    def _mode(self, code_hash: str) -> Mode:
        """The mode as it is known before the client is loaded; what is wrong with it is told by the load."""
        try:
            file = self._file or find_file(self._folder(code_hash), self._name)
            chosen = str(settings.get(f"clients.{self._name}.mode", "") or describe(file).mode)
        except QuantstripError:
            return Mode.LIVE
        return Mode(chosen) if chosen in MODES else Mode.LIVE

    def _open_log(self) -> None:
        console = not self._supervised
        open_configured(self._home, self._name, settings, console=console, capture_output=True)
        threading.excepthook = _log_thread_error

    def _beat(self, ledger: "Ledger", run_id: int) -> None:
        """The first beat says that the client is loaded; one with a next job, if only "", that ``on_start`` is done."""
        loop = self._loop
        if loop is None:
            return
        jobs = loop.due_times() if loop.begun else None
        changed = jobs if jobs != self._told_jobs else None
        ledger.heartbeat(run_id, None if jobs is None else to_text(min(jobs.values())) if jobs else "", changed)
        self._told_jobs = jobs
        loop.runner.check_overrun()

    def _listen(self, ledger: "Ledger", run_id: int) -> None:
        loop = self._loop
        if loop is not None and loop.begun and ledger.jobs_are_asked(run_id):
            loop.job_is_asked()

    def _request_stop(self) -> None:
        logger.info("client {} was asked to stop", self._name)
        self._stop_requested.set()
        loop = self._loop
        if loop is not None:
            loop.request_stop()

    def _orphaned(self) -> None:
        if not self._stop_requested.is_set():  # the kernel may have told us before
            os.kill(os.getpid(), signal.SIGTERM)

    def _interruptible(self) -> bool:
        loop = self._loop
        return self._loading or (loop is not None and loop.runner.interruptible)

    def _job_seconds(self) -> float:
        """What a running job may use of ``service.stop_seconds``; the rest is for ``on_stop`` and the last records."""
        seconds = self._setting("stop_seconds", _DEFAULT_STOP)
        return seconds - min(3.0, seconds / 4)

    def _setting(self, key: str, default: float) -> float:
        try:
            return float(settings.get(f"service.{key}", default))
        except SettingsError as error:
            logger.error("service.{} cannot be read, {:g} is used: {}", key, default, error)
            return default


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file.is_file() else ""


def _log_thread_error(given: threading.ExceptHookArgs) -> None:
    name = given.thread.name if given.thread is not None else "?"
    logger.opt(exception=given.exc_value).error("thread {} ended by an exception: {}", name, given.exc_value)
