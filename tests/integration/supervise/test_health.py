"""What a page offers where the service, or a part of it, does not run: it starts what is missing."""

import socket
import subprocess
import sys
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from quantstrip.config import SettingsManager
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
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
            command = [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root), "service", "mend"]
            mended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
            assert mended.stdout.startswith("worker is started; it was stopped: ")
            until("it runs again", lambda: not service_health.missing_parts(home), 30)
        finally:
            service.down(home)
    assert not service.status(home, clients=False).running


def test_the_button_on_a_page_starts_the_service_and_the_page_goes_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").create()
    open_ledger(home)
    monkeypatch.setenv("QUANTSTRIP_HOME", str(home.root))
    monkeypatch.syspath_prepend(asset("dashboard"))
    with socket.create_server(("127.0.0.1", 0)) as alone:
        SettingsManager(home).set_by_path("dashboard.port", alone.getsockname()[1], "int")
        page = AppTest.from_file(str(asset("dashboard") / "screens" / "packages.py"), default_timeout=120)
        page.user = {"name": "ann", "role": "admin", "way": "password"}
        page.run()
        assert "The service is not running" in _said(page)
        try:
            page.button(key="start-the service").click().run()
            assert not page.exception
            assert "The service runs" in page.toast[0].value
            assert "The service is not running" not in _said(page)
            assert "start-the service" not in {button.key for button in page.button}
            assert service.status(home, clients=False).running
        finally:
            service.down(home)
    page.run()
    assert "The service is not running" in _said(page)


def _said(page: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in page.get("html"))
