"""A stream is put away at local midnight and when full, and never takes more space than allowed."""

import os

import pytest

from quantstrip.clock import SECOND, ManualClock, from_text
from quantstrip.home import Home
from quantstrip.log import close_stream, logger, open_stream, streams, tail

NEW_YORK = "America/New_York"


def files(home: Home) -> list[str]:
    return sorted(path.name for path in home.logs.glob("*.log"))


def space(home: Home) -> int:
    return sum(path.stat().st_size for path in home.logs.iterdir())


@pytest.mark.parametrize(
    ("day", "midnight"),
    [
        ("2026-01-17", "2026-01-18 05:00:00"),  # winter: UTC-5
        ("2026-07-17", "2026-07-18 04:00:00"),  # summer: UTC-4
        ("2026-03-08", "2026-03-09 04:00:00"),  # 23 hours long
        ("2026-11-01", "2026-11-02 05:00:00"),  # 25 hours long
    ],
)
def test_the_file_is_put_away_at_local_midnight(home: Home, clock: ManualClock, day: str, midnight: str) -> None:
    clock.set(from_text(midnight) - 3600 * SECOND)
    open_stream(home, "s", timezone=NEW_YORK, clock=clock)
    logger.info("an hour before")
    clock.set(from_text(midnight) - 1)
    logger.info("last of the day")
    assert files(home) == ["s.log"]
    clock.set(from_text(midnight))
    logger.info("first of the day")
    assert files(home) == [f"s.{day}.log", "s.log"]
    assert len((home.logs / f"s.{day}.log").read_text().splitlines()) == 2
    assert [line.split(" - ")[4] for line in tail(home, "s")] == [
        "an hour before",
        "last of the day",
        "first of the day",
    ]


def test_a_process_that_starts_the_next_day_puts_yesterdays_file_away(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", timezone=NEW_YORK, clock=clock)
    logger.info("yesterday")
    close_stream()
    moment = clock.now() / SECOND
    os.utime(home.logs / "s.log", (moment, moment))
    clock.advance(86400)
    open_stream(home, "s", timezone=NEW_YORK, clock=clock)
    assert files(home) == ["s.log"]
    logger.info("today")
    assert files(home) == ["s.2026-01-17.log", "s.log"]


def test_a_process_that_restarts_on_the_same_day_goes_on_in_its_file(home: Home, clock: ManualClock) -> None:
    for text in ("before", "after"):
        open_stream(home, "s", timezone=NEW_YORK, clock=clock)
        logger.info(text)
        close_stream()
        os.utime(home.logs / "s.log", (clock.now() / SECOND, clock.now() / SECOND))
    assert files(home) == ["s.log"]
    assert len(tail(home, "s")) == 2


def test_a_flood_never_takes_more_space_than_allowed_and_the_newest_lines_stay(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", max_megabytes=0.1, clock=clock)
    for number in range(5000):
        logger.info(f"entry {number} " + "x" * 80)
        if number % 250 == 0:
            assert space(home) <= 100_000
    assert 50_000 < space(home) <= 100_000
    last = tail(home, "s", 300)
    assert [int(line.split("entry ")[1].split()[0]) for line in last] == list(range(4700, 5000))


def test_one_entry_larger_than_a_file_is_written_all_the_same(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", max_megabytes=0.1, clock=clock)
    for _ in range(5):
        logger.info("y" * 50_000)
    assert tail(home, "s", 1)[0].endswith("y" * 100)
    assert space(home) <= 150_000


def test_finished_files_are_kept_as_many_days_as_said(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", retention_days=30, timezone=NEW_YORK, clock=clock)
    for _ in range(40):
        logger.info("daily line")
        clock.advance(86400)
    assert len(files(home)) == 31  # thirty finished, one being written: 39 days lie between first and last
    assert files(home)[0] == "s.2026-01-26.log"


def test_a_start_removes_what_is_too_old(home: Home, clock: ManualClock) -> None:
    for name in (
        "s.2025-11-01.log",
        "s.2026-01-10.log",
        "s.2026-01-10.2.log",
        "other.2025-11-01.log",
        "s_b.2025-11-01.log",
    ):
        (home.logs / name).write_text("old\n")
    open_stream(home, "s", clock=clock)
    assert files(home) == [
        "other.2025-11-01.log",
        "s.2026-01-10.2.log",
        "s.2026-01-10.log",
        "s.log",
        "s_b.2025-11-01.log",
    ]


def test_two_streams_of_similar_names_do_not_touch_each_other(home: Home, clock: ManualClock) -> None:
    for name in ("ma", "ma_cross"):
        open_stream(home, name, max_megabytes=0.02, clock=clock)
        for number in range(100):
            logger.info(f"{name} {number} " + "x" * 100)
    assert streams(home) == ["ma", "ma_cross"]
    assert all(" - ma " in line for line in tail(home, "ma", 1000))
    assert all(" - ma_cross " in line for line in tail(home, "ma_cross", 1000))


def test_a_file_that_someone_removed_is_made_anew(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", clock=clock)
    logger.info("gone")
    (home.logs / "s.log").unlink()
    logger.info("here")
    assert [line.split(" - ")[4] for line in tail(home, "s")] == ["here"]


def test_a_logs_folder_that_someone_removed_is_made_anew(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", clock=clock)
    (home.logs / "s.log").unlink()
    home.logs.rmdir()
    logger.info("here")
    assert len(tail(home, "s")) == 1
