import os
import subprocess
import sys

import pytest

from quantstrip.errors import ServiceError, ServiceRunning
from quantstrip.home import Home
from quantstrip.supervise.record import (
    ServiceRecord,
    clear_stale_locks,
    control_lock,
    read_record,
    service_lock,
    service_pid,
    socket_of,
    write_record,
)

HOLD = """
import sys
from pathlib import Path
from quantstrip.home import Home
from quantstrip.supervise.record import service_lock
with service_lock(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(home: Home) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]", *, kill: bool = False) -> None:
    if kill:
        process.kill()
    process.communicate("\n", timeout=10)


def test_a_second_service_on_one_home_is_refused_with_the_first_ones_pid_and_how_to_stop_it(
    home: Home, holder: "subprocess.Popen[str]"
) -> None:
    try:
        assert service_pid(home) == holder.pid
        with pytest.raises(ServiceRunning) as refused, service_lock(home):
            pass
        assert f"process {holder.pid}" in str(refused.value)
        assert f"quantstrip --home {home.root} down" in str(refused.value)
    finally:
        end(holder)


@pytest.mark.parametrize("kill", [False, True])
def test_the_lock_is_free_however_its_holder_ended(home: Home, holder: "subprocess.Popen[str]", kill: bool) -> None:
    end(holder, kill=kill)
    assert service_pid(home) == 0
    with service_lock(home):
        assert service_pid(home) == os.getpid()
    assert list(home.locks.iterdir()) == []


def test_one_command_at_a_time_decides_about_a_client(home: Home) -> None:
    with control_lock(home, "x") as first, control_lock(home, "x") as second, control_lock(home, "y") as other:
        assert (first, second, other) == (True, False, True)
    with control_lock(home, "x") as again:
        assert again
    assert list(home.locks.iterdir()) == []


def test_the_record_says_where_the_socket_is(home: Home) -> None:
    assert read_record(home) is None
    assert socket_of(home) == home.socket
    record = ServiceRecord(4711, 8051, 1, "/elsewhere/q.sock", "0.1.0")
    write_record(home, record)
    assert read_record(home) == record
    assert str(socket_of(home)) == "/elsewhere/q.sock"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "odd": 2}'])
def test_a_damaged_record_is_an_error_that_says_what_to_do(home: Home, content: str) -> None:
    home.service_file.write_text(content)
    with pytest.raises(ServiceError, match="not readable") as refused:
        read_record(home)
    assert "Delete the file" in str(refused.value)


def test_lock_files_of_killed_processes_are_cleared_and_held_ones_stay(home: Home) -> None:
    (home.locks / "client-dead.lock").write_text("4711\n")
    with control_lock(home, "busy"):
        clear_stale_locks(home)
        assert [path.name for path in home.locks.iterdir()] == ["control-busy.lock"]
