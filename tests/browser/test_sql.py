"""The SQL page in a browser: written, run with the keyboard, seen as text, drawn, saved as a file."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.operations import static_data
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


def test_an_endless_query_is_stopped_a_large_one_turned_and_a_change_looked_at_before_it_is_written(
    visitor: Any, demo: Any, pictures: Path
) -> None:
    page = visitor.window("/sql")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{most}) SELECT {what} FROM n"
    rewrite(page, "SQL", numbers.format(most="", what="COUNT(*)")).press("Control+Enter")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("the query was stopped")).to_be_visible()
    rewrite(page, "SQL", numbers.format(most=" LIMIT 5000", what="i")).press("Control+Enter")
    expect(page.get_by_text("Rows 1 to 1,000 of 5,000")).to_be_visible()
    page.get_by_role("spinbutton", name="Page of 5").fill("5")
    page.get_by_role("spinbutton", name="Page of 5").press("Enter")
    expect(page.get_by_test_id("stDataFrame").locator("td").filter(has_text="4001")).to_be_attached()

    page.get_by_text("Allow writing").click()
    expect(page.get_by_text("writing is allowed")).to_be_visible()
    change = "UPDATE strategy SET description = 'by hand' WHERE name = 'ma_cross'"
    rewrite(page, "SQL", change).press("Control+Enter")
    expect(page.get_by_text("This would change strategy: 1 changed")).to_be_visible()
    fits(page, pictures, "sql-write")
    page.get_by_role("button", name="Write it").click()
    page.get_by_role("dialog").get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_text("Written: strategy: 1 changed").first).to_be_visible()
    assert static_data.find(demo.home, "strategy", "ma_cross").values["description"] == "by hand"
    static_data.change(demo.home, "strategy", "ma_cross", {"description": ""})

    page.get_by_text("Diagram", exact=True).click()
    expect(page.get_by_test_id("stGraphVizChart").locator("svg g.node")).to_have_count(9)
    fits(page, pictures, "sql-diagram")
    page.get_by_text("Static data", exact=True).click()
    expect(page.get_by_role("button", name="Add a broker")).to_be_visible()
    fits(page, pictures, "sql-static-data")
