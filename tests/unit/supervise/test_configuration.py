"""What is generated must be understood by supervisord's own parser, whatever the home is called."""

import stat
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from quantstrip.errors import HomeError
from quantstrip.home import Home
from quantstrip.supervise.configuration import write_config, write_program


def parsed(path: Path) -> Any:
    options = ServerOptions()
    options.realize(["--configuration", str(path)])
    return options


def groups(options: Any) -> dict[str, Any]:
    return {group.name: group.process_configs[0] for group in options.process_group_configs}


@pytest.mark.parametrize("name", ["home", "my home", "o'brien", "a,b=c", "ünï", "$HOME", "x;y#z"])
def test_supervisord_reads_the_configuration_of_a_home_of_any_name(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / name).create()
    write_program(home, "mine", stop_seconds=7)
    options = parsed(write_config(home, 8123))
    found = groups(options)
    assert set(found) == {"warden", "dashboard", "notifier", "worker", "client-mine"}
    for process in found.values():
        _, argv = process.make_process(None).get_execv_args()
        assert argv[argv.index("--home") + 1] == str(home.root)
    assert options.configroot.supervisord.server_configs[0]["file"] == str(home.socket)
    assert options.directory == str(home.root)


def test_the_warden_decides_about_clients_and_supervisord_about_the_rest(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    write_program(home, "mine", stop_seconds=7)
    found = groups(parsed(write_config(home, 8123)))
    client = found["client-mine"]
    assert client.autostart is False
    assert client.autorestart is False
    assert (client.startsecs, client.stopwaitsecs, client.killasgroup) == (0, 7, True)
    for name in ("warden", "dashboard", "notifier", "worker"):
        assert found[name].autostart is True
        assert found[name].autorestart is not False
    arguments = found["dashboard"].make_process(None).get_execv_args()[1]
    assert arguments[-4:] == ["--port", "8123", "--address", "127.0.0.1"]


def test_only_the_owner_may_read_it_or_talk_to_the_service(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    for path in (write_config(home, 8123), write_program(home, "mine")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    options = parsed(home.supervisor_config)
    assert options.configroot.supervisord.server_configs[0]["chmod"] == 0o600
    for folder in (home.run, home.programs, home.socket.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["100%", "%(here)s", "a[1]", "a*", "a?", 'a"b', "a\\b", "a #b", "a ;b", "a\nb"])
def test_a_path_that_the_configuration_cannot_carry_is_refused(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / name)
    with pytest.raises(HomeError, match="cannot carry") as refused:
        write_config(home, 8123)
    assert "--home DIR" in str(refused.value)
    assert not home.run.exists()
