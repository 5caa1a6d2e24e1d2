"""The code editor on a page of its own: a real Streamlit app, a real Chromium."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from quantstrip.home import asset
from tests.browser.conftest import Visitor, until
from tests.browser.editing import append, editor, rewrite
from tests.browser.looks import fits
from tests.ports import free_port

pytestmark = pytest.mark.browser

APP = Path(__file__).parent / "editor_app.py"
FIRST = "import os\nx = 1\n"
OPTIONS = (
    "--server.headless=true", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false", "--client.toolbarMode=minimal",
)  # fmt: skip


@dataclass
class App:
    """Where the app answers."""

    origin: str

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.origin}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(APP), f"--server.port={port}", *OPTIONS]
    kept = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, cwd=asset("dashboard"), env=kept, stdout=subprocess.DEVNULL) as process:
        try:
            running = App(f"http://127.0.0.1:{port}")
            until("the app answers", running.answers, 60)
            yield running
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def window(chromium: Browser, app: App) -> Iterator[tuple[Visitor, Page]]:
    """One window for all: each visit loads the page anew, and the browser has its scripts already."""
    someone = Visitor(chromium, app)  # type: ignore[arg-type]  # what it asks of a service is where it answers
    try:
        yield someone, someone.window(login=False)
    finally:
        someone.leave()


@pytest.fixture
def visit(window: tuple[Visitor, Page], app: App) -> Iterator[Callable[[str], Page]]:
    someone, page = window

    def go(query: str = "") -> Page:
        page.goto(f"{app.origin}/{query}")
        expect(editor(page, "Client")).to_be_visible()
        expect(editor(page, "SQL")).to_be_visible()
        return page

    yield go
    assert someone.errors == []


def said(page: Page, words: str) -> None:
    """Python says this on the page."""
    expect(page.get_by_text(words, exact=True)).to_be_visible()


def lines(page: Page, name: str) -> list[str]:
    return [line.rstrip("\n") for line in editor(page, name).locator(".cm-line").all_inner_texts()]


def offered(page: Page) -> list[str]:
    listed = page.get_by_role("listbox").get_by_role("option")
    expect(listed.first).to_be_visible()
    page.wait_for_timeout(200)  # before a person can have seen the list, no key is taken for an answer to it
    return [each.locator(".cm-completionLabel").inner_text() for each in listed.all()]


def test_a_click_right_after_typing_finds_the_newest_text(visit: Any) -> None:
    page = visit()
    append(page, "Client", "y = 2")
    page.get_by_role("button", name="Take").click()
    said(page, f"taken: {FIRST + 'y = 2'!r} clicks: 1")


def test_a_slow_click_is_not_lost_though_the_page_moves_once_python_hears_of_the_text(visit: Any) -> None:
    page = visit()
    button = page.get_by_role("button", name="Take")
    box = button.bounding_box()
    append(page, "Client", "z = 3")
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.wait_for_timeout(1500)  # longer than the pause after which a text is sent, and than the page takes to move
    page.mouse.up()
    said(page, f"taken: {FIRST + 'z = 3'!r} clicks: 1")


def test_what_is_typed_is_heard_when_typing_pauses_or_the_keyboard_leaves(visit: Any) -> None:
    page = visit()
    append(page, "SQL", "SELECT 1")
    said(page, "second: 'SELECT 1'")
    page.keyboard.type(" + 1")
    for _ in range(2):  # the first may only close a list of completions
        page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(editor(page, "SQL")).not_to_be_focused()
    said(page, "second: 'SELECT 1 + 1'")


def test_keys_ask_for_what_they_mean_once_with_the_newest_text_and_the_selection(visit: Any) -> None:
    page = visit()
    append(page, "Client", "y = 2")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Control+s")
    text = f"{FIRST}y = 2"
    done = [["first", "save", "y = 2", 3, text]]
    said(page, f"commands: {done!r}")
    page.keyboard.press("End")
    page.keyboard.press("Control+Enter")
    done.append(["first", "run", "", 3, text])
    said(page, f"commands: {done!r}")
    page.keyboard.press("F5")
    done.append(["first", "run", "", 3, text])
    said(page, f"commands: {done!r}")
    rewrite(page, "SQL", "SELECT 1")
    page.keyboard.press("Control+Enter")
    done.append(["second", "run", "", 1, "SELECT 1"])
    said(page, f"commands: {done!r}")
    page.get_by_role("button", name="Take").click()
    said(page, f"taken: {text!r} clicks: 1")
    said(page, f"commands: {done!r}")  # no command is told again


def test_python_is_completed_from_the_package_itself_the_base_class_and_the_file(visit: Any) -> None:
    page = visit()
    rewrite(page, "Client", "from quantstrip import ClientBase, db_handler as db\nwhatever = 1\n")
    page.keyboard.type("db.insert_or")
    assert offered(page)[:2] == ["insert_order", "insert_order_status"]
    expect(page.locator(".cm-completionInfo")).to_contain_text("order_id")
    page.keyboard.press("Escape")
    page.keyboard.type("\nwhate")
    assert "whatever" in offered(page)
    page.keyboard.press("Tab")
    page.keyboard.type("\n\nclass Client(ClientBase):\ndef job(self):\nself.sched")
    assert offered(page) == ["scheduler"]
    page.keyboard.press("Enter")
    page.keyboard.type(".ev")
    assert offered(page)[0] == "every"
    page.keyboard.press("Enter")
    page.keyboard.type("(len('a')).day.a")
    assert offered(page)[0] == "at"  # what every() returns is known
    page.keyboard.press("Enter")
    page.keyboard.type("\nself.jo")
    assert offered(page) == ["job"]
    page.keyboard.press("Enter")
    schedule = "        self.scheduler.every(len('a')).day.at"
    assert lines(page, "Client")[-3:] == ["    def job(self):", schedule, "        self.job"]


def test_sql_is_completed_with_tables_and_columns_through_their_aliases(visit: Any) -> None:
    page = visit()
    expect(editor(page, "SQL")).to_contain_text("SELECT 1")  # the placeholder
    rewrite(page, "SQL", "SELECT p. FROM v_positions p")
    page.keyboard.press("Home")
    for _ in range(len("SELECT p.")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Space")
    assert sorted(offered(page)) == ["quantity", "symbol"]
    page.keyboard.type("qu")
    assert offered(page) == ["quantity"]  # and no QUERY, for this is after a dot
    rewrite(page, "SQL", "SELECT * FROM v_p")
    page.keyboard.press("Control+Space")
    assert offered(page)[0] == "v_positions"
    page.keyboard.press("Enter")
    page.keyboard.type(" WHERE sym")
    assert offered(page)[0] == "symbol"


def test_marks_are_shown_and_follow_the_text_while_cursor_and_typing_stay(visit: Any) -> None:
    page = visit()
    mark = page.locator(".cm-lintRange-error")
    expect(mark).to_have_text("os")
    mark.hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("os is <b>not</b> needed")
    expect(page.locator(".cm-gutter-lint .cm-lint-marker-error")).to_have_count(1)
    append(page, "Client", "\N{ROCKET} = os")  # two units in the browser, one character in Python
    expect(mark).to_have_text(["os", "os"])
    page.keyboard.type(".path")  # where the cursor was, though the marks came anew
    assert lines(page, "Client") == ["import os", "x = 1", "\N{ROCKET} = os.path"]
    rewrite(page, "Client", "x = 1")
    expect(mark).to_have_count(0)


def test_search_replace_comment_go_to_line_indent_and_undo(visit: Any) -> None:
    page = visit("?line=2")
    expect(editor(page, "Client")).to_be_focused()
    page.keyboard.press("Control+/")
    assert lines(page, "Client")[1] == "# x = 1"
    page.keyboard.press("Control+h")
    page.keyboard.type("one")
    page.get_by_role("textbox", name="Find").fill("1")
    page.get_by_role("button", name="replace all").click()
    page.keyboard.press("Escape")
    editor(page, "Client").click()
    page.keyboard.press("Alt+g")
    page.get_by_role("textbox", name="Go to line").fill("2")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert lines(page, "Client")[1] == "    # x = one"
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert lines(page, "Client") == ["import os", "x = 1", ""]
    page.keyboard.press("Control+End")
    page.keyboard.type("if x:\nprint(x")
    assert lines(page, "Client")[-2:] == ["if x:", "    print(x)"]


def test_another_text_takes_its_place_and_the_way_back_stays(visit: Any) -> None:
    page = visit()
    append(page, "Client", "y = 2")
    page.get_by_role("button", name="Replace").click()
    expect(editor(page, "Client")).to_contain_text("replaced 1")
    assert lines(page, "Client") == ["replaced 1", "import os", "x = 1", ""]
    append(page, "Client", "z = 3")
    page.get_by_role("button", name="Take").click()
    text = f"replaced 1\n{FIRST}z = 3"
    said(page, f"taken: {text!r} clicks: 1")
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_test_id("stJson")).to_contain_text("z = 3")  # the browser told Python again
    for clicks in range(2, 8):  # the browser tells it within a moment
        page.get_by_role("button", name="Take").click()
        expect(page.get_by_text(f"clicks: {clicks} ")).to_be_visible()
        if page.get_by_text(f"taken: {text!r} clicks: {clicks}").count():
            break
    expect(page.get_by_text(f"taken: {text!r} clicks: {clicks}")).to_be_visible()
    editor(page, "Client").click()
    for _ in range(8):  # one for the replacement, one for what was typed after it; more where a machine types slowly
        page.keyboard.press("Control+z")
        if lines(page, "Client") == ["import os", "x = 1", "y = 2"]:
            break
    assert lines(page, "Client") == ["import os", "x = 1", "y = 2"]


def test_text_cursor_and_undo_outlive_the_editor_and_lines_end_as_they_did(visit: Any) -> None:
    page = visit("?text=a%0D%0Ab")
    append(page, "Client", "c\nd")
    page.get_by_text("Hide", exact=True).click()
    expect(editor(page, "Client")).to_have_count(0)
    page.get_by_text("Hide", exact=True).click()
    expect(editor(page, "Client")).to_be_visible()
    editor(page, "Client").focus()
    page.keyboard.type("!")
    assert lines(page, "Client") == ["a", "bc", "d!"]
    page.get_by_role("button", name="Take").click()
    said(page, f"taken: {'a' + chr(13) + chr(10) + 'bc' + chr(13) + chr(10) + 'd!'!r} clicks: 1")
    page.get_by_text("Read only", exact=True).click()
    expect(editor(page, "Client")).to_have_attribute("aria-readonly", "true")
    append(page, "Client", "never")
    assert lines(page, "Client") == ["a", "bc", "d!"]


def test_it_fits_a_phone_and_follows_light_and_dark(visit: Any, pictures: Path) -> None:
    page = visit()
    surface = page.locator(".cm-editor").first
    colours = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        word = editor(page, "Client").get_by_text("import", exact=True)
        background = {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 20, 26)"}[scheme]
        expect(surface).to_have_css("background-color", background)
        page.wait_for_timeout(300)
        colours[scheme] = word.evaluate("word => getComputedStyle(word).color")
    assert colours == {"light": "rgb(124, 58, 173)", "dark": "rgb(201, 163, 245)"}
    append(page, "Client", "a_name_that_is_longer_than_a_phone_is_wide = 'and so is this text, by a good deal of it'")
    page.keyboard.press("Control+f")
    fits(page, pictures, "editor")
    page.set_viewport_size({"width": 390, "height": 844})
    for part in (surface, page.get_by_role("textbox", name="Find"), page.get_by_role("button", name="replace all")):
        box = part.bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
