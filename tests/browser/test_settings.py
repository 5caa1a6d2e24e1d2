"""The settings page as a person uses it: look, change, refuse, hide, delete, take back."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.config import SettingsManager
from quantstrip.operations import settings
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

SECRET = "hunter2-of-the-broker"


def test_a_value_is_changed_refused_hidden_deleted_and_brought_back(visitor: Any, demo: Any, pictures: Path) -> None:
    settings.set_setting(demo.home, "/mine/<b id=injected>x", "<img id=injected src=x>")
    settings.set_setting(demo.home, "mine.password", "older-hunter2", "secret")
    page = visitor.window("/settings")
    page.get_by_role("button", name="mine", exact=False).first.click()
    expect(page.get_by_text("<img id=injected src=x>")).to_be_visible()
    assert page.locator("#injected").count() == 0

    dialog = page.get_by_role("dialog")
    page.get_by_placeholder("Search names").fill("port of the dashboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 found")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_role("spinbutton").fill("70000")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("dashboard.port must be a port from 1 to 65535, got 70000")
    dialog.get_by_role("spinbutton").fill("9123")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".qs-setting-value")).to_have_text("9123")
    expect(page.get_by_test_id("stToast")).to_contain_text("It acts when the service is started again")
    assert SettingsManager(demo.home).get("dashboard.port") == 9123
    settings.delete_setting(demo.home, "dashboard.port")

    page.goto(f"{demo.origin}/settings?folder=mine")
    expect(page.locator(".st-key-setting-mine-password")).to_contain_text("set")
    page.locator(".st-key-setting-mine-password").get_by_role("button").click()
    dialog.get_by_label("New value").fill(SECRET)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert SettingsManager(demo.home).get("mine.password") == SECRET
    assert SECRET not in page.content()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Export").click()
    exported = taken.value.path().read_text(encoding="utf-8")
    assert "<img id=injected src=x>" in exported
    assert SECRET not in exported
    fits(page, pictures, "settings")

    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted: mine")).to_be_visible()
    assert SettingsManager(demo.home).get("mine") is None
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Deleted: mine")).to_have_count(0)
    assert SettingsManager(demo.home).get("mine.password") == SECRET
    settings.delete_setting(demo.home, "mine")
