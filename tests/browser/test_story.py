"""A trader's day in the browser, from an empty home to a mailed report: nothing is typed in a terminal."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import service
from quantstrip.operations.homes import make_home
from tests.browser.conftest import LAST_SESSION, Running, Visitor
from tests.browser.editing import editor, rewrite
from tests.browser.mailbox import Mailbox, add_account, mail_server
from tests.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NAME = "my_trend"
FILE = f"clients/{NAME}.py"
SLIP = "self.period = perod"  # what ruff calls an undefined name
BREAK = '        raise RuntimeError("the signals broke")'
FIRST_LINE = "        if len(self._bars[bar.symbol]) < self.period:"


@pytest.fixture
def trader(chromium: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """A person at a new home whose service runs."""
    home = make_home(Home(tmp_path / "home"))
    running = Running(home, free_port())
    running.run("up", "--port", str(running.port), "--detach")
    someone = Visitor(chromium, running)
    try:
        yield someone
    finally:
        someone.leave()
        if service.status(home, clients=False).running:
            running.run("down")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


def test_a_strategy_is_made_mended_tried_deployed_watched_broken_brought_back_and_reported(
    trader: Visitor, mailbox: Mailbox, pictures: Path
) -> None:
    home = trader.demo.home
    page = trader.window("/python")
    make(page)
    good = (home.clients / f"{NAME}.py").read_text(encoding="utf-8")
    mend(page, good, pictures)
    simulate(page, pictures)
    rehearse(page, pictures)
    be_quick(page)
    deploy(page, pictures)
    watch(page, pictures)
    await_on(page, "the replay has reached the last bar", lambda: last_session(home) == LAST_SESSION)
    break_it(page, good)
    read_the_trace(page, pictures)
    roll_back(page)
    made = query(page, home, pictures)
    report(page, made, pictures)
    mail(page, mailbox, pictures)
    bring_bars_in(page)
    look_around(page, pictures)


def make(page: Page) -> None:
    page.get_by_role("button", name="New", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Begin with").click()
    page.get_by_role("option", name="A strategy: bars in, signals out").click()
    dialog.get_by_role("textbox", name="Name").fill(NAME)
    dialog.get_by_role("button", name="Make").click()
    expect(editor(page, FILE)).to_contain_text("class MyStrategy(StrategyBase)")


def mend(page: Page, good: str, pictures: Path) -> None:
    rewrite(page, FILE, good.replace("self.period = period", SLIP))
    expect(page.locator(".qs-findings")).to_contain_text("perod")
    expect(page.locator(".cm-lintRange-error").first).to_be_visible()
    picture(page, pictures, "python-mark")
    rewrite(page, FILE, good)
    expect(page.locator(".qs-findings")).to_have_count(0)


def simulate(page: Page, pictures: Path) -> None:
    page.get_by_role("button", name="Run as simulation").click()
    terminal = page.get_by_role("log", name="Terminal")
    expect(terminal).to_contain_text("BUY")
    picture(page, pictures, "python-simulation")
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").first.click()
    expect(page.get_by_role("button", name="Run as simulation")).to_be_visible()


def rehearse(page: Page, pictures: Path) -> None:
    page.get_by_role("button", name="Rehearse", exact=True).click()
    dialog = page.get_by_role("dialog")
    for place, day in enumerate(("20120301", "20120331")):  # a month of recorded bars
        dialog.get_by_test_id("stDateInput").nth(place).get_by_role("spinbutton").first.focus()
        page.keyboard.type(day)
        page.keyboard.press("Escape")  # the calendar
    dialog.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_text("Took", exact=True)).to_be_visible()
    expect(page.get_by_text("2012-03-01").first).to_be_visible()
    page.get_by_role("radio", name="Fills", exact=True).click(force=True)
    expect(page.get_by_role("table", name="Fills")).to_contain_text("BUY")
    picture(page, pictures, "python-rehearsal")


def be_quick(page: Page) -> None:
    """The whole history in some seconds, set as any setting is."""
    visit(page, "Settings")
    page.get_by_role("button", name="Setting", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Type").click()
    page.get_by_role("option", name="float").click()
    dialog.get_by_role("textbox", name="Name").fill(f"clients.{NAME}.replay_seconds")
    dialog.get_by_role("spinbutton").fill("4")
    dialog.get_by_role("button", name="Add").click()
    toast(page, "replay_seconds is set")


def deploy(page: Page, pictures: Path) -> None:
    visit(page, "Python")
    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("class MyStrategy")
    picture(page, pictures, "python-deploy")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    toast(page, "is deployed")


def watch(page: Page, pictures: Path) -> None:
    visit(page, "Client Monitor")
    expect(page.locator(f".st-key-card-{NAME} .qs-state")).to_have_text("running")
    picture(page, pictures, "monitor")


def break_it(page: Page, good: str) -> None:
    visit(page, "Python")
    rewrite(page, FILE, good.replace(FIRST_LINE, f"{BREAK}\n{FIRST_LINE}"))
    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the signals broke")
    dialog.get_by_role("button", name="Deploy", exact=True).click()


def read_the_trace(page: Page, pictures: Path) -> None:
    page.keyboard.press("Escape")
    visit(page, "Client Monitor")
    page.get_by_role("tab", name="Problems").click()
    problem = page.locator(f".st-key-problem-{NAME}")
    expect(problem).to_contain_text("RuntimeError: the signals broke")
    picture(page, pictures, "monitor-problems")
    problem.get_by_role("link", name=re.compile(f"{NAME}.py")).first.click()
    expect(editor(page, FILE)).to_contain_text("the signals broke")


def roll_back(page: Page) -> None:
    page.get_by_role("button", name="Roll back", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("Roll back to")).click()
    toast(page, "again")
    visit(page, "Client Monitor")
    expect(page.locator(f".st-key-card-{NAME} .qs-state")).to_have_text("running")


def query(page: Page, home: Home, pictures: Path) -> str:
    """The fills, and what they brought, to the cent."""
    visit(page, "SQL")
    rewrite(page, "SQL", "SELECT * FROM v_executions ORDER BY exec_time DESC").press("Control+Enter")
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("td").filter(has_text="AAPL").first).to_be_attached()
    picture(page, pictures, "sql")
    total = f"SELECT printf('%.2f', sum(net_pnl)) AS total FROM v_daily_pnl WHERE strategy = '{NAME}'"
    rewrite(page, "SQL", total).press("Control+Enter")
    expect(grid.locator("th").filter(has_text="total")).to_be_attached()
    made = grid.locator("td").last.text_content() or ""
    assert re.fullmatch(r"-?\d+\.\d\d", made), made
    return made


def report(page: Page, made: str, pictures: Path) -> None:
    visit(page, "Reporting")
    tile = page.locator(".qs-tile").filter(has_text="Total PnL")
    shown = tile.inner_text().replace(",", "").replace("\u2212", "-").replace("+", "")
    assert made in shown
    picture(page, pictures, "reporting")


def mail(page: Page, box: Mailbox, pictures: Path) -> None:
    visit(page, "Notifications")
    add_account(page, "local", "me@example.com", box.port)
    visit(page, "Reporting")
    page.get_by_role("button", name="Send by mail").click()
    page.get_by_label("To", exact=True).fill("me@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    await_on(page, "the report has come", lambda: box.about("Portfolio report"))
    [message] = box.about("Portfolio report")
    kinds = [part.get_content_type() for part in message.walk()]
    assert "text/html" in kinds
    visit(page, "Notifications")
    expect(page.get_by_text(str(message["Subject"])).first).to_be_visible()
    picture(page, pictures, "notifications")


def bring_bars_in(page: Page) -> None:
    """The sample's bars of a share, looked through before they are kept."""
    visit(page, "Market data")
    page.get_by_role("tab", name="Import").click()
    page.get_by_text("A file of this machine", exact=True).click()
    page.get_by_role("combobox", name="File").fill("sample/IBM")
    page.get_by_role("option", name="sample/IBM.csv").click()
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("No gaps, no doubles, nothing looks wrong.")).to_be_visible()
    page.get_by_role("button", name="Keep 3,270 new bars").click()
    page.get_by_role("button", name="See them").click()
    expect(page.locator("canvas").first).to_be_visible()


def look_around(page: Page, pictures: Path) -> None:
    """The client's page and a trade's, then every page of the navigation that the story had no need of."""
    visit(page, "Client Monitor")
    page.get_by_role("link", name=re.compile("Open its page")).click()
    expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()
    picture(page, pictures, "client")
    visit(page, "Reporting")
    page.get_by_role("radio", name="Trades", exact=True).click(force=True)
    page.get_by_role("table", name="Round trips").get_by_role("link").first.click()
    expect(page.locator("canvas").first).to_be_visible()
    picture(page, pictures, "trade")
    for name in page.get_by_test_id("stSidebarNavLink").all_inner_texts():
        title = name.split("\n")[-1].strip()
        if title not in ("Client Monitor", "Reporting", "SQL", "Notifications"):
            visit(page, title)
            picture(page, pictures, title.lower().replace("trade journal", "journal").replace("market data", "market"))


def visit(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def picture(page: Page, pictures: Path, name: str) -> None:
    expect(page.locator(".qs-waits")).to_have_count(0)  # what comes with the page's second run is there
    page.wait_for_timeout(1000)  # and what fades in
    page.screenshot(path=pictures / f"{name}.png")


def toast(page: Page, words: str) -> None:
    expect(page.get_by_test_id("stToast").last).to_contain_text(words)


def await_on(page: Page, what: str, check: Callable[[], object], seconds: int = 180) -> None:
    """Wait while the browser goes on: its requests pass through this process."""
    for _ in range(seconds * 4):
        if check():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"not within {seconds} s: {what}")


def last_session(home: Home) -> str:
    rows = open_ledger(home).query("SELECT feed_date FROM v_strategy_pnl WHERE strategy = :name", {"name": NAME})[1]
    return str(rows[0][0]) if rows else ""
