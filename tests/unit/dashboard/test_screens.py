"""What holds for the pages whatever they show: no threads of their own, and no client too many."""

import ast
from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import system_clock
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients
from quantstrip.supervise.book import make_note
from quantstrip.supervise.policy import Mark

PAGES = sorted(asset("dashboard").rglob("*.py"))
CLIENT = "from quantstrip import ClientBase\n\nclass Client(ClientBase):\n    pass\n"


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_pages_are_found() -> None:
    assert {"app.py", "home.py", "monitor.py"} <= {path.name for path in PAGES}
    assert all("streamlit" in imported(path) for path in PAGES if path.parent.name == "screens")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_page_starts_a_thread_that_would_know_nothing_of_its_session(page: Path) -> None:
    assert imported(page) & {"threading", "concurrent", "asyncio", "multiprocessing", "_thread"} == set()


def test_fifty_clients_are_all_shown_and_all_brought_up_to_date(home: Home, show: Any) -> None:
    ledger = open_ledger(home)
    names = [f"client{number:02}" for number in range(50)]
    for name in names:
        path = home.clients / f"{name}.py"
        path.write_text(CLIENT, encoding="utf-8")
        clients.deploy(home, path)
    page = show("screens/monitor.py")
    page.app.run()
    assert "50 at rest" in page.text
    assert list(page.app.dataframe[0].value["Client"]) == names

    mark = make_note(Mark.GIVEN_UP, system_clock.now(), "it crashed again and again")
    for name in names:
        run = ledger.start_client_run(name, 4242, "hash", "paper")
        ledger.end_client_run(run, "crashed", 3, f"RuntimeError: trouble of {name}")
        ledger.set_client(name, status_note=mark)
    page.app.run()
    assert not page.app.exception
    assert "50 in trouble" in page.text
    last = page.app.dataframe[0].value["Last error"]
    assert list(last) == [f"RuntimeError: trouble of {name}" for name in names]
