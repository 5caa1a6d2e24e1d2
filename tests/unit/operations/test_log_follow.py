"""Following a log with filters: each entry once, as soon as it is wanted, whatever happens to its files."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import Micros, from_text
from quantstrip.home import Home
from quantstrip.operations import log_follow
from quantstrip.operations.logs import Wanted

HEAD = "2026-03-0{} 10:00:00 - {} - m - t - {}"


class Stepped:
    """A clock whose every pause does the next thing to the log, and stops at the end."""

    def __init__(self, stop: threading.Event, steps: Iterator[None]) -> None:
        self.stop, self.steps = stop, steps

    def now(self) -> Micros:
        return 0

    def monotonic(self) -> float:
        return 0.0

    def wait(self, seconds: float, event: threading.Event | None = None) -> bool:
        if next(self.steps, self) is self:
            self.stop.set()
        return False


def write(home: Home, *lines: str, stream: str = "sma") -> None:
    with (home.logs / f"{stream}.log").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def followed(home: Home, wanted: Wanted, steps: Iterator[None], most: int = 0, moment: str = "") -> list[str]:
    stop = threading.Event()
    at = from_text(f"{moment} 00:00:00.000000") if moment else 0
    clock = Stepped(stop, steps)
    return list(log_follow.follow(home, "sma", wanted, stop, most=most, moment=at, clock=clock))


def test_only_what_is_wanted_comes_with_what_its_trace_grows_by(made_home: Home) -> None:
    write(made_home, HEAD.format(1, "ERROR", "old"), HEAD.format(1, "INFO", "older"))

    def steps() -> Iterator[None]:
        write(made_home, HEAD.format(2, "INFO", "quiet"), HEAD.format(2, "ERROR", "loud"))
        yield
        write(made_home, "Traceback", "  it broke")
        yield
        yield
        write(made_home, HEAD.format(3, "WARNING", "soft"), HEAD.format(3, "CRITICAL", "worse"))
        yield

    found = followed(made_home, Wanted("ERROR"), steps(), most=5)
    assert [line.rpartition(" - ")[2] for line in found] == ["old", "loud", "Traceback\n  it broke", "worse"]


def test_an_entry_that_becomes_wanted_by_its_trace_comes_whole(made_home: Home) -> None:
    def steps() -> Iterator[None]:
        write(made_home, HEAD.format(2, "ERROR", "a job failed"))
        yield
        write(made_home, "ValueError: no price")
        yield

    (line,) = followed(made_home, Wanted(words="no PRICE"), steps())
    assert line.endswith("a job failed\nValueError: no price")


def test_what_was_there_comes_again_only_when_it_is_asked_for(made_home: Home) -> None:
    write(made_home, *(HEAD.format(day, "ERROR", f"day {day}") for day in (1, 2, 3)))
    told = {
        "none": followed(made_home, Wanted("ERROR"), iter(())),
        "two": followed(made_home, Wanted("ERROR"), iter(()), most=2),
        "since": followed(made_home, Wanted("ERROR"), iter(()), most=1, moment="2026-03-02"),
        "later": followed(made_home, Wanted("ERROR"), iter(()), most=1, moment="2026-04-01"),
    }
    assert {name: [line[-1] for line in lines] for name, lines in told.items()} == {
        "none": [], "two": ["2", "3"], "since": ["2", "3"], "later": []
    }  # fmt: skip


def test_a_log_that_is_removed_or_not_there_yet_is_waited_for(made_home: Home) -> None:
    def steps() -> Iterator[None]:
        yield
        write(made_home, HEAD.format(1, "ERROR", "first"))
        yield
        (made_home.logs / "sma.log").unlink()
        yield
        write(made_home, HEAD.format(2, "ERROR", "second"))
        yield
        yield

    found = followed(made_home, Wanted("ERROR"), steps())
    assert [line.rpartition(" ")[2] for line in found] == ["first", "second"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(["INFO", "ERROR", "more"]), max_size=4), max_size=5), st.booleans())
def test_each_line_of_a_wanted_entry_comes_once_in_order_however_it_was_written(
    made_home: Home, bunches: list[list[str]], wanted_only: bool
) -> None:
    (made_home.logs / "sma.log").write_text("")
    count, wanted, expected = 0, Wanted("ERROR" if wanted_only else "INFO"), []
    entry, lines = "", []
    for bunch in bunches:
        texts = []
        for kind in bunch:
            count += 1
            entry = entry if kind == "more" else kind
            texts.append(f"line {count}" if kind == "more" else HEAD.format(1, kind, f"line {count}"))
            if entry == "ERROR" or (entry == "INFO" and not wanted_only):
                expected.append(count)
        lines.append(texts)

    def steps() -> Iterator[None]:
        for texts in lines:
            write(made_home, *texts)
            yield
        yield

    found = "\n".join(followed(made_home, wanted, steps())).split("line ")[1:]
    assert [int(each.split()[0]) for each in found] == expected


@pytest.mark.parametrize("most", [1, 3, 50])
def test_as_many_as_are_wanted_are_found_however_far_back(made_home: Home, most: int) -> None:
    write(made_home, *(HEAD.format(1, "ERROR" if number % 50 == 0 else "INFO", number) for number in range(2000)))
    found = log_follow.entries(made_home, "sma", most, Wanted("ERROR"))
    assert [entry.text for entry in found] == [str(number) for number in range(0, 2000, 50)][-most:]
