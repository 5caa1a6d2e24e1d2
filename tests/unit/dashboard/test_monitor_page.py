"""The Client Monitor, run as Streamlit runs it, on a real ledger and a real deploy store; no service runs."""

from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import system_clock
from quantstrip.config import SettingsManager
from quantstrip.errors import ClientLoadError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import clients, risk
from quantstrip.supervise.book import make_note
from quantstrip.supervise.policy import Mark

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/home/me/clients/pairs.py", line 12, in <module>\n'
    "    import statsmodelz\n"
    "ModuleNotFoundError: No module named 'statsmodelz' <script>alert(1)</script>\n"
)
CLIENT = "from quantstrip import ClientBase\n\nclass Client(ClientBase):\n    pass\n"


def monitor(show: Any, **query: str) -> Any:
    """The page as it stays; its first run has the heading, its second one, which a browser asks for, the table too."""
    page = show("screens/monitor.py", **query)
    assert not page.app.dataframe
    page.app.run()
    return page


def told(page: Any) -> list[dict[str, Any]]:
    """The rows of the table."""
    return list(page.app.dataframe[0].value.to_dict("records")) if page.app.dataframe else []


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return open_ledger(home)


def deployed(home: Home, name: str, source: str = CLIENT) -> Path:
    path = home.clients / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    clients.deploy(home, path)
    return path


def failed(ledger: Ledger, name: str, outcome: str, trace: str) -> None:
    run = ledger.start_client_run(name, 4242, "hash", "paper", display_name=name.title())
    ledger.end_client_run(run, outcome, 78, trace)


def test_without_clients_it_says_what_to_do_first(home: Home, ledger: Ledger, show: Any) -> None:
    page = monitor(show)
    assert "The service is not running" in page.text
    assert "No client is deployed yet On the page Python, New makes a client" in page.text
    assert "Make a client on the page Python" in page.text
    assert "Make a client on the page Python" not in monitor(show, role="operator").text


def test_a_client_is_shown_with_its_state_and_version(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    ledger.set_client("pairs", mode="paper", display_name="Pairs <b>trading</b>")
    page = monitor(show)
    version = clients.client_status(home, "pairs").code_hash[:8]
    assert "Pairs <b>trading</b> pairs" in page.text
    assert "<b>" not in page.markup
    assert "PAPER" in page.text
    assert f"Version {version}" in page.text
    assert "stopped" in page.text
    assert "1 at rest" in page.text


def test_entries_that_a_person_switched_off_are_shown_with_what_switches_them_on(
    home: Home, ledger: Ledger, show: Any
) -> None:
    deployed(home, "pairs")
    ledger.set_client("pairs", mode="paper")
    assert "entries off" not in monitor(show).text
    risk.kill(home, "pairs", "away for <i>lunch</i>")
    page = monitor(show)
    assert "entries off" in page.text
    assert (
        "Entries are switched off: away for <i>lunch</i>. "
        "Switch them on under More; in a terminal: quantstrip risk revive pairs" in page.text
    )
    assert "<i>" not in page.markup


def test_a_load_error_is_shown_whole_with_file_and_line(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    failed(ledger, "pairs", "load_error", TRACE)
    ledger.set_client("pairs", status_note=make_note(Mark.LOAD_ERROR, system_clock.now(), "it cannot be loaded"))
    page = monitor(show, client="pairs")
    assert "load error" in page.text
    assert "No module named 'statsmodelz'" in page.text
    assert "1 in trouble" in page.text
    assert page.app.code[0].value == TRACE.strip()
    page.app.session_state["monitor-tabs"] = "Problems"
    page.app.run()
    assert "pairs load error /home/me/clients/pairs.py:12" in page.text
    assert page.app.code[0].value == TRACE.strip()
    assert "<script>" not in page.markup


def test_the_newest_problem_comes_first_and_earlier_ones_are_folded(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    failed(ledger, "pairs", "crashed", "ZeroDivisionError: first")
    failed(ledger, "pairs", "crashed", "ZeroDivisionError: second")
    page = monitor(show)
    page.app.session_state["monitor-tabs"] = "Problems"
    page.app.run()
    assert [code.value for code in page.app.code] == ["ZeroDivisionError: second", "ZeroDivisionError: first"]
    (folded,) = page.app.expander
    assert folded.label == "Earlier problems (1)"
    assert [code.value for code in folded.code] == ["ZeroDivisionError: first"]


def test_a_secret_in_a_trace_is_not_shown(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    failed(ledger, "pairs", "crashed", "ConnectionError: login failed, password=hunter2secret")
    page = monitor(show, client="pairs")
    assert "login failed" in page.app.code[0].value
    assert "hunter2secret" not in page.app.code[0].value + page.text


def test_no_problem_is_said_in_words(home: Home, ledger: Ledger, show: Any) -> None:
    page = monitor(show)
    page.app.session_state["monitor-tabs"] = "Problems"
    page.app.run()
    assert "No problems" in page.text


def test_the_log_of_an_open_client_ends_with_its_newest_line_in_the_users_zone_and_shows_html_as_text(
    home: Home, ledger: Ledger, show: Any
) -> None:
    deployed(home, "pairs")
    SettingsManager(home).set_by_path("platform.timezone", "America/New_York")
    lines = [f"2026-01-17 14:30:{second:02d} - INFO - pairs - MainThread - bar {second}" for second in range(50)]
    lines.append("2026-01-17 14:31:00 - ERROR - pairs - MainThread - <img src=x onerror=alert(1)> failed")
    (home.logs / "pairs.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    page = monitor(show, client="pairs")
    assert "bar 0 " in page.text
    assert page.text.endswith("<img src=x onerror=alert(1)> failed")
    assert "<img" not in page.markup
    assert "2026-01-17 19:30:00 UTC to 2026-01-17 19:31:00 UTC" in page.text
    assert "2026-01-17 19:31:00 ERROR pairs <img" in page.text
    assert '<span class="qs-down"><span class="qs-log-when">2026-01-17 19:31:00 ' in page.markup


def test_a_switch_that_fails_says_why_and_the_page_stays(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    page = monitor(show)
    page.press("card-Start-pairs")
    (said,) = page.app.toast
    assert "pairs was not started" in said.value.replace("\\", "")
    assert "quantstrip up" in said.value.replace("\\", "")
    assert "pairs" in page.text


def test_a_changed_file_is_deployed_again_after_showing_what_changes(home: Home, ledger: Ledger, show: Any) -> None:
    path = deployed(home, "pairs")
    before = clients.client_status(home, "pairs").code_hash
    path.write_text(CLIENT + "# changed\n", encoding="utf-8")
    ledger.set_client("pairs", differs=1)  # as the warden marks it
    page = monitor(show)
    assert "differs from deployed" in page.text
    page.press("card-Redeploy-pairs")
    assert "# changed" in page.text
    assert clients.client_status(home, "pairs").code_hash == before
    page.press("python-deploy-now")
    assert "is deployed" in page.app.toast[0].value
    assert clients.client_status(home, "pairs").code_hash != before
    assert "differs from deployed" not in page.text


def test_a_broken_file_is_not_deployed_and_the_old_version_stays(home: Home, ledger: Ledger, show: Any) -> None:
    path = deployed(home, "pairs")
    before = clients.client_status(home, "pairs").code_hash
    path.write_text("def broken(:\n", encoding="utf-8")
    ledger.set_client("pairs", differs=1)
    page = monitor(show)
    page.press("card-Redeploy-pairs")
    assert "SyntaxError: invalid syntax" in page.text
    assert "python-deploy-now" not in {each.key for each in page.app.button}
    with pytest.raises(ClientLoadError):
        clients.deploy(home, path)
    assert clients.client_status(home, "pairs").code_hash == before
    page = monitor(show)
    page.app.session_state["monitor-tabs"] = "Problems"
    page.app.run()
    assert "deploy refused" in page.text
    assert "pairs.py:1" in page.text


def test_a_client_removed_meanwhile_is_no_error(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    page = monitor(show, client="pairs")
    ledger.remove_client("pairs")
    page.app.run()
    assert not page.app.exception
    assert "No client is deployed yet" in page.text


def test_a_restart_asks_first(home: Home, ledger: Ledger, show: Any) -> None:
    deployed(home, "pairs")
    failed(ledger, "pairs", "crashed", TRACE)
    page = monitor(show)
    page.app.session_state["monitor-tabs"] = "Problems"
    page.app.run()
    page.press("problem-Restart-pairs")
    assert not page.app.toast
    assert "a new one runs the version that is deployed" in page.app.text[0].value
    page.press("restart-client")
    assert "no service runs" in page.text


def many(home: Home, ledger: Ledger) -> None:
    """Six clients, of which one is in trouble."""
    for number in range(6):
        ledger.set_client(f"calm{number}", code_hash="h", desired_state="stopped", display_name=f"Number {number}")
    failed(ledger, "calm4", "crashed", TRACE)
    note = make_note(Mark.GIVEN_UP, system_clock.now(), "it crashed")
    ledger.set_client("calm4", desired_state="running", status_note=note)


def named(page: Any) -> list[str]:
    return [each["Client"].split("(")[1].rstrip(")") for each in told(page)]


def test_of_many_clients_those_of_a_name_or_in_trouble_are_shown_also_by_the_address(
    home: Home, ledger: Ledger, show: Any
) -> None:
    many(home, ledger)
    page = monitor(show)
    assert named(page) == [f"calm{number}" for number in range(6)]
    page.app.text_input(key="find").set_value(" number 2").run()
    assert named(page) == ["calm2"]
    page.app.toggle(key="trouble").set_value(True).run()
    assert named(page) == []
    assert "No client with 'number 2' in its name is in trouble." in page.text
    assert "1 in trouble" in page.text, "the counts are those of all"
    assert named(monitor(show, trouble="true")) == ["calm4"]
    assert named(monitor(show, find="calm1")) == ["calm1"]


def test_the_table_has_what_sorts_clients_by_and_moments_with_their_zone(home: Home, ledger: Ledger, show: Any) -> None:
    many(home, ledger)
    page = monitor(show)
    rows = {each["Client"]: each for each in told(page)}
    mine = rows["Number 4 (calm4)"]
    assert list(mine["State"]) == ["given up"]
    assert mine["Last error"].startswith("ModuleNotFoundError: No module named 'statsmodelz'")
    assert mine["Restarts"] == 0
    assert mine["Since"].tzinfo is not None
    assert list(rows["Number 0 (calm0)"]["State"]) == ["stopped"]
    assert "Since (UTC)" in page.app.dataframe[0].proto.columns


def test_a_row_that_is_clicked_shows_that_client_with_its_switches(home: Home, ledger: Ledger, show: Any) -> None:
    many(home, ledger)
    page = monitor(show)
    assert "Click a row" in page.text
    assert not [each for each in page.app.button if each.key and each.key.startswith("card-")]
    page.app.query_params["client"] = "calm2"  # what a click puts there
    page.app.run()
    assert [each.key for each in page.app.button if each.key and each.key.startswith("card-")] == ["card-Start-calm2"]


def test_of_few_clients_all_are_shown_whatever_the_address_says(home: Home, ledger: Ledger, show: Any) -> None:
    many(home, ledger)
    ledger.remove_client("calm0")
    page = monitor(show, trouble="true")
    assert not page.app.toggle
    assert len(named(page)) == 5
