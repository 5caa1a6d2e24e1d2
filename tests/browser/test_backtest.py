"""The Backtest page in a browser: refused, run, looked at, swept, a point opened from the heat map, compared."""

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from quantstrip.home import asset
from quantstrip.operations import backtests
from tests.browser.conftest import until
from tests.browser.looks import fits

pytestmark = pytest.mark.browser


def test_a_strategy_is_run_and_swept_and_its_runs_compared(visitor: Any, demo: Any, pictures: Path) -> None:
    earlier = {task.task_id for task in backtests.runs(demo.home)}  # of other tests
    page = visitor.window("/backtest")
    fast = page.get_by_role("spinbutton", name="fast")
    fast.fill("40")
    fast.press("Enter")
    run = page.get_by_role("button", name="Run", exact=True)
    run.click()
    expect(page.get_by_text("fast must be shorter than slow, got fast 40 and slow 30")).to_be_visible()
    assert {task.task_id for task in backtests.runs(demo.home)} == earlier
    fits(page, pictures, "backtest")

    fast.fill("7")
    fast.press("Enter")
    run.click()
    expect(page.get_by_role("heading", name=re.compile(r"Backtest \d+"))).to_be_visible()
    expect(page.get_by_text("Total return")).to_be_visible()
    expect(page.get_by_test_id("stEChartsChart").locator("canvas").first).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    fits(page, pictures, "backtest-result")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Trades CSV").click()
    task = backtests.runs(demo.home)[0]
    assert task.result is not None
    assert len(taken.value.path().read_text(encoding="utf-8").splitlines()) == task.result["trades"] + 1

    page.get_by_role("button", name="Edit and run again").click()
    expect(fast).to_have_value("7")
    page.get_by_text("Sweep", exact=True).first.click()
    for name, values in (("fast", "5, 10"), ("slow", "20:40:20")):
        field = page.get_by_role("textbox", name=name)
        field.fill(values)
        field.press("Enter")
    expect(page.get_by_text("4 runs, each the same as a backtest")).to_be_visible()
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.get_by_role("heading", name=re.compile(r"Sweep \d+"))).to_be_visible()
    expect(page.get_by_text("The best of 4 tries on the same bars")).to_be_visible()
    expect(page.locator(".qs-title").get_by_text("done", exact=True)).to_be_visible()
    fits(page, pictures, "backtest-sweep")
    opened = page.locator("[class*=st-key-bt-heat]").get_by_role("button", name="Open fast 10, slow 40 as a backtest")

    def chosen() -> bool:
        """A chart that is still being laid out anew takes no click."""
        cells = page.locator("[class*=st-key-bt-heat] canvas").first.bounding_box()
        assert cells
        page.mouse.click(cells["x"] + cells["width"] * 0.7, cells["y"] + 50)  # the right column, the upper row
        with suppress(PlaywrightTimeout):
            opened.wait_for(timeout=10_000)
        return bool(opened.is_visible())

    until("the cell is chosen", chosen)
    opened.click()
    expect(page.get_by_text("Total return")).to_be_visible()
    assert backtests.runs(demo.home)[0].arguments["parameters"] == {"fast": 10, "slow": 40}

    page.get_by_role("button", name="All runs").click()
    for task in backtests.runs(demo.home):
        if task.kind == "backtest" and task.task_id not in earlier:
            page.locator(f".st-key-bt-picked-{task.task_id} label").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("parameter slow")).to_be_visible()
    fits(page, pictures, "backtest-compare")


def test_a_strategy_of_a_repository_runs_in_a_cell_and_its_kept_run_is_proven(
    visitor: Any, demo: Any, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "cross.py").write_bytes((asset("examples") / "ma_cross.py").read_bytes())
    names = ("-c", "user.name=A Trader", "-c", "user.email=a@example.org")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", *names, *words], cwd=folder, check=True, timeout=30)
    page = visitor.window("/backtest")
    page.get_by_text("Repository", exact=True).click()
    address = page.get_by_role("textbox", name="Address")
    address.fill(folder.as_uri())
    address.press("Enter")
    page.get_by_role("button", name="Fetch").click()
    expect(page.get_by_text("1 found at commit")).to_be_visible()
    page.get_by_text("Fills and costs").click()
    page.get_by_text("Strict: fill as live would").click()
    expect(page.get_by_text("strict fills", exact=True)).to_be_visible()
    fits(page, pictures, "backtest-options")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Total return")).to_be_visible()
    page.get_by_role("button", name="Run again and verify").click()
    expect(page.get_by_text("run again, the same byte for byte.")).to_be_visible()
    task = backtests.runs(demo.home)[0]
    assert task.arguments["untrusted"] is True
    assert task.arguments["path"] == "cross.py"

    page.get_by_role("button", name="All runs").click()
    page.get_by_text("Sweep", exact=True).first.click()
    for name, values in (("fast", "4:7:1"), ("slow", "20:35:5")):
        field = page.get_by_role("textbox", name=name)
        field.fill(values)
        field.press("Enter")
    expect(page.get_by_text("16 runs, each the same as a backtest")).to_be_visible()
    page.get_by_role("button", name="Estimate first").click()
    expect(page.get_by_text(re.compile(r"About .*: 16 points, .* s each"))).to_be_visible()


SLOW = """
import time

from quantstrip import StrategyBase


class Slow(StrategyBase):
    def __init__(self, symbols=None):
        super().__init__(name="slow_one", symbols=symbols or ["AAPL"])

    def on_bar(self, bar):
        time.sleep(0.1)
        return []
"""


def test_a_backtest_that_runs_is_cancelled_by_its_button(visitor: Any, demo: Any) -> None:
    (demo.home.clients / "slow_one.py").write_text(SLOW, encoding="utf-8")
    page = visitor.window("/backtest")
    page.get_by_role("combobox", name="Strategy").click()
    page.get_by_role("option", name=re.compile("slow_one")).click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".qs-title").get_by_text("running", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".qs-title").get_by_text("cancelled", exact=True)).to_be_visible()
    task = backtests.runs(demo.home)[0]
    assert task.state == "cancelled"
    assert task.result is None
    (demo.home.clients / "slow_one.py").unlink()
