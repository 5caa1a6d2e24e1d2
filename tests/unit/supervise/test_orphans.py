import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from quantstrip.home import Home
from quantstrip.supervise.orphans import end_orphans, find_orphans, unmarked

Started = list["subprocess.Popen[bytes]"]


@pytest.fixture
def started() -> Iterator[Started]:
    processes: Started = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(started: Started, code: str, mark: str) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('up', flush=True)\nimport time; time.sleep(600)"],
        stdout=subprocess.PIPE,
        env={**os.environ, "SUPERVISOR_SERVER_URL": mark},
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"up\n"
    started.append(process)
    return process.pid


def test_what_outlived_the_supervisor_of_this_home_is_ended_and_nothing_else(home: Home, started: Started) -> None:
    mine = start(started, "", f"unix://{home.socket}")
    deaf = start(started, "import signal; signal.signal(15, signal.SIG_IGN)", f"unix://{home.socket}")
    others = start(started, "", "unix:///elsewhere.sock")
    assert {process.pid for process in find_orphans(home)} == {mine, deaf}
    assert end_orphans(home, 0.5) == 2
    assert find_orphans(home) == []
    assert psutil.pid_exists(others)
    assert end_orphans(home, 0.5) == 0


def test_a_service_started_from_inside_its_predecessor_is_not_its_own_orphan(home: Home) -> None:
    code = (
        "import sys; from pathlib import Path; from quantstrip.home import Home\n"
        "from quantstrip.supervise.orphans import find_orphans\n"
        "print(len(find_orphans(Home(Path(sys.argv[1])))))"
    )
    environment = {**os.environ, "SUPERVISOR_SERVER_URL": f"unix://{home.socket}"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.root)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0\n"
    assert not any(name.startswith("SUPERVISOR_") for name in unmarked(environment))
