"""A sweep in a worker: what ends it ends all its processes, and keeps the points that were done."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from quantstrip.operations import sweeps, tasks

from .conftest import Desk, until


@pytest.fixture
def asked(desk: Desk, tmp_path: Path) -> int:
    """A sweep of which two points are done at once, and two never end."""
    body = f"""
    if self.seen == 1:
        with open({str(tmp_path / "pids")!r}, "a") as file:
            file.write(f"{{os.getpid()}}\\n")
    if self.label.startswith("slow") and not os.path.exists({str(tmp_path / "let-go")!r}):
        time.sleep(600)
    """
    grid = {"label": ["one", "two", "slow", "slower"]}
    arguments = {"file": desk.strategy(body), "end": "2000-04-01", "grid": grid, "workers": 2}
    return desk.ledger.add_task("sweep", arguments, "a test")


def processes(folder: Path) -> set[int]:
    return {int(line) for line in (folder / "pids").read_text().split()}


def begun(desk: Desk, number: int) -> None:
    """Wait until two points are done and both processes are busy with one that never ends."""
    pids = desk.folder.parent / "pids"
    until("two points are done", lambda: len(sweeps.load(desk.home, number).points) == 2)
    until("the others have begun", lambda: len(pids.read_text().split()) == 4)


def test_a_sweep_that_is_killed_leaves_no_process_and_keeps_its_points(desk: Desk, asked: int, tmp_path: Path) -> None:
    desk.start()
    begun(desk, asked)
    pids = processes(tmp_path)
    assert all(psutil.Process(pid).nice() == 10 for pid in pids)
    os.kill(desk.task(asked).pid, signal.SIGKILL)
    assert "SIGKILL" in desk.await_state(asked, "failed").error
    until("its processes are gone", lambda: not any(map(psutil.pid_exists, pids)))
    points = sweeps.load(desk.home, asked).points
    assert [(point.state, point.parameters["label"]) for point in points] == [("done", "one"), ("done", "two")]


def test_a_sweep_that_was_killed_is_continued_with_the_points_that_are_left(
    desk: Desk, asked: int, tmp_path: Path
) -> None:
    desk.start()
    begun(desk, asked)
    os.kill(desk.task(asked).pid, signal.SIGKILL)
    desk.await_state(asked, "failed")
    (tmp_path / "let-go").touch()
    again = desk.ledger.add_task("sweep", {**desk.task(asked).arguments, "resume": asked}, "a test")
    result = desk.await_state(again, "done").result
    assert result is not None
    assert (result["taken_over"], result["done"]) == (2, 4)
    points = sweeps.load(desk.home, again).points
    assert [point.parameters["label"] for point in points] == ["one", "two", "slow", "slower"]


def test_a_sweep_that_is_cancelled_ends_at_once_whatever_its_points_do(desk: Desk, asked: int, tmp_path: Path) -> None:
    desk.start()
    begun(desk, asked)
    tasks.cancel(desk.home, asked)
    desk.await_state(asked, "cancelled")
    until("its processes are gone", lambda: not any(map(psutil.pid_exists, processes(tmp_path))))
    assert len(sweeps.load(desk.home, asked).points) == 2
