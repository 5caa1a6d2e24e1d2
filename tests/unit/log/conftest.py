"""A home, a clock that moves when told to, and a process that is left as it was."""

from collections.abc import Iterator

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.log import close_stream


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_text("2026-01-17 19:30:45.5"))  # 14:30:45 in New York


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_stream()
