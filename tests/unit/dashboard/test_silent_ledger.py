"""Pages whose ledger is missing, moved away, or kept locked by another program: each says so, and makes no file."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from quantstrip.clock import system_clock
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger

EVERY = sorted(path.name for path in (asset("dashboard") / "screens").glob("*.py"))
ELSEWHERE = {"logging.py", "users.py"}
"""Pages of what is not in the ledger: logs, and users."""
OF_THE_LEDGER = [name for name in EVERY if name not in ELSEWHERE]
ASKED = {"client.py": {"name": "mine"}, "trade.py": {"id": "1"}, "python.py": {"file": "clients/mine.py"}}
CLIENT = "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    pass\n"


@pytest.fixture
def visit(home: Home, show: Any) -> Any:
    """Show a page as someone meets it who has a file of their own open."""
    (home.clients / "mine.py").write_text(CLIENT, encoding="utf-8")
    return lambda name: show(f"screens/{name}", **ASKED.get(name, {}))


def test_the_pages_of_the_ledger_are_found() -> None:
    assert set(EVERY) > set(ASKED)
    assert {"home.py", "backtest.py", "packages.py", "reporting.py", "settings.py"} <= set(OF_THE_LEDGER)


@pytest.mark.parametrize("name", EVERY)
def test_a_missing_ledger_is_told_and_none_is_made(home: Home, visit: Any, name: str) -> None:
    page = visit(name)
    assert (f"there is no ledger at {home.database}" in page.text) == (name not in ELSEWHERE)
    assert ("quantstrip up" in page.text) or name in ELSEWHERE
    page.app.run()
    assert not home.database.exists()


@pytest.mark.parametrize("name", OF_THE_LEDGER)
def test_a_ledger_that_is_moved_away_while_its_page_is_open_is_told_and_none_takes_its_place(
    home: Home, visit: Any, name: str
) -> None:
    open_ledger(home)
    page = visit(name)
    assert "there is no ledger" not in page.text
    open_ledger(home).close()
    home.database.rename(home.root / "moved.db")
    page.app.run()
    assert not page.app.exception
    assert f"there is no ledger at {home.database}" in page.text
    assert not home.database.exists()


@pytest.mark.parametrize("name", OF_THE_LEDGER)
def test_a_ledger_that_another_program_keeps_locked_is_told_soon(home: Home, visit: Any, name: str) -> None:
    open_ledger(home).close()
    with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("COMMIT")
        begun = system_clock.monotonic()
        page = visit(name)
        assert system_clock.monotonic() - begun < 15, "a writer waits for thirty seconds"
        assert f"the ledger {home.database} stayed locked by another process" in page.text
        assert "Close programs that hold a transaction open on it" in page.text
    page.app.run()
    assert "stayed locked" not in page.text, "it goes on by itself"


def test_a_file_is_still_saved_while_the_ledger_is_missing(home: Home, visit: Any) -> None:
    page = visit("python.py")
    page.write("python-editor-1", CLIENT + "# more\n", run=False)
    page.press("python-save")
    assert (home.clients / "mine.py").read_text(encoding="utf-8") == CLIENT + "# more\n"
    assert "python-simulate" not in {button.key for button in page.app.button}
