"""Trials in a worker: side by side with other tasks, stopped, killed, and never two of one client."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from quantstrip.config import SettingsManager
from quantstrip.errors import TaskRefused
from quantstrip.operations import simulation, tasks
from quantstrip.operations.simulation_work import lock_of
from quantstrip.operations.tasks import Task

from .conftest import SOON, Lab

Start = Callable[[], "subprocess.Popen[bytes]"]
BUSY = "print('at work')"


def until(what: str, check: Callable[[], Any], seconds: float = 150.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)
    return found


@pytest.fixture
def worker(lab: Lab) -> Iterator[Start]:
    """Starts a worker; they end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "quantstrip.operations.worker", "--home", str(lab.home.root)]
        started.append(subprocess.Popen([*command, "--idle", "60"]))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait(20)


def queue(lab: Lab, file: Any, kind: str = "simulation") -> int:
    return lab.ledger.add_task(kind, {"file": str(file)}, "a test")


def at_work(lab: Lab, number: int) -> int:
    """Wait until the client's jobs run; the process of the client."""
    until(f"task {number} is at work", lambda: "at work" in simulation.output(lab.home, number).text)
    children = psutil.Process(tasks.get(lab.home, number).pid).children()
    assert len(children) == 1
    return children[0].pid


def ended(lab: Lab, number: int) -> Task:
    found: Task = until(f"task {number} is over", lambda: (task := tasks.get(lab.home, number)).over and task)
    return found


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_stop_lets_the_client_end_in_order_and_what_it_did_is_kept(lab: Lab, worker: Start) -> None:
    on_stop = "\ndef on_stop(self):\n    send_email('last words', 'of a simulation')\n"
    SettingsManager(lab.home).set_by_path("worker.cancel_seconds", 200.0, "float")  # a busy machine is slow, not wrong
    number = queue(lab, lab.client(BUSY, extra=on_stop))
    worker()
    pid = at_work(lab, number)
    simulation.stop(lab.home, number)
    task = ended(lab, number)
    assert (task.state, task.error) == ("cancelled", "")
    assert gone(pid)
    assert [mail.subject for mail in simulation.outcome(lab.home, number).mails] == ["last words"]
    assert not (lab.home.tasks / str(number) / "home").exists()
    assert simulation.stop(lab.home, number).state == "cancelled", "a second one changes nothing"


def test_one_that_does_not_listen_is_killed_and_stopped_all_the_same(lab: Lab, worker: Start) -> None:
    deaf = """
    signal = __import__("signal")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("at work", flush=True)
    while True:
        time.sleep(1)
    """
    SettingsManager(lab.home).set_by_path("worker.cancel_seconds", 3.0, "float")
    number = queue(lab, lab.client(deaf))
    worker()
    pid = at_work(lab, number)
    simulation.stop(lab.home, number)
    assert ended(lab, number).state == "cancelled"
    assert gone(pid)
    assert not (lab.home.tasks / str(number) / "home").exists()


def test_a_client_that_is_killed_fails_its_simulation_and_what_it_did_is_kept(lab: Lab, worker: Start) -> None:
    number = queue(lab, lab.client("send_email('before', 'it died')\n" + BUSY))
    before = lab.rows()
    worker()
    os.kill(at_work(lab, number), signal.SIGKILL)
    task = ended(lab, number)
    assert task.state == "failed"
    assert "signal 9 (SIGKILL)" in task.error
    assert [mail.subject for mail in simulation.outcome(lab.home, number).mails][:1] == ["before"]
    assert lab.rows() == before
    assert not (lab.home.tasks / str(number) / "home").exists()


@pytest.mark.parametrize("whose", ["worker", "task"])
def test_when_the_worker_or_the_tasks_process_is_killed_the_client_dies_with_it(
    lab: Lab, worker: Start, whose: str
) -> None:
    file = lab.client("send_email('before', 'it died')\n" + BUSY)
    number = queue(lab, file)
    first = worker()
    pid = at_work(lab, number)
    os.kill(first.pid if whose == "worker" else tasks.get(lab.home, number).pid, signal.SIGKILL)
    until("the client is gone", lambda: gone(pid))
    if whose == "worker":
        worker()
    assert ended(lab, number).state == ("interrupted" if whose == "worker" else "failed")
    assert [mail.subject for mail in simulation.outcome(lab.home, number).mails][:1] == ["before"]
    following = queue(lab, file)
    at_work(lab, following)
    assert not (lab.home.tasks / str(number) / "home").exists(), "the next one clears what was left"
    assert simulation.outcome(lab.home, number).mails, "but not what it did"


def test_simulations_run_beside_other_tasks_and_hold_none_of_them_up(lab: Lab, worker: Start) -> None:
    SettingsManager(lab.home).set_by_path("worker.trials", 2, "int")
    numbers = [queue(lab, lab.client(BUSY, name=name)) for name in ("one", "two", "three")]
    worker()
    for number in numbers[:2]:
        at_work(lab, number)
    report = lab.ledger.add_task("report", {"mode": "live"}, "a test")
    assert ended(lab, report).state == "done"
    assert [tasks.get(lab.home, number).state for number in numbers] == ["running", "running", "queued"]
    simulation.stop(lab.home, numbers[0])
    at_work(lab, numbers[2])


def test_there_are_never_two_trials_of_one_file(lab: Lab, worker: Start) -> None:
    file = lab.client(BUSY)
    first = queue(lab, file)
    worker()
    at_work(lab, first)
    with pytest.raises(TaskRefused, match=f"on trial already, as task {first}"):
        simulation.start(lab.home, file)
    second = queue(lab, file, "rehearsal")  # past the first look
    task = ended(lab, second)
    assert (task.state, "on trial already" in task.error) == ("failed", True)
    assert tasks.get(lab.home, first).state == "running"
    simulation.stop(lab.home, first)
    ended(lab, first)
    assert not lock_of(lab.home, file).exists()


def test_a_simulation_ends_when_its_time_is_over_however_busy_it_is(lab: Lab) -> None:
    began = time.monotonic()
    SettingsManager(lab.home).set_by_path("worker.cancel_seconds", 2.0, "float")
    task = lab.simulate(lab.client("time.sleep(600)", SOON), minutes=0.03)
    assert time.monotonic() - began < 120
    assert task.result is not None, task.error
    assert "ended after 0.03 minutes" in task.result["note"]
