"""Reading logs by pages, from moments and as they grow: nothing left out, nothing twice, never a whole large file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import from_text
from quantstrip.config import SettingsManager
from quantstrip.errors import ConfigError
from quantstrip.home import Home
from quantstrip.operations import logs
from quantstrip.operations.logs import Entry, Wanted

ALL = Wanted()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home").create()
    SettingsManager(made).set_by_path("platform.timezone", "America/New_York")
    return made


def line(second: int, text: str = "", level: str = "INFO") -> str:
    when = f"2026-01-17 {9 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{when} - {level} - pairs - MainThread - {text or f'entry {second}'}\n"


def texts(entries: list[Entry]) -> list[str]:
    return [entry.text for entry in entries]


def back(home: Home, most: int, wanted: Wanted = ALL) -> list[Entry]:
    """The whole stream, from its end, page by page."""
    page = logs.before(home, "pairs", None, wanted, most)
    found = page.entries
    while page.older is not None:
        page = logs.before(home, "pairs", page.older, wanted, most)
        found = page.entries + found
    return found


def forth(home: Home, place: logs.Place, most: int) -> list[Entry]:
    """From a place on, page by page."""
    page = logs.since(home, "pairs", place, most=most)
    found = page.entries
    while page.newer is not None:
        page = logs.since(home, "pairs", page.newer, most=most)
        found += page.entries
    return found


def test_an_entry_has_its_moment_level_module_thread_and_its_whole_trace(home: Home) -> None:
    trace = "Traceback (most recent call last):\n  File x, line 1\nValueError: no"
    (home.logs / "pairs.log").write_text(line(0) + line(5, f"failed\n{trace}", "ERROR") + line(6))
    first, second, third = logs.before(home, "pairs").entries
    assert (second.when, second.level, second.module) == (from_text("2026-01-17 14:00:05"), "ERROR", "pairs")
    assert second.text == f"failed\n{trace}"
    assert (first.thread, texts([first, third])) == ("MainThread", ["entry 0", "entry 6"])
    assert logs.line_of(first, None).endswith(" - INFO - pairs - MainThread - entry 0")


def test_lines_of_supervisord_and_lines_without_a_head_are_entries_too(home: Home) -> None:
    (home.logs / "supervisord.log").write_text(
        "a line from elsewhere\n2026-01-17 14:30:45,123 CRIT trouble - here\n2026-01-17 14:30:46,001 INFO spawned\n"
    )
    odd, trouble, spawned = logs.before(home, "supervisord").entries
    assert (odd.level, odd.when, odd.text) == ("", 0, "a line from elsewhere")
    assert (trouble.level, trouble.text) == ("CRITICAL", "trouble - here")
    assert spawned.level == "INFO"
    assert texts(logs.before(home, "supervisord", wanted=Wanted("WARNING")).entries) == ["trouble - here"]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.lists(st.integers(0, 40_000), max_size=8), min_size=1, max_size=3),
    most=st.integers(1, 5),
    traces=st.booleans(),
)
def test_pages_back_and_forth_give_every_entry_once_over_all_files(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[list[int]], most: int, traces: bool
) -> None:
    home = Home(tmp_path_factory.mktemp("paged"))
    home.logs.mkdir()
    second, expected = 0, []
    for number, file in enumerate(sizes):
        name = "pairs.log" if number == len(sizes) - 1 else f"pairs.2026-01-{10 + number}.log"
        with (home.logs / name).open("w", encoding="utf-8") as out:
            for size in file:
                second += 1
                text = f"entry {second} {'x' * size}" + ("\ntrace\n  of it" if traces else "")
                out.write(line(second, text))
                expected.append(text[:16_000])
    assert texts(back(home, most)) == expected
    first = logs.files(home, "pairs")[-1]
    assert texts(forth(home, logs.Place(first.inode, 0), most)) == expected


def test_what_comes_is_read_from_the_last_entry_on_also_across_midnight(home: Home) -> None:
    log = home.logs / "pairs.log"
    log.write_text(line(1) + line(2, "failed", "ERROR"))
    last = logs.before(home, "pairs").last
    assert last is not None
    with log.open("a") as file:
        file.write("the trace comes a moment later\n")
    assert texts(logs.since(home, "pairs", last).entries) == ["failed\nthe trace comes a moment later"]
    log.rename(home.logs / "pairs.2026-01-17.log")
    log.write_text(line(3) + "2026-01-17 09:00:04 - INFO - pairs - Main")
    page = logs.since(home, "pairs", last)
    assert [text.partition("\n")[0] for text in texts(page.entries)] == ["failed", "entry 3"]
    with log.open("a") as file:
        file.write("Thread - entry 4\n")
    assert page.last is not None
    assert texts(logs.since(home, "pairs", page.last).entries) == ["entry 3", "entry 4"]


def test_a_place_in_a_file_that_was_removed_is_told(home: Home) -> None:
    (home.logs / "pairs.log").write_text(line(1))
    (home.logs / "pairs.2026-01-16.log").write_text(line(0))
    place = logs.Place(logs.files(home, "pairs")[-1].inode, 0)
    (home.logs / "pairs.2026-01-16.log").unlink()
    assert logs.since(home, "pairs", place).gone
    assert logs.before(home, "pairs", place).gone


def test_a_level_takes_that_and_what_is_above_and_words_are_found_in_any_case(home: Home) -> None:
    levels = ("DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL", "NOTICE")
    (home.logs / "pairs.log").write_text("".join(line(n, f"At {level}", level) for n, level in enumerate(levels)))
    assert texts(back(home, 2, Wanted("WARNING"))) == ["At WARNING", "At ERROR", "At CRITICAL"]
    assert len(back(home, 2, Wanted("INFO"))) == 6  # a level of someone's own counts as INFO
    assert texts(back(home, 2, Wanted("", "at critical"))) == ["At CRITICAL"]


@settings(max_examples=60, deadline=None)
@given(asked=st.integers(-5, 4000))
def test_a_moment_leads_to_the_first_entry_at_it_or_after(moments: Home, asked: int) -> None:
    place = logs.place_at(moments, "pairs", from_text("2026-01-17 14:00:00") + asked * 1_000_000)
    expected = next((second for second in SECONDS if second >= asked), None)
    if place is None:
        assert expected is None
        return
    assert logs.since(moments, "pairs", place, most=1).entries[0].text.split()[1] == str(expected)


SECONDS = [n for n in range(0, 3900, 3) if n % 7]


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A stream of three files with gaps, long lines and traces."""
    home = Home(tmp_path_factory.mktemp("moments")).create()
    SettingsManager(home).set_by_path("platform.timezone", "America/New_York")
    for part, name in enumerate(("pairs.2026-01-16.log", "pairs.2026-01-17.log", "pairs.log")):
        share = len(SECONDS) // 3
        seconds = SECONDS[part * share :] if part == 2 else SECONDS[part * share : (part + 1) * share]
        text = "".join(line(n, f"entry {n} {'x' * (n % 300)}" + ("\n trace" * (n % 5))) for n in seconds)
        (home.logs / name).write_text(text)
    return home


def test_a_large_stream_is_never_read_whole(home: Home) -> None:
    """A quarter of a gigabyte: its end, its middle and a search in vain take a bounded time and memory."""
    import tracemalloc

    with (home.logs / "pairs.log").open("wb") as file:
        for hour in range(8):
            file.write(line(hour * 3600).encode())
            file.seek(32_000_000, 1)  # a hole: bytes without a line end
        file.write(b"\n" + line(30_000).encode())
    tracemalloc.start()
    try:
        assert texts(logs.before(home, "pairs", most=1).entries) == ["entry 30000"]
        page = logs.before(home, "pairs", wanted=Wanted("", "not there"))
        assert page.entries == []
        assert page.older is not None, "it tells from where the search goes on"
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_an_entry_that_is_very_long_is_cut_and_says_by_how_much(home: Home) -> None:
    (home.logs / "pairs.log").write_text(line(0, "x" * 20_000))
    (entry,) = logs.before(home, "pairs").entries
    assert (len(entry.text), entry.left_out) == (16_000, 4_000)


def test_streams_are_listed_clients_first_with_what_they_are_about(home: Home) -> None:
    (home.deployed / "pairs").mkdir(parents=True)
    for name in ("service", "pairs", "notifier", "pairs.2026-01-16"):
        (home.logs / f"{name}.log").write_text(line(0))
    pairs, notifier, service = logs.streams(home)
    assert (pairs.name, pairs.client, pairs.size) == ("pairs", True, 2 * len(line(0)))
    assert (notifier.name, service.name) == ("notifier", "service")
    assert "restarts of clients" in service.about


def test_a_file_is_given_for_download_by_its_name_alone(home: Home) -> None:
    (home.logs / "pairs.log").write_text(line(0))
    assert logs.download(home, "pairs", "pairs.log") == line(0).encode()
    for name in ("../settings/settings.toml", "service.log", ""):
        with pytest.raises(ConfigError, match="has no file"):
            logs.download(home, "pairs", name)
    with pytest.raises(ConfigError, match="a log stream's name"):
        logs.download(home, "../pairs", "pairs.log")


def test_a_secret_in_a_line_is_hidden(home: Home) -> None:
    (home.logs / "pairs.log").write_text(line(0, "login password=hunter2secret failed"))
    assert "hunter2secret" not in logs.before(home, "pairs").entries[0].text
