"""Tasks and the running service: asked for by command, done by its worker, which comes back when it is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from quantstrip.errors import ServiceNotRunning
from quantstrip.operations import tasks
from quantstrip.supervise import SupervisordSupervisor
from tests.ports import free_port

from .conftest import SLOW, Desk, until


def cli(desk: Desk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "quantstrip", "--home", str(desk.home.root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def worker_of(desk: Desk) -> int:
    supervisor = SupervisordSupervisor(desk.home)
    states = supervisor.states() if supervisor.alive() else []
    return next((state.pid for state in states if state.name == "worker" and state.state == "RUNNING"), 0)


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    """The desk, with the whole service running on it."""
    command = [sys.executable, "-P", "-m", "quantstrip", "--home", str(desk.home.root)]
    command += ["up", "--port", str(free_port())]
    up = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("the worker", lambda: worker_of(desk))
        yield desk
    finally:
        up.terminate()
        up.wait(90)


def test_without_a_service_a_task_is_refused_with_what_to_do_and_nothing_is_queued(desk: Desk) -> None:
    with pytest.raises(ServiceNotRunning) as refused:
        tasks.submit(desk.home, "report", {})
    assert "quantstrip up" in refused.value.hint
    assert "--now" in refused.value.hint
    assert tasks.list_tasks(desk.home) == []


def test_a_task_asked_for_over_the_command_line_is_done_by_the_service_and_outlives_who_asked(served: Desk) -> None:
    quick = json.dumps({"file": served.strategy(""), "symbols": ["IBM"]})
    done = cli(served, "task", "run", "backtest", "--arguments", quick, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["state"], found["progress"], found["requested_by"]) == ("done", 1.0, "quantstrip task")
    assert done.stderr == "", "no progress bar where nobody looks"

    slow = json.dumps({"file": served.strategy(SLOW)})
    asked = cli(served, "task", "run", "backtest", "--arguments", slow, "--no-wait", "--json")
    number = json.loads(asked.stdout)["task_id"]
    task = served.await_work(number)
    worker = worker_of(served)
    assert psutil.Process(task.pid).ppid() == worker
    os.kill(worker, signal.SIGKILL)
    second = until("another worker", lambda: worker_of(served) not in (0, worker) and worker_of(served))
    assert second != worker
    assert "not repeated" in served.await_state(number, "interrupted").error
    until("word of it", lambda: [a for a in served.ledger.alerts() if a["kind"] == "worker_crashed"])

    again = json.loads(cli(served, "task", "repeat", str(number), "--json").stdout)
    assert (again["kind"], again["arguments"]) == ("backtest", dict(served.task(number).arguments))
    served.await_work(again["task_id"])
    assert cli(served, "task", "cancel", str(again["task_id"])).returncode == 0
    served.await_state(again["task_id"], "cancelled")
    assert served.task(number).state == "interrupted", "the old one stays as it is"

    failing = json.dumps({"file": served.strategy("1 / 0")})
    failed = cli(served, "task", "run", "backtest", "--arguments", failing)
    assert (failed.returncode, "ZeroDivisionError" in failed.stdout) == (1, True)
