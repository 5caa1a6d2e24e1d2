"""A table on a canvas: read by what it tells a screen reader, clicked where its rows are painted."""

from playwright.sync_api import Locator, Page, expect

ROW = 33
"""Pixels of a row, and of the header above the first one."""


def row(page: Page, text: str) -> Locator:
    """The row that has ``text`` in its first column."""
    cells = page.get_by_test_id("stDataFrame").locator("tbody tr")
    return cells.filter(has=page.locator("td:first-child").filter(has_text=text))


def pick(page: Page, text: str) -> None:
    """Click the row that has ``text`` in its first column."""
    expect(row(page, text)).to_have_count(1)
    grid = page.get_by_test_id("stDataFrame")
    rows = [each.text_content() or "" for each in grid.locator("tbody tr td:first-child").all()]
    (place,) = [number for number, words in enumerate(rows) if text in words]
    click(page, ROW * (place + 1) + ROW // 2)


def click(page: Page, y: int) -> None:
    """Click the first column at that height; 10 is its header."""
    page.get_by_test_id("stDataFrame").locator(".dvn-scroller").click(position={"x": 60, "y": y})
