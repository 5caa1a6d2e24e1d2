from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.home import Home
from quantstrip.ledger import Ledger


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_text("2026-01-05 10:00:00"))


@pytest.fixture
def ledger(home: Home, clock: ManualClock, empty_database: Path) -> Iterator[Ledger]:
    home.database.write_bytes(empty_database.read_bytes())
    opened = Ledger(home, clock=clock)
    yield opened
    opened.close()
