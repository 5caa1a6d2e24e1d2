"""The children of a worker: one process a task, started, watched, ended, and never without a recorded end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from quantstrip.clock import Clock, system_clock
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.tasks import FAILED
from quantstrip.log import logger
from quantstrip.notify.identity import lives, sender_of
from quantstrip.operations.task_kinds import ROOM, WORK, Lane, lane_of
from quantstrip.operations.task_run import OUTPUT, clear
from quantstrip.operations.tasks import Task, list_tasks

_MOST_OUTPUT: Final = 20_000_000
"""Bytes of what a task prints that are kept; a file that grew beyond begins anew."""
_LAST_SECONDS: Final = 5.0
_DYING_SECONDS: Final = 1.0
"""What the kernel may take to end the child of a worker that was killed."""
_MANY: Final = 1000
_ONCE_MORE: Final = "Ask for it once more with: quantstrip task repeat {}"


@dataclass
class Child:
    """The process of one task.

    Attributes:
        asked: when it was asked to end, on the clock that never jumps; None where it was not.

    """

    task_id: int
    process: "subprocess.Popen[bytes]"
    output: Path
    lane: Lane = WORK
    asked: float | None = None
    killed: bool = False

    def ended(self) -> bool:
        """True once it is over; what it started is ended with it.

        The process is looked at without taking note of its end: while it is a zombie, its number, which is that of its
        group too, belongs to nobody else.
        """
        if self.process.returncode is None:
            if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return False
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        return True

    def ask(self, now: float) -> None:
        """Ask it to end, once."""
        if self.asked is None:
            self.asked = now
            self.process.terminate()

    def kill(self) -> None:
        """End it and what it started."""
        self.killed = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Children:
    """Claims tasks for this process and has them done.

    Attributes:
        room: most of each lane that run at once.
        memory_megabytes: limit of each; 0 for none.
        cancel_seconds: what a cancelled one has before it is killed.
        running: by the task's id.

    """

    home: Home
    ledger: Ledger
    room: Mapping[Lane, int] = field(default_factory=lambda: dict(ROOM))
    memory_megabytes: int = 0
    cancel_seconds: float = 10.0
    clock: Clock = system_clock
    running: dict[int, Child] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = sender_of()

    def start_queued(self) -> None:
        """Claim what waits, the oldest of its lane first, as long as there is room in that."""
        for lane, most in self.room.items():
            self._start(lane, most)

    def _start(self, lane: Lane, most: int) -> None:
        while sum(child.lane == lane for child in self.running.values()) < most:
            row = self.ledger.claim_task(self.name, most, among=lambda kind: lane_of(kind) == lane)
            if row is None:
                return
            task_id = int(row["task_id"])
            try:
                child = self._spawn(task_id, lane)
            except OSError as error:  # no memory for a process, a full disk
                self.ledger.change_task(task_id, FAILED, error=f"its process could not be started: {error}")
                continue
            self.running[task_id] = child
            self.ledger.note_task_pid(task_id, child.process.pid)
            logger.info("task {} ({}) runs as process {}", task_id, row["kind"], child.process.pid)

    def reap(self) -> None:
        """Take note of those that ended; where one died without a word, that is recorded."""
        for child in list(self.running.values()):
            if not child.ended():
                _bound(child.output)
                continue
            state = self.ledger.settle_task(child.task_id, _death(child), died=True)
            del self.running[child.task_id]  # only now: what could not be recorded is tried again
            logger.info("task {} is {}", child.task_id, state)

    def end_cancelled(self) -> None:
        """Ask those to end that a person cancelled, and kill what does not in time."""
        now = self.clock.monotonic()
        for task in list_tasks(self.home, "running", _MANY) if self.running else ():
            child = self.running.get(task.task_id)
            if child is None or not task.cancel_requested:
                continue
            child.ask(now)
            if child.asked is not None and now - child.asked > self.cancel_seconds and not child.killed:
                logger.warning("task {} does not end after it was cancelled: it is killed", task.task_id)
                child.kill()

    def settle_orphans(self) -> None:
        """Record as interrupted what runs for a worker that is gone; nothing is repeated by itself."""
        for task in list_tasks(self.home, "running", _MANY):
            if task.task_id in self.running or self._answered_for(task):
                continue
            why = f"the worker ended while it ran; it is not repeated by itself\n{_ONCE_MORE.format(task.task_id)}"
            self._end_leftovers(task)
            state = self.ledger.settle_task(task.task_id, why)
            logger.warning("task {} is {}: its worker is gone", task.task_id, state)

    def end_all(self) -> None:
        """End every child, in order if it can; what was running is recorded as interrupted, or as cancelled."""
        for child in self.running.values():
            child.ask(self.clock.monotonic())
        deadline = self.clock.monotonic() + _LAST_SECONDS
        while self.running:
            for child in list(self.running.values()):
                if child.ended():
                    self.ledger.settle_task(child.task_id, "the worker was stopped while it ran")
                    del self.running[child.task_id]
                elif self.clock.monotonic() > deadline:
                    child.kill()
            self.clock.wait(0.05)

    def _end_leftovers(self, task: Task) -> None:
        """End what a task of a worker that is gone had started; its own process died with the worker.

        Its process id is that of its group. After the machine was started anew both may be a stranger's: the worker's
        name ends with the run of the machine that it was given in.
        """
        worker = str(self.ledger.task(task.task_id)["worker"])
        same_run = worker.rpartition(".")[2] == self.name.rpartition(".")[2]
        in_its_own_process = worker.partition(":")[0] == str(task.pid)  # of a terminal: its group is not ours
        if not same_run or in_its_own_process or task.pid <= 1:
            return
        deadline = self.clock.monotonic() + _DYING_SECONDS
        while _in_use(task.pid) and self.clock.monotonic() < deadline:
            self.clock.wait(0.05)
        if not _in_use(task.pid):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(task.pid, signal.SIGKILL)

    def _answered_for(self, task: Task) -> bool:
        worker = str(self.ledger.task(task.task_id)["worker"])
        return worker != self.name and lives(worker)

    def _spawn(self, task_id: int, lane: Lane) -> Child:
        clear(self.home, task_id)  # of a task that had this number before, and was removed
        folder = self.home.tasks / str(task_id)
        folder.mkdir(parents=True)
        command = [
            sys.executable, "-P", "-m", "quantstrip.operations.task_child", str(task_id), "--home", str(self.home.root),
            "--worker", str(os.getpid()), "--memory", str(self.memory_megabytes),
        ]  # fmt: skip
        with (folder / OUTPUT).open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.home.root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )
        return Child(task_id, process, folder / OUTPUT, lane)


def _bound(output: Path) -> None:
    """Empty the file once it is too large: it is written at its end, whatever that is."""
    with suppress(OSError):
        if output.stat().st_size > _MOST_OUTPUT:
            os.truncate(output, 0)


def _in_use(pid: int) -> bool:
    """True while a process has this number that is more than a zombie."""
    try:
        return bool(sender_of(pid))
    except ProcessLookupError:
        return False


def _death(child: Child) -> str:
    """How a process ended that recorded nothing, and what to do about it."""
    code = child.process.returncode
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        why = _ONCE_MORE.format(child.task_id)
        if -code == signal.SIGKILL:
            why = (
                "The system kills processes when memory runs short: see its log (journalctl -k), ask for less, or set "
                "worker.memory_megabytes."
            )
        return f"its process was ended by signal {-code} ({name})\n{why} What it printed: {child.output}"
    return f"its process ended with code {code} before it said what came of it\nWhat it printed: {child.output}"
