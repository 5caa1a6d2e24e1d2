"""Real files, real processes."""

from collections.abc import Callable, Iterator

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger


@pytest.fixture
def open_at(home: Home) -> Iterator[Callable[..., Ledger]]:
    """Opens the home's ledger, migrated; closed at the end."""
    opened: list[Ledger] = []

    def make(busy_seconds: float = 30.0) -> Ledger:
        ledger = Ledger(home, busy_seconds=busy_seconds)
        ledger.ensure()
        opened.append(ledger)
        return ledger

    yield make
    for ledger in opened:
        ledger.close()
