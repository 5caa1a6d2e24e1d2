"""The journal page in a real browser: enter a trade of a new strategy, look, book, correct it, delete it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from tests.browser.conftest import Running
from tests.browser.looks import fits
from tests.ports import free_port

pytestmark = pytest.mark.browser

HELD = "SELECT position, avg_price FROM v_positions WHERE strategy = 'by_hand'"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A home of its own: what is booked here must not stand among the figures that other tests read."""
    running = Running(Home(tmp_path_factory.mktemp("journal") / "home").create(), free_port())
    running.run("up", "--port", str(running.port), "--detach")
    yield running
    running.run("down")


def test_a_trade_is_entered_looked_at_booked_corrected_and_deleted_by_clicking(
    visitor: Any, demo: Any, pictures: Path
) -> None:
    ledger = open_ledger(demo.home)
    page = visitor.window("/journal")
    dialog = page.get_by_role("dialog")
    page.get_by_role("combobox", name="Mode").click()
    page.get_by_role("option", name="paper").click()
    expect(page.get_by_text("Nothing was entered or corrected in mode paper yet")).to_be_visible()

    page.get_by_role("button", name="Enter a trade").click()
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Choose a strategy.")).to_be_visible()
    fits(page, pictures, "journal-fields")
    dialog.get_by_role("combobox", name="Strategy").fill("by_hand")
    page.keyboard.press("Enter")
    dialog.get_by_label("Symbol").fill("<b>SPY")
    dialog.get_by_role("combobox", name="Side").click()
    page.get_by_role("option", name="BUY").click()
    dialog.get_by_label("Quantity").fill("10")
    dialog.get_by_label("Price", exact=True).fill("412.48")
    dialog.get_by_label("Commission").fill("1")
    dialog.get_by_label("Note").fill("by phone")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("BUY 10 <b>SPY at 412.48 for by_hand. by_hand is a new strategy")
    expect(dialog.get_by_role("table")).to_contain_text("Position010+10")
    fits(page, pictures, "journal-preview")
    assert ledger.query(HELD)[1] == []
    dialog.get_by_role("button", name="Book it").click()
    expect(dialog).to_have_count(0)
    assert ledger.query(HELD)[1] == [(10.0, 412.48)]

    item = page.locator("[class*=st-key-item-journal-]").first
    expect(item).to_contain_text(re.compile("CES?T"))
    item.get_by_role("button", name="Correct").click()
    dialog.get_by_label("Price", exact=True).fill("412.84")
    dialog.get_by_label("Why").fill("mistyped")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("Correct price of BUY 10 <b>SPY at 412.48")
    dialog.get_by_role("button", name="Book the correction").click()
    expect(dialog).to_have_count(0)
    assert ledger.query(HELD)[1] == [(10.0, 412.84)]
    expect(page.locator("[class*=st-key-item-journal-]")).to_have_count(3)
    fits(page, pictures, "journal")

    item.get_by_role("button", name="Delete").click()
    dialog.get_by_label("Why").fill("never was")
    dialog.get_by_role("button", name="Preview").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(dialog).to_have_count(0)
    assert ledger.query(HELD)[1] == []
