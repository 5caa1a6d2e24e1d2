"""A lock is one process's, ends with it, and is worth nothing on a file that was unlinked."""

import os
import subprocess
import sys
from pathlib import Path

from quantstrip.clock import ManualClock
from quantstrip.locks import take_lock, try_lock, unlock, wait_for_lock

HOLDER = """
import sys, time
from pathlib import Path
from quantstrip.locks import take_lock
assert take_lock(Path(sys.argv[1])) is not None
print("held", flush=True)
time.sleep(60)
"""


def test_what_another_process_holds_is_free_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert take_lock(path) is None
    finally:
        holder.kill()
        holder.communicate()
    descriptor = take_lock(path)
    assert descriptor is not None
    os.close(descriptor)


def test_a_file_that_its_holder_unlinked_is_not_taken_for_the_one_there_now(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = take_lock(path)
    assert first is not None
    waiting = os.open(path, os.O_RDWR)
    path.unlink()
    second = take_lock(path)
    assert second is not None, "a new file, a new lock"
    os.close(first)
    assert try_lock(waiting), "the old file can be locked, and keeps nobody away"
    assert take_lock(path) is None
    for descriptor in (waiting, second):
        os.close(descriptor)


def test_a_lock_that_was_given_back_can_be_taken_by_whoever_waited(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("a+b") as one, path.open("a+b") as other:
        assert try_lock(one.fileno())
        assert not try_lock(other.fileno())
        unlock(one.fileno())
        assert try_lock(other.fileno())


def test_who_waits_gets_the_lock_or_hears_that_the_time_is_over(tmp_path: Path) -> None:
    path, clock = tmp_path / "lock", ManualClock()
    with path.open("a+b") as one, path.open("a+b") as other:
        assert wait_for_lock(one.fileno(), 0.0, clock)
        before = clock.monotonic()
        assert not wait_for_lock(other.fileno(), 5.0, clock)
        assert 5.0 < clock.monotonic() - before < 6.0
        unlock(one.fileno())
        assert wait_for_lock(other.fileno(), 0.0, clock)


def test_a_lock_file_is_its_owners_alone(tmp_path: Path) -> None:
    descriptor = take_lock(tmp_path / "lock")
    assert descriptor is not None
    assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    os.close(descriptor)
