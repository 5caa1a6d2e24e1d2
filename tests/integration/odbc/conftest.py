"""A ledger with trades behind a data source of its own, in an ini file of its own."""

import os
from collections.abc import Iterator

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import odbc
from tests.integration.ledger.test_odbc_types import story


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Something in every view, a name that looks like a formula, and a path that a connection string cannot hold."""
    folder = tmp_path_factory.mktemp("odbc")
    before = os.environ.get("ODBCINI")
    os.environ["ODBCINI"] = str(folder / "odbc.ini")
    made = Home(folder / "my home; ü #1").create()
    ledger = open_ledger(made)
    story(ledger)
    ledger.insert_execution("f1", None, '=HYPERLINK("x")', symbol="+A", side="BUY", quantity=1, price=3.0)
    odbc.install(made)
    yield made
    ledger.close()
    if before is None:
        os.environ.pop("ODBCINI")
    else:
        os.environ["ODBCINI"] = before


@pytest.fixture(scope="module")
def ledger(home: Home) -> Ledger:
    return open_ledger(home)
