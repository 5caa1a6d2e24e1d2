"""What every test needs: nothing a test starts may touch the home or the keyring of whoever runs it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantstrip.ledger import Ledger
from tests.chromium import chromium

__all__ = ["chromium"]

_KEPT_OUT = ("QUANTSTRIP_HOME", "QUANTSTRIP_ALLOW_SYNCED", "PYTHONDONTWRITEBYTECODE")


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_users_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point the user's data folder elsewhere and switch the system keyring off, for this process and its children."""
    # A run in the background of a script is started with Ctrl-C ignored, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = dict(os.environ)
    for name in _KEPT_OUT:
        os.environ.pop(name, None)
    data = tmp_path_factory.mktemp("user-data")
    os.environ["XDG_DATA_HOME"] = str(data)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    yield data
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger without a row, to be copied: building the schema takes a second."""
    path = tmp_path_factory.mktemp("template") / "quantstrip.db"
    ledger = Ledger(path)
    ledger.ensure()
    ledger.close()
    return path
