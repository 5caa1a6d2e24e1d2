"""The logging page in a browser: a line arrives within two seconds, a level, a jump, a file."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.looks import fits

pytestmark = pytest.mark.browser

INJECTED = "<img id=injected src=x onerror='window.injected=1'>"
BEGIN = "2026-01-17 14:00:0"


def test_a_line_arrives_live_as_text_and_is_found_by_level_and_moment(visitor: Any, demo: Any, pictures: Path) -> None:
    log = demo.home.logs / "seen.log"
    log.write_text("".join(f"{BEGIN}{n} - INFO - seen - MainThread - entry {n}\n" for n in range(9)), encoding="utf-8")
    page = visitor.window("/logging?stream=seen")
    shown = page.get_by_role("log", name="Log", exact=True)
    expect(shown).to_contain_text("entry 8")

    waits = []  # of three, for a machine that does other things meanwhile may hold one up
    for number in range(3):
        written = time.monotonic()
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{BEGIN}9 - ERROR - seen - MainThread - {INJECTED} late {number}\n")
        expect(shown).to_contain_text(f"{INJECTED} late {number}")
        waits.append(time.monotonic() - written)
    assert min(waits) < 2.0, f"the lines took {waits} s"
    assert page.locator("#injected").count() == 0
    assert page.evaluate("window.injected") is None
    assert shown.evaluate("log => log.scrollTop <= 1"), "the newest line is in view"
    fits(page, pictures, "logging")

    page.get_by_role("combobox", name="Level").click()
    page.get_by_role("option", name="ERROR and above").click()
    expect(shown).not_to_contain_text("entry 8")
    expect(shown).to_contain_text("late")
    with page.expect_download() as taken:
        page.get_by_role("button", name="What is shown").click()
    text = taken.value.path().read_text(encoding="utf-8")
    assert text.endswith(" late 2\n")
    assert text.count("\n") == 3
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the file").click()
    assert taken.value.path().read_bytes() == log.read_bytes()
    log.unlink()
