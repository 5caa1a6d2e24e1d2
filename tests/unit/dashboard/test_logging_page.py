"""The logging page on real files: any stream, filters, pages, a jump, what comes in, downloads."""

from datetime import datetime
from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home

PAGE = "screens/logging.py"


def line(number: int, text: str = "", level: str = "INFO") -> str:
    when = f"2026-01-17 {14 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    return f"{when} - {level} - pairs - MainThread - {text or f'entry {number}'}\n"


def write(home: Home, *lines: str, name: str = "pairs") -> None:
    with (home.logs / f"{name}.log").open("a", encoding="utf-8") as file:
        file.writelines(lines)


@pytest.fixture
def logged(home: Home) -> Home:
    """A client's stream of 500 entries, an entry a second, and the service's."""
    SettingsManager(home).set_by_path("platform.timezone", "UTC")
    (home.deployed / "pairs").mkdir(parents=True)
    write(home, *(line(n) if n % 100 else line(n, f"bad {n}", "ERROR") for n in range(500)))
    write(home, line(0, "the warden looks after"), name="service")
    return home


def test_without_any_log_it_says_what_to_do_first(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "Nothing was logged yet Start the service on Home; in a terminal: quantstrip --home" in page.text
    assert page.text.endswith("Start the service on Home")


def test_clients_come_first_and_every_stream_can_be_chosen_and_says_what_it_is_about(logged: Home, show: Any) -> None:
    page = show(PAGE)
    box = page.app.selectbox(key="log-stream")
    assert box.options == ["pairs", "service: the warden: starts, crashes and restarts of clients"]
    assert page.text.endswith("entry 499")
    box.set_value("service").run()
    assert page.text.endswith("the warden looks after")
    assert page.app.query_params["stream"] == "service"


def test_an_address_names_the_stream_and_one_that_is_gone_shows_the_first(logged: Home, show: Any) -> None:
    assert "the warden looks after" in show(PAGE, stream="service").text
    assert "entry 499" in show(PAGE, stream="../settings").text


def test_times_are_in_the_users_zone_which_is_shown(logged: Home, show: Any) -> None:
    page = show(PAGE)
    assert "2026-01-17 14:08:19 INFO pairs entry 499" in page.text
    assert "2026-01-17 14:05:00 UTC to 2026-01-17 14:08:19 UTC" in page.text


def test_what_comes_in_is_added_and_a_trace_grows_where_it_is(logged: Home, show: Any) -> None:
    page = show(PAGE)
    write(logged, line(500, "failed", "ERROR"))
    page.app.run()
    assert page.text.endswith("pairs failed")
    write(logged, "Traceback: the rest\n", line(501))
    page.app.run()
    assert page.text.count("pairs failed") == 1
    assert page.text.endswith("failed Traceback: the rest 2026-01-17 14:08:21 INFO pairs entry 501")
    assert "live 200 entries" in page.text


def test_a_level_and_a_text_filter_what_is_shown_and_what_comes(logged: Home, show: Any) -> None:
    page = show(PAGE)
    page.app.selectbox(key="log-level").set_value("WARNING").run()
    assert "live 5 entries" in page.text
    assert "pairs entry" not in page.text
    page.app.text_input(key="log-words").set_value("BAD 400").run()
    assert "live 1 entries" in page.text
    write(logged, line(500), line(501, "bad 4004", "ERROR"))
    page.app.run()
    assert page.text.endswith("bad 4004")
    page.app.text_input(key="log-words").set_value("never logged").run()
    assert "No such entry here." in page.text


def test_older_and_newer_pages_stand_still_until_it_is_live_again(logged: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("log-older")
    assert "standing still" in page.text
    assert page.text.endswith("entry 299")
    write(logged, line(500))
    page.app.run()
    assert page.text.endswith("entry 299")
    page.press("log-newer")
    assert page.text.endswith("entry 499")
    page.press("log-newer")
    page.press("log-newer")
    assert "live" in page.text
    assert page.text.endswith("entry 500")


def test_a_pause_holds_the_lines_and_live_goes_on(logged: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("log-pause")
    write(logged, line(500))
    page.app.run()
    assert page.text.endswith("entry 499")
    page.press("log-live")
    assert page.text.endswith("entry 500")


def test_a_jump_leads_to_the_first_entry_of_a_moment(logged: Home, show: Any) -> None:
    page = show(PAGE)
    page.app.session_state["log-moment"] = datetime.fromisoformat("2026-01-17 14:03")
    page.app.run()
    page.press("log-jump")
    assert "standing still 200 entries, 2026-01-17 14:03:00 UTC to" in page.text
    page.app.session_state["log-moment"] = datetime.fromisoformat("2027-01-01")
    page.app.run()
    page.press("log-jump")
    assert "Nothing is as new as that" in page.app.toast[0].value
    assert page.text.endswith("entry 499")


def test_html_in_a_line_is_text_and_a_secret_is_hidden(logged: Home, show: Any) -> None:
    write(logged, line(500, "<img src=x onerror=alert(1)> password=hunter2secret"))
    page = show(PAGE)
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "<img" not in page.markup
    assert "hunter2secret" not in page.markup


def test_a_stream_that_was_removed_or_put_away_is_read_on(logged: Home, show: Any) -> None:
    page = show(PAGE)
    (logged.logs / "pairs.log").rename(logged.logs / "pairs.2026-01-17.log")
    write(logged, line(500))
    page.app.run()
    assert page.text.endswith("entry 500")
    (logged.logs / "pairs.2026-01-17.log").unlink()
    (logged.logs / "pairs.log").unlink()
    write(logged, line(600))
    page.app.run()
    page.app.run()
    assert "entry 600" in page.text


def test_what_is_shown_and_each_file_can_be_taken(logged: Home, show: Any) -> None:
    page = show(PAGE)
    assert [button.label for button in page.app.get("download_button")] == ["What is shown", "Download the file"]
    assert page.app.selectbox(key="log-file-pairs").options == [
        f"pairs.log ({(logged.logs / 'pairs.log').stat().st_size / 1000:.1f} kB)"
    ]
