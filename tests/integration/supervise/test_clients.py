"""Clients as supervised processes: what happens to them, whatever happens to them."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantstrip.clock import SECOND, system_clock
from quantstrip.errors import ClientLoadError, ClientNotFound
from quantstrip.operations import clients
from quantstrip.overlay import HOLD, place_of

from .conftest import IDLE, Service, until

CRASHING = """
    from quantstrip import ClientBase

    class Client(ClientBase):
        def on_start(self):
            raise RuntimeError("no luck today")
"""
LOAD_ERROR = """
    import a_package_that_nobody_has
    from quantstrip import ClientBase

    class Client(ClientBase):
        pass
"""
TICKING = """
    from quantstrip import ClientBase, logger

    class Client(ClientBase):
        count = 0

        def __init__(self, *args):
            super().__init__()
            self.scheduler.every(1).seconds.do(self.job)

        def job(self):
            self.count += 1
            logger.info("tick {}", self.count)
"""
FINISHING = """
    from quantstrip import ClientBase

    class Client(ClientBase):
        def __init__(self, *args):
            super().__init__()
            self.scheduler.every(1).seconds.do(self.job)

        def job(self):
            self.stop_client()
"""


def test_a_client_is_deployed_stopped_started_restarted_and_removed_while_the_service_runs(service: Service) -> None:
    home = service.home
    first = service.run("life")
    assert service.pid_of("client-life") == first.pid
    other = service.run("bystander")
    environment = place_of(home, "life")
    (environment.versions / "1").mkdir(parents=True)
    (environment.versions / "1" / HOLD).touch()
    environment.pointer.write_text("1\n")

    clients.stop(home, "life")
    assert service.status("life").state == "stopped"
    assert not psutil.pid_exists(first.pid)
    time.sleep(2.5)  # longer than the warden's interval: it must not start it again
    assert service.copies("life") == []

    clients.start(home, "life")
    second = service.await_state("life", "running")
    clients.restart(home, "life")
    third = service.await_state("life", "running")
    assert len({first.pid, second.pid, third.pid}) == 3

    clients.remove(home, "life")
    assert service.copies("life") == []
    assert not environment.pointer.parent.exists(), "its packages are nobody else's"
    with pytest.raises(ClientNotFound):
        service.status("life")
    assert [run["outcome"] for run in service.ledger.client_runs("life")] == ["stopped"] * 3
    assert service.status("bystander").pid == other.pid, "nothing of this touches another client"


def test_a_killed_client_is_started_again_at_once(service: Service) -> None:
    before = service.run("killed")
    os.kill(before.pid, signal.SIGKILL)
    after = until(
        "it beats again",
        lambda: (s := service.status("killed")).state == "running" and s.pid != before.pid and s,
    )
    assert after.restarts == 1
    runs = service.ledger.client_runs("killed")
    assert [run["outcome"] for run in runs] == [None, "killed"]


def test_a_crash_loop_is_given_up_loudly(service: Service) -> None:
    service.deploy("crashing", CRASHING)
    status = service.await_state("crashing", "given_up")
    assert "no luck today" in status.last_error
    runs = service.ledger.client_runs("crashing")
    assert [run["outcome"] for run in runs] == ["crashed"] * 4, "the first start and one for each pause"
    alerts = [row for row in service.ledger.alerts(50) if row["client"] == "crashing"]
    given_up = next(row for row in alerts if row["kind"] == "client_given_up")
    assert "no luck today" in given_up["body"]
    time.sleep(3)
    assert len(service.ledger.client_runs("crashing")) == 4

    service.write("crashing", IDLE)
    clients.deploy(service.home, "crashing")
    service.await_state("crashing", "running")


def test_a_load_error_is_reported_with_its_trace_and_not_tried_again(service: Service) -> None:
    service.deploy("unloadable", LOAD_ERROR)
    status = service.await_state("unloadable", "load_error")
    assert "a_package_that_nobody_has" in status.last_trace
    time.sleep(3)
    assert len(service.ledger.client_runs("unloadable")) == 1
    problem = next(p for p in clients.problems(service.home) if p.name == "unloadable")
    assert (problem.kind, problem.line) == ("load_error", 2)
    assert problem.file.endswith("unloadable.py")
    assert "a_package_that_nobody_has" in problem.message


def test_a_client_that_ends_itself_is_finished_and_stays_so(service: Service) -> None:
    service.deploy("finishing", FINISHING)
    status = service.await_state("finishing", "finished")
    assert (status.pid, status.desired) == (0, "stopped")
    time.sleep(2.5)
    assert len(service.ledger.client_runs("finishing")) == 1


def test_a_silent_client_is_started_again(service: Service) -> None:
    before = service.run("frozen")
    os.kill(before.pid, signal.SIGSTOP)
    after = until(
        "a new process runs",
        lambda: (s := service.status("frozen")).state == "running" and s.pid != before.pid and s,
        seconds=60,
    )
    assert not psutil.pid_exists(before.pid)
    assert [run["outcome"] for run in service.ledger.client_runs("frozen")] == [None, "unresponsive"]
    assert after.restarts == 1
    assert any(row["kind"] == "client_unresponsive" for row in service.ledger.alerts(50))


def test_a_client_that_hangs_with_the_ledger_locked_is_ended_and_no_other_suffers(service: Service) -> None:
    healthy = service.run("waiting")
    service.deploy(
        "hogging",
        """
        import time
        from quantstrip import ClientBase, db_handler

        class Client(ClientBase):
            def on_start(self):
                if len(db_handler.client_runs("hogging")) == 1:
                    with db_handler.transaction():
                        db_handler.alert("test", "never", "committed")
                        time.sleep(600)
        """,
    )
    until("it was started again", lambda: len(service.ledger.client_runs("hogging")) == 2)
    service.await_state("hogging", "running")
    assert service.ledger.client_runs("hogging")[1]["outcome"] == "unresponsive"
    assert service.await_state("waiting", "running").pid == healthy.pid
    assert not any(row["kind"] == "test" for row in service.ledger.alerts(50))


def test_a_client_that_takes_the_ledger_while_it_is_loaded_is_ended_and_no_other_suffers(service: Service) -> None:
    healthy = service.run("waiting_too")
    service.deploy(
        "hogging_early",
        """
        import time
        from quantstrip import ClientBase, db_handler

        if len(db_handler.client_runs("hogging_early")) == 1:
            with db_handler.transaction():
                db_handler.alert("early", "never", "committed")
                time.sleep(600)

        class Client(ClientBase):
            pass
        """,
    )
    until("it was started again", lambda: len(service.ledger.client_runs("hogging_early")) == 2)
    service.await_state("hogging_early", "running")
    assert service.ledger.client_runs("hogging_early")[1]["outcome"] == "unresponsive"
    assert service.await_state("waiting_too", "running").pid == healthy.pid


def test_a_changed_source_is_marked_within_seconds_and_what_runs_stays(service: Service) -> None:
    before = service.run("edited")
    service.write("edited", IDLE + "\n    # half-finished thought (")
    until("the mark", lambda: service.status("edited").differs)
    assert service.status("edited").pid == before.pid


def test_a_half_saved_file_is_refused_kept_as_a_problem_and_touches_nothing(service: Service) -> None:
    before = service.run("halfsaved")
    path = service.write("halfsaved", "class Client(\n")
    with pytest.raises(ClientLoadError, match="nothing was deployed"):
        clients.deploy(service.home, "halfsaved")
    after = service.status("halfsaved")
    assert (after.pid, after.code_hash) == (before.pid, before.code_hash)
    problem = next(p for p in clients.problems(service.home) if p.name == "halfsaved")
    assert (problem.kind, problem.file, problem.line) == ("deploy_refused", str(path), 1)


def test_rolling_back_runs_older_versions_one_by_one(service: Service) -> None:
    versions = []
    for number in range(3):
        service.write("versions", IDLE + f"\n    NUMBER = {number}\n")
        versions.append(clients.deploy(service.home, "versions").code_hash)
    newest = service.await_state("versions", "running")
    assert newest.code_hash == versions[2]

    assert clients.rollback(service.home, "versions").code_hash == versions[1]
    assert clients.rollback(service.home, "versions").code_hash == versions[0]
    until("the oldest runs", lambda: service.status("versions").state == "running")
    assert service.ledger.client_runs("versions")[0]["code_hash"] == versions[0]
    with pytest.raises(Exception, match="no version of 'versions' before"):
        clients.rollback(service.home, "versions")
    assert clients.rollback(service.home, "versions", versions[2][:6]).code_hash == versions[2]


def test_starts_and_stops_at_one_time_never_make_two_copies(service: Service) -> None:
    service.run("raced")
    most: list[int] = []
    errors: list[BaseException] = []
    over = threading.Event()

    def command(act: Any) -> None:
        try:
            for _ in range(3):
                act(service.home, "raced")
        except BaseException as error:
            errors.append(error)

    def watch() -> None:
        while not over.is_set():
            # A process that has been forked but waits for the lock runs none of the client's code.
            open_runs = [run for run in service.ledger.open_client_runs() if run["client"] == "raced"]
            most.append(len([run for run in open_runs if psutil.pid_exists(run["pid"])]))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    acts = [threading.Thread(target=command, args=(act,)) for act in (clients.start, clients.stop, clients.restart)]
    for thread in acts:
        thread.start()
    for thread in acts:
        thread.join()
    clients.start(service.home, "raced")
    service.await_state("raced", "running")
    over.set()
    watcher.join()
    assert errors == []
    assert max(most) == 1
    assert len(service.copies("raced")) == 1

    clients.stop(service.home, "raced")
    time.sleep(2.5)
    assert service.copies("raced") == []


def test_a_killed_warden_comes_back_and_makes_up_for_what_it_missed(service: Service) -> None:
    before = service.run("orphaned")
    warden = service.pid_of("warden")
    os.kill(warden, signal.SIGSTOP)  # it sees nothing of what happens now
    os.kill(before.pid, signal.SIGKILL)
    until("the client is gone", lambda: service.pid_of("client-orphaned") == 0)
    os.kill(warden, signal.SIGKILL)
    after = service.await_state("orphaned", "running")
    assert after.pid != before.pid
    assert service.pid_of("warden") not in {0, warden}


def test_a_second_copy_in_the_foreground_is_refused(service: Service) -> None:
    running = service.run("once")
    path = service.home.clients / "once.py"
    done = service.cli("run", str(path))
    assert done.returncode == 75
    assert "runs already" in done.stderr
    assert service.status("once").pid == running.pid


def test_a_client_runs_in_the_foreground_from_its_file_until_ctrl_c(service: Service) -> None:
    path = service.write("loose", TICKING)
    process = subprocess.Popen(
        service.command("run", str(path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert any("tick" in line for line in process.stdout), "its log is on the terminal"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
    assert service.ledger.client_runs("loose")[0]["outcome"] == "stopped"
    assert not any(client.name == "loose" for client in clients.list_clients(service.home)), "it was not deployed"


def test_a_log_is_followed_until_ctrl_c(service: Service) -> None:
    service.run("ticking", TICKING)
    for filters in ([], ["--find", "TICK"]):
        process = subprocess.Popen(
            service.command("logs", "ticking", "-f", "-n", "0", *filters),
            stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        with process.stdout:
            ticks = (line for line in process.stdout if "tick" in line)
            assert next(ticks) != next(ticks)
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(60) == 0


def test_the_status_tells_how_a_client_is(service: Service) -> None:
    status = service.run("healthy")
    now = system_clock.now()
    assert status.heartbeat_age_seconds is not None
    assert status.heartbeat_age_seconds < 30
    assert now - 90 * SECOND < status.started <= now
    assert 10 < status.memory_mb < 200
    assert (status.restarts, status.last_error, status.differs, status.desired) == (0, "", False, "running")


@pytest.mark.parametrize("end", ["stop", "crash", "kill"])
def test_what_a_client_started_ends_with_it(service: Service, end: str, tmp_path: Path) -> None:
    name = f"parent_{end}"
    before = service.run(
        name,
        f"""
        import subprocess
        from pathlib import Path
        from quantstrip import ClientBase

        class Client(ClientBase):
            def on_start(self):
                own = Path({str(tmp_path)!r}) / "pids"
                if not own.exists():
                    helper = subprocess.Popen(["sleep", "600"])
                    apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
                    own.write_text(f"{{helper.pid}} {{apart.pid}}")
                self.scheduler.every(1).seconds.do(self.job)

            def job(self):
                if Path({str(tmp_path)!r}, "crash").exists():
                    raise SystemExit(3)
        """,
    )
    pids = until("it started both", lambda: (own := tmp_path / "pids").exists() and own.read_text().split())
    helper, apart = (psutil.Process(int(pid)) for pid in pids)
    try:
        assert helper.is_running()
        if end == "stop":
            clients.stop(service.home, name)
        elif end == "crash":
            (tmp_path / "crash").touch()
        else:
            os.kill(before.pid, signal.SIGKILL)
        until("the helper is gone", lambda: not helper.is_running())
        assert apart.is_running(), "who wants it to go on starts it in a session of its own"
    finally:
        for process in (helper, apart):
            if process.is_running():
                process.kill()
