"""The page Packages in a browser: looked up, installed while its output is seen, refused, removed."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.operations import packages
from quantstrip.overlay import environments
from tests.browser.looks import fits
from tests.package_index import Index

pytestmark = pytest.mark.browser


def test_a_package_is_looked_up_installed_with_live_output_and_removed(
    visitor: Any, demo: Any, package_index: Index, pictures: Path
) -> None:
    package_index.wheel("alpha", "2.0", ["beta>=1.1"])
    package_index.wheel("beta", "1.1")
    package_index.wheel("beta", "1.0")
    package_index.wheel("gamma", "1.0", ["beta<1.1"])
    page = visitor.window("/packages")
    expect(page.get_by_text("Nothing was installed here yet")).to_be_visible()
    name = page.get_by_role("textbox", name="Name")
    name.fill("alpha")
    name.press("Enter")
    page.get_by_role("button", name="Install 2.0").click()
    expect(page.get_by_text("2 installed here")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("Successfully installed alpha-2.0 beta-1.1")
    fits(page, pictures, "packages")

    name.fill("gamma")
    name.press("Enter")
    expect(page.get_by_text("gamma 1.0 wants beta<1.1")).to_be_visible()
    expect(page.get_by_text("One client can have it")).to_be_visible()
    fits(page, pictures, "packages-environment")
    page.get_by_role("button", name="Install for this client").click()
    own = page.locator("[class*=st-key-item-package-][class*=-gamma]").first
    expect(own).to_be_visible()
    assert len(environments(demo.home)) == 1
    own.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(own).to_have_count(0)
    assert environments(demo.home) == []

    page.get_by_role("button", name="Remove").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Also what nothing else needs: beta")).to_be_visible()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("0 installed here")).to_be_visible()
    assert packages.installed(demo.home) == []
