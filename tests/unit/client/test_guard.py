"""The lock that keeps a second copy away."""

import os

import pytest

from quantstrip.client.guard import client_lock, is_orphan, lock_path
from quantstrip.errors import ClientBusy
from quantstrip.home import Home


def test_a_second_copy_is_refused_and_told_who_holds_the_lock(home: Home) -> None:
    with (
        client_lock(home, "trend"),
        pytest.raises(ClientBusy, match=rf"trend runs already \(process {os.getpid()}\)"),
        client_lock(home, "trend"),
    ):
        pytest.fail("two copies")


def test_nothing_is_left_afterwards_and_the_lock_can_be_taken_again(home: Home) -> None:
    for _ in range(2):
        with client_lock(home, "trend") as path:
            assert path.exists()
        assert list(home.locks.iterdir()) == []


def test_clients_do_not_lock_each_other_nor_the_service(home: Home) -> None:
    with client_lock(home, "trend"), client_lock(home, "service") as path:
        assert path.name == "client-service.lock"


def test_a_file_that_a_killed_process_left_locks_nothing(home: Home) -> None:
    lock_path(home, "trend").write_text("99999\n")
    with client_lock(home, "trend"):
        assert lock_path(home, "trend").read_text() == f"{os.getpid()}\n"


def test_a_forked_helper_does_not_keep_the_lock(home: Home) -> None:
    read, write = os.pipe()
    with client_lock(home, "trend"):
        helper = os.fork()
        if helper == 0:
            try:
                os.close(write)
                os.read(read, 1)  # lives until the test is over
            finally:
                os._exit(0)
    os.close(read)
    try:
        with client_lock(home, "trend") as path:
            assert path.exists()
    finally:
        os.close(write)
        os.waitpid(helper, 0)


def test_a_process_whose_supervisor_is_another_one_is_an_orphan(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = home.run / "supervisord.pid"
    assert not is_orphan(home)
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")
    assert not is_orphan(home)
    pid_file.write_text(f"{os.getppid()}\n")
    assert not is_orphan(home)
    pid_file.write_text("1234567\n")
    assert is_orphan(home)
