"""What a worker makes of tasks that run without a child of its own."""

import os
import subprocess
import sys

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.notify.identity import sender_of
from quantstrip.operations.task_children import Children
from quantstrip.operations.task_kinds import KINDS, ROOM, TRIAL, lane_of


@pytest.fixture
def children(made_home: Home, ledger: Ledger) -> Children:
    return Children(made_home, ledger)


def test_what_another_living_worker_does_is_its_own_affair(children: Children, ledger: Ledger) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    number = ledger.add_task("report", {})
    ledger.claim_task(sender_of(other.pid))
    children.settle_orphans()
    assert ledger.task(number)["state"] == "running"
    other.communicate(b"\n")
    children.settle_orphans()
    assert ledger.task(number)["state"] == "interrupted"


@pytest.mark.parametrize(
    "worker",
    ["999999999:1", f"{os.getpid()}:1.before", sender_of()],
    ids=["another that is gone", "another that had this number", "this one"],
)
def test_one_claimed_by_a_worker_that_is_gone_or_by_this_one_before_it_began_anew_is_interrupted(
    children: Children, ledger: Ledger, worker: str
) -> None:
    number, following = ledger.add_task("report", {}), ledger.add_task("report", {})
    ledger.claim_task(worker)
    children.settle_orphans()
    assert ledger.task(number)["state"] == "interrupted"
    assert ledger.task(following)["state"] == "queued"


def test_a_kind_that_is_unknown_by_now_fails_and_says_so(children: Children, ledger: Ledger) -> None:
    number = ledger.add_task("of_an_older_version", {})
    children.start_queued()
    child = children.running[number]
    assert ledger.task(number)["pid"] == child.process.pid
    assert child.process.wait(60) == 0
    children.reap()
    task = ledger.task(number)
    assert (task["state"], children.running) == ("failed", {})
    assert all(name in task["error"] for name in ("of_an_older_version", *KINDS))


def test_each_kind_has_a_lane_and_no_lane_takes_more_than_its_room(children: Children, ledger: Ledger) -> None:
    assert {kind.lane for kind in KINDS.values()} == set(ROOM)
    taken = [kind for kind in KINDS for _ in range(2)]
    for kind in taken:
        ledger.add_task(kind, {})
    children.room = dict.fromkeys(ROOM, 1) | {TRIAL: 0}
    children.start_queued()
    children.start_queued()
    began = [ledger.task(number)["kind"] for number in children.running]
    assert sorted(lane_of(kind) for kind in began) == sorted(set(ROOM) - {TRIAL})
    assert len(ledger.tasks("queued", 100)) == len(taken) - len(began)
    for child in children.running.values():
        child.kill()
        child.process.wait()


def test_a_child_that_cannot_be_started_fails_its_task(children: Children, ledger: Ledger, made_home: Home) -> None:
    made_home.tasks.write_text("a file where the folder should be")
    number = ledger.add_task("report", {})
    children.start_queued()
    assert ledger.task(number)["state"] == "failed"
    assert "could not be started" in ledger.task(number)["error"]
    assert children.running == {}
