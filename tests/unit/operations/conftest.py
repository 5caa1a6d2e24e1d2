from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: building the schema takes a second."""
    ledger = Ledger(Home(tmp_path_factory.mktemp("blank")).create())
    ledger.ensure()
    return ledger.backup(tmp_path_factory.mktemp("copy") / "blank.db")


@pytest.fixture
def made_home(tmp_path: Path, blank_database: Path) -> Iterator[Home]:
    """A home with a ledger, without a service."""
    made = Home(tmp_path / "made").create()
    made.database.write_bytes(blank_database.read_bytes())
    yield made
    open_ledger(made).close()


@pytest.fixture
def ledger(made_home: Home) -> Ledger:
    return open_ledger(made_home)
