"""Calendars are kept between processes, and built again when what was kept is not good."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = """
import sys
from datetime import date
from quantstrip.calendars import get_calendar
assert not {"numpy", "pandas", "exchange_calendars"} & sys.modules.keys()
calendar = get_calendar("LSE")
assert calendar.is_half_day(date(2024, 12, 24)) and not calendar.is_session(date(2024, 12, 25))
print(calendar.close_ts(date(2024, 7, 4)), calendar.first, calendar.last, calendar.name, "pandas" in sys.modules)
"""
BUILT = "1720107000000000 1970-01-01 2040-12-31 XLON True\n"
KEPT = BUILT.replace("True", "False")


def run(cache: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a first process on a machine leaves."""
    cache = tmp_path_factory.mktemp("cache")
    assert run(cache) == BUILT
    (file,) = (cache / "quantstrip" / "calendars").iterdir()
    return file


@pytest.fixture
def kept(built: Path, tmp_path: Path) -> Path:
    """A copy of it in a cache of the test's own, ``tmp_path``."""
    folder = tmp_path / "quantstrip" / "calendars"
    folder.mkdir(parents=True)
    return Path(shutil.copy(built, folder))


def test_the_second_process_reads_what_the_first_built_and_needs_no_pandas(kept: Path, tmp_path: Path) -> None:
    before = kept.stat()
    assert run(tmp_path) == KEPT
    assert kept.stat().st_mtime_ns == before.st_mtime_ns


def test_a_damaged_file_is_built_again(kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:1000])
    assert run(tmp_path) == BUILT
    assert run(tmp_path) == KEPT


def test_a_file_of_older_zone_rules_is_built_again(kept: Path, tmp_path: Path) -> None:
    with np.load(kept) as columns:
        changed = dict(columns) | {"zone_rules": np.int64(1)}
    with kept.open("wb") as file:
        np.savez(file, **changed)
    assert run(tmp_path) == BUILT


def test_where_nothing_can_be_kept_calendars_work_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "quantstrip").write_text("a file where the folder should be")
    assert run(tmp_path) == BUILT
