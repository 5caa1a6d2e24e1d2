"""What a page offers where the service, or a part of it, does not run: it starts what is missing."""

import socket
from typing import Any

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.operations import service, service_health
from quantstrip.supervise.adapter import SupervisordSupervisor
from tests.integration.supervise.conftest import until


def test_beside_a_dashboard_that_was_started_alone_the_service_takes_another_port_and_mends_its_parts(
    tmp_path: Any,
) -> None:
    home = Home(tmp_path / "home").create()
    assert service_health.missing_parts(home) == []
    with socket.create_server(("127.0.0.1", 0)) as alone:
        taken = alone.getsockname()[1]
        SettingsManager(home).set_by_path("dashboard.port", taken, "int")
        started = service_health.start_service(home)
        try:
            assert started.running
            assert started.port not in (0, taken)
            SupervisordSupervisor(home).stop("worker")
            found = until("it is noticed", lambda: service_health.missing_parts(home), 30)
            assert [(part.name, part.state) for part in found] == [("worker", "STOPPED")]
            assert "other long work wait" in found[0].means
            service_health.start_part(home, "worker")
            until("it runs again", lambda: not service_health.missing_parts(home), 30)
        finally:
            service.down(home)
    assert not service.status(home, clients=False).running
