"""The systemd unit: rendered, verified by systemd's own checker, installed into a folder of the test's own."""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from quantstrip.errors import ServiceError
from quantstrip.home import Home
from quantstrip.operations import units
from quantstrip.supervise.configuration import render_unit


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "my home").create()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    return folder


def verify(text: str, folder: Path, *, user: bool) -> str:
    """What ``systemd-analyze verify`` complains about; it must be installed, or the test fails."""
    analyzer = shutil.which("systemd-analyze")
    assert analyzer, "apt-get install -y --no-install-recommends systemd"
    unit = folder / "quantstrip.service"
    unit.write_text(text)
    done = subprocess.run(
        [analyzer, *(["--user"] if user else []), "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
    )
    complaint = done.stdout + done.stderr
    return complaint if done.returncode != 0 or "quantstrip.service" in complaint else ""


@pytest.mark.parametrize("scope", ["user", "system"])
def test_systemd_finds_no_fault_with_the_unit(home: Home, tmp_path: Path, scope: str) -> None:
    run_as = "daemon" if scope == "system" else ""
    text = render_unit(home, port=8051, scope=scope, run_as=run_as, stop_seconds=20)
    assert verify(text, tmp_path, user=scope == "user") == ""


def test_the_check_would_notice_a_fault(home: Home, tmp_path: Path) -> None:
    text = render_unit(home, port=8051, scope="user")
    assert verify(text.replace("ExecStart=", "ExecStart=/no/such/program "), tmp_path, user=True)
    assert verify(text.replace("Restart=on-failure", "Restart=sometimes"), tmp_path, user=True)


def test_the_unit_runs_the_service_in_the_foreground_and_leaves_no_child_behind(home: Home) -> None:
    lines = render_unit(home, port=8123, scope="user", stop_seconds=20).splitlines()
    command = next(line for line in lines if line.startswith("ExecStart="))
    assert f'"{home.root}" up --port 8123' in command
    assert "--detach" not in command
    for line in ("KillMode=mixed", "Restart=on-failure", "TimeoutStopSec=50", "WantedBy=default.target"):
        assert line in lines


def test_without_a_port_the_setting_decides_at_each_start(home: Home) -> None:
    assert "--port" not in render_unit(home, scope="user")


def test_a_system_unit_names_the_user_that_runs_it_and_starts_at_boot(home: Home) -> None:
    lines = render_unit(home, port=8051, scope="system", run_as="trader").splitlines()
    assert "User=trader" in lines
    assert "WantedBy=multi-user.target" in lines


def test_install_writes_the_users_unit_and_says_plainly_what_to_run_where_no_systemd_is(
    home: Home, config: Path
) -> None:
    assert not units.systemd_runs(system=False), "this test is about a machine without a running systemd"
    result = units.install(home)
    assert result.path == config / "systemd" / "user" / "quantstrip.service"
    assert result.path.read_text() == render_unit(home, scope="user", stop_seconds=20)
    assert result.done == ()
    assert result.to_run == (
        "systemctl --user daemon-reload",
        "systemctl --user enable --now quantstrip.service",
        f"loginctl enable-linger {getpass.getuser()}",
    )
    found = units.unit_status()
    assert (found.installed, found.enabled) == (True, "unknown")

    again = units.install(home, port=9000)
    assert "--port 9000" in again.path.read_text()

    gone = units.uninstall()
    assert gone.to_run == ("systemctl --user daemon-reload",)
    assert not gone.path.exists()
    with pytest.raises(ServiceError, match="nothing is installed"):
        units.uninstall()


def test_a_unit_of_another_home_is_not_overwritten(home: Home, config: Path, tmp_path: Path) -> None:
    units.install(home)
    other = Home(tmp_path / "other").create()
    with pytest.raises(ServiceError, match="belongs to") as refused:
        units.install(other)
    assert "--name" in str(refused.value)
    assert units.install(other, name="second").path.name == "second.service"


@pytest.mark.parametrize(
    ("run_as", "words"), [("", "needs --run-as"), ("root", "never runs as root"), ("nobody_at_all", "no user")]
)
def test_a_system_service_never_runs_as_root(home: Home, run_as: str, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        units.install(home, system=True, run_as=run_as)


def test_a_system_service_needs_a_home_of_its_user(home: Home) -> None:
    other = "nobody" if os.getuid() == 0 else "daemon"
    with pytest.raises(ServiceError, match="does not belong to") as refused:
        units.install(home, system=True, run_as=other)
    assert f"chown -R {other}" in str(refused.value)


def test_run_as_is_for_system_services_alone(home: Home, config: Path) -> None:
    with pytest.raises(ServiceError, match="needs --system"):
        units.install(home, run_as="somebody")
    assert not config.exists()


@pytest.mark.parametrize("name", ["", "a b", "../x", "x.service"])
def test_an_impossible_name_of_a_unit_is_refused(home: Home, config: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="name of a unit"):
        units.install(home, name=name)
    assert not config.exists()
