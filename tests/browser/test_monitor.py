"""The Client Monitor's switches move real processes; what a client says arrives live, as text."""

from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from quantstrip.errors import ClientNotStarted
from quantstrip.operations import clients
from tests.browser.grid import click, pick, row
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

NOISY = """
from quantstrip import ClientBase, logger


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.display_name = "Noisy <b id=injected>one</b>"
        self.count = 0
        self.scheduler.every(1).seconds.do(self.job)

    def job(self):
        self.count += 1
        logger.info("tick {} <img id=injected src=x onerror='window.injected=1'>", self.count)
"""
BROKEN = "import statsmodelz\n\nfrom quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"


def card(page: Page, name: str) -> Locator:
    """The card of a client, after its row was clicked."""
    found = page.locator(f".st-key-card-{name}")
    pick(page, name)
    expect(found).to_be_visible()
    return found


def tab_to(page: Page, there: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"() => Boolean({there})"):
            return
    raise AssertionError(f"no key leads there: {there}")


@pytest.fixture
def noisy(demo: Any) -> Any:
    (demo.home.clients / "noisy.py").write_text(NOISY, encoding="utf-8")
    clients.deploy(demo.home, "noisy")
    yield "noisy"
    clients.remove(demo.home, "noisy")


@pytest.fixture
def broken(demo: Any) -> Any:
    (demo.home.clients / "broken.py").write_text(BROKEN, encoding="utf-8")
    with pytest.raises(ClientNotStarted):  # it is deployed, and says at once why it does not run
        clients.deploy(demo.home, "broken")
    yield "broken"
    clients.remove(demo.home, "broken")


def test_each_client_is_a_row_with_its_process_and_a_column_sorts_them(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    for status in clients.list_clients(demo.home):
        mine = row(page, status.name)
        expect(mine).to_contain_text("running")
        expect(mine).to_contain_text("REPLAY")
        expect(mine).to_contain_text(str(status.pid))
        assert psutil.pid_exists(status.pid)
    first = page.get_by_test_id("stDataFrame").locator("tbody tr td").first
    expect(first).to_have_text("ma_cross")
    click(page, 10)
    page.wait_for_timeout(300)  # two clicks at once are a double click
    click(page, 10)
    expect(first).to_have_text("rsi_reversion")  # the other way round
    click(page, 50)
    expect(page.locator(".st-key-card-rsi_reversion")).to_contain_text("Version")
    assert page.url.endswith("?client=rsi_reversion")


def test_stop_asks_first_then_ends_that_client_alone_and_start_brings_it_back(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    before = {status.name: status.pid for status in clients.list_clients(demo.home)}
    mine = card(page, "ma_cross")
    mine.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Its open positions stay open")).to_be_visible()
    assert demo.state("ma_cross") == "running"
    page.get_by_role("button", name="Stop ma_cross").click()
    expect(mine.locator(".qs-state")).to_have_text("stopped")
    assert not psutil.pid_exists(before["ma_cross"])
    assert clients.client_status(demo.home, "rsi_reversion").pid == before["rsi_reversion"]
    mine.get_by_role("button", name="Start").click()
    expect(mine.locator(".qs-state")).to_have_text("running")
    after = clients.client_status(demo.home, "ma_cross")
    assert after.pid not in (0, before["ma_cross"])
    expect(mine).to_contain_text(str(after.pid))


def test_the_keyboard_alone_can_ask_and_change_its_mind(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    expect(row(page, "ma_cross")).to_be_attached()
    tab_to(page, "document.activeElement.closest('[data-testid=stDataFrame] canvas')")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-card-rsi_reversion")).to_be_visible()
    page.keyboard.press("ArrowUp")
    stop = page.locator(".st-key-card-ma_cross").get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    tab_to(page, "document.activeElement.innerText.endsWith('Stop')")
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Its open positions stay open")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Its open positions stay open")).to_have_count(0)
    assert demo.state("ma_cross") == "running"


def test_restart_asks_first_and_gives_a_new_process(visitor: Any, demo: Any) -> None:
    page = visitor.window("/monitor")
    before = clients.client_status(demo.home, "rsi_reversion").pid
    mine = card(page, "rsi_reversion")
    expect(mine).to_contain_text(str(before))
    mine.get_by_role("button", name="Restart").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart rsi_reversion").click()
    expect(mine).not_to_contain_text(str(before))
    expect(mine.locator(".qs-state")).to_have_text("running")
    assert not psutil.pid_exists(before)


def test_a_log_line_reaches_the_screen_by_itself_and_html_in_it_is_text(visitor: Any, demo: Any, noisy: str) -> None:
    page = visitor.window("/monitor")
    mine = card(page, noisy)
    log = page.get_by_role("log")
    expect(log).to_contain_text("tick 1 <img id=injected")
    expect(log).to_contain_text("tick 4 ")
    expect(mine).to_contain_text("Noisy <b id=injected>one</b>")
    assert page.locator("#injected").count() == 0
    assert page.evaluate("window.injected") is None
    assert page.url.endswith("?client=noisy")
    at_the_end = "log => log.scrollTop <= 1 && log.lastElementChild.innerText.trim().includes('tick')"
    assert log.evaluate(at_the_end)


def test_a_load_error_is_shown_whole_and_reloaded_once_it_is_mended(
    visitor: Any, demo: Any, broken: str, pictures: Path
) -> None:
    page = visitor.window("/monitor")
    expect(row(page, broken)).to_contain_text("load error")
    expect(row(page, broken)).to_contain_text("'statsmodelz'")
    page.get_by_role("tab", name="Problems").click()
    found = page.locator(f".st-key-problem-{broken}")
    expect(found).to_contain_text("No module named 'statsmodelz'")
    expect(found).to_contain_text("broken.py:1")
    expect(found.locator("code").last).to_contain_text("Traceback (most recent call last)")
    page.screenshot(path=pictures / "problems.png")
    (demo.home.clients / "broken.py").write_text(NOISY, encoding="utf-8")
    found.get_by_role("button", name="Redeploy").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("statsmodelz")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(found).to_contain_text("now running")
    assert demo.state(broken) == "running"


def test_a_changed_file_is_marked_until_it_is_deployed(visitor: Any, demo: Any, noisy: str) -> None:
    page = visitor.window("/monitor")
    mine = card(page, noisy)
    expect(mine.locator(".qs-state")).to_have_text("running")
    expect(mine).not_to_contain_text("differs from deployed")
    before = clients.client_status(demo.home, noisy).code_hash
    (demo.home.clients / "noisy.py").write_text(NOISY + "# edited\n", encoding="utf-8")
    expect(mine).to_contain_text("differs from deployed")
    mine.get_by_role("button", name="Redeploy").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("# edited")
    assert clients.client_status(demo.home, noisy).code_hash == before
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(mine).not_to_contain_text("differs from deployed")
    after = clients.client_status(demo.home, noisy).code_hash
    assert after != before
    expect(mine).to_contain_text(after[:8])


def test_the_traces_file_opens_at_its_line_and_a_client_is_removed_after_a_question(
    visitor: Any, demo: Any, broken: str
) -> None:
    page = visitor.window("/monitor")
    page.get_by_role("tab", name="Problems").click()
    found = page.locator(f".st-key-problem-{broken}")
    found.get_by_role("link", name="Open broken.py:1").click()
    expect(page.locator(".qs-title h1")).to_have_text("Python")
    expect(page.locator(".cm-content")).to_contain_text("import statsmodelz")
    page.goto(f"{demo.origin}/client?name={broken}")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("option", name="Remove").or_(page.get_by_role("menuitem", name="Remove")).click()
    expect(page.get_by_role("dialog")).to_contain_text("its open positions stay open")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("broken is no longer deployed")).to_be_visible()
    assert broken not in [status.name for status in clients.list_clients(demo.home)]
    (demo.home.clients / "broken.py").write_text(BROKEN, encoding="utf-8")
    clients.deploy(demo.home, "broken", start=False)  # what the fixture removes


def test_a_clients_page_runs_a_job_now_and_shows_its_log(visitor: Any, demo: Any, noisy: str, pictures: Path) -> None:
    page = visitor.window(f"/client?name={noisy}")
    expect(page.locator(".qs-title h1")).to_have_text("Noisy <b id=injected>one</b>")
    expect(page.get_by_role("log")).to_contain_text("tick 2 <img id=injected")
    page.get_by_role("tab", name="Jobs").click()
    page.get_by_role("button", name="Run a job now").click()
    page.get_by_role("dialog").get_by_role("radio").first.click(force=True)
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(page.get_by_role("table", name="Job runs")).to_contain_text("by hand")
    assert page.locator("#injected").count() == 0
    fits(page, pictures, "client")
