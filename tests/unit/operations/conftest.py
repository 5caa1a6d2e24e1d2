from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger


@pytest.fixture
def made_home(tmp_path: Path, empty_database: Path) -> Iterator[Home]:
    """A home with a ledger, without a service."""
    made = Home(tmp_path / "made").create()
    made.database.write_bytes(empty_database.read_bytes())
    yield made
    open_ledger(made).close()


@pytest.fixture
def ledger(made_home: Home) -> Ledger:
    return open_ledger(made_home)
