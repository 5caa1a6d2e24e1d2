"""The page Validation with the real worker: a file refused with its line, a walk-forward, two forms compared."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import fits

pytestmark = pytest.mark.browser

SECONDS = 60_000
READS = """
from quantstrip import StrategyBase

class Reads(StrategyBase):
    timeframe = "1d"
    def __init__(self, symbols=None):
        super().__init__(name="reads", symbols=symbols or ["IBM"])
    def on_bar(self, bar):
        import socket
        return []
"""


@pytest.fixture
def reads(demo: Any) -> Iterator[Path]:
    file = demo.home.clients / "reads.py"
    file.write_text(READS)
    yield file
    file.unlink()


def choose(page: Page, check: str) -> None:
    page.locator(".st-key-check-form").get_by_text(check, exact=True).click()
    expect(page.get_by_role("button", name=f"Run: {check}")).to_be_visible()


def run(page: Page, check: str) -> None:
    page.get_by_role("button", name=f"Run: {check}").click()
    expect(page.get_by_role("heading", name=re.compile(rf"{check} \d+"))).to_be_visible()
    expect(page.locator(".qs-title").get_by_text("done", exact=True)).to_be_visible(timeout=SECONDS)


def test_a_file_is_refused_with_its_line_and_a_strategy_judged_on_what_came_after(
    visitor: Any, reads: Path, pictures: Path
) -> None:
    page = visitor.window("/validation")
    choose(page, "Strategy check")
    page.get_by_role("combobox", name="Strategy").click()
    page.get_by_role("option", name="clients/reads.py").click()
    run(page, "Strategy check")
    expect(page.get_by_role("table", name="Findings")).to_contain_text("import9")
    expect(page.get_by_role("link", name="Open reads.py:9")).to_have_attribute("href", re.compile("line=9"))

    page.get_by_role("button", name="All checks").click()
    choose(page, "Walk-forward")
    page.get_by_role("combobox", name="Strategy").click()
    page.get_by_role("option", name="examples/ma_cross.py").click()
    fast = page.get_by_role("textbox", name="fast")
    fast.fill("5, 10")
    fast.press("Enter")
    expect(page.get_by_text("2 runs a window")).to_be_visible()
    fits(page, pictures, "validation")
    page.get_by_text("Anchored", exact=True).click()
    run(page, "Walk-forward")
    expect(page.locator(".qs-tile-note").get_by_text("anchored", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    fits(page, pictures, "validation-walk-forward")
    page.get_by_role("button", name="All checks").click()
    expect(page.locator("[class*='st-key-item-check-']").first).to_contain_text("efficiency")
