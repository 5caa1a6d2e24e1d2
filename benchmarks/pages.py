"""The dashboard in a real Chromium: how soon each page shows something, beside a page that says hello.

The home has twenty clients that run and a year of a million fills. Server and browser are warm: a first visit is not
counted, each measured one is a session in a new tab, and the two servers take turns. *First content* is the first
thing below the page's heading; for the hello page it is its heading.
"""

import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext

from benchmarks.browsing import HELLO, browser, figure, free_port, served, until, visitor
from benchmarks.supervision import beating
from benchmarks.year import FILLS, make_year
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, service

CLIENTS: Final = 20
ROUNDS: Final = 5
BOUND: Final = 1.5
LOG_BOUND: Final = 2.0
IDLE: Final = "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"
FIRST: Final = "[data-testid=stMain] [data-testid=stMainBlockContainer] :is({})"
_ASKED: Final = {"Client": "?name=idle_00", "Trade": "?id=1"}  # what a page that is not in the navigation is asked for
_CONTENT: Final = (
    ".qs-tiles, .qs-empty, .qs-notice, .qs-client, .qs-section, .qs-log, .qs-setting, "
    "button, input, [data-testid=stDataFrame], [role=tab]"
)


def run(fills: int = FILLS) -> Iterator[dict[str, Any]]:
    """Make the home, start both servers, measure in turns, remove all of it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="quantstrip-pages-") as folder:
        home, port = Home(Path(folder) / "home").create(), free_port()
        make_year(home.database, fills).close()
        names = [f"idle_{number:02d}" for number in range(CLIENTS)]
        for name in names:
            (home.clients / f"{name}.py").write_text(IDLE)
            clients.deploy(home, name, start=False)
        service.up(home, port=port, detach=True)
        try:
            for name in names:
                clients.start(home, name)
            with served(Path(folder), "hello", HELLO) as greeting, browser() as chromium:
                until("all clients beat", lambda: beating(open_ledger(home)) >= set(names))
                yield from first_content(chromium, home, port, greeting)
                yield log_line(chromium, home, port, names[0])
        finally:
            service.down(home)
            open_ledger(home).close()


def first_content(chromium: Browser, home: Home, port: int, greeting: str) -> Iterator[dict[str, Any]]:
    """Each page against the hello page, median of five turns."""
    wanted = FIRST.format(_CONTENT)
    with visitor(chromium, home, port) as context:
        seconds(context, greeting, "h1")
        for name, path in pages().items():
            address = f"http://127.0.0.1:{port}{path}"
            seconds(context, address, wanted)
            theirs, ours, headings = [], [], []
            for _ in range(ROUNDS):
                theirs.append(seconds(context, greeting, "h1")[0])
                shown, heading = seconds(context, address, wanted)
                ours.append(shown)
                headings.append(heading)
            value = statistics.median(ours) / statistics.median(theirs)
            detail = {
                "page_s": round(statistics.median(ours), 3),
                "heading_s": round(statistics.median(headings), 3),
                "hello_s": round(statistics.median(theirs), 3),
            }
            yield figure(f"{name}: first content / hello world", value, BOUND, detail)


def pages() -> Mapping[str, str]:
    """Every page of the navigation, by its title: its path.

    Raises:
        RuntimeError: the navigation names other files than there are: one of them would not be measured.

    """
    text = (asset("dashboard") / "app.py").read_text(encoding="utf-8")
    found, files = {}, set()
    for entry in re.findall(r"roles\.page\((.*?)\)", text, re.DOTALL):
        said = dict(re.findall(r'(title|url_path)="([^"]+)"', entry))
        found[said["title"]] = f"/{said.get('url_path', '')}{_ASKED.get(said['title'], '')}"
        files.add(entry.split('"')[1])
    there = {f"screens/{file.name}" for file in (asset("dashboard") / "screens").glob("*.py")}
    if files != there:
        raise RuntimeError(f"app.py names {sorted(files ^ there)} where the folder screens does not, or the other way")
    return found


def seconds(context: BrowserContext, address: str, wanted: str) -> tuple[float, float]:
    """From the request to the first visible ``wanted``, and to the first heading, in a session of its own."""
    page = context.new_page()
    try:
        begun = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector("h1", state="visible")
        heading = time.perf_counter() - begun
        page.wait_for_selector(wanted, state="visible")
        return time.perf_counter() - begun, heading
    finally:
        page.close()


def log_line(chromium: Browser, home: Home, port: int, name: str) -> dict[str, Any]:
    """From the moment a line is in the log's file to the moment it is on the open page, the worst of five."""
    with visitor(chromium, home, port) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/logging?stream={name}")
        page.wait_for_selector(".qs-log")
        taken = []
        for number in range(ROUNDS):
            words = f"measured line {number}"
            now = datetime.now().astimezone()
            with (home.logs / f"{name}.log").open("a", encoding="utf-8") as file:
                file.write(f"{now:%Y-%m-%d %H:%M:%S} - INFO - {name} - MainThread - {words}\n")
            begun = time.perf_counter()
            page.get_by_text(words).first.wait_for(state="visible")
            taken.append(time.perf_counter() - begun)
            time.sleep(0.37 * number)  # another moment of the page's rhythm
    return figure(
        "a log line on the page, worst s", max(taken), LOG_BOUND, {"each_s": [round(one, 2) for one in taken]}
    )
