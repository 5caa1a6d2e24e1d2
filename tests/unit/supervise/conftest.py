from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.home import Home
from quantstrip.ledger import Ledger


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_text("2026-01-05 10:00:00"))


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: building the schema takes a second."""
    home = Home(tmp_path_factory.mktemp("blank")).create()
    ledger = Ledger(home)
    ledger.ensure()
    return ledger.backup(tmp_path_factory.mktemp("copy") / "blank.db")


@pytest.fixture
def ledger(home: Home, clock: ManualClock, blank_database: Path) -> Iterator[Ledger]:
    home.database.write_bytes(blank_database.read_bytes())
    opened = Ledger(home, clock=clock)
    yield opened
    opened.close()
