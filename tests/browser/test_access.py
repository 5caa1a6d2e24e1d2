"""Users in a browser: they log in with a password, see what their role may, and log out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from quantstrip.operations import users

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


@pytest.fixture
def vic(demo: Any) -> Iterator[str]:
    """A viewer of the demo, who is gone afterwards."""
    users.add_user(demo.home, "vic", "viewer", PASSWORD)
    try:
        yield "vic"
    finally:
        users.remove_user(demo.home, "vic")


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("User").fill("vic")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in with password").click()


def test_a_viewer_logs_in_looks_is_refused_what_is_not_theirs_and_follows_a_new_role(
    visitor: Any, demo: Any, vic: str, pictures: Any
) -> None:
    visitor.refusals = {401, 403}
    page = visitor.window(login=False)
    page.goto(f"{demo.origin}/monitor")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("The user's name or the password is wrong.")
    page.screenshot(path=pictures / "login.png")
    log_in(page)
    expect(page.locator(".qs-title h1")).to_have_text("Client Monitor")
    expect(page.get_by_test_id("stDataFrame").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name=re.compile("^(Start|Stop|Restart|Redeploy|More)"))).to_have_count(0)
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links.filter(has_text="Client Monitor")).to_be_visible()
    for hidden in ("Python", "SQL", "Settings"):
        expect(links.filter(has_text=hidden)).to_have_count(0)

    page.goto(f"{demo.origin}/settings")
    expect(
        page.get_by_text("You are logged in as vic, whose role is viewer. This needs the role admin")
    ).to_be_visible()
    page.screenshot(path=pictures / "refused.png")

    visitor.outage = True  # a new role closes the connection, which opens again
    users.set_role(demo.home, "vic", "admin")
    expect(links.filter(has_text="Settings")).to_be_visible()
    expect(page.locator(".qs-title h1")).to_have_text("Settings")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_have_text("You are logged out.")
    page.goto(f"{demo.origin}/settings")
    expect(page.get_by_role("heading")).to_have_text("Log in")


def test_an_open_page_whose_user_is_removed_shows_the_login(visitor: Any, demo: Any, vic: str) -> None:
    page = visitor.window(login=False)
    visitor.refusals = {401}
    page.goto(f"{demo.origin}/monitor")
    log_in(page)
    expect(page.get_by_test_id("stDataFrame").locator("tbody tr")).to_have_count(2)
    visitor.outage = True
    users.remove_user(demo.home, vic)
    expect(page.get_by_role("alert")).to_contain_text("Your login has ended")
    users.add_user(demo.home, vic, "viewer", PASSWORD)
