"""The page of users in a browser: one is added, logs in, is given another role and another password, and is removed."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from quantstrip.operations import users
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

FIRST, SECOND = "correct horse battery", "another horse battery"


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in with password").click()


def give(page: Page, password: str, again: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password", exact=True).fill(password)
    dialog.get_by_label("The same again").fill(again)


def test_a_user_is_added_logs_in_gets_another_role_and_password_and_is_removed(
    visitor: Any, demo: Any, pictures: Path
) -> None:
    page = visitor.window("/users")
    expect(page.get_by_text("There are no users")).to_be_visible()
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Add user").click()
    dialog.get_by_label("Name").fill("<b id=injected>zoe")
    give(page, FIRST, "something else")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("the two passwords are not the same")
    give(page, FIRST, FIRST)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("got '<b id=injected>zoe'")
    assert users.list_users(demo.home) == []
    dialog.get_by_label("Name").fill("zoe")
    dialog.get_by_role("button", name="Add", exact=True).click()
    mine = page.locator(".st-key-item-user-zoe")
    expect(mine).to_contain_text("viewer")
    fits(page, pictures, "users")

    theirs = visitor.window(login=False)
    visitor.refusals, visitor.outage = {401, 403}, True  # their page closes when their password is another one
    theirs.goto(f"{demo.origin}/users")
    log_in(theirs, "zoe", FIRST)
    expect(theirs.get_by_role("heading", name="Your password")).to_be_visible()
    expect(theirs.get_by_role("button", name="Add user")).to_have_count(0)

    mine.get_by_role("button", name="Role").click()
    dialog.get_by_role("radio", name="operator").click(force=True)
    dialog.get_by_role("button", name="Save").click()
    expect(mine).to_contain_text("operator")
    mine.get_by_role("button", name="Password").click()
    give(page, SECOND, SECOND)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(theirs.get_by_role("alert")).to_contain_text("Your login has ended")
    theirs.goto(f"{demo.origin}/users")
    expect(theirs.get_by_role("alert")).to_have_text("Your login has ended. Log in again.")
    log_in(theirs, "zoe", FIRST)
    expect(theirs.get_by_role("alert")).to_have_text("The user's name or the password is wrong.")
    log_in(theirs, "zoe", SECOND)
    expect(theirs.get_by_role("heading", name="Your password")).to_be_visible()

    mine.get_by_role("button", name="Remove").click()
    expect(dialog).to_contain_text("they cannot log in again")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("There are no users")).to_be_visible()
    assert page.locator("#injected").count() == 0
