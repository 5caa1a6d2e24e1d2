"""The service as a whole: it starts once, stops without a trace, and survives the death of its parts."""

import os
import shutil
import signal
import socket
import sqlite3
import stat
import time

import psutil
import pytest

from quantstrip.errors import HomeError, PortInUse, SchemaMismatch, ServiceNotRunning, ServiceRunning
from quantstrip.home import Home
from quantstrip.operations import clients, service
from quantstrip.supervise.record import service_pid
from tests.ports import free_port

from .conftest import Service, processes_of, until


def nothing_is_left(made: Service) -> None:
    assert processes_of(made.home) == []
    assert service_pid(made.home) == 0
    for path in (made.home.socket, made.home.service_file, made.home.run / "supervisord.pid"):
        assert not path.exists()
    assert list(made.home.locks.iterdir()) == []


def test_ctrl_c_stops_all_of_it_and_leaves_nothing(own_service: Service) -> None:
    own_service.deploy("early")
    own_service.up()
    own_service.await_state("early", "running")
    assert stat.S_IMODE(own_service.home.socket.stat().st_mode) == 0o600
    out = own_service.end(signal.SIGINT)
    assert own_service.process is not None
    assert own_service.process.returncode == 0
    assert out.rstrip().endswith("Stopped.")
    nothing_is_left(own_service)
    assert own_service.status("early").state == "stopped"
    assert own_service.ledger.client_runs("early")[0]["outcome"] == "stopped"

    own_service.up()
    own_service.await_state("early", "running")
    done = own_service.cli("down")
    assert (done.returncode, done.stdout) == (0, "Stopped.\n")
    nothing_is_left(own_service)
    assert own_service.process.wait(60) == 0


def test_in_the_background_it_answers_when_the_command_returns(own_service: Service) -> None:
    done = own_service.cli("up", "--detach", "--port", str(own_service.port))
    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{own_service.port}/?token=" in done.stdout
    assert f"Stop it with: quantstrip --home {own_service.home.root} down" in done.stdout
    found = service.status(own_service.home)
    assert (found.running, found.dashboard, found.port) == (True, True, own_service.port)
    assert found.pid == service_pid(own_service.home)

    again = own_service.cli("up", "--detach", "--port", str(free_port()))
    assert again.returncode == 1
    assert f"process {found.pid}" in again.stderr
    assert "down" in again.stderr

    service.down(own_service.home)
    nothing_is_left(own_service)
    with pytest.raises(ServiceNotRunning, match="quantstrip up"):
        service.down(own_service.home)


def test_a_killed_supervisor_takes_its_clients_along_and_comes_back_with_one_copy_of_each(own_service: Service) -> None:
    own_service.deploy("survivor")
    own_service.up()
    before = own_service.await_state("survivor", "running")
    old = int((own_service.home.run / "supervisord.pid").read_text())
    os.kill(old, signal.SIGKILL)
    until("the old copy is gone", lambda: not psutil.pid_exists(before.pid))
    after = until(
        "a new copy beats",
        lambda: (s := own_service.status("survivor")).state == "running" and s.pid != before.pid and s,
        60,
    )
    assert [copy.pid for copy in own_service.copies("survivor")] == [after.pid]
    runs = own_service.ledger.client_runs("survivor")
    assert [run["ended"] is None for run in runs] == [True, False]
    assert runs[1]["ended"] <= runs[0]["started"], "the old copy ended before the new one began"
    own_service.end()
    nothing_is_left(own_service)


def test_an_orphan_that_does_not_end_is_killed_before_anything_new_starts(own_service: Service) -> None:
    own_service.deploy(
        "deaf",
        """
        import signal
        import subprocess
        import sys

        from quantstrip import ClientBase

        class Client(ClientBase):
            def on_start(self):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self.helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        """,
    )
    own_service.up()
    before = own_service.await_state("deaf", "running")
    (helper,) = until("its helper runs", lambda: psutil.Process(before.pid).children())
    os.kill(int((own_service.home.run / "supervisord.pid").read_text()), signal.SIGKILL)
    after = until(
        "a new copy beats",
        lambda: (s := own_service.status("deaf")).state == "running" and s.pid != before.pid and s,
        60,
    )
    assert not psutil.pid_exists(before.pid)
    assert not helper.is_running()
    assert [copy.pid for copy in own_service.copies("deaf")] == [after.pid]


def test_a_killed_up_takes_everything_along_and_the_next_one_starts(own_service: Service) -> None:
    own_service.deploy("survivor")
    process = own_service.up()
    own_service.await_state("survivor", "running")
    process.kill()
    until("everything ends", lambda: processes_of(own_service.home) == [])
    process.communicate()
    own_service.up()
    own_service.await_state("survivor", "running")
    own_service.end()
    nothing_is_left(own_service)


def test_a_client_that_does_not_end_is_killed_in_time(own_service: Service) -> None:
    own_service.deploy(
        "stubborn",
        """
        import signal
        import time

        from quantstrip import ClientBase

        class Client(ClientBase):
            def on_start(self):
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
        """,
    )
    own_service.up()
    own_service.await_state("stubborn", "running")
    begun = time.monotonic()
    own_service.end()
    assert 4.0 < time.monotonic() - begun < 90.0
    nothing_is_left(own_service)


def test_a_second_service_is_refused_before_anything_starts(own_service: Service) -> None:
    own_service.up()
    before = {process.pid for process in processes_of(own_service.home)}
    with pytest.raises(ServiceRunning, match="runs on the home") as refused:
        service.up(own_service.home, port=free_port())
    assert own_service.process is not None
    assert str(own_service.process.pid) in str(refused.value)
    assert {process.pid for process in processes_of(own_service.home)} == before


def test_a_port_in_use_is_refused_before_anything_starts(own_service: Service) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUse, match="--port"):
            service.up(own_service.home, port=taken.getsockname()[1])
    nothing_is_left(own_service)


def test_a_newer_database_is_refused_before_anything_starts_and_stays_as_it_is(own_service: Service) -> None:
    assert own_service.ledger.schema_version()
    own_service.ledger.close()
    with sqlite3.connect(own_service.home.database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    other = Home(own_service.home.root.parent / "copy")
    shutil.copytree(own_service.home.root, other.root)
    with pytest.raises(SchemaMismatch):
        service.up(other, port=own_service.port)
    nothing_is_left(Service(other))
    with sqlite3.connect(other.database) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    raw.close()


def test_a_home_in_a_synchronised_folder_is_refused(own_service: Service) -> None:
    home = Home(own_service.home.root.parent / "Dropbox" / "trading")
    with pytest.raises(HomeError, match="synchronised"):
        service.up(home, port=own_service.port)
    assert not home.root.exists()


def test_a_home_that_cannot_be_written_is_refused(own_service: Service) -> None:
    obstacle = own_service.home.root / "a file"
    obstacle.write_text("in the way")
    with pytest.raises(HomeError, match="cannot be written"):
        service.up(Home(obstacle / "home"), port=own_service.port)


def test_a_home_with_a_long_path_works(own_service: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    deep = tmp_path_factory.mktemp("deep").joinpath(*["a long folder name"] * 8)
    made = Service(Home(deep).create())
    shutil.copytree(own_service.home.settings, made.home.settings, dirs_exist_ok=True)
    assert len(str(made.home.run / "supervisor.sock")) > 108
    try:
        made.deploy("far")
        made.up()
        made.await_state("far", "running")
        made.end()
        nothing_is_left(made)
    finally:
        made.finish()


def test_without_a_service_clients_are_deployed_for_later(own_service: Service) -> None:
    own_service.deploy("later")
    assert (own_service.status("later").state, own_service.status("later").desired) == ("stopped", "running")
    with pytest.raises(ServiceNotRunning, match="quantstrip up"):
        clients.start(own_service.home, "later")
    clients.stop(own_service.home, "later")
    assert own_service.status("later").desired == "stopped"
    clients.remove(own_service.home, "later")
    assert clients.list_clients(own_service.home) == []


def test_what_runs_is_seen_and_stopped_also_while_the_settings_file_is_broken(own_service: Service) -> None:
    own_service.up()
    pid = own_service.run("held").pid
    own_service.run("traded")
    settings = own_service.home.settings / "settings.toml"
    settings.write_text(settings.read_text() + "\nplatform = 'half a line")

    seen = own_service.cli("status")
    assert (seen.returncode, "held" in seen.stdout) == (0, True), seen.stderr
    refused = own_service.cli("restart", "held")
    assert (refused.returncode, "is not valid TOML" in refused.stderr) == (1, True)
    assert psutil.pid_exists(pid), "what cannot be started again is not ended for it"
    stopped = own_service.cli("stop", "traded")
    assert (stopped.returncode, own_service.copies("traded")) == (0, []), stopped.stderr
    down = own_service.cli("down")
    assert (down.returncode, own_service.copies("held")) == (0, []), down.stderr


def test_a_client_that_dies_while_the_settings_file_is_broken_comes_back_with_the_file(own_service: Service) -> None:
    own_service.up()
    pid = own_service.run("held").pid
    settings, log = own_service.home.settings / "settings.toml", own_service.home.logs / "service.log"
    whole = settings.read_text()
    settings.write_text(whole + "\nplatform = 'half a line")
    psutil.Process(pid).kill()
    until("the complaint", lambda: log.exists() and "this pass failed" in log.read_text())
    time.sleep(3.5)
    assert log.read_text().count("this pass failed") <= 2, "a line for each cause, not for each second"
    assert own_service.copies("held") == [], "it would have read the broken file and been given up"

    settings.write_text(whole)
    until("the client to come back", lambda: own_service.copies("held"))
