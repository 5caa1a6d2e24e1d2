"""Each check finds its fault and says what to do."""

import socket
from pathlib import Path

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.operations.doctor import Check, checks
from quantstrip.operations.settings import set_setting
from quantstrip.operations.users import add_user
from tests.ports import free_port


def named(home: Home, name: str) -> Check:
    return next(check for check in checks(home) if check.name == name)


def test_a_home_in_order_has_nothing_to_do(made_home: Home, ledger: Ledger) -> None:
    set_setting(made_home, "dashboard.port", free_port(), "int")
    wrong = [check for check in checks(made_home) if not check.ok and not check.optional and check.name != "packages"]
    assert wrong == []


def test_a_missing_home_is_told_with_how_to_make_it(tmp_path: Path) -> None:
    check = named(Home(tmp_path / "none"), "home")
    assert (check.ok, "quantstrip init" in check.hint) == (False, True)
    assert not (tmp_path / "none").exists(), "looking changes nothing"


def test_a_damaged_database_is_found(made_home: Home) -> None:
    content = bytearray(made_home.database.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\x5a" * (4096 * 3)
    made_home.database.write_bytes(content)
    assert not named(made_home, "ledger").ok


def test_messages_that_do_not_get_through_are_found(made_home: Home, ledger: Ledger) -> None:
    check = named(made_home, "notifications")
    assert (check.ok, check.optional, "quantstrip notify add" in check.hint) == (False, True, True)
    ledger.set_email_account("home", smtp_server="h", from_address="me@example.com")
    assert named(made_home, "notifications").ok
    ledger.queue_message(NewMessage("<1@test>", ["you@example.com"], "s", "b"))
    assert named(made_home, "notifications").ok, "what was not tried yet is on its way"
    ledger.claim_message("me", ledger.store.now() + 10**9)
    ledger.settle_message(1, "me", error="could not connect")
    check = named(made_home, "notifications")
    assert check.message == "1 mail accounts, 0 channels; 1 messages were given up, 0 wait after a failed attempt"
    assert (check.ok, "quantstrip notify list" in check.hint) == (False, True)


def test_a_taken_port_is_found(made_home: Home, ledger: Ledger) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        set_setting(made_home, "dashboard.port", taken.getsockname()[1], "int")
        check = named(made_home, "port")
        assert (check.ok, "--port" in check.hint) == (False, True)


def test_a_token_that_others_may_read_is_found(made_home: Home, ledger: Ledger) -> None:
    assert named(made_home, "token").ok
    made_home.token_file.chmod(0o644)
    assert not named(made_home, "token").ok


def test_who_can_reach_the_dashboard_is_said_and_what_is_missing_for_it(made_home: Home) -> None:
    assert named(made_home, "access").message == "the dashboard is reached from this machine alone; 0 users"
    SettingsManager(made_home).set_by_path("dashboard.hosts", ["https://quant.example"])
    assert "nobody can log in" in named(made_home, "access").message
    add_user(made_home, "ann", "admin", "correct horse battery")
    assert (
        named(made_home, "access").message == "the dashboard is reached from elsewhere as https://quant.example; 1 user"
    )


def test_a_secret_whose_key_is_gone_is_found(made_home: Home, ledger: Ledger) -> None:
    set_setting(made_home, "clients.x.key", "hunter22", "secret")
    assert named(made_home, "settings").ok
    keys = [path for path in made_home.settings.iterdir() if path != made_home.settings_file and path.is_file()]
    assert keys
    for path in keys:
        path.unlink()
    assert not named(made_home, "settings").ok


def test_a_settings_file_with_a_typo_is_found(made_home: Home, ledger: Ledger) -> None:
    made_home.settings_file.write_text("[dashboard]\nprot = 1\n")
    check = named(made_home, "settings")
    assert not check.ok
    assert "prot" in check.message


@pytest.mark.parametrize("kind", ["service_file", "socket"])
def test_left_overs_of_a_killed_service_are_named(made_home: Home, ledger: Ledger, kind: str) -> None:
    left: Path = getattr(made_home, kind)  # the socket of a home with a long path lies elsewhere
    left.parent.mkdir(exist_ok=True)
    left.write_text('{"pid": 1, "port": 1, "started": 1, "socket": "/none", "version": "0"}')
    check = named(made_home, "left-overs")
    assert check.ok
    assert left.name in check.message
    left.unlink()
