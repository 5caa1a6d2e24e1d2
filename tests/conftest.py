"""What every test needs: nothing a test starts may touch the home or the keyring of whoever runs it."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from quantstrip import ledger as ledger_room
from quantstrip import redaction
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from tests.chromium import chromium

__all__ = ["chromium"]

_KEPT_OUT = ("QUANTSTRIP_HOME", "QUANTSTRIP_ALLOW_SYNCED", "PYTHONDONTWRITEBYTECODE")
_TOGETHER = ("browser", "integration/one_truth")  # folders in which the files of tests that take ``demo`` share it

# How long an example takes says how busy the machine is, nothing about the property. Examples are random, so that
# everyone's runs search on; a landing is judged by examples that are the same each time (--hypothesis-profile=landing).
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("landing", settings.get_profile("search"), derandomize=True)
settings.load_profile("search")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests (``-n``), keep each file in one, and files that share a service.

    Raises:
        pytest.UsageError: a test is named by this process's number, so that the others do not know it.

    """
    tests = Path(__file__).parent
    own = re.compile(rf"\[(.*\D)?{os.getpid()}(\D.*)?\]$")
    sharing = {item.path for item in items if "demo" in getattr(item, "fixturenames", ())}
    for item in items:
        if os.getpid() > 9999 and own.search(item.nodeid):  # a shorter number may stand there for something else
            raise pytest.UsageError(f"{item.nodeid}: give the case an id that is the same in every process")
        file = item.path.relative_to(tests).as_posix()
        shared = item.path in sharing
        together = next((folder for folder in _TOGETHER if shared and file.startswith(f"{folder}/")), file)
        item.add_marker(pytest.mark.xdist_group(together))


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


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Close the connections of every ledger that this process opened: a thousand homes are too many open files."""
    yield
    for ledger in list(ledger_room._open.values()):
        ledger.close()


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """Hide only the secrets of this test: "wrong" and "open" are passwords in some, and words everywhere else."""
    yield
    redaction.forget()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home in which nothing happened yet."""
    return Home(tmp_path / "home").create()


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """A page that is run takes the place of ``__main__``, which a process that is spawned later would run again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
