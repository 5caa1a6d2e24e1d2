"""The page Market data with the real worker: a file handed over, looked through, kept, seen, taken out, deleted."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from quantstrip.bars import BarStore, sample_folder
from quantstrip.home import Home
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

SYMBOL = "GAPPY"


@pytest.fixture
def home(demo: Any) -> Iterator[Home]:
    """The demo's, whose runs find the sample again afterwards: stored bars would stand in its place."""
    yield demo.home
    store = BarStore(demo.home.bars)
    if SYMBOL in store.symbols():
        store.delete(SYMBOL)


def test_a_file_is_looked_through_before_it_is_kept_and_then_seen_taken_out_and_deleted(
    visitor: Any, home: Home, tmp_path: Path, pictures: Path
) -> None:
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()
    file = tmp_path / f"{SYMBOL}.csv"
    file.write_text("\n".join([*lines[:50], lines[49].rsplit(",", 1)[0] + ",7", *lines[52:]]))
    page = visitor.window("/market")
    expect(page.get_by_text("No bars are stored yet")).to_be_visible()
    page.get_by_role("tab", name="Import").click()
    page.get_by_text("A file of this machine", exact=True).click()
    named = page.get_by_role("combobox", name="File")
    named.fill("/etc/passwd")
    named.press("Enter")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("'/etc/passwd' is not in the home")).to_be_visible()

    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    found = page.get_by_role("table", name="What was found")
    expect(found).to_contain_text("Sessions without a bar22000-05-10, 2000-05-11")
    expect(found).to_contain_text("A time twice, with other values1")
    fits(page, pictures, "market-import")
    keep = page.get_by_role("button", name="Keep 3,268 new bars")
    expect(keep).to_be_disabled()
    assert SYMBOL not in BarStore(home.bars).symbols()
    page.get_by_text("Keep them although 2 sessions are missing").click()
    keep.click()
    page.get_by_role("button", name="See them").click()
    expect(page.get_by_test_id("stEChartsChart").locator("canvas").first).to_be_visible()
    expect(page.locator(".qs-soft", has_text="2 of 3270 sessions missing")).to_be_visible()
    assert not list(home.uploads.iterdir()), "what was handed over is gone once it is kept"
    fits(page, pictures, "market")

    page.get_by_role("button", name="Export as CSV").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile("Save GAPPY-1d.csv")).click()
    assert len(taken.value.path().read_text(encoding="utf-8").splitlines()) == 3_269
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No bars are stored yet")).to_be_visible()
