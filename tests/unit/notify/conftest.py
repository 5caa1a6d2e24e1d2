"""A ledger with a clock that moves when told, and settings of a home of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger

NOON = from_text("2024-03-06 17:00:00")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def settings(home: Home) -> SettingsManager:
    return SettingsManager(home)


@pytest.fixture
def ledger(empty_database: Path, home: Home, clock: ManualClock) -> Iterator[Ledger]:
    shutil.copy(empty_database, home.database)
    opened = Ledger(home, clock=clock)
    yield opened
    opened.close()
