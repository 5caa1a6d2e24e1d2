"""What a line looks like, where it comes from, and what never stands in it."""

import logging
import re
import sys
import threading

import pytest

from quantstrip.clock import ManualClock
from quantstrip.errors import ConfigError, HomeError
from quantstrip.home import Home
from quantstrip.log import close_stream, logger, open_stream, redact, tail
from quantstrip.log.routes import StandardLogging

NEW_YORK = "America/New_York"


def test_a_line_has_the_published_form(home: Home, clock: ManualClock) -> None:
    open_stream(home, "my_strategy", timezone=NEW_YORK, clock=clock)
    logging.getLogger("my_strategy").info("message")
    assert tail(home, "my_strategy") == ["2026-01-17 14:30:45 - INFO - my_strategy - MainThread - message"]


def test_the_time_is_the_zones_summer_time_where_it_has_one(home: Home, clock: ManualClock) -> None:
    open_stream(home, "s", timezone=NEW_YORK, clock=clock)
    clock.advance(180 * 86400)
    logger.info("x")
    assert tail(home, "s")[0].startswith("2026-07-16 15:30:45 - ")


def test_loguru_and_standard_lines_carry_their_module_and_thread(home: Home) -> None:
    open_stream(home, "s")
    logger.info("from loguru")
    thread = threading.Thread(target=logging.getLogger("helpers.orders").warning, args=("from %s", "a thread"))
    thread.name = "worker"
    thread.start()
    thread.join()
    first, second = tail(home, "s")
    assert first.endswith(f" - INFO - {__name__} - MainThread - from loguru")
    assert second.endswith(" - WARNING - helpers.orders - worker - from a thread")


def test_braces_percents_and_tags_are_text(home: Home) -> None:
    open_stream(home, "s")
    text = "{curly} {0} %s 100% <red>tag</red> \\<"
    logger.info(text)
    logging.getLogger("a").info(text)
    assert [line.split(" - ", 4)[4] for line in tail(home, "s")] == [text, text]


def test_a_format_that_does_not_fit_its_arguments_is_logged_and_ends_nothing(home: Home) -> None:
    open_stream(home, "s")
    # Straight to our handler: the one of the test runner raises on such a record.
    StandardLogging().handle(logging.LogRecord("a", logging.INFO, __file__, 1, "%d shares", ("many",), None))
    assert "%d shares ('many',) (arguments do not fit the message" in tail(home, "s")[0]


def test_levels_below_the_chosen_one_are_left_out(home: Home) -> None:
    open_stream(home, "s", level="warning")
    for each in (logger, logging.getLogger("a")):
        each.info("left out")
        each.warning("kept")
    assert [line.split(" - ")[4] for line in tail(home, "s")] == ["kept", "kept"]


def test_a_level_someone_made_up_is_kept(home: Home) -> None:
    open_stream(home, "s")
    logging.getLogger("a").log(35, "between warning and error")
    assert " - Level 35 - a - " in tail(home, "s")[0]


def test_a_trace_is_logged_without_the_values_of_variables(home: Home) -> None:
    open_stream(home, "s")
    account_number = "U" + "1234567"
    try:
        raise ValueError(len(account_number))
    except ValueError:
        logger.exception("failed")
        logging.getLogger("a").exception("failed again")
    text = "\n".join(tail(home, "s"))
    assert text.count("Traceback (most recent call last):") == 2
    assert text.count("ValueError: 8") == 2
    assert "U1234567" not in text


def test_a_registered_secret_is_hidden_in_messages_traces_and_prints(home: Home) -> None:
    secret = "s3cr3t-" + "k" * 10
    redact(secret)
    open_stream(home, "s", capture_output=True)
    logger.info("key {}", secret)
    logging.getLogger("a").info("key %s", secret)
    print("key", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("oops")
    close_stream()
    text = (home.logs / "s.log").read_text()
    assert secret not in text
    assert text.count("********") == 4


@pytest.mark.parametrize(
    "text",
    [
        "password=VALUE123",
        "'api_key': 'VALUE123'",
        "Authorization: Bearer VALUE123",
        "?token=VALUE123&x=1",
        "SECRET = VALUE123",
    ],
)
def test_what_is_named_like_a_secret_is_hidden_unregistered(home: Home, text: str) -> None:
    open_stream(home, "s")
    logger.info(text)
    assert "VALUE123" not in tail(home, "s")[0]
    assert "********" in tail(home, "s")[0]


def test_an_endless_entry_is_cut(home: Home) -> None:
    open_stream(home, "s")
    logger.info("x" * 1_000_000)
    assert (home.logs / "s.log").stat().st_size < 70_000
    assert re.search(r"x\.\.\. \(\d+ more characters\)$", tail(home, "s")[0])


def test_what_a_client_prints_goes_to_its_stream_line_by_line(home: Home) -> None:
    open_stream(home, "s", capture_output=True)
    print("one", end=" ")
    print("line")
    print("two\nlines")
    print("to stderr", file=sys.stderr)
    print("without an end", end="")
    close_stream()
    print("after the stream was closed")
    assert [line.split(" - ", 1)[1] for line in tail(home, "s")] == [
        "INFO - stdout - MainThread - one line",
        "INFO - stdout - MainThread - two",
        "INFO - stdout - MainThread - lines",
        "WARNING - stderr - MainThread - to stderr",
        "INFO - stdout - MainThread - without an end",
    ]


def test_lines_printed_by_two_threads_are_not_mixed(home: Home) -> None:
    open_stream(home, "s", capture_output=True)
    turn = threading.Barrier(2)

    def say(word: str) -> None:
        for _ in range(20):
            turn.wait()
            print(word, end="")
            turn.wait()
            print(word)

    threads = [threading.Thread(target=say, args=(word,)) for word in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_stream()
    assert sorted({line.split(" - ")[4] for line in tail(home, "s")}) == ["leftleft", "rightright"]


def test_the_console_shows_the_same_lines(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    redact("another-secret-value")
    open_stream(home, "s", console=True)
    logger.warning("careful another-secret-value")
    assert capsys.readouterr().err.splitlines() == tail(home, "s")
    assert "another-secret-value" not in tail(home, "s")[0]


def test_closing_gives_everything_back(home: Home) -> None:
    root = logging.getLogger()
    before = (sys.stdout, sys.stderr, root.level, list(root.handlers))
    open_stream(home, "a", level="DEBUG", capture_output=True)
    open_stream(home, "b", level="ERROR", capture_output=True)
    close_stream()
    assert (sys.stdout, sys.stderr, root.level, list(root.handlers)) == before
    close_stream()


def test_opening_another_stream_closes_the_first(home: Home) -> None:
    open_stream(home, "a")
    open_stream(home, "b")
    logger.info("once")
    logging.getLogger("x").info("twice")
    assert tail(home, "a") == []
    assert len(tail(home, "b")) == 2


@pytest.mark.parametrize("stream", ["", "../x", "a/b", "a.b", "a b", "x" * 101])
def test_a_stream_that_could_be_another_file_is_refused(home: Home, stream: str) -> None:
    with pytest.raises(ConfigError, match="log stream's name"):
        open_stream(home, stream)


def test_a_refused_call_leaves_the_open_stream_open(home: Home) -> None:
    open_stream(home, "a")
    for wrong in ({"level": "LOUD"}, {"timezone": "Mars/Base"}):
        with pytest.raises(ConfigError, match=r"LOUD|Mars/Base"):
            open_stream(home, "b", **wrong)  # type: ignore[arg-type]
    logger.info("still here")
    assert len(tail(home, "a")) == 1


def test_a_folder_that_cannot_be_written_is_a_clear_error(home: Home) -> None:
    home.logs.rmdir()
    home.logs.write_text("a file in place of the folder")
    with pytest.raises(HomeError, match="cannot be written"):
        open_stream(home, "a")
