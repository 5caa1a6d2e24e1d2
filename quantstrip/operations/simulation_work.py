"""What a task of the kind ``simulation`` does: start the client's process, watch it, and keep what it did.

The task's folder: ``output.log`` with what the client logs and prints, ``home/`` while it runs, ``outcome.json`` after.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import MINUTE, SECOND, system_clock
from quantstrip.errors import ClientBusy, QuantstripError, TaskCancelled, TaskError
from quantstrip.home import VARIABLE, Home, private_folder
from quantstrip.ledger import open_ledger
from quantstrip.ledger.tasks import RUNNING
from quantstrip.locks import take_lock
from quantstrip.log import logger
from quantstrip.operations.settings import manager_of
from quantstrip.operations.simulation_arguments import MAY_TRADE, Reach, SimulationArguments
from quantstrip.operations.simulation_home import FOLDER, client_name, make_home
from quantstrip.operations.simulation_outcome import Outcome, keep_outcome, summary_of
from quantstrip.operations.task_progress import Progress
from quantstrip.operations.task_run import OUTPUT
from quantstrip.operations.traces import error_of

LOOK_SECONDS: Final = 0.1
_STOP_SHARE: Final = 0.6
"""What a client on trial has to end once it is asked to, of ``worker.cancel_seconds``; the rest is for keeping what it
did, for the worker kills all of it then."""
_KEPT_VARIABLES: Final = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SSL_CERT_FILE")
_KEPT_BEGINNINGS: Final = ("LC_", "XDG_CACHE", "XDG_DATA", "PYTHON", "COVERAGE")
_OWN_WORD: Final = "-- "
_WELL: Final = frozenset({"", "finished", "stopped"})


def simulate(home: Home, arguments: SimulationArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run a client until it ends, is stopped, or its time is over.

    Raises:
        TaskError: it did not end well; message and trace are the client's.
        ClientBusy: the same file is being simulated already.

    """
    settings = manager_of(home)
    minutes = arguments.minutes or float(settings.get("worker.trial_minutes", 480.0))
    deadline = system_clock.monotonic() + minutes * MINUTE / SECOND
    note = ""

    def look() -> None:
        progress.report(0.0, "running")
        if system_clock.monotonic() > deadline:
            raise OverTime

    with trial(home, Path(arguments.file), folder, progress, Reach(arguments.network, arguments.local)) as run:
        try:
            run.watch(look)
        except OverTime:
            note = f"ended after {minutes:g} minutes, as it was to be"
            run.stop()
        found = run.keep()
    if not note:
        refuse_bad_ending(run, found)
    return summary_of(found) | ({"note": note} if note else {})


def refuse_bad_ending(run: "Trial", found: Outcome) -> None:
    """Raise for a client that ended by an error.

    Raises:
        TaskError: with its message; the trace is in what it logged.

    """
    if found.ending not in _WELL:
        what = "could not be loaded" if found.ending == "load_error" else "ended by an error"
        hint = "The whole trace is in what it logged." if found.trace else ""
        raise TaskError(f"{run.name} {what}: {error_of(found.trace) or found.ending}", hint=hint)
    if run.process.returncode and not found.ending:  # before there was a record of it: its name, its log
        lines = (run.folder / OUTPUT).read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line for line in lines if line.strip() and not line.startswith(_OWN_WORD)][-2:] or ["it said nothing"]
        raise TaskError(f"{run.name} could not begin: {said[0]}", hint="\n".join(said[1:]))


class OverTime(Exception):
    """The time of a trial is over."""


class Trial:
    """The process of a client on trial."""

    def __init__(self, name: str, folder: Path, process: "subprocess.Popen[bytes]", stop_seconds: float) -> None:
        self.name, self.folder, self.process, self._stop_seconds = name, folder, process, stop_seconds

    def watch(self, look: Callable[[], None]) -> None:
        """Call ``look`` until the process ends.

        Raises:
            TaskError: it was killed, or could not even begin.

        """
        while self.process.poll() is None:
            look()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(LOOK_SECONDS)
        code = self.process.returncode
        if code < 0:
            self.keep()
            raise TaskError(
                f"the process of {self.name} was ended by signal {-code} ({signal.Signals(-code).name})",
                hint="Where it was not you: the system kills processes when memory runs short (journalctl -k). Nothing "
                "outside of the trial's own home was touched.",
            )

    def stop(self) -> None:
        """End it: asked first, killed where it does not listen."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def keep(self) -> Outcome:
        """Keep what it did."""
        return keep_outcome(self.folder)


@contextmanager
def trial(
    home: Home, file: Path, folder: Path, progress: Progress, reach: Reach, *, rehearse: Any = None
) -> Iterator[Trial]:
    """The process of a client on trial in a home of its own; when the block ends it is over, and so is its home.

    Raises:
        ClientBusy: the same file is on trial already.
        TaskCancelled: a person stopped it; what it did is kept.

    """
    name = client_name(file)
    with _only_one(home, file):
        clear_homes(home)
        progress.report(0.0, "copying the ledger")
        size = home.database.stat().st_size / 1e6 if home.database.exists() else 0.0
        words = f"{file} on trial: on a copy of the ledger ({size:,.1f} MB), {reach.words}; mail is kept, not sent"
        _say(folder, words)
        if reach.network:
            _say(folder, MAY_TRADE)
        stop_seconds = _STOP_SHARE * float(manager_of(home).get("worker.cancel_seconds", 10.0))
        try:
            own = make_home(home, folder, name)
            run = Trial(name, folder, _start(home, own, file, reach, rehearse=rehearse), stop_seconds)
            try:
                yield run
            except (TaskCancelled, KeyboardInterrupt):
                run.stop()
                run.keep()
                raise
            finally:
                run.stop()
        finally:
            shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _start(home: Home, own: Home, file: Path, reach: Reach, *, rehearse: Any) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-P", "-B", "-m", "quantstrip.operations.simulation_child", "--home", str(own.root),
        "--real", str(home.root), "--file", str(file), "--parent", str(os.getpid()),
        "--memory", str(manager_of(home).get("worker.trial_megabytes", 2000)),
    ]  # fmt: skip
    command += ["--network"] if reach.network else []
    command += ["--local"] if reach.local else []
    command += ["--rehearse", json.dumps(rehearse)] if rehearse is not None else []
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_BEGINNINGS)
    }
    temporary = own.root / "tmp"
    temporary.mkdir()
    environment = kept | {VARIABLE: str(own.root), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    with (own.root.parent / OUTPUT).open("ab") as output:
        return subprocess.Popen(
            command, cwd=own.root, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def _say(folder: Path, words: str) -> None:
    """A line of the trial's own before its client has one."""
    with (folder / OUTPUT).open("a", encoding="utf-8") as output:
        output.write(f"{_OWN_WORD}{words}\n")


def clear_homes(home: Home) -> None:
    """Remove the homes of trials that were killed; what they did is kept first."""
    running = {str(row["task_id"]) for row in open_ledger(home).tasks(RUNNING, 1000)}
    for folder in home.tasks.iterdir() if home.tasks.is_dir() else ():
        if (folder / FOLDER).is_dir() and folder.name not in running:
            try:
                keep_outcome(folder)
            except QuantstripError as error:
                logger.warning("what the trial of task {} did cannot be read: {}", folder.name, error)
            shutil.rmtree(folder / FOLDER, ignore_errors=True)


@contextmanager
def _only_one(home: Home, file: Path) -> Iterator[None]:
    """Hold the file's lock: never two trials of one client."""
    private_folder(home.locks)
    handle = take_lock(lock_of(home, file))
    if handle is None:
        raise ClientBusy(f"{file.name} is on trial already", hint="Stop the other one first: quantstrip task list")
    try:
        yield
    finally:
        lock_of(home, file).unlink(missing_ok=True)
        os.close(handle)


def lock_of(home: Home, file: Path) -> Path:
    """The lock of a file's trials."""
    digest = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]
    return home.locks / f"trial-{digest}.lock"
