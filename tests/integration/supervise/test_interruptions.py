"""A service that is stopped while it starts, or loses its root and its supervisor at one blow."""

import os
import signal
import subprocess
import time

import psutil
import pytest

from .conftest import Service, processes_of, until
from .test_service import nothing_is_left


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.3, 2.0])
def test_ctrl_c_while_it_starts_leaves_nothing_and_the_next_start_works(own_service: Service, seconds: float) -> None:
    own_service.deploy("early")
    process = subprocess.Popen(
        own_service.command("up", "--port", str(own_service.port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    own_service.process = process
    time.sleep(seconds)  # the moment of the blow, not a wait: imports, locks, supervisord, warden, clients
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert "Traceback" not in out
    until("nothing runs", lambda: processes_of(own_service.home) == [])
    nothing_is_left(own_service)
    own_service.up()
    own_service.await_state("early", "running")
    assert len(own_service.copies("early")) == 1
    own_service.end()
    nothing_is_left(own_service)


def test_root_and_supervisor_killed_at_one_blow_end_everything_and_nothing_is_doubled(own_service: Service) -> None:
    own_service.deploy("survivor")
    process = own_service.up()
    before = own_service.await_state("survivor", "running")
    host = int((own_service.home.run / "supervisord.pid").read_text())
    os.kill(host, signal.SIGSTOP)  # so that it cannot end anything in order when its parent dies
    process.kill()
    os.kill(host, signal.SIGKILL)
    until("the client has ended by itself", lambda: not psutil.pid_exists(before.pid))
    until("everything has ended", lambda: processes_of(own_service.home) == [])
    process.communicate()
    own_service.up()
    after = own_service.await_state("survivor", "running")
    assert [copy.pid for copy in own_service.copies("survivor")] == [after.pid]
    assert [run["ended"] is None for run in own_service.ledger.client_runs("survivor")] == [True, False]
    own_service.end()
    nothing_is_left(own_service)
