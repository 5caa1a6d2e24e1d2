"""The Python page in a browser: written, marked, mended, tried, deployed after its difference, rolled back."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, files, files_trash, versions
from tests.browser.conftest import until
from tests.browser.looks import fits

pytestmark = pytest.mark.browser

CLIENT = """from quantstrip import ClientBase, logger


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.scheduler.every(1).seconds.do(self.job)

    def job(self):
        logger.info("version one <img src=x onerror='window.injected=1'>")
"""


def write(page: Page, text: str) -> None:
    """At the end of the editor's text."""
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


@pytest.fixture
def source(demo: Any) -> Any:
    """A client of this test's own; gone afterwards, with what it deployed."""
    path = "clients/mine.py"
    files.upload(demo.home, {path: CLIENT.encode()})
    yield path
    if open_ledger(demo.home).get_client("mine"):
        clients.remove(demo.home, "mine")
    files_trash.delete(demo.home, path)


def test_a_client_is_written_marked_tried_deployed_and_rolled_back(
    visitor: Any, demo: Any, source: str, pictures: Path
) -> None:
    clients.deploy(demo.home, "mine", wait_seconds=0)
    page = visitor.window(f"/python?file={source}&line=9")
    expect(page.locator(".cm-content")).to_contain_text("version one")
    write(page, "        print(undefinedd)\n")
    expect(page.locator(".qs-mark-error")).to_contain_text("11:15 Undefined name")
    expect(page.locator(".cm-lintRange-error")).to_have_text("undefinedd")
    expect(page.get_by_role("radio", name="mine.py ●")).to_be_visible()
    fits(page, pictures, "python")

    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    write(page, '        print("version two <b>")\n')
    expect(page.locator(".qs-mark-error")).to_have_count(0)
    page.keyboard.press("F5")  # saves, and runs it
    terminal = page.get_by_role("log", name="Terminal")
    expect(terminal).to_contain_text("version two <b>")
    assert files.read(demo.home, source).text.endswith('print("version two <b>")\n')
    press(page, "Stop")
    expect(page.get_by_role("button", name="Run as simulation")).to_be_visible()

    page.get_by_role("button", name="More", exact=True).click()
    allowed = page.get_by_role("switch", name="Next simulation may connect")
    page.get_by_text("Next simulation may connect", exact=True).click()
    expect(allowed).to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Run as simulation").click()
    expect(page.get_by_text("what it orders there is real")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    expect(allowed).not_to_be_checked()  # it held for that run alone
    page.keyboard.press("Escape")
    press(page, "Stop")
    expect(page.get_by_role("button", name="Run as simulation")).to_be_visible()

    press(page, "Deploy")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".qs-diff-new")).to_have_text('+ print("version two <b>")')
    fits(page, pictures, "python-deploy")
    dialog.get_by_role("button", name="Deploy").click()
    expect(dialog).to_have_count(0)
    log = demo.home.logs / "mine.log"
    first, second = sorted(versions.versions(demo.home, "mine"), key=lambda version: version.first)
    assert second.current
    assert clients.client_status(demo.home, "mine").state == "running"

    press(page, "Roll back")
    expect(dialog.locator(".qs-diff-old")).to_have_text('- print("version two <b>")')
    dialog.get_by_role("button", name=re.compile("Roll back to")).click()
    expect(dialog).to_have_count(0)
    assert clients.client_status(demo.home, "mine").code_hash == first.code_hash
    until("the old version runs", lambda: "version one" in log.read_text(encoding="utf-8"))
    expect(page.get_by_text("1 differs from what is deployed")).to_be_visible()
    assert page.evaluate("window.injected") is None


def test_what_is_not_saved_outlives_a_reload_of_the_tab_and_stays_out_of_another_window(
    visitor: Any, demo: Any, source: str
) -> None:
    page = visitor.window(f"/python?file={source}")
    expect(page.locator(".cm-content")).to_contain_text("version one")
    write(page, "# typed\n")
    expect(page.get_by_text("1 not saved")).to_be_visible()
    other = visitor.window(f"/python?file={source}")
    expect(other.locator(".cm-content")).to_contain_text("version one")
    expect(other.locator(".cm-content")).not_to_contain_text("# typed")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("# typed")
    expect(page.get_by_text("1 not saved")).to_be_visible()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_text("1 not saved")).to_have_count(0)
    expect(page.locator(".cm-content")).not_to_contain_text("# typed")
    assert "# typed" not in files.read(demo.home, source).text


def test_two_windows_on_one_file_lose_nothing(visitor: Any, demo: Any, source: str) -> None:
    first, second = visitor.window(f"/python?file={source}"), visitor.window(f"/python?file={source}")
    for page, words in ((second, "# second\n"), (first, "# first\n")):
        expect(page.locator(".cm-content")).to_contain_text("version one")
        write(page, words)
        expect(page.get_by_text("1 not saved")).to_be_visible()
    first.keyboard.press("Control+s")
    expect(first.get_by_text("1 not saved")).to_have_count(0)
    expect(second.get_by_text("was changed meanwhile")).to_be_visible()  # by itself
    expect(second.locator(".qs-diff-old")).to_have_text("- # first")
    second.get_by_role("link", name="Logging").click()
    expect(second.get_by_role("heading", name="Logging")).to_be_visible()
    second.get_by_role("link", name="mine.py").click()
    second.get_by_role("button", name="Overwrite").click()
    expect(second.get_by_text("1 not saved")).to_have_count(0)
    assert files.read(demo.home, source).text == CLIENT + "# second\n"
    expect(first.locator(".cm-content")).to_contain_text("# second")  # nobody touched that text: it follows
