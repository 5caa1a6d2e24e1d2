"""Reporting and a trade's own page, run as Streamlit runs them, on a real ledger."""

import json
from typing import Any

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import portfolio, reporting, reports, stored_reports, tasks, trade_page
from quantstrip.operations.stored_reports import Composed, Part

PAGE = "screens/reporting.py"
TRADE = "screens/trade.py"


def lines(page: Any) -> dict[str, Any]:
    """The lines of the curve; a session's first run leaves charts to the next, which a browser asks for at once."""
    if not page.app.get("plotly_chart"):
        page.app.run()
    return {line["name"]: line for line in json.loads(page.app.get("plotly_chart")[0].proto.spec)["data"]}


def test_a_home_in_which_nothing_was_traded_says_what_to_do_first(home: Home, show: Any) -> None:
    open_ledger(home)
    page = show(PAGE)
    assert "Nothing was traded yet" in page.text
    assert "Try a strategy on the page Backtest" in page.text


def test_the_page_shows_the_published_figures_and_they_are_homes_and_the_reports(
    home: Home, traded: Any, show: Any
) -> None:
    page = show(PAGE)
    total = portfolio.overview(home).portfolio.total
    assert total == reports.build(home).portfolio.figure("net_pnl") == 948.0
    assert "Total PnL +948.00 USD" in page.text
    assert set(lines(page)) == {"ma_cross", "rsi", "Portfolio"}
    for name in ("Max drawdown", "Current drawdown", "Sharpe ratio", "Drawdown", "Distribution", "Months"):
        assert name in page.text
    assert "ma_cross +998.50 +1.00 %" in page.text
    assert "rsi -50.50 -0.05 %" in page.text
    assert "Portfolio +948.00 +0.47 %" in page.text
    assert lines(page)["Portfolio"]["y"] == [0.0, -1.25, 948.0]
    assert [button.label for button in page.app.button if button.key in ("report-html", "report-xlsx")] == [
        "HTML", "XLSX",
    ]  # fmt: skip


def test_a_filter_leaves_a_part_and_the_breakdown_follows(home: Home, traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.multiselect(key="report-symbol").set_value(["MSFT"]).run()
    assert not page.app.exception
    assert "Total PnL -50.50 USD" in page.text
    assert "Only symbols: MSFT." in page.text
    page.app.multiselect(key="report-symbol").set_value([]).run()
    page.app.selectbox(key="report-by").set_value("symbol").run()
    assert "AAPL +998.50" in page.text
    assert "MSFT -50.50" in page.text
    assert set(lines(page)) == {"AAPL", "MSFT", "Portfolio"}


def test_a_shorter_horizon_begins_at_zero(home: Home, traded: Any, show: Any) -> None:
    run = traded.run("late")
    traded.fill(run, "late", "2012-09-04 20:00:00", 1, 50.0)
    traded.equity(run, {"2012-09-03 20:00:00": 100_000, "2012-09-04 20:00:00": 100_010.0})
    page = show(PAGE)
    page.app.button_group(key="report-horizon").set_value("3M").run()
    assert not page.app.exception
    assert lines(page)["late"]["y"][-1] == 10.0
    assert "Total PnL +10.00 USD" in page.text


def test_a_benchmark_is_drawn_and_measured_against(home: Home, traded: Any, show: Any) -> None:
    for day, close in (("2012-05-01", 100.0), ("2012-05-02", 101.0), ("2012-05-03", 99.0)):
        traded.ledger.insert_mtm_price(day, "SPY", close=close)
    page = show(PAGE)
    page.app.selectbox(key="report-benchmark").set_value("SPY").run()
    assert not page.app.exception
    assert "SPY (benchmark)" in lines(page)
    assert "Beta to SPY" in page.text


def test_modes_are_a_choice_and_never_a_sum(home: Home, traded: Any, show: Any) -> None:
    run = traded.run("live_one", mode="paper")
    traded.fill(run, "live_one", "2012-05-02 20:00:00", 1, 50.0, commission=2.0)
    page = show(PAGE)
    assert page.app.button_group(key="report-mode").options == ["paper", "replay"]
    assert "live_one" in page.text
    assert "ma_cross" not in page.text
    page.app.button_group(key="report-mode").set_value("replay").run()
    assert "Total PnL +948.00 USD" in page.text


def test_trades_are_listed_sorted_and_each_leads_to_its_own_page(home: Home, traded: Any, show: Any) -> None:
    traded.fill(traded.run("ma_cross"), "ma_cross", "2012-05-04 20:00:00", -60, 70.0)
    page = show(PAGE)
    page.app.button_group(key="report-part").set_value("Trades").run()
    assert "Round trips 2, flat to flat" in page.text
    assert 'href="/trade?id=1"' in page.markup
    page.app.button_group(key="report-result").set_value("won").run()
    assert "MSFT" not in page.text
    own = show(TRADE, id="1")
    assert "Trade 1" in own.text
    assert "ma_cross" in own.text
    assert "Orders" in own.text
    assert own.app.get("echarts_chart"), "the sample has bars of it"
    assert 'href="/client?name=ma_cross"' in own.markup


def test_the_chart_has_limits_and_stops_from_decision_to_end(
    home: Home, book: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def order(side: str, minute: int, ended: str, **prices: Any) -> int:
        number = book.ledger.insert_order(
            None, "any", None, "", "AAPL", side, "ANY", 1, event_time=f"2012-05-02 14:{minute}:00", **prices
        )
        book.ledger.insert_order_status(number, ended, event_time=f"2012-05-02 14:{minute + 5}:00")
        if ended == "FILLED":
            book.ledger.insert_execution(
                f"x{number}", number, side=side, quantity=1, price=50, exec_time=f"2012-05-02 14:{minute + 5}:00"
            )
        return int(number)

    entry = order("BUY", 10, "FILLED", limit_price=50.5)
    order("SELL", 20, "CANCELLED", stop_price=45.0, parent_order_id=entry)
    order("SELL", 30, "FILLED")
    monkeypatch.syspath_prepend(asset("dashboard"))
    from components import trade_view

    levels = trade_view.levels(trade_page.trade(home, 1))
    assert [(one.kind, one.price, f"{one.begin:%H:%M}", f"{one.end:%H:%M}") for one in levels] == [
        ("limit", 50.5, "14:10", "14:15"),
        ("stop", 45.0, "14:20", "14:25"),
    ]


def test_a_trade_that_is_none_says_where_the_list_is(home: Home, traded: Any, show: Any) -> None:
    assert "no round trip has the id 77" in show(TRADE, id="77").text
    assert "Choose a trade from the list" in show(TRADE, id="<b>").text


def test_names_are_shown_as_text(home: Home, book: Any, show: Any) -> None:
    run = book.run("<i>x")
    book.fill(run, "<i>x", "2012-05-02 20:00:00", 1, 50.0, "<b>SYM")
    book.fill(run, "<i>x", "2012-05-03 20:00:00", -1, 51.0, "<b>SYM")
    page = show(PAGE)
    page.app.button_group(key="report-part").set_value("Trades").run()
    assert "<b>SYM" not in page.markup
    assert "<b>SYM" in page.text
    assert "<b>SYM" not in show(TRADE, id="1").markup


def made_by_the_worker(page: Any, home: Home, key: str, arguments: dict[str, Any], **state: Any) -> None:
    """Show the page while it waits under ``key`` for a task that is over; what queues it needs a service."""
    page.app.session_state[key] = tasks.run_now(home, "stored_report", arguments).task_id
    for name, value in state.items():
        page.app.session_state[name] = value
    page.app.run()
    assert not page.app.exception


def test_a_stored_report_is_opened_previewed_and_sent_by_the_worker_alone(home: Home, traded: Any, show: Any) -> None:
    traded.ledger.set_email_account("main", smtp_server="127.0.0.1", smtp_port=9, from_address="me@example.com")
    stored_reports.save(home, Composed("Weekly", (Part("Words", "text", "well"),)))
    page = show(PAGE)
    page.app.button_group(key="report-part").set_value("Stored reports").run()
    assert "so no stored report is opened or sent from here" in page.text
    for keys in (("report-open-1",), ("report-send-1", "report-stored-send"), ("report-new", "report-editor-preview")):
        for key in keys:
            page.press(key)
        assert any("no service runs" in toast.value for toast in page.app.toast), keys
    assert not page.app.get("iframe")
    assert traded.ledger.query("SELECT * FROM outbox")[1] == []
    draft = {"name": "Mine", "sections": [{"name": "Words", "text": "seen <b>before</b> it is saved"}]}
    made_by_the_worker(page, home, "report-editor-shown", {"composed": draft})
    assert "seen &lt;b&gt;before" in page.app.get("iframe")[0].proto.srcdoc


def test_while_the_worker_makes_a_page_its_progress_is_shown_and_it_can_be_cancelled(
    home: Home, traded: Any, show: Any
) -> None:
    number = stored_reports.save(home, Composed("Weekly", (Part("Words", "text", "well"),)))
    page = show(PAGE)
    page.app.button_group(key="report-part").set_value("Stored reports").run()
    waits = traded.ledger.add_task("stored_report", {"report_id": number, "form": "html"})
    page.app.session_state["report-page"] = waits
    page.app.session_state["report-opened"] = number
    page.app.run()
    page.press("report-page-cancel")
    page.app.run()
    assert tasks.get(home, waits).state == "cancelled"
    assert "The page was not made: cancelled" in page.text
    page.press(f"report-open-{number}")
    assert "The page was not made" not in page.text
    assert traded.ledger.tasks() == [], "what nobody looks at any more is removed"


def test_a_report_of_sections_is_made_moved_saved_shown_copied_and_deleted(home: Home, traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.app.button_group(key="report-part").set_value("Stored reports").run()
    assert "No report is stored yet" in page.text
    page.press("report-new")
    page.press("report-editor-save")
    assert "a report needs a name" in page.text
    page.app.text_input(key="report-editor-name").input("Weekly").run()
    page.press("report-editor-add-text")
    page.app.text_input(key="report-part-4-name").input("Words").run()
    page.app.text_area(key="report-part-4-text").input("It went well").run()
    page.press("report-part-4-up")
    page.press("report-part-1-remove")
    assert "Not saved yet" in page.text
    page.press("report-editor-save")
    assert "Not saved yet" not in page.text
    page.press("report-editor-close")
    ledger = open_ledger(home)
    assert ledger.query("SELECT name, type FROM report_section ORDER BY section_id")[1] == [
        ("Cumulative PnL", "chart"), ("Words", "text"), ("Strategies", "breakdown"),
    ]  # fmt: skip
    made_by_the_worker(page, home, "report-page", {"report_id": 1}, **{"report-opened": 1})
    frame = page.app.get("iframe")[0].proto
    assert "It went well" in frame.srcdoc
    assert "<script>" not in frame.srcdoc
    page.press("report-edit-1")
    assert page.app.text_input(key="report-editor-name").value == "Weekly"
    page.press("report-editor-close")
    page.press("report-copy-1")
    page.press("report-delete-1")
    page.press("report-delete")
    assert [row.name for row in reports.stored_reports(home)] == ["Weekly (copy)"]


def test_without_a_service_the_page_says_who_would_make_the_file(home: Home, traded: Any, show: Any) -> None:
    page = show(PAGE)
    page.press("report-html")
    assert any("no service runs" in toast.value for toast in page.app.toast)


def test_mail_is_offered_from_any_account_and_asked_of_the_worker(home: Home, traded: Any, show: Any) -> None:
    traded.ledger.set_email_account("main", smtp_server="127.0.0.1", smtp_port=9, from_address="me@example.com")
    page = show(PAGE)
    assert page.app.selectbox(key="report-account").options == ["Default account", "main"]
    page.app.text_input(key="report-to").input("you@example.com")
    page.press("report-send")
    assert any("no service runs" in toast.value for toast in page.app.toast)
    page.app.multiselect(key="report-forms").set_value([])
    page.press("report-send")
    assert any("choose at least one file" in toast.value for toast in page.app.toast)


def test_a_look_at_another_horizon_reads_nothing_anew(home: Home, traded: Any, show: Any) -> None:
    page = show(PAGE)
    before = reporting.show(home, "replay")
    page.app.button_group(key="report-horizon").set_value("1Y").run()
    assert reporting.show(home, "replay") is before


def test_a_viewer_looks_and_opens_and_can_neither_send_nor_change(home: Home, traded: Any, show: Any) -> None:
    stored_reports.save(home, Composed("Weekly", (Part("Words", "text", "well"),)))
    page = show(PAGE, role="viewer")
    assert "Total PnL +948.00 USD" in page.text
    assert "Take it along" not in page.text
    page.app.button_group(key="report-part").set_value("Stored reports").run()
    assert [button.key for button in page.app.button] == ["report-open-1"]
    made_by_the_worker(page, home, "report-page", {"report_id": 1}, **{"report-opened": 1})
    assert "well" in page.app.get("iframe")[0].proto.srcdoc


def test_without_capital_and_without_a_rate_there_are_amounts_and_what_is_left_out_is_said(
    home: Home, book: Any, show: Any
) -> None:
    ledger = book.ledger
    for number, (strategy, currency) in enumerate((("bare", "USD"), ("far", "JPY"))):
        for side, price, day in (("BUY", 50.0, "2024-03-05"), ("SELL", 45.0, "2024-03-06"), ("BUY", 1.0, "2024-03-07")):
            ledger.insert_execution(
                f"{number}-{day}", None, strategy, symbol=strategy.upper(), side=side, quantity=2, price=price,
                exec_time=f"{day} 15:00:00", currency=currency,
            )  # fmt: skip
    page = show(PAGE)
    assert "Total PnL -10.00 USD" in page.text
    assert "There is no rate JPYUSD" in page.text
    assert "far" in page.text
    assert "net PnL of the portfolio in USD" in page.text
    page.app.selectbox(key="report-by").set_value("tag").run()
    assert not page.app.exception
    assert "Portfolio -10.00" in page.text


def test_an_address_that_names_what_there_is_not_is_as_good_as_one_without(home: Home, traded: Any, show: Any) -> None:
    names = ("strategy", "symbol", "benchmark", "by", "horizon", "mode")
    page = show(PAGE, **{f"report-{name}": "<b>none" for name in names})
    assert "Total PnL +948.00 USD" in page.text


def test_a_filter_that_another_mode_does_not_know_is_left_behind(home: Home, traded: Any, show: Any) -> None:
    run = traded.run("other", mode="paper")
    for symbol in ("IBM", "KO"):
        traded.fill(run, "other", "2012-05-02 20:00:00", 1, 50.0, symbol)
        traded.fill(run, "other", "2012-05-03 20:00:00", -1, 55.0, symbol)
    page = show(PAGE)
    page.app.multiselect(key="report-symbol").set_value(["IBM"]).run()
    assert "Total PnL +5.00 USD" in page.text
    page.app.button_group(key="report-mode").set_value("replay").run()
    assert not page.app.exception
    assert "Total PnL +948.00 USD" in page.text
