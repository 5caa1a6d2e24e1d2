"""A supervisor that only keeps states: what the warden decides can be seen without a process."""

from dataclasses import dataclass, field

from quantstrip.clock import Clock, Micros, system_clock
from quantstrip.errors import ClientNotFound, ServiceNotRunning
from quantstrip.ports import ProcessState


@dataclass
class _Process:
    state: str = "STOPPED"
    pid: int = 0
    started: Micros = 0
    stopped: Micros = 0
    exit_code: int = 0


@dataclass
class MemorySupervisor:
    """``ports.Supervisor`` without processes; ``end`` plays a process that ends."""

    clock: Clock = system_clock
    steps: list[tuple[str, str]] = field(default_factory=list)
    _processes: dict[str, _Process] = field(default_factory=dict)
    _next_pid: int = 1000
    _down: bool = False

    def start(self, name: str) -> None:
        process = self._find(name)
        if process.state == "RUNNING":
            return
        self._next_pid += 1
        self.steps.append(("start", name))
        process.state, process.pid, process.started = "RUNNING", self._next_pid, self.clock.now()

    def stop(self, name: str) -> None:
        if self._find(name).state == "RUNNING":
            self.steps.append(("stop", name))
            self.end(name, 0, "STOPPED")

    def ask_to_stop(self, name: str) -> None:
        """The same as ``stop``: nothing here takes time."""
        self.stop(name)

    def kill(self, name: str) -> None:
        """End a process as SIGKILL does."""
        if self._find(name).state == "RUNNING":
            self.steps.append(("kill", name))
            self.end(name, -1)

    def add(self, name: str) -> None:
        self._check()
        self._processes.setdefault(name, _Process())

    def remove(self, name: str) -> None:
        self._check()
        if name in self._processes:
            self.stop(name)
            del self._processes[name]

    def states(self) -> list[ProcessState]:
        self._check()
        return [
            ProcessState(name, p.state, p.pid, p.started, p.stopped, p.exit_code, p.state.lower())
            for name, p in self._processes.items()
        ]

    def shutdown(self) -> None:
        for name in list(self._processes):
            self.stop(name)
        self._down = True

    def alive(self) -> bool:
        """True until ``shutdown``."""
        return not self._down

    def end(self, name: str, exit_code: int, state: str = "EXITED") -> int:
        """The process ends by itself with ``exit_code``; returns the pid it had."""
        process = self._find(name)
        pid = process.pid
        process.state, process.pid, process.stopped, process.exit_code = state, 0, self.clock.now(), exit_code
        return pid

    def _find(self, name: str) -> _Process:
        self._check()
        if name not in self._processes:
            raise ClientNotFound(f"the service knows no process {name!r}")
        return self._processes[name]

    def _check(self) -> None:
        if self._down:
            raise ServiceNotRunning("the service was shut down")
