from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = "time,open,high,low,close,volume"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a CSV file of bars: ``write("2000-03-01,1,2,1,2,10", ...)``."""

    def make(*lines: str, name: str = "ABC.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return make
