"""Reporting in a real browser: Home's figures, a shorter horizon, a trade's own page, a report made by clicking."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from quantstrip.operations import notifications, portfolio
from tests.browser.looks import fits
from tests.browser.mailbox import Mailbox, mail_server

pytestmark = pytest.mark.browser


@pytest.fixture
def mailbox(demo: Any) -> Iterator[Mailbox]:
    """A mail server that the demo's default account sends through."""
    with mail_server() as box:
        notifications.put_account(
            demo.home, "local", provider="smtp", server="127.0.0.1", port=box.port, security="none", username="",
            from_address="me@example.com",
        )  # fmt: skip
        yield box
    notifications.remove_account(demo.home, "local")


def test_figures_trades_and_a_report_of_sections_by_clicking(
    visitor: Any, demo: Any, mailbox: Mailbox, pictures: Path
) -> None:
    whole = portfolio.overview(demo.home).portfolio
    page = visitor.window("/reporting")
    tiles = page.locator(".qs-tiles")
    expect(tiles).to_contain_text(f"{whole.total:+,.2f}")
    expect(page.get_by_role("table", name="By strategy")).to_contain_text("Portfolio")
    expect(page.locator("[data-testid=stPlotlyChart] .main-svg").first).to_be_visible()
    fits(page, pictures, "reporting")
    page.get_by_role("button", name="HTML", exact=True).click()
    with page.expect_download() as saved:  # made by the worker meanwhile
        page.get_by_role("button", name="Download the HTML file").click()
    assert f"{whole.total:,.2f}" in saved.value.path().read_text(encoding="utf-8")
    page.get_by_role("button", name="XLSX", exact=True).click()
    with page.expect_download() as book:
        page.get_by_role("button", name="Download the XLSX file").click()
    with ZipFile(book.value.path()) as parts:
        assert "xl/workbook.xml" in parts.namelist()
    page.get_by_role("radio", name="3M").click()
    expect(page).to_have_url(re.compile("report-horizon=3M"))
    expect(tiles).not_to_contain_text(f"{whole.total:+,.2f}")

    page.get_by_role("radio", name="Trades").click()
    trades = page.get_by_role("table", name="Round trips")
    expect(trades).to_be_visible()
    again: list[str] = []
    page.on("websocket", lambda socket: again.append(socket.url))
    page.on("load", lambda loaded: again.append(loaded.url))
    trades.get_by_role("link").first.click()
    expect(page.locator(".qs-title h1")).to_have_text(re.compile(r"Trade \d+"))
    expect(page.get_by_role("table", name="Orders")).to_contain_text("FILLED")
    expect(page.locator("[data-testid=stMain] canvas").first).to_be_visible()
    fits(page, pictures, "trade")
    page.go_back()
    expect(trades).to_be_visible()
    trades.get_by_role("link").first.click()
    page.get_by_role("link", name="All trades").click()
    expect(trades).to_be_visible()
    expect(page).to_have_url(re.compile("/reporting[?].*report-part=Trades"))
    assert again == [], "the session goes on: nothing is loaded anew"

    page.get_by_role("radio", name="Stored reports").click()
    page.get_by_role("button", name="New report").click()
    page.get_by_label("Name").fill("Weekly <review>")
    page.get_by_label("Name").press("Enter")
    fits(page, pictures, "reporting-editor")
    page.get_by_role("button", name="Preview").click()  # made by the worker, as what Open shows below
    expect(page.frame_locator("iframe").first.get_by_text("Net PnL").first).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as report")).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    item = page.locator("[class*=st-key-item-report-]").first
    expect(item).to_contain_text("Weekly <review>")
    item.get_by_role("button", name="Open").click()
    expect(page.frame_locator("iframe").first.get_by_text("Net PnL").first).to_be_visible()
    item.get_by_role("button", name="Send").click()
    page.get_by_role("dialog").get_by_label("To", exact=True).fill("you@example.com")
    page.get_by_role("dialog").get_by_role("button", name="Send").click()  # at once: the address goes with it
    for _ in range(480):  # the worker hands it over; the browser goes on meanwhile
        if mailbox.about("Weekly <review>"):
            break
        page.wait_for_timeout(250)
    assert [each["To"] for each in mailbox.about("Weekly <review>")] == ["you@example.com"], mailbox.subjects
    item.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("No report is stored yet")).to_be_visible()
