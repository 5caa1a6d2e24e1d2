"""What every ``ports.Supervisor`` promises, held against real processes and against the twin in memory."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from quantstrip.clock import SECOND, system_clock
from quantstrip.errors import ClientNotFound, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.ports import ProcessState, Supervisor
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.memory import MemorySupervisor

CONFIG = """
[supervisord]
nodaemon=true
silent=true
logfile={run}/supervisord.log
pidfile={run}/supervisord.pid
[unix_http_server]
file={socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[include]
files=programs/*.conf
"""
SLEEPER = """
[program:{name}]
command={python} -c "import sys, time; print('up', flush=True); time.sleep(600)"
autostart=false
autorestart=false
startsecs=0
startretries=0
stopwaitsecs=5
stdout_logfile=NONE
stderr_logfile=NONE
"""


@dataclass
class Setup:
    supervisor: Supervisor
    describe: Callable[[str], None]
    end: Callable[[str, int], None]

    def state(self, name: str) -> ProcessState | None:
        return next((state for state in self.supervisor.states() if state.name == name), None)

    def await_state(self, name: str, *wanted: str) -> ProcessState:
        deadline = time.monotonic() + 60
        while True:
            state = self.state(name)
            if state is not None and state.state in wanted:
                return state
            assert time.monotonic() < deadline, f"{name} is {state}, not {wanted}"
            time.sleep(0.02)


@pytest.fixture(params=["supervisord", "memory"])
def setup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setup]:
    if request.param == "memory":
        memory = MemorySupervisor()
        yield Setup(memory, lambda _: None, lambda name, code: void(memory.end(name, code)))
        return
    home = Home(tmp_path / "a home").create()
    home.supervisor_config.write_text(CONFIG.format(run=home.run, socket=home.socket))
    process = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(home.supervisor_config)],
        stderr=subprocess.DEVNULL,
    )
    supervisor = SupervisordSupervisor(home)
    deadline = time.monotonic() + 60
    while not supervisor.alive():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)

    def describe(name: str) -> None:
        (home.programs / f"{name}.conf").write_text(SLEEPER.format(name=name, python=sys.executable))

    def end(name: str, code: int) -> None:
        assert code == -1, "a stand-in that sleeps can only be killed"
        state = next(state for state in supervisor.states() if state.name == name)
        psutil.Process(state.pid).kill()

    try:
        yield Setup(supervisor, describe, end)
    finally:
        process.terminate()
        process.wait(60)


def void(_: object) -> None:
    return None


def alive(pid: int) -> psutil.Process | None:
    return psutil.Process(pid) if psutil.pid_exists(pid) else None


def test_a_process_is_added_started_stopped_and_removed(setup: Setup) -> None:
    setup.describe("one")
    setup.supervisor.add("one")
    fresh = setup.state("one")
    assert fresh is not None
    assert (fresh.state, fresh.pid) == ("STOPPED", 0)

    before = system_clock.now()
    setup.supervisor.start("one")
    running = setup.await_state("one", "RUNNING")
    assert running.pid > 0
    assert before - SECOND <= running.started <= system_clock.now(), "whole seconds at worst"

    setup.supervisor.stop("one")
    stopped = setup.state("one")
    assert stopped is not None
    assert (stopped.state, stopped.pid) == ("STOPPED", 0)
    assert stopped.stopped >= stopped.started

    setup.supervisor.remove("one")
    assert setup.state("one") is None


def test_every_command_may_be_given_twice(setup: Setup) -> None:
    setup.describe("one")
    setup.supervisor.add("one")
    setup.supervisor.add("one")
    setup.supervisor.start("one")
    pid = setup.await_state("one", "RUNNING").pid
    setup.supervisor.start("one")
    assert setup.await_state("one", "RUNNING").pid == pid
    setup.supervisor.stop("one")
    setup.supervisor.stop("one")
    setup.supervisor.remove("one")
    setup.supervisor.remove("one")


def test_removing_a_process_that_runs_stops_it_and_touches_no_other(setup: Setup) -> None:
    for name in ("one", "two"):
        setup.describe(name)
        setup.supervisor.add(name)
        setup.supervisor.start(name)
    other = setup.await_state("two", "RUNNING").pid
    setup.await_state("one", "RUNNING")
    setup.supervisor.remove("one")
    assert setup.state("one") is None
    assert setup.await_state("two", "RUNNING").pid == other


def test_a_process_that_dies_is_reported_and_not_restarted_by_the_supervisor(setup: Setup) -> None:
    setup.describe("one")
    setup.supervisor.add("one")
    setup.supervisor.start("one")
    setup.await_state("one", "RUNNING")
    setup.end("one", -1)
    dead = setup.await_state("one", "EXITED")
    assert (dead.pid, dead.exit_code) == (0, -1)
    setup.supervisor.start("one")
    assert setup.await_state("one", "RUNNING").pid > 0


def test_an_unknown_process_is_an_error(setup: Setup) -> None:
    for command in (setup.supervisor.start, setup.supervisor.stop):
        with pytest.raises(ClientNotFound, match="'nobody'"):
            command("nobody")


def test_after_the_shutdown_every_command_says_that_no_service_runs(setup: Setup) -> None:
    setup.describe("one")
    setup.supervisor.add("one")
    setup.supervisor.start("one")
    pid = setup.await_state("one", "RUNNING").pid
    setup.supervisor.shutdown()
    deadline = time.monotonic() + 60
    while True:
        try:
            states = list(setup.supervisor.states())
        except ServiceNotRunning:
            break
        assert time.monotonic() < deadline, states
        time.sleep(0.02)
    if isinstance(setup.supervisor, SupervisordSupervisor):
        psutil.wait_procs([process] if (process := alive(pid)) else [], timeout=60)
        assert alive(pid) is None
    with pytest.raises(ServiceNotRunning):
        setup.supervisor.start("one")
