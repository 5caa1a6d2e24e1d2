"""The SQL page in a browser: written, run with the keyboard, seen as text, drawn, saved as a file."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.editing import rewrite
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

INJECTED = "<img id=injected src=x onerror='window.injected=1'>"
FILLS = f"""SELECT exec_time, '{INJECTED.replace("'", "''")}' AS "{INJECTED}", symbol, price, '=1+1' AS formula
FROM v_executions
WHERE strategy = :strategy
ORDER BY exec_time"""


def test_a_query_is_written_run_by_keyboard_drawn_and_taken_as_a_file(visitor: Any, demo: Any, pictures: Path) -> None:
    page = visitor.window("/sql")
    editor = rewrite(page, "SQL", FILLS)
    editor.press("Control+Enter")
    asked = page.get_by_role("textbox", name=":strategy")
    expect(asked).to_be_visible()
    asked.fill("ma_cross")
    asked.press("Enter")
    editor.press("Control+Enter")
    grid = page.get_by_test_id("stDataFrame")
    expect(grid).to_be_visible()
    expect(page.locator("[class*=st-key-sql-use-]")).to_have_count(1)  # the key asked once, though a button has it too
    # The grid is a canvas; what a screen reader hears of it is a table inside, which Playwright takes for hidden.
    expect(grid.locator("th").filter(has_text=INJECTED)).to_be_attached()
    expect(grid.locator("td").filter(has_text=INJECTED).first).to_be_attached()
    fits(page, pictures, "sql")
    grid.hover()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)  # the grid's own keeps formulas alive
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    lines = taken.value.path().read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(",'=1+1") for line in lines[1:])
    assert len(lines) > 1

    page.get_by_text("Line", exact=True).click()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    assert page.locator("#injected").count() == 0
    assert page.evaluate("window.injected") is None
    fits(page, pictures, "sql-chart")

    page.get_by_role("button", name="Save as").click()
    page.get_by_role("textbox", name="Name").fill("fills")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Rename")).to_be_visible()
    assert (demo.home.queries / "fills.sql").read_text(encoding="utf-8") == FILLS
    rewrite(page, "SQL", "SELECT 'not saved'")
    page.get_by_role("link", name="Logging").click()
    expect(page.get_by_role("heading", name="Logging")).to_be_visible()
    page.get_by_role("link", name="SQL").click()
    expect(editor).to_have_text("SELECT 'not saved'")
    expect(page.get_by_text("fills is not saved yet")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    assert not (demo.home.queries / "fills.sql").exists()
