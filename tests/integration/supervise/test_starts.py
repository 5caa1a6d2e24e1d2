"""What a command says of a client it starts is what became of it."""

import json
from pathlib import Path

import pytest

from quantstrip.errors import ClientNotFound, ClientNotStarted
from quantstrip.operations import clients

from .conftest import IDLE, Service, until
from .test_clients import CRASHING, LOAD_ERROR

SLOW = """
    import time
    from quantstrip import ClientBase

    class Client(ClientBase):
        def __init__(self, *args):
            super().__init__()
            time.sleep(3)
"""
RAISING = """
    from quantstrip import ClientBase

    class Client(ClientBase):
        def __init__(self, *args):
            super().__init__()
            self.scheduler.every(1).seconds.do(self.job)

        def job(self):
            raise ValueError("no price of SPY")
"""
NO_CLASS = "NUMBER = 1\n"


@pytest.mark.parametrize(
    ("name", "source", "state", "words"),
    [
        ("missing_package", LOAD_ERROR, "load_error", "missing_package.py imports 'a_package_that_nobody_has'"),
        ("no_class", NO_CLASS, "load_error", "ClientLoadError: no_class.py defines no client class"),
        ("crash_on_start", CRASHING, "", "RuntimeError: no luck today"),
    ],
)
def test_a_deploy_of_what_does_not_live_fails_with_the_error_itself_and_where_its_trace_is(
    service: Service, name: str, source: str, state: str, words: str
) -> None:
    path = service.write(name, source)
    done = service.cli("deploy", str(path))
    assert done.returncode == 1, done.stdout
    assert words in done.stderr
    assert f"quantstrip --home {service.home.root} logs {name}" in done.stderr
    assert f"{name}: running" not in done.stdout
    status = service.status(name)
    assert status.state == state or not state
    assert words in status.last_error, "and the status shows the same"

    again = service.cli("restart", name)
    assert (again.returncode, words in again.stderr) == (1, True)
    for command in (clients.start, clients.restart, clients.redeploy):
        with pytest.raises(ClientNotStarted) as refused:
            command(service.home, name)
        assert words in str(refused.value)
    clients.stop(service.home, name)


def test_a_deploy_says_running_when_the_client_lives(service: Service) -> None:
    path = service.write("alive", IDLE)
    done = service.cli("deploy", str(path))
    assert done.returncode == 0, done.stderr
    status = service.status("alive")
    assert f"alive: running, process {status.pid}" in done.stdout
    assert status.heartbeat > 0


def test_programs_read_what_became_of_a_deploy(service: Service) -> None:
    done = service.cli("deploy", "--json", str(service.write("told_bad", LOAD_ERROR)))
    told = json.loads(done.stdout)
    assert (done.returncode, told["started"], told["state"]) == (1, True, "load_error")
    assert "a_package_that_nobody_has" in told["error"]
    done = service.cli("deploy", "--json", str(service.write("told_good", IDLE)))
    told = json.loads(done.stdout)
    assert (done.returncode, told["state"], told["error"]) == (0, "running", "")


def test_programs_read_what_became_of_each_client_they_name(service: Service) -> None:
    service.cli("deploy", "--no-start", str(service.write("lives", IDLE)))
    service.cli("deploy", "--no-start", str(service.write("fails", LOAD_ERROR)))
    for command in ("start", "restart"):
        done = service.cli(command, "--json", "lives", "fails")
        lives, fails = json.loads(done.stdout)
        assert done.returncode == 1, "one of them failed"
        assert lives == {"name": "lives", "state": "running", "pid": service.status("lives").pid, "error": ""}
        assert (fails["name"], fails["state"]) == ("fails", "load_error")
        assert "a_package_that_nobody_has" in fails["error"]
    done = service.cli("stop", "--json", "lives", "fails")
    assert json.loads(done.stdout) == [{"name": name, "state": "stopped"} for name in ("lives", "fails")]
    assert json.loads(service.cli("remove", "--json", "lives").stdout) == {"name": "lives", "state": "removed"}


def test_a_client_that_loads_slowly_is_starting_until_it_lives_and_the_wait_has_an_end(service: Service) -> None:
    service.deploy("slow", SLOW)
    start = clients.await_start(service.home, "slow", 0.5)
    assert (start.status.state, start.status.heartbeat, start.error) == ("starting", 0, "")
    assert clients.await_start(service.home, "slow", 30).status.state == "running"


def test_a_job_that_raises_again_and_again_is_told_with_its_error_count_and_time(service: Service) -> None:
    status = service.run("raising", RAISING)
    status = until("two errors", lambda: (s := service.status("raising")).failed_jobs >= 2 and s)
    assert (status.state, status.last_error) == ("running", "ValueError: no price of SPY")
    assert status.last_error_at >= status.started
    assert "in job" in status.last_trace
    shown = service.cli("status").stdout
    assert "ValueError: no price of SPY (a job failed" in shown
    told = next(
        row for row in json.loads(service.cli("status", "--json").stdout)["clients"] if row["name"] == "raising"
    )
    assert told["last_error"] == "ValueError: no price of SPY"
    assert told["failed_jobs"] >= 2
    assert told["last_error_at"].startswith("20")

    service.write("raising", IDLE)
    clients.redeploy(service.home, "raising")
    assert service.status("raising").last_error == "", "another process: its jobs have not failed"


def test_a_client_from_elsewhere_is_deployed_anew_by_its_name(service: Service, tmp_path: Path) -> None:
    elsewhere = tmp_path / "far_away.py"
    elsewhere.write_text("from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n")
    first = clients.deploy(service.home, elsewhere)
    elsewhere.write_text(elsewhere.read_text() + "\n# edited\n")
    done = service.cli("deploy", "far_away")
    assert done.returncode == 0, done.stderr
    second = service.status("far_away")
    assert second.code_hash != first.code_hash
    elsewhere.write_text(elsewhere.read_text() + "# again\n")
    third = clients.redeploy(service.home, "far_away")
    assert (third.previous, third.source) == (second.code_hash, elsewhere)

    elsewhere.unlink()
    with pytest.raises(ClientNotFound, match="which is gone"):
        clients.redeploy(service.home, "far_away")
    assert service.status("far_away").code_hash == third.code_hash, "what runs is a copy"
