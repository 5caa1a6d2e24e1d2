"""One client's page, and what a person does to a client, on a real ledger and a real deploy store; no service runs."""

import os
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from quantstrip.clock import MINUTE, SECOND, system_clock
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.model import Halt
from quantstrip.operations import client_history, clients, risk
from tests.unit.dashboard.test_monitor_page import TRACE, deployed, failed

DAILY = "rebalance every 1 days at 15:45:00 America/New_York"
OFTEN = "look <b>here</b> every 5 minutes"
OTHERS = 25_000


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return open_ledger(home)


@pytest.fixture
def alive(home: Home, ledger: Ledger) -> int:
    """``pairs``, deployed, with this very process as its own."""
    deployed(home, "pairs")
    version = clients.client_status(home, "pairs").code_hash
    run = ledger.start_client_run("pairs", os.getpid(), version, "paper")
    now = system_clock.now()
    ledger.heartbeat(run, "", {DAILY: now + 3600 * SECOND, OFTEN: now + 300 * SECOND})
    return run


def opened(show: Any, tab: str, name: str = "pairs") -> Any:
    page = show("screens/client.py", name=name)
    page.app.session_state["client-tabs"] = tab
    page.app.run()
    assert not page.app.exception
    return page


def asked(page: Any, kind: str, name: str = "pairs") -> Any:
    """The page with a dialog open."""
    page.app.session_state["dialog"] = (kind, name)
    page.app.run()
    assert not page.app.exception
    return page


def crowd(home: Home) -> None:
    """Others trade on: the newest order and fill, over and over."""
    for table, own in (("orders", {"client_reference": "NULL"}), ("execution", {"exec_id": "'other' || n"})):
        with closing(sqlite3.connect(home.database)) as raw, raw:
            names = [row[1] for row in raw.execute(f"PRAGMA table_info({table})") if row[1] != "seq_id"]
            raw.execute(
                f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {OTHERS}) "
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(own.get(name, name) for name in names)} "
                f"FROM c CROSS JOIN (SELECT * FROM {table} ORDER BY seq_id DESC LIMIT 1)"
            )


def test_it_shows_how_the_client_is_and_its_log_with_html_as_text(home: Home, alive: int, show: Any) -> None:
    (home.logs / "pairs.log").write_text(
        "2026-01-17 14:31:00 - ERROR - pairs - MainThread - <img src=x onerror=alert(1)> failed\n", encoding="utf-8"
    )
    page = show("screens/client.py", name="pairs")
    assert page.text.startswith("pairs stopped")
    assert "PAPER" in page.text
    assert "The service is not running" in page.text
    assert page.text.endswith("<img src=x onerror=alert(1)> failed")
    assert "<img" not in page.markup


def test_jobs_that_run_next_and_that_ran_late_missed_interrupted_and_by_hand(
    home: Home, ledger: Ledger, alive: int, show: Any
) -> None:
    now = system_clock.now()
    late = ledger.begin_job("pairs", DAILY, now - 10 * MINUTE, alive)
    assert late is not None
    ledger.finish_job(late, "ok")
    ledger.record_missed_job("pairs", DAILY, now - 20 * MINUTE, alive)
    failing = ledger.begin_job("pairs", DAILY, now, alive)
    assert failing is not None
    ledger.finish_job(failing, "failed", TRACE)
    ledger.ask_job("pairs", OFTEN, alive, "a person")
    taken = ledger.take_asked_job(alive, [OFTEN])
    assert taken is not None
    page = opened(show, "Jobs")
    next_jobs, _, ran = page.text.partition("Ran the newest first")
    assert next_jobs.index(OFTEN) < next_jobs.index(DAILY)
    assert f"running by hand {OFTEN}" in ran
    assert f"failed {DAILY} ModuleNotFoundError: No module named 'statsmodelz' <script>" in ran
    assert f"missed {DAILY}" in ran
    assert f"ok late {DAILY}" in ran
    assert "<b>here" not in page.markup
    assert "<script>" not in page.markup
    ledger.end_client_run(alive, "killed")
    page.app.run()
    assert f"interrupted by hand {OFTEN}" in page.text
    assert "No job is planned" in page.text


def test_orders_executions_and_pnl_are_its_own(home: Home, traded: Any, show: Any) -> None:
    deployed(home, "ma_cross")
    page = opened(show, "Orders and PnL", "ma_cross")
    assert "Total PnL +998.50 USD 2 fills" in page.text
    assert "2012-05-03 20:00 AAPL SELL 40 60.00 0.50 +399.50" in page.text
    assert "MSFT" not in page.text, "the other client's"


def test_what_it_traded_is_found_however_many_others_traded_since(home: Home, book: Any) -> None:
    book.fill(book.run("by_run"), "by_run", "2012-05-02 20:00:00", 1, 10.0, symbol="AAPL")
    book.ledger.start_client_run("by_handler", os.getpid(), "c0de", "replay")
    order = book.ledger.insert_order(None, "any", None, "U1", "TSLA", "BUY", "MKT", 1)
    book.ledger.insert_execution("h1", order, side="BUY", quantity=1, price=10, trade_date="2012-05-02")
    book.fill(book.run("other"), "other", "2012-05-03 20:00:00", 1, 10.0, symbol="MSFT")  # in the handler's process
    crowd(home)
    for client, symbol in (("by_run", "AAPL"), ("by_handler", "TSLA")):
        found = client_history.trading(home, client)
        assert [row.symbol for row in found.orders] == [symbol], client
        assert [row.symbol for row in found.fills] == [symbol], client


def test_the_newest_of_all_its_runs_come_first_and_more_on_request(home: Home, book: Any, show: Any) -> None:
    runs = [book.run("pairs", key=f"run{number}") for number in range(3)]
    for number in range(15):
        book.fill(runs[number % 3], "pairs", f"2012-05-02 20:{number:02}:00", 1, 10.0, symbol=f"S{number}")
    found = client_history.trading(home, "pairs", limit=4)
    assert [row.symbol for row in found.orders] == [row.symbol for row in found.fills] == ["S14", "S13", "S12", "S11"]
    deployed(home, "pairs")
    page = opened(show, "Orders and PnL")
    assert page.text.count(" S3 ") == 2
    assert " S2 " not in page.text
    page.app.selectbox(key="client-rows").set_value(50).run()
    assert page.text.count(" S2 ") == page.text.count(" S0 ") == 2


def test_a_symbol_that_is_html_is_shown_as_text(home: Home, book: Any, show: Any) -> None:
    run = book.run("pairs")
    book.fill(run, "pairs", "2012-05-02 20:00:00", 1, 10.0, symbol="<b>X</b>")
    deployed(home, "pairs")
    page = opened(show, "Orders and PnL")
    assert page.text.count("<b>X</b>") == 2
    assert "<b>X" not in page.markup


def test_versions_say_what_ran_them(home: Home, ledger: Ledger, alive: int, show: Any) -> None:
    first = clients.client_status(home, "pairs").code_hash
    deployed(home, "pairs", "from quantstrip import ClientBase\n\nclass Client(ClientBase):\n    mode = 'paper'\n")
    second = clients.client_status(home, "pairs").code_hash
    page = opened(show, "Versions")
    assert page.text.index(f"{second[:12]} current") < page.text.index(first[:12])
    assert page.text.partition(first[:12])[2].split()[2] == "1", "one process ran it"
    assert "pairs.py +1 -1" in page.text, "how the older one differs"


def test_processes_show_how_each_one_ended_and_the_trace_of_the_last(
    home: Home, ledger: Ledger, alive: int, show: Any
) -> None:
    ledger.end_client_run(alive, "stopped", 0)
    failed(ledger, "pairs", "crashed", TRACE)
    page = opened(show, "Processes")
    assert page.text.index("crashed") < page.text.index("stopped 0")
    assert page.app.code[0].value == TRACE.strip()


def test_alerts_are_those_about_this_client(home: Home, ledger: Ledger, alive: int, show: Any) -> None:
    ledger.alert("job_error", "pairs: a job failed", "x", client="pairs")
    ledger.alert("job_error", "another: a job failed", "x", client="another")
    page = opened(show, "Alerts")
    assert "pairs: a job failed" in page.text
    assert "another" not in page.text


def test_a_client_removed_while_it_is_shown_is_told_and_no_trace(home: Home, alive: int, show: Any) -> None:
    page = opened(show, "Jobs")
    clients.remove(home, "pairs")
    for tab in ("Jobs", "Log", "Orders and PnL", "Versions", "Processes", "Alerts"):
        page.app.session_state["client-tabs"] = tab
        page.app.run()
        assert not page.app.exception
        assert not page.app.error
        assert "pairs is no longer deployed" in page.text
        assert "press Deploy on the page Python; in a terminal: quantstrip deploy pairs" in page.text
        assert "Open clients/pairs.py" in page.text


def test_a_client_that_never_was_is_told(home: Home, ledger: Ledger, show: Any) -> None:
    page = show("screens/client.py", name="<i>nobody</i>")
    assert "No client '<i>nobody</i>' is deployed, and none of that name ever ran" in page.text
    assert "<i>" not in page.markup


def test_without_a_name_it_lists_the_clients(home: Home, alive: int, show: Any) -> None:
    assert "pairs" in show("screens/client.py").text


def test_a_job_is_asked_for_and_what_became_of_it_is_told(home: Home, ledger: Ledger, alive: int, show: Any) -> None:
    page = opened(show, "Jobs")
    page.press("run-now")
    choice = page.app.radio(key="run-job-which")
    # A time in a label changes while one looks, and another job would be meant.
    assert [label.replace("\\", "") for label in choice.options] == [OFTEN, DAILY]
    assert choice.value is None
    page.press("run-job")
    assert "no job is chosen" in page.text
    assert not ledger.job_requests("pairs")
    page.app.radio(key="run-job-which").set_value(DAILY).run()
    page.press("run-job")
    (request,) = ledger.job_requests("pairs")
    assert (request["job"], request["asked_by"], request["state"]) == (DAILY, "the dashboard", "asked")
    assert "waits for its turn" in page.app.toast[0].value.replace("\\", "")


def test_removing_asks_first(home: Home, alive: int, show: Any) -> None:
    page = asked(show("screens/client.py", name="pairs"), "remove-client")
    assert "its open positions stay open" in page.app.text[0].value
    page.press("cancel-remove-client")
    assert clients.client_status(home, "pairs").name == "pairs"
    asked(page, "remove-client")
    page.press("remove-client")
    assert "pairs is no longer deployed" in page.text


def test_the_kill_switch_keeps_the_reason(home: Home, alive: int, show: Any) -> None:
    page = asked(show("screens/monitor.py"), "entries-off")
    page.app.text_input(key="entries-off-why").set_value("away")
    page.press("entries-off")
    (state,) = risk.risk_status(home, ["pairs"])
    assert (state.killed, state.kill_reason) == (True, "away")
    asked(page, "entries-on")
    page.press("entries-on")
    assert not risk.risk_status(home, ["pairs"])[0].killed


def test_halts_are_shown_and_lifted(home: Home, book: Any, show: Any) -> None:
    deployed(home, "pairs")
    run = book.run("pairs")
    book.fill(run, "pairs", "2012-05-02 20:00:00", 1, 10.0)
    now = system_clock.now()
    run.halts(now, [Halt("max_drawdown", now, "12 % down")])
    assert risk.risk_status(home, ["pairs"])[0].halts
    page = asked(show("screens/monitor.py"), "lift-halts")
    assert "max_drawdown: 12 % down" in page.app.text[0].value
    page.app.text_input(key="lift-halts-why").set_value("looked into it").run()
    page.press("lift-halts")
    assert risk.risk_status(home, ["pairs"])[0].halts == ()


def test_who_may_only_look_has_no_switches(home: Home, alive: int, show: Any) -> None:
    page = show("screens/client.py", role="viewer", name="pairs")
    assert not page.app.button
    page.app.session_state["client-tabs"] = "Jobs"
    page.app.run()
    assert not page.app.button
