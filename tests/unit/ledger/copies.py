"""A ledger for each example of a property: a fixture would be one for all of them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger


@contextmanager
def fresh(template: Path, now: str = "2024-03-08 17:00:00") -> Iterator[Ledger]:
    """A copy of an empty database, gone with the block."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(shutil.copy(template, folder)), clock=ManualClock(from_text(now)))
        yield ledger
        ledger.close()
