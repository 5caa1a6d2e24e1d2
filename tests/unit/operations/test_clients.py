"""Deploying, rolling back and looking at clients, without a service."""

import os
from pathlib import Path

import pytest

from quantstrip.clock import SECOND, system_clock
from quantstrip.errors import ClientError, ClientLoadError, ClientNotFound
from quantstrip.home import MARKER, Home
from quantstrip.ledger import Ledger
from quantstrip.operations import clients
from quantstrip.supervise.book import make_note
from quantstrip.supervise.policy import Mark


def write(home: Home, number: int, name: str = "x") -> None:
    (home.clients / f"{name}.py").write_text(f"NUMBER = {number}\n")


@pytest.fixture
def home(made_home: Home) -> Home:
    write(made_home, 1)
    return made_home


def test_a_deploy_is_on_record_and_starts_with_the_service(home: Home, ledger: Ledger) -> None:
    made = clients.deploy(home, "x")
    assert (made.name, made.started, made.previous) == ("x", False, "")
    row = ledger.get_client("x")
    assert row is not None
    assert (row["code_hash"], row["desired_state"], row["source"]) == (
        made.code_hash,
        "running",
        str(home.clients / "x.py"),
    )
    assert [entry["code_hash"] for entry in ledger.deployments("x")] == [made.code_hash]


def test_a_fresh_checkout_is_a_home_that_takes_a_deploy(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("a marker is all that a checkout brings")
    source = tmp_path / "first.py"
    source.write_text("from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n")
    made = clients.deploy(Home(tmp_path), source)
    assert [(found.name, found.code_hash) for found in clients.list_clients(Home(tmp_path))] == [
        ("first", made.code_hash)
    ]


def test_a_deploy_without_start_leaves_a_new_client_stopped_and_a_known_one_as_it_was(home: Home) -> None:
    clients.deploy(home, "x", start=False)
    assert clients.client_status(home, "x").desired == "stopped"
    clients.deploy(home, "x")
    write(home, 2)
    clients.deploy(home, "x", start=False)
    assert clients.client_status(home, "x").desired == "running"


def test_a_refused_deploy_changes_nothing_and_is_kept_as_a_problem(home: Home, ledger: Ledger) -> None:
    clients.deploy(home, "x")
    before = ledger.get_client("x")
    (home.clients / "x.py").write_text("x = 1\n  y = 2\n")
    with pytest.raises(ClientLoadError):
        clients.deploy(home, "x")
    assert ledger.get_client("x") == before
    (problem,) = clients.problems(home)
    assert (problem.name, problem.kind, problem.line) == ("x", "deploy_refused", 2)
    assert problem.file == str(home.clients / "x.py")
    assert "IndentationError" in problem.trace


def test_rolling_back_goes_one_version_back_each_time(home: Home, ledger: Ledger) -> None:
    versions = []
    for number in (1, 2, 3):
        write(home, number)
        versions.append(clients.deploy(home, "x").code_hash)
    for expected in (versions[1], versions[0]):
        made = clients.rollback(home, "x")
        assert made.code_hash == expected
        assert (ledger.get_client("x") or {})["code_hash"] == expected
    with pytest.raises(ClientError, match="no version of 'x' before") as refused:
        clients.rollback(home, "x")
    assert versions[2] in str(refused.value)
    assert clients.rollback(home, "x", versions[2][:8]).code_hash == versions[2]
    assert clients.rollback(home, "x").code_hash == versions[1]


def test_an_old_version_deployed_again_is_the_newest(home: Home) -> None:
    first = clients.deploy(home, "x").code_hash
    write(home, 2)
    second = clients.deploy(home, "x").code_hash
    write(home, 1)
    assert clients.deploy(home, "x").code_hash == first
    assert clients.rollback(home, "x").code_hash == second


@pytest.mark.parametrize("to", ["ffff", ""])
def test_a_version_that_is_none_or_several_is_refused(home: Home, to: str) -> None:
    clients.deploy(home, "x")
    write(home, 2)
    clients.deploy(home, "x")
    with pytest.raises(ClientError, match="stored versions of 'x' begin with"):
        clients.rollback(home, "x", to)


def test_removed_clients_are_forgotten_and_their_history_stays(home: Home, ledger: Ledger) -> None:
    made = clients.deploy(home, "x")
    clients.remove(home, "x")
    assert clients.list_clients(home) == []
    assert made.folder.is_dir()
    assert len(ledger.deployments("x")) == 1
    with pytest.raises(ClientNotFound, match="none"):
        clients.client_status(home, "x")


def test_another_file_of_the_same_name_is_refused_until_the_first_is_removed(home: Home) -> None:
    clients.deploy(home, "x")
    other = home.root / "x.py"
    other.write_text("NUMBER = 3\n")
    with pytest.raises(ClientError, match="cannot take its name"):
        clients.deploy(home, other)
    clients.remove(home, "x")
    assert clients.deploy(home, other).source == other


def end_run(ledger: Ledger, outcome: str, trace: str = "") -> None:
    run_id = ledger.start_client_run("x", os.getpid(), "abc", "paper")
    ledger.end_client_run(run_id, outcome, exit_code=3, trace=trace)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("crashed", "crashed"), ("killed", "crashed"), ("stopped", "stopped"), ("finished", "stopped")],
)
def test_without_a_service_the_last_run_tells_the_state(home: Home, ledger: Ledger, outcome: str, state: str) -> None:
    clients.deploy(home, "x")
    end_run(ledger, outcome)
    assert clients.client_status(home, "x").state == state


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (Mark.GIVEN_UP, "given_up"),
        (Mark.LOAD_ERROR, "load_error"),
        (Mark.FINISHED, "finished"),
        (Mark.FAILED, "crashed"),
        (Mark.STOPPED, "stopped"),
    ],
)
def test_a_mark_is_the_state(home: Home, ledger: Ledger, mark: Mark, state: str) -> None:
    clients.deploy(home, "x")
    ledger.set_client("x", status_note=make_note(mark, system_clock.now(), "because"))
    status = clients.client_status(home, "x")
    assert (status.state, status.note) == (state, "because")


def test_what_a_person_stopped_is_stopped_whatever_the_last_run_was(home: Home, ledger: Ledger) -> None:
    clients.deploy(home, "x")
    end_run(ledger, "crashed")
    clients.stop(home, "x")
    assert clients.client_status(home, "x").state == "stopped"


def test_the_last_failure_is_told_with_its_trace_and_place(home: Home, ledger: Ledger) -> None:
    clients.deploy(home, "x")
    trace = 'Traceback:\n  File "/a/x.py", line 7, in job\n    1 / 0\nZeroDivisionError: division by zero\n'
    end_run(ledger, "crashed", trace)
    status = clients.client_status(home, "x")
    assert (status.last_error, status.last_trace) == ("ZeroDivisionError: division by zero", trace)
    (problem,) = clients.problems(home)
    assert (problem.kind, problem.file, problem.line) == ("crashed", "/a/x.py", 7)
    assert abs(problem.when - system_clock.now()) < 60 * SECOND
    end_run(ledger, "stopped")
    assert clients.client_status(home, "x").last_error == "", "the newest run did not fail"
    assert len(clients.problems(home)) == 1


def test_a_start_that_failed_is_told_also_when_the_warden_has_marked_it_first(home: Home, ledger: Ledger) -> None:
    clients.deploy(home, "x")
    run = ledger.start_client_run("x", 1, "hash", "")
    trace = (
        "Traceback (most recent call last):\n  File 'x.py', line 1\nModuleNotFoundError: No module named 'nobody_has'"
    )
    ledger.end_client_run(run, "load_error", 3, trace)
    note = make_note(Mark.LOAD_ERROR, system_clock.now() + SECOND, "it cannot be loaded")
    ledger.set_client("x", status_note=note)  # younger than the run it tells of
    start = clients.await_start(home, "x", 0)
    assert start.error == "ModuleNotFoundError: No module named 'nobody_has'"
