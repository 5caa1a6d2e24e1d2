"""``simulate`` and ``rehearse``."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantstrip.home import Home

from .conftest import Run

CLIENT = """
from quantstrip import ClientBase, send_email

class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.scheduler.every().{when}.do(self.job)

    def job(self):
        print("at work")
        send_email("Done", "all of it", "you@example.com")
        {then}
"""


def client(home: Home, when: str, then: str = "pass") -> str:
    path = home.clients / "tried.py"
    path.write_text(CLIENT.replace("{when}", when).replace("{then}", then))
    return str(path)


def test_simulate_shows_what_the_client_logs_and_then_what_it_did(quantstrip: Run, home: Home) -> None:
    done = quantstrip("simulate", client(home, "second", "self.stop_client()"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("-- ")
    assert "without network" in lines[0]
    assert any(line.endswith("at work") for line in lines)
    assert "The simulation ended." in lines
    assert "0 orders, 0 fills, 1 mails, 0 refused signals. Nothing was sent." in lines
    assert lines[-1].split()[-2:] == ["you@example.com", "Done"]


def test_simulate_that_fails_says_why_and_exits_with_1(quantstrip: Run, home: Home) -> None:
    done = quantstrip("simulate", client(home, "no_such_unit"))
    assert done.returncode == 1
    assert "could not be loaded" in done.stderr
    assert "AttributeError" in done.stdout
    done = quantstrip("simulate", str(home.clients / "none.py"))
    assert done.returncode == 1
    assert "is there" in done.stderr


def test_simulate_tells_programs_in_json(quantstrip: Run, home: Home) -> None:
    done = quantstrip("simulate", client(home, "second", "self.stop_client()"), "--json")
    told = json.loads(done.stdout)
    assert (told["state"], told["ending"], told["counts"]["mails"]) == ("done", "finished", 1)
    assert told["mails"][0]["body"] == "all of it"


def test_ctrl_c_stops_a_simulation_in_order_and_shows_what_it_did(home: Home) -> None:
    command = [sys.executable, "-m", "quantstrip", "--home", str(home.root), "simulate", client(home, "second")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    said = ""
    deadline = time.monotonic() + 30
    while "at work" not in said:
        assert time.monotonic() < deadline
        said += process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    said += process.communicate(timeout=30)[0]
    assert "The simulation was stopped." in said, said
    assert "Nothing was sent." in said
    assert "Traceback" not in said
    assert process.returncode == 0


def test_rehearse_shows_a_line_for_each_job_and_the_mails(quantstrip: Run, home: Home) -> None:
    file = client(home, "day.at('15:45', 'America/New_York')")
    done = quantstrip("rehearse", file, "--start", "2026-03-06", "--end", "2026-03-10")
    assert done.returncode == 0, (done.stderr, done.stdout)
    assert "The rehearsal ended." in done.stdout
    assert ": 5 runs of jobs." in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("job every"))
    assert row.split()[row.split().index("America/New_York") + 1 :][:3] == ["5", "0", "0"]
    assert "5 mails" in done.stdout


def test_rehearse_exits_with_1_where_a_job_failed_and_shows_its_trace(quantstrip: Run, home: Home) -> None:
    done = quantstrip(
        "rehearse", client(home, "day.at('12:00')", "1 / 0"), "--start", "2026-03-06", "--end", "2026-03-06"
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    done = quantstrip("rehearse", client(home, "day.at('12:00')"), "--start", "2026-03-06")
    assert done.returncode == 1
    assert "go together" in done.stderr


@pytest.mark.parametrize("kind", ["simulation", "rehearsal"])
def test_both_are_kinds_of_tasks(quantstrip: Run, home: Home, kind: str) -> None:
    file = client(home, "second", "self.stop_client()")
    done = quantstrip("task", "run", kind, "--now", "--arguments", json.dumps({"file": Path(file).name}))
    assert done.returncode == 1, "a path is made absolute from the working folder"
    done = quantstrip("task", "run", kind, "--now", "--arguments", json.dumps({"file": file}))
    assert done.returncode == 0, done.stderr
    assert any(line.split() == ["ending", "finished"] for line in done.stdout.splitlines())
