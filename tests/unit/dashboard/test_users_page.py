"""The page of users on a real file of users: who sees what, and what becomes of what is entered."""

from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.operations import passwords, users
from quantstrip.operations.access_limits import FREE
from tests.unit.dashboard.test_settings_page import dialog, said

PAGE = "screens/users.py"
PASSWORD = "correct horse battery"
OTHER = "another horse battery"


@pytest.fixture
def peopled(home: Home) -> Home:
    """Ann, who looks at the page; a user with a password, and one of single sign-on."""
    users.add_user(home, "ann", "admin", PASSWORD)
    users.add_user(home, "olga", "operator", PASSWORD)
    users.add_user(home, "o@example.com", "viewer", None)
    return home


def listed(home: Home) -> dict[str, tuple[str, str]]:
    return {each.name: (each.role, each.login) for each in users.list_users(home)}


def opens(home: Home, name: str, password: str) -> bool:
    return passwords.matches(password, users.read_users(home)[name].password)


def enter(page: Any, key: str, **values: str) -> None:
    """Fill in fields, each by the end of its key, and press a button."""
    for name, value in values.items():
        page.app.text_input(key=name.replace("_", "-")).set_value(value)
    page.press(key)


def change_own(page: Any, present: str, fresh: str, again: str = "") -> None:
    enter(page, "own-password-change", own_password_present=present, own_password_new=fresh,
          own_password_again=again or fresh)  # fmt: skip


def keys(page: Any) -> set[str]:
    return {str(each.key) for each in page.app.button}


def test_an_admin_sees_everyone_with_role_and_way_of_login_and_nothing_of_a_password(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    assert "ann admin you logs in by a password" in page.text
    assert "olga operator logs in by a password" in page.text
    assert "o@example.com viewer logs in by single sign-on (OIDC)" in page.text
    everything = page.markup + "".join(str(each) for each in page.app.main)
    assert "argon2" not in everything
    assert [each.stamp for each in users.read_users(peopled).values() if each.stamp in everything] == []


def test_without_users_it_says_who_can_log_in_and_what_to_do(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "only the holder of the token can log in" in page.text
    assert "add-user" in keys(page)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_find_their_own_password_and_nothing_of_other_users(peopled: Home, show: Any, role: str) -> None:
    page = show(PAGE, role=role)
    assert keys(page) == {"own-password-change"}
    assert "olga" not in page.text
    dialog(page, "remove-user", "olga")
    assert keys(page) == {"own-password-change"}, "a dialog is not theirs either"


def test_the_tokens_holder_has_no_password_to_change_and_single_sign_on_has_it_elsewhere(
    peopled: Home, show: Any
) -> None:
    page = show(PAGE)
    page.app.user = {"name": "owner", "role": "admin", "way": "token"}
    page.app.run()
    assert "Your password" not in page.text
    assert "remove-user-olga" in keys(page)
    page.app.user = {"name": "o@example.com", "role": "viewer", "way": "oidc"}
    page.app.run()
    assert "your password is your provider's" in page.text
    assert keys(page) == set()


def test_a_user_is_added_with_a_password_that_was_entered_twice(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("add-user")
    enter(page, "user-add-now", user_name="ben", user_new_password=OTHER, user_new_again=OTHER + "x")
    assert "the two passwords are not the same" in page.text
    assert "ben" not in listed(peopled)
    page.app.radio(key="user-new-role").set_value("operator")
    enter(page, "user-add-now", user_new_again=OTHER)
    assert listed(peopled)["ben"] == ("operator", "password")
    assert opens(peopled, "ben", OTHER)
    assert "ben may log in, as operator" in said(page)


def test_a_user_of_single_sign_on_is_added_by_identity(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("add-user")
    page.app.radio(key="user-login").set_value("oidc").run()
    enter(page, "user-add-now", user_identity=" ben@example.com ")
    assert listed(peopled)["ben@example.com"] == ("viewer", "oidc")


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("OLGA", OTHER, "there is a user olga already"),
        ("two words", OTHER, "a user's name has up to 100 letters"),
        ("ben", "short", "a password has 12 to 256 signs, this one has 5"),
    ],
)
def test_what_is_refused_is_said_in_the_dialog_and_changes_nothing(
    peopled: Home, show: Any, name: str, password: str, words: str
) -> None:
    before = peopled.users_file.read_bytes()
    page = show(PAGE)
    page.press("add-user")
    enter(page, "user-add-now", user_name=name, user_new_password=password, user_new_again=password)
    assert words in page.text
    assert "user-add-now" in keys(page), "it stays open"
    assert peopled.users_file.read_bytes() == before


def test_a_role_is_changed_and_a_password_given(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("user-role-olga")
    assert page.app.radio(key="user-other-role").value == "operator"
    page.app.radio(key="user-other-role").set_value("viewer")
    page.press("user-role-now")
    assert listed(peopled)["olga"] == ("viewer", "password")
    page.press("user-password-olga")
    enter(page, "user-password-now", user_other_password=OTHER, user_other_again=OTHER)
    assert opens(peopled, "olga", OTHER)
    assert not opens(peopled, "olga", PASSWORD)


def test_a_removal_asks_first_and_says_when_it_is_oneself(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("remove-user-olga")
    assert "Remove the user olga?" in page.app.text[0].value
    page.press("cancel-remove-user-now")
    assert "olga" in listed(peopled)
    page.press("remove-user-olga")
    page.press("remove-user-now")
    assert sorted(listed(peopled)) == ["ann", "o@example.com"]
    page.press("remove-user-ann")
    assert "That is you" in page.app.text[0].value


def test_the_last_admin_of_a_dashboard_that_others_reach_is_neither_removed_nor_lowered(
    peopled: Home, show: Any
) -> None:
    SettingsManager(peopled).set_by_path("dashboard.hosts", ["https://quant.example.com"])
    page = show(PAGE)
    page.press("remove-user-ann")
    page.press("remove-user-now")
    assert "this is the last admin of a dashboard that can be reached from elsewhere" in page.text
    page.press("cancel-remove-user-now")
    page.press("user-role-ann")
    page.app.radio(key="user-other-role").set_value("viewer")
    page.press("user-role-now")
    assert "this is the last admin" in page.text
    assert listed(peopled)["ann"] == ("admin", "password")


def test_who_was_removed_meanwhile_is_said_to_be(peopled: Home, show: Any) -> None:
    page = show(PAGE)
    users.remove_user(peopled, "olga")
    dialog(page, "user-role", "olga")
    assert "there is no user 'olga' They were removed meanwhile." in page.text


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_ones_own_password_is_changed_by_who_knows_the_present_one(peopled: Home, show: Any, role: str) -> None:
    stamp = users.read_users(peopled)["ann"].stamp
    change_own(show(PAGE, role=role), PASSWORD, OTHER)
    assert opens(peopled, "ann", OTHER)
    assert not opens(peopled, "ann", PASSWORD)
    assert users.read_users(peopled)["ann"].stamp != stamp, "every login of before has ended"
    assert opens(peopled, "olga", PASSWORD)


@pytest.mark.parametrize(
    ("present", "fresh", "again", "words"),
    [
        ("guess", OTHER, OTHER, "the present password is wrong; nothing was changed"),
        ("", OTHER, OTHER, "the present password is wrong; nothing was changed"),
        (PASSWORD, OTHER, OTHER + "x", "the two passwords are not the same"),
        (PASSWORD, "short", "short", "a password has 12 to 256 signs, this one has 5"),
        (PASSWORD, PASSWORD, PASSWORD, "the new password is the present one"),
    ],
)
def test_another_own_password_is_refused_with_the_reason_and_the_fields_are_emptied(
    peopled: Home, show: Any, present: str, fresh: str, again: str, words: str
) -> None:
    before = peopled.users_file.read_bytes()
    page = show(PAGE, role="viewer")
    change_own(page, present, fresh, again)
    assert words in page.text
    assert [each.proto.value for each in page.app.text_input] == ["", "", ""], "no password is sent to the page"
    assert peopled.users_file.read_bytes() == before


def test_guessing_at_the_present_password_is_slowed_down(peopled: Home, show: Any) -> None:
    page = show(PAGE, role="viewer")
    said_of: list[str] = []
    while len(said_of) < 12 and "too many wrong passwords; try again in" not in page.text:
        change_own(page, "guess", OTHER)
        said_of.append(page.text)
    assert len(said_of) > FREE
    assert all("the present password is wrong" in each for each in said_of[:FREE])
    assert "too many wrong passwords; try again in" in said_of[-1]
