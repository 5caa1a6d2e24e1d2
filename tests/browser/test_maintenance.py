"""The page Maintenance with the real worker: a backup is made, the audit is verified, and both are among the tasks."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.operations import maintenance
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

SECONDS = 60_000
"""A task's process imports the package first, on a busy machine."""


def test_a_backup_is_made_and_the_audit_verified_by_the_worker_and_both_are_found_among_the_tasks(
    visitor: Any, demo: Any, pictures: Path
) -> None:
    page = visitor.window("/maintenance")
    page.get_by_role("tab", name="Backups").click()
    page.get_by_role("button", name="Make one now").click()
    expect(page.locator(".st-key-backup-last")).to_contain_text("Sound: version", timeout=SECONDS)
    newest = maintenance.backups(demo.home)[0]
    expect(page.locator(".st-key-item-backup-0")).to_contain_text(newest.name)
    fits(page, pictures, "maintenance-backups")

    page.get_by_role("tab", name="Audit").click()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".st-key-audit-last")).to_contain_text("Last verification done", timeout=SECONDS)
    fits(page, pictures, "maintenance-audit")

    page.get_by_role("tab", name="Health").click()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("integrity is good")).to_be_visible(timeout=SECONDS)
    fits(page, pictures, "maintenance-health")

    page.get_by_role("tab", name="Tasks").click()
    rows = page.locator("[class*='st-key-item-task-']")
    expect(rows.filter(has_text="backup").first).to_contain_text("done")
    expect(rows.filter(has_text="audit_verify").first).to_contain_text("asked by Maintenance page")
    fits(page, pictures, "maintenance")
    rows.filter(has_text="backup").first.get_by_role("button", name="Open").click()
    expect(page.get_by_text("What came of it")).to_be_visible()
