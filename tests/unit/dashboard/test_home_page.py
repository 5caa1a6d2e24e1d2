"""Home, run as Streamlit runs it, on a real ledger."""

import json
import os
import re
from typing import Any

from quantstrip.clock import MINUTE, system_clock
from quantstrip.home import Home
from quantstrip.ledger import open_ledger


def test_a_new_home_says_what_to_do_first(home: Home, show: Any) -> None:
    open_ledger(home)
    page = show("app.py")
    assert "service stopped" in page.text
    assert f"quantstrip --home {home.root} up" in page.text
    assert "No client is deployed yet" in page.text
    assert str(home.clients) in page.text
    assert f"quantstrip --home {home.root} deploy NAME" in page.text
    assert "Make a client on the page Python" in [each.proto.label for each in page.app.get("page_link")]
    assert "The curve begins with the first recorded bar" in page.text
    assert "Today's PnL 0.00 USD no session yet" in page.text


def test_a_missing_ledger_is_told_with_what_to_do(home: Home, show: Any) -> None:
    page = show("app.py")
    assert f"there is no ledger at {home.database}" in page.text
    assert "quantstrip up" in page.text
    assert not home.database.exists()


def test_the_figures_are_those_of_the_ledger(home: Home, traded: Any, show: Any) -> None:
    page = show("app.py")
    assert "REPLAY" in page.text
    assert "Today's PnL +949.25 USD replay session 2012-05-03" in page.text
    assert "Total PnL +948.00 USD +0.47 %, net of commission" in page.text
    assert "Open positions 1 in 1 strategy" in page.text
    assert "Fills 4 in the current runs" in page.text
    assert "ma_cross 2012-05-03 +999.50 +400.00 +600.00 1.50 +998.50 +1.00 % 100,998.50 2 " in page.text
    assert "rsi 2012-05-03 -50.25 -50.00 0.00 0.50 -50.50 -0.05 % 99,949.50 2 " in page.text
    assert "Portfolio 2012-05-03 +949.25 +350.00 +600.00 2.00 +948.00 +0.47 % 200,948.00 4 " in page.text
    assert "Strategies in USD" in page.text
    traded.ledger.insert_mtm_price("2012-05-03", "AAPL", 62.5)
    page.app.run()
    assert "AAPL ma_cross 60 at 50.00 62.50 of the session +750.00" in page.text
    assert "2012-05-03 20:00 rsi MSFT SELL 10 25.00 0.25 -50.25" in page.text
    assert "Time (UTC)" in page.text


def test_the_figures_are_there_before_the_browser_is_asked_to_read_the_chart_library(
    home: Home, traded: Any, show: Any
) -> None:
    page = show("app.py")
    assert "Total PnL +948.00 USD" in page.text
    assert not page.app.get("plotly_chart")
    page.app.run()  # as the browser asks for at once
    assert page.app.get("plotly_chart")
    assert page.text.count("Home service stopped") == 1


def test_the_chart_has_a_line_for_each_strategy_and_the_portfolio_on_top(home: Home, traded: Any, show: Any) -> None:
    page = show("app.py")
    page.app.run()
    figure = json.loads(page.app.get("plotly_chart")[0].proto.spec)
    assert [line["name"] for line in figure["data"]] == ["ma_cross", "rsi", "Portfolio"]
    assert figure["data"][2]["y"] == [0.0, -1.25, 948.0]
    assert figure["data"][2]["line"]["width"] > figure["data"][0]["line"]["width"]
    assert figure["data"][0]["x"][2] == "2012-05-03 00:00:00"  # a session, whatever the browser's zone is


def test_equity_is_one_click_away(home: Home, traded: Any, show: Any) -> None:
    page = show("app.py")
    page.app.button_group(key="measure").set_value("equity").run()
    figure = json.loads(page.app.get("plotly_chart")[0].proto.spec)
    assert figure["data"][2]["y"] == [200_000.0, 199_998.75, 200_948.0]


def test_one_mode_is_shown_at_a_time(home: Home, traded: Any, show: Any) -> None:
    live = traded.run("ma_cross", mode="live")
    traded.fill(live, "ma_cross", "2026-01-05 15:00:00", 5, 10.0)
    traded.equity(live, {"2026-01-05 15:00:00": 100_003.0})
    page = show("app.py")
    assert "LIVE" in page.text
    assert "Total PnL +3.00 USD" in page.text
    page.app.button_group(key="mode").set_value("replay").run()
    assert "Total PnL +948.00 USD" in page.text


def test_a_name_that_is_html_is_shown_as_text(home: Home, book: Any, show: Any) -> None:
    name = '<img src=x onerror="alert(1)">'
    run = book.run(name)
    book.fill(run, name, "2012-05-02 20:00:00", 1, 10.0, symbol="<b>X</b>")
    page = show("app.py")
    assert "<img" not in page.markup
    assert "<b>X" not in page.markup
    assert name in page.text
    assert "<b>X</b>" in page.text


def test_a_missing_rate_is_named_with_what_it_leaves_out(home: Home, traded: Any, show: Any) -> None:
    euro = traded.run("euro")
    traded.fill(euro, "euro", "2012-05-03 20:00:00", 1, 10.0, "SAP", currency="EUR")
    page = show("app.py")
    assert "Total PnL +948.00 USD rate EURUSD is missing" in page.text
    assert "There is no rate EURUSD, so 1 session is left out of all amounts: euro on 2012-05-03." in page.text
    assert "add them on the page SQL" in page.text
    assert page.text.index("on the page SQL") < page.text.index("quantstrip db marks")
    traded.ledger.insert_mtm_price("2012-05-03", "EURUSD", 1.25)
    page.app.run()
    assert "There is no rate" not in page.text


def test_what_runs_next_and_what_ran_are_those_of_all_clients(home: Home, moving: Any, show: Any) -> None:
    ledger, now = moving.ledger, system_clock.now()
    for number, name in enumerate(("pairs", "trend")):
        ledger.set_client(name, code_hash="h", desired_state="running")
        run = ledger.start_client_run(name, os.getpid(), "h", "live")
        ledger.heartbeat(run, "", {f"look <i>{number}</i> every 5 minutes": now + (9 - number) * MINUTE})
        done = ledger.begin_job(name, "look", now - number, run)
        ledger.finish_job(done, "ok")
    page = show("app.py")
    coming, _, ran = page.text.partition("Next jobs")[2].partition("Last job runs")
    assert coming.index("trend look <i>1</i>") < coming.index("pairs look <i>0</i>")
    assert ran.index("trend look ok") < ran.index("pairs look ok")
    assert "<i>" not in page.markup


def test_unread_alerts_are_marked_one_by_one_or_all_at_once(home: Home, book: Any, show: Any) -> None:
    first, *_ = [book.ledger.alert("note", f"{number} <b>happened</b>", "x") for number in range(5)]
    page = show("app.py")
    assert "Unread alerts 5, the newest first" in page.text
    assert "4 <b>happened</b>" in page.text
    assert "0 <b>happened</b>" not in page.text, "the older ones are on the page of all"
    newest = book.ledger.alerts(1)[0]["alert_id"]
    page.press(f"read-{newest}")
    assert "Unread alerts 4" in page.text
    assert "4 <b>happened</b>" not in page.text
    page.press("read-all")
    assert "Unread alerts" not in page.text
    assert book.ledger.unseen_alerts() == 0
    assert first


def test_each_strategy_has_the_shape_of_its_equity_beside_it(home: Home, traded: Any, show: Any) -> None:
    page = show("app.py")
    shapes = re.findall(r'class="qs-spark (qs-\w+)" role="img" aria-label="([^"]*)"', page.markup)
    assert shapes == [
        ("qs-up", "from 100,000.00 to 100,998.50"),
        ("qs-down", "from 99,999.75 to 99,949.50"),
        ("qs-up", "from 200,000.00 to 200,948.00"),
    ]


def test_of_many_clients_those_in_trouble_are_named_and_the_rest_is_counted(home: Home, book: Any, show: Any) -> None:
    for number in range(12):
        book.ledger.set_client(f"calm{number:02d}", code_hash="h", desired_state="stopped")
    book.ledger.set_client("zulu", code_hash="h", desired_state="running")
    run = book.ledger.start_client_run("zulu", 1, "h", "live")
    book.ledger.end_client_run(run, "crashed", 3, "ValueError: broken")
    page = show("app.py")
    named = page.text.partition("Clients running")[2].partition("Clients")[2]
    assert named.index("zulu ValueError: broken crashed") < named.index("calm00")
    assert "and 7 more 7 at rest" in named
    assert "calm11" not in named


def test_who_may_only_look_marks_nothing(home: Home, book: Any, show: Any) -> None:
    book.ledger.alert("note", "happened", "x")
    page = show("app.py", role="viewer")
    assert "Unread alerts 1" in page.text
    assert not [button.key for button in page.app.button if button.key and button.key.startswith("read-")]
    assert "The service is not running" in page.text
    assert not [button.key for button in page.app.button if button.key == "start-the service"]
