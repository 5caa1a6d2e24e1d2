"""A user's own password: who knows the present one changes it, and guessing is slowed down as at the login."""

from pathlib import Path

import pytest

from quantstrip.clock import ManualClock
from quantstrip.errors import ConfigError, SecretError
from quantstrip.home import Home
from quantstrip.operations import passwords, users
from quantstrip.operations.access_limits import FREE, NAME_SECONDS, Throttle
from quantstrip.operations.own_password import change_own_password, has_password

PASSWORD = "correct horse battery"
OTHER = "another horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home").create()
    users.add_user(made, "ann", "viewer", PASSWORD)
    users.add_user(made, "o@example.com", "viewer", None)
    return made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0)


@pytest.fixture
def tries(clock: ManualClock) -> Throttle:
    return Throttle(clock, NAME_SECONDS)


def test_who_knows_the_present_password_changes_it(home: Home, tries: Throttle) -> None:
    before = users.read_users(home)["ann"]
    change_own_password(home, "ann", PASSWORD, OTHER, tries=tries)
    after = users.read_users(home)["ann"]
    assert passwords.matches(OTHER, after.password)
    assert not passwords.matches(PASSWORD, after.password)
    assert after.stamp != before.stamp, "every login of before has ended"
    assert (after.role, after.created) == (before.role, before.created)


def test_only_who_has_a_password_here_can_change_it(home: Home, tries: Throttle) -> None:
    assert [has_password(home, name) for name in ("ann", "o@example.com", "nobody")] == [True, False, False]
    before = home.users_file.read_bytes()
    for name in ("o@example.com", "nobody"):
        with pytest.raises(SecretError, match="the present password is wrong"):
            change_own_password(home, name, "", OTHER, tries=tries)
    assert home.users_file.read_bytes() == before


def test_after_too_many_wrong_ones_the_right_one_waits_too_and_then_counts(
    home: Home, clock: ManualClock, tries: Throttle
) -> None:
    for _ in range(FREE):
        with pytest.raises(SecretError, match="the present password is wrong"):
            change_own_password(home, "ann", "guess", OTHER, tries=tries)
    with pytest.raises(SecretError, match="too many wrong passwords; try again in 1 s"):
        change_own_password(home, "ann", PASSWORD, OTHER, tries=tries)
    clock.advance(1.0)
    change_own_password(home, "ann", PASSWORD, OTHER, tries=tries)
    assert passwords.matches(OTHER, users.read_users(home)["ann"].password)
    assert len(tries) == 0, "what was wrong before is forgotten"


def test_a_new_password_that_is_too_weak_is_no_wrong_try(home: Home, tries: Throttle) -> None:
    with pytest.raises(SecretError, match="12 to 256 signs"):
        change_own_password(home, "ann", PASSWORD, "short", tries=tries)
    assert len(tries) == 0


def test_a_password_that_was_changed_meanwhile_is_not_overwritten(home: Home) -> None:
    seen = users.read_users(home)["ann"].password
    users.set_password(home, "ann", OTHER)
    with pytest.raises(ConfigError, match="changed meanwhile"):
        users.set_password(home, "ann", "a third horse battery", instead_of=seen)
    assert passwords.matches(OTHER, users.read_users(home)["ann"].password)
