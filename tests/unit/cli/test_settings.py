"""Settings and secrets from the command line."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from quantstrip.config import SettingsManager
from quantstrip.home import Home

from .conftest import Run


class DesktopKeyring(KeyringBackend):
    """A keyring that keeps its entries in memory; the library must not choose it by itself."""

    priority = -5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.priority = 5
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def desktop() -> Iterator[DesktopKeyring]:
    before, mine = keyring.get_keyring(), DesktopKeyring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("clients.x.mode", "bogus", "clients.x.mode must be one of live, paper, replay, simulation, got 'bogus'"),
        ("clients.x.cash", "-5", "clients.x.cash must be money of at least 0.01, got -5.0"),
        ("dashboard.port", "-1", "dashboard.port must be a port from 1 to 65535, got -1"),
        ("logs.level", "LOUD", "logs.level must be one of TRACE, DEBUG"),
        ("clients.x.calendar", "MARS", "clients.x.calendar must be an exchange's calendar, or empty, got 'MARS'"),
    ],
)
def test_a_value_that_the_platform_could_not_use_is_refused_when_it_is_set(
    quantstrip: Run, home: Home, path: str, value: str, message: str
) -> None:
    done = quantstrip("settings", "set", path, value)
    assert (done.returncode, message in done.stderr) == (1, True), done
    assert not home.settings_file.exists()


@pytest.mark.parametrize("name", ["NYSE", "xlon", "24/7", ""])
def test_a_calendar_that_there_is_can_be_set(quantstrip: Run, name: str) -> None:
    assert quantstrip("settings", "set", "clients.x.calendar", name).returncode == 0
    assert quantstrip("settings", "get", "clients.x.calendar").stdout == f"{name}\n"


def test_a_negative_number_needs_no_dashes_and_options_may_stand_behind_it(quantstrip: Run) -> None:
    assert quantstrip("settings", "set", "mine.floor", "-5", "--type", "int").returncode == 0
    assert quantstrip("settings", "get", "mine.floor").stdout == "-5\n"
    assert quantstrip("settings", "set", "mine.text", "-5 a day").returncode == 0
    assert quantstrip("settings", "get", "mine.text").stdout == "-5 a day\n"
    assert quantstrip("settings", "set", "mine.floor", "--", "-.5").returncode == 1, "it keeps its type"
    assert quantstrip("settings", "set", "mine.floor", "-x").returncode == 2


def test_a_free_name_near_a_known_one_is_set_and_noted(quantstrip: Run) -> None:
    done = quantstrip("settings", "set", "clients.x.symbls", "AAPL")
    assert (done.returncode, done.stdout) == (0, "clients.x.symbls is set\n")
    assert "Did you mean clients.x.symbols?" in done.stderr
    assert "Did you mean dashboard.port?" in quantstrip("settings", "set", "dashbord.port", "9").stderr
    assert quantstrip("settings", "set", "mine.own", "9").stderr == ""
    assert quantstrip("settings", "set", "clients.x.symbols", "AAPL").stderr == ""


def test_every_known_setting_is_listed_with_type_default_bounds_and_meaning(quantstrip: Run) -> None:
    shown = quantstrip("settings", "known").stdout
    assert "dashboard.port  (int, default: 8051)\n    Port of the dashboard on 127.0.0.1. Must be a port from" in shown
    assert "clients.NAME.cash  (float, default: the class's)" in shown
    rows = json.loads(quantstrip("settings", "known", "clients.ma.risk", "--json").stdout)
    assert {"path", "type", "default", "expected", "help", "acts"} == set(rows[0])
    assert "clients.ma.risk.max_drawdown" in [row["path"] for row in rows]
    assert quantstrip("settings", "known", "no.such").returncode == 1


def test_a_file_edited_by_hand_is_told_by_list_get_and_doctor(quantstrip: Run, home: Home) -> None:
    home.settings_file.write_text("[clients.bad]\ncash = -5\n\n[clients.good]\ncash = 5\n")
    message = "clients.bad.cash must be money of at least 0.01, got -5.0"
    listed = quantstrip("settings", "list", "--json")
    assert (listed.returncode, message in listed.stderr) == (0, True)
    (row,) = (row for row in json.loads(listed.stdout) if row["path"] == "clients.bad.cash")
    assert message in row["problem"]
    refused = quantstrip("settings", "get", "clients.bad.cash")
    assert (refused.returncode, message in refused.stderr) == (1, True)
    assert quantstrip("settings", "get", "clients.good.cash").stdout == "5.0\n"
    checks = {check["name"]: check for check in json.loads(quantstrip("doctor", "--json").stdout)}
    assert (checks["settings"]["ok"], message in checks["settings"]["message"]) == (False, True)
    assert quantstrip("settings", "set", "clients.bad.cash", "5").returncode == 0
    assert quantstrip("settings", "list").stderr == ""


def test_a_locked_folder_is_not_deleted_until_it_is_unlocked(quantstrip: Run) -> None:
    quantstrip("settings", "set", "broker.host", "here")
    assert quantstrip("settings", "lock", "broker").stdout == "broker is locked\n"
    refused = quantstrip("settings", "delete", "broker.host")
    assert (refused.returncode, "quantstrip settings unlock broker" in refused.stderr) == (1, True)
    assert quantstrip("settings", "set", "broker.host", "there").returncode == 0
    assert json.loads(quantstrip("settings", "unlock", "broker", "--json").stdout) == {
        "path": "broker",
        "locked": False,
    }
    again = quantstrip("settings", "unlock", "broker")
    assert (again.returncode, "broker is not locked\nLocked: nothing." in again.stderr) == (1, True)
    assert quantstrip("settings", "lock", "no.such").returncode == 1
    assert quantstrip("settings", "delete", "broker", "--yes").returncode == 0


def test_a_rotated_key_reads_every_secret_and_the_old_key_none(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter22\n")
    before = (home.settings / "secret.key").read_bytes()
    done = quantstrip("settings", "rotate-key")
    assert (done.returncode, done.stdout) == (0, "A new key encrypts 1 secret\n")
    assert (home.settings / "secret.key").read_bytes() != before
    assert SettingsManager(home).get("broker.password") == "hunter22"


def test_the_key_moves_to_the_keyring_and_back(quantstrip: Run, home: Home, desktop: DesktopKeyring) -> None:
    (home.settings / "secret.key").unlink(missing_ok=True)
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter22\n")
    assert len(desktop.entries) == 1, "the first secret chooses the keyring where there is one"
    assert quantstrip("settings", "move-key", "file").stdout == "The key is kept in a file\n"
    assert desktop.entries == {}
    assert (home.settings / "secret.key").stat().st_mode & 0o777 == 0o600
    moved = quantstrip("settings", "move-key", "keyring", "--json")
    assert json.loads(moved.stdout) == {"place": "keyring"}
    assert (len(desktop.entries), (home.settings / "secret.key").exists()) == (1, False)
    assert SettingsManager(home).get("broker.password") == "hunter22"


def test_the_key_stays_where_it_is_when_there_is_no_keyring(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter22\n")
    before = {path.name: path.read_bytes() for path in home.settings.iterdir()}
    refused = quantstrip("settings", "move-key", "keyring")
    assert (refused.returncode, "reaches no system keyring" in refused.stderr) == (1, True)
    assert {path.name: path.read_bytes() for path in home.settings.iterdir()} == before
    assert quantstrip("settings", "move-key", "file").stdout == "The key is kept in a file\n"
    assert quantstrip("settings", "move-key", "pocket").returncode == 2


def test_a_secret_of_several_lines_is_read_whole(quantstrip: Run, home: Home) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----"
    assert quantstrip("settings", "set", "broker.key", "--type", "secret", given=f"{key}\n").returncode == 0
    assert SettingsManager(home).get("broker.key") == key


def test_a_secret_is_not_set_in_the_clear_whatever_type_is_named(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter22\n")
    refused = quantstrip("settings", "set", "broker.password", "hunter33", "--type", "text")
    assert (refused.returncode, "delete it first" in refused.stderr) == (2, True)
    wrong = quantstrip("settings", "set", "clients.x.cash", "--type", "secret", given="hunter44\n")
    assert (wrong.returncode, "cannot be a secret" in wrong.stderr, "hunter44" in wrong.stderr) == (1, True, False)
    assert SettingsManager(home).get("broker.password") == "hunter22"


@pytest.mark.parametrize("command", ["get", "list"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no.such", "there is no setting 'no.such'\nList them with: quantstrip settings list"),
        ("dashbord", "Did you mean dashboard?"),
        ("clients.x.cash", "clients.x.cash is not set\nThe client's class decides."),
    ],
)
def test_what_is_not_there_is_told_with_what_may_have_been_meant(
    quantstrip: Run, command: str, path: str, message: str
) -> None:
    done = quantstrip("settings", command, path)
    assert (done.returncode, done.stdout, message in done.stderr) == (1, "", True), done


def test_settings_of_a_named_home_that_nobody_made_are_not_the_defaults(quantstrip: Run, tmp_path: Path) -> None:
    for arguments in (("list",), ("get", "dashboard.port")):
        done = quantstrip("--home", str(tmp_path / "typo"), "settings", *arguments)
        assert (done.returncode, "there is no home" in done.stderr) == (1, True)


def test_what_is_set_is_taken_to_another_home_as_a_file_without_secrets(
    quantstrip: Run, home: Home, tmp_path: Path
) -> None:
    quantstrip("settings", "set", "dashboard.port", "9000")
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter2hunter2")
    file, other = tmp_path / "taken.toml", tmp_path / "elsewhere"
    assert quantstrip("settings", "export", "-o", str(file)).returncode == 0
    assert quantstrip("settings", "export").stdout == file.read_text(encoding="utf-8")
    assert "gAAA" not in file.read_text(encoding="utf-8")
    Home(other).create()
    rehearsed = quantstrip("--home", str(other), "settings", "import", str(file), "--dry-run")
    assert "1 would be set" in rehearsed.stdout
    assert quantstrip("--home", str(other), "settings", "get", "dashboard.port").stdout == "8051\n"
    (row,) = json.loads(quantstrip("--home", str(other), "settings", "import", str(file), "--json").stdout)
    assert (row["path"], row["before"], row["after"]) == ("dashboard.port", 8051, 9000)
    assert quantstrip("--home", str(other), "settings", "get", "dashboard.port").stdout == "9000\n"


def test_an_empty_folder_can_be_made(quantstrip: Run) -> None:
    assert quantstrip("settings", "set", "broker", "--type", "folder").returncode == 0
    assert quantstrip("settings", "get", "broker").stdout == "{}\n"


def test_what_was_deleted_last_is_put_back_its_secrets_too(quantstrip: Run, home: Home) -> None:
    refused = quantstrip("settings", "restore")
    assert (refused.returncode, "no deleted setting is kept" in refused.stderr) == (1, True)
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter2hunter2")
    quantstrip("settings", "set", "broker.limits", '{"SPY": 0.5}', "--type", "dict")
    before = home.settings_file.read_text(encoding="utf-8")
    assert "settings restore" in quantstrip("settings", "delete", "broker", "--yes").stdout
    assert "hunter2" not in "".join(each.read_text() for each in home.trash.iterdir())
    assert quantstrip("settings", "restore").stdout == "broker is back\n"
    assert SettingsManager(home).get("broker.password") == "hunter2hunter2"
    assert tomllib.loads(home.settings_file.read_text(encoding="utf-8")) == tomllib.loads(before)
    assert quantstrip("settings", "restore").returncode == 1


def test_a_deleted_secret_does_not_come_back_under_a_new_key(quantstrip: Run, home: Home) -> None:
    quantstrip("settings", "set", "broker.password", "--type", "secret", given="hunter2hunter2")
    quantstrip("settings", "delete", "broker.password", "--yes")
    quantstrip("settings", "set", "mine.password", "--type", "secret", given="another-secret")
    assert quantstrip("settings", "rotate-key").returncode == 0
    refused = quantstrip("settings", "restore")
    assert (refused.returncode, "cannot be decrypted" in refused.stderr) == (1, True)
    assert SettingsManager(home).get("broker.password") is None


def test_a_refused_deletion_leaves_the_last_one_to_be_put_back(quantstrip: Run) -> None:
    quantstrip("settings", "set", "mine.x", "1", "--type", "int")
    quantstrip("settings", "delete", "mine.x")
    assert quantstrip("settings", "delete", "nothing.there").returncode == 1
    assert json.loads(quantstrip("settings", "restore", "--json").stdout) == {"path": "mine.x"}
    assert quantstrip("settings", "get", "mine.x").stdout == "1\n"
