"""Reading streams: the last lines of files of any size, and new lines as they come."""

import os
import threading
from collections.abc import Callable, Iterator
from queue import Empty, Queue

import psutil
import pytest

from quantstrip.clock import SECOND, ManualClock, system_clock
from quantstrip.home import Home
from quantstrip.log import follow, logger, open_stream, streams, tail


@pytest.fixture
def following(home: Home) -> Iterator[Callable[..., Queue[str]]]:
    """Starts a follower in a thread; its lines come through a queue."""
    stop = threading.Event()
    threads = []

    def start(stream: str, lines: int = 0) -> Queue[str]:
        queue: Queue[str] = Queue()

        def run() -> None:
            for line in follow(home, stream, stop, lines=lines):
                queue.put(line)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return queue

    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def take(queue: Queue[str], count: int) -> list[str]:
    return [queue.get(timeout=60) for _ in range(count)]


def test_the_last_lines_oldest_first(home: Home) -> None:
    (home.logs / "s.log").write_text("".join(f"line {n}\n" for n in range(1000)))
    assert tail(home, "s", 3) == ["line 997", "line 998", "line 999"]
    assert len(tail(home, "s")) == 200
    assert len(tail(home, "s", 5000)) == 1000
    assert tail(home, "s", 0) == []


def test_a_line_that_is_not_finished_yet_counts(home: Home) -> None:
    (home.logs / "s.log").write_text("one\ntwo")
    assert tail(home, "s", 1) == ["two"]
    assert tail(home, "s", 2) == ["one", "two"]


def test_nothing_logged_is_an_empty_list(home: Home) -> None:
    assert tail(home, "never") == []
    (home.logs / "empty.log").touch()
    assert tail(home, "empty") == []


def test_the_last_lines_reach_back_into_finished_files(home: Home) -> None:
    (home.logs / "s.2026-01-09.log").write_text("a\nb\n")
    (home.logs / "s.2026-01-10.log").write_text("c\n")
    (home.logs / "s.2026-01-10.2.log").write_text("d\n")
    (home.logs / "s.2026-01-10.10.log").write_text("e\n")
    (home.logs / "s.log").write_text("f\n")
    assert tail(home, "s", 5) == ["b", "c", "d", "e", "f"]


def test_lines_longer_than_a_block_and_broken_text_are_read(home: Home) -> None:
    (home.logs / "s.log").write_bytes(b"first\n" + b"x" * 200_000 + b"\n\xff\xfe\n")
    first, second, third = tail(home, "s", 3)
    assert (first, len(second), third) == ("first", 200_000, "��")


def bytes_read() -> int:
    """How much this process has read from files so far."""
    return psutil.Process().io_counters().read_chars


def test_the_end_of_a_huge_file_is_read_without_the_rest(home: Home) -> None:
    with (home.logs / "s.log").open("wb") as file:
        file.truncate(5_000_000_000)  # sparse: five gigabytes that take no space
        file.seek(0, 2)
        file.write(b"\nlast but one\nlast\n")
    before = bytes_read()
    assert tail(home, "s", 2) == ["last but one", "last"]
    assert bytes_read() - before < 1_000_000


def test_streams_are_listed_without_their_finished_files(home: Home) -> None:
    for name in ("b.log", "a.log", "a.2026-01-10.log", "a.2026-01-10.2.log", "notes.txt"):
        (home.logs / name).touch()
    assert streams(home) == ["a", "b"]


def test_following_shows_new_lines_only_unless_asked_for_more(home: Home, following: Callable[..., Queue[str]]) -> None:
    path = home.logs / "s.log"
    (home.logs / "s.2026-01-10.log").write_text("a\n")
    path.write_text("b\nc\n")
    new, more = following("s"), following("s", 3)
    assert take(more, 3) == ["a", "b", "c"]
    deadline = system_clock.monotonic() + 60
    seen: list[str] = []
    while not seen and system_clock.monotonic() < deadline:
        with path.open("a") as file:
            file.write("d\n")
        try:
            seen.append(new.get(timeout=0.5))
        except Empty:
            continue
    assert seen == ["d"]
    assert take(more, 1) == ["d"]


def test_half_a_line_is_shown_when_it_is_whole(home: Home, following: Callable[..., Queue[str]]) -> None:
    path = home.logs / "s.log"
    path.write_text("start\n")
    queue = following("s", 1)
    assert take(queue, 1) == ["start"]
    with path.open("a") as file:
        file.write("half ")
        file.flush()
        with pytest.raises(Empty):
            queue.get(timeout=0.6)
        file.write("whole\n")
    assert take(queue, 1) == ["half whole"]


def test_following_goes_on_across_midnight_and_through_a_flood_of_full_files(
    home: Home, clock: ManualClock, following: Callable[..., Queue[str]]
) -> None:
    open_stream(home, "s", timezone="America/New_York", max_megabytes=10, clock=clock)
    logger.info("entry 0")
    queue = following("s", 10)
    assert take(queue, 1)[0].endswith("entry 0")
    for number in range(1, 60):
        if number % 20 == 0:
            clock.advance(86400)
        logger.info(f"entry {number}")
    os.utime(home.logs / "s.log", (clock.now() / SECOND, clock.now() / SECOND))
    open_stream(home, "s", timezone="America/New_York", max_megabytes=0.08, clock=clock)
    for number in range(60, 100):  # fills several files of 16 kB between two looks of the follower
        logger.info(f"entry {number} " + "x" * 900)
    assert [int(line.split("entry ")[1].split()[0]) for line in take(queue, 99)] == list(range(1, 100))


def test_a_stream_that_does_not_exist_yet_is_waited_for(home: Home, following: Callable[..., Queue[str]]) -> None:
    queue = following("later", 10)
    open_stream(home, "later")
    logger.info("now")
    assert take(queue, 1)[0].endswith("now")


def test_a_file_emptied_in_place_is_followed_from_its_start(home: Home, following: Callable[..., Queue[str]]) -> None:
    path = home.logs / "s.log"
    path.write_text("a long line before\n")
    queue = following("s", 1)
    take(queue, 1)
    path.write_text("x\n")
    assert take(queue, 1) == ["x"]
