"""Reports of a ledger: the same cents everywhere, one mode at a time, and what is left out is said."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from quantstrip.clock import from_text
from quantstrip.errors import LedgerError, ReportError
from quantstrip.home import Home
from quantstrip.ledger import LedgerRecorder, open_ledger
from quantstrip.model import Instrument
from quantstrip.operations import report_mail, reports
from quantstrip.report import METRICS
from quantstrip.report.text import render_text
from tests.integration.report.conftest import EUR_RATE, LAST, RULES, Bought, fill, prices, trade


def answer(home: Home, sql: str, *params: object) -> float:
    ((value,),) = open_ledger(home).query(sql, params)[1]
    return round(float(value), 2)


# One truth


def test_the_total_is_the_views_in_every_form_to_the_cent(home: Home) -> None:
    report = reports.build(home)
    reports.keep_figures(home, report)
    total = answer(home, "SELECT SUM(total_pnl) FROM v_portfolio_daily WHERE mode = 'paper'")

    assert total == 3139.96
    assert report.portfolio.figure("net_pnl") == total
    assert round(sum(float(scope.figure("net_pnl") or 0) for scope in report.strategies), 2) == total
    assert answer(home, "SELECT value FROM v_metrics WHERE scope = 'portfolio' AND horizon = 'ALL' AND metric = 'net_pnl'") == total  # fmt: skip  # noqa: E501
    page = reports.render(report, "html").decode()
    assert f'data-metric="net_pnl" data-value="{total}"' in page
    assert "3,139.96" in page
    assert "3,139.96" in reports.render(report, "text").decode()
    book = openpyxl.load_workbook(io.BytesIO(reports.render(report, "xlsx")))
    assert round(sum(row[5] for row in book["Daily PnL"].iter_rows(min_row=2, values_only=True)), 2) == total
    days = csv.DictReader(io.StringIO(reports.render(report, "csv").decode("utf-8-sig")))
    assert round(sum(float(row["net_pnl"]) for row in days), 2) == total


def test_each_strategys_figures_are_the_views(home: Home) -> None:
    report = reports.build(home)
    for rule, scope in zip(sorted(RULES, key=lambda rule: rule.name), report.strategies, strict=True):
        rate = EUR_RATE if rule.currency == "EUR" else 1.0
        assert scope.name == rule.name
        assert scope.capital == (rule.allocation or 0) * rate
        one = "SELECT {} FROM {} WHERE mode = 'paper' AND strategy = ?"
        assert scope.figure("net_pnl") == answer(home, one.format("SUM(reporting_total_pnl)", "v_daily_pnl"), rule.name)
        assert scope.figure("trade_count") == answer(home, one.format("COUNT(*)", "v_trades"), rule.name)
        assert scope.figure("expectancy") == pytest.approx(
            answer(home, one.format("SUM(reporting_net_pnl)", "v_trades"), rule.name)
            / (scope.figure("trade_count") or 1)
        )
        if rule.currency == "USD":
            worst = answer(home, one.format("1000000 * MIN(drawdown_pct)", "v_drawdown"), rule.name)
            assert 1_000_000 * (scope.figure("max_drawdown") or 0) == pytest.approx(worst, abs=0.01)
            assert scope.figure("net_pnl") == answer(home, one.format("total_pnl", "v_return_on_capital"), rule.name)


def test_days_in_cents_add_up_to_the_equity_in_cents(home: Home) -> None:
    ledger = open_ledger(home)
    run = ledger.open_strategy_run("key", "client", "fractions", "replay", "", "code", {}, "sample", 10_000)
    recorder = LedgerRecorder(ledger, run, "SIM", [Instrument("AAPL")])
    for number, (day, _, _) in enumerate(prices("AAPL")[:200], start=1):
        recorder.progress(from_text(f"{day} 21:00:00"), 10_000 + number * 0.0049)
    recorder.close()

    report = reports.build(home, "replay")
    assert (
        report.portfolio.figure("net_pnl")
        == 0.98
        == answer(home, "SELECT equity_pnl FROM v_strategy_pnl WHERE strategy = ?", "fractions")
    )
    assert report.portfolio.equity[-1] == 10_000.98


def test_every_session_of_the_exchange_counts(home: Home) -> None:
    report = reports.build(home)
    sessions = [date.fromisoformat(day) for day, _, _ in prices("AAPL")]
    assert report.portfolio.days.tolist() == sessions
    assert report.portfolio.periods == 252
    assert report.as_of == date.fromisoformat(LAST)


def test_a_market_that_never_closes_has_week_ends(home: Home) -> None:
    ledger = open_ledger(home)
    coin = Bought("coins", "BTC", 1, 1, 1, 10_000.0)
    ledger.insert_strategy("coins", allocation=10_000.0, currency="USD")
    ledger.set_instrument(Instrument("BTC", calendar="24/7"))
    fill(ledger, coin, "live", "2012-12-01", "BUY", 12.0)
    fill(ledger, coin, "live", "2012-12-31", "SELL", 13.0)
    report = reports.build(home)
    assert report.portfolio.periods == 365
    assert len(report.portfolio.days) == 31


def test_days_that_no_calendar_knows_count_from_monday_to_friday(home: Home) -> None:
    ledger = open_ledger(home)
    later = Bought("later", "AAPL", 1, 1, 1, 10_000.0)
    ledger.insert_strategy("later", allocation=10_000.0, currency="USD")
    fill(ledger, later, "live", "2150-01-05", "BUY", 12.0)
    fill(ledger, later, "live", "2150-01-16", "SELL", 13.0)
    report = reports.build(home, "live")
    assert 2 <= len(report.portfolio.days) <= 10
    assert report.portfolio.figure("net_pnl") == -1.0


def test_open_positions_are_shown_with_their_price_and_its_age(home: Home) -> None:
    report = reports.build(home)
    assert [(each.strategy, each.symbol, each.quantity) for each in report.positions] == [
        ("seldom", "IBM", -20.0),
        ("swing", "AAPL", 30.0),
    ]
    last = prices("IBM")[-1]
    assert (report.positions[0].price, str(report.positions[0].price_date)) == (last[2], LAST)
    assert any("IBM is valued at its price of 2012-12-31" in note for note in report.notes)


def test_modes_are_never_added_up(home: Home) -> None:
    before = reports.build(home, "paper").portfolio.figure("net_pnl")
    trade(open_ledger(home), Bought("swing", "AAPL", 1000, 15, 9, 50_000.0), mode="live")

    assert reports.build(home, "paper").portfolio.figure("net_pnl") == before
    live = reports.build(home)
    assert live.mode == "live"
    assert [scope.name for scope in live.strategies] == ["swing"]


def test_as_of_leaves_out_what_came_later(home: Home) -> None:
    report = reports.build(home, as_of=date(2011, 12, 30))
    until = "SELECT SUM(total_pnl) FROM v_portfolio_daily WHERE mode = 'paper' AND trade_date <= '2011-12-30'"
    assert report.portfolio.figure("net_pnl") == answer(home, until)
    assert report.as_of == date(2011, 12, 30)
    assert report.positions == ()
    assert max(trade.exit_time for trade in report.trades) < "2012"


def test_alpha_and_beta_refer_to_a_symbol_that_has_prices(home: Home) -> None:
    report = reports.build(home, benchmark="IBM")
    assert report.portfolio.figure("beta") is not None
    assert report.benchmark == "IBM"
    with pytest.raises(ReportError, match="no prices of the benchmark 'SPY'"):
        reports.build(home, benchmark="SPY")


# What is left out is said


def test_a_missing_rate_is_named_and_its_sessions_left_out(home: Home) -> None:
    ledger = open_ledger(home)
    trade(ledger, Bought("francs", "GOOG", 10, 50, 20, None, "CHF"))
    report = reports.build(home)
    (note,) = [note for note in report.notes if "CHFUSD" in note]
    assert note.startswith("There is no rate CHFUSD, so ")
    assert "sessions are left out of all amounts: francs from 2011-01-03 to 2012-12-31." in note
    assert report.portfolio.figure("net_pnl") == 3139.96


def test_a_strategy_without_allocation_is_named(home: Home) -> None:
    trade(open_ledger(home), Bought("ten_lines", "GOOG", 10, 50, 20, None))
    report = reports.build(home)
    assert any(note.startswith("ten_lines has no allocation") for note in report.notes)
    assert report.portfolio.figure("sharpe") is None
    assert report.portfolio.figure("net_pnl") is not None


def test_a_mode_without_rows_is_refused_with_those_that_have_some(home: Home) -> None:
    with pytest.raises(ReportError, match="nothing is recorded in the mode 'live'\nThere is something in: paper"):
        reports.build(home, "live")


def test_a_new_ledger_has_an_empty_report(tmp_path: Path) -> None:
    home = Home(tmp_path / "new").create()
    open_ledger(home)
    report = reports.build(home)
    assert (report.mode, report.strategies) == ("", ())
    for form in reports.FORMS:
        assert reports.render(report, form)
    open_ledger(home).close()


def test_without_a_ledger_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="quantstrip up"):
        reports.build(Home(tmp_path / "none"))


def test_a_strategy_in_two_accounts_is_shown_twice_by_its_accounts(home: Home) -> None:
    ledger = open_ledger(home)
    order = ledger.insert_order(None, "swing", "IBKR", "U2", "AAPL", "BUY", "MKT", 5, mode="paper")
    ledger.insert_execution(
        "u2", order, side="BUY", quantity=5, price=60.0, exec_time="2012-12-28 15:00:00", mode="paper"
    )
    names = [scope.name for scope in reports.build(home).strategies]
    assert names == ["euros", "seldom", "swing (U1)", "swing (U2)"]


# Kept figures and stored reports


def test_the_newest_reports_figures_take_the_place_of_the_last_ones(home: Home) -> None:
    ledger = open_ledger(home)
    for _ in range(2):
        count = reports.keep_figures(home, reports.build(home))
    assert count == 4 * 7 * len(METRICS)
    assert answer(home, "SELECT COUNT(*) FROM v_metrics") == count
    fill(ledger, RULES[0], "paper", "2013-01-02", "SELL", 80.0)
    report = reports.build(home)
    reports.keep_figures(home, report)
    rows = ledger.query("SELECT strategy, horizon, metric, value, as_of, complete FROM v_metrics")[1]
    assert len(rows) == count
    kept = {(name, horizon, metric): value for name, horizon, metric, value, *_ in rows}
    for scope in report.scopes:
        for each in scope.horizons:
            for name, value in each.figures.items():
                assert kept[scope.name, each.name, name] == value
    assert {row[4] for row in rows} == {"2013-01-02"}
    assert {(row[1], row[5]) for row in rows} >= {("2Y", 1), ("5Y", 0)}


def test_a_stored_report_is_the_same_page_whatever_came_later(home: Home) -> None:
    report = reports.build(home)
    page = reports.render(report, "html")
    number = reports.store(home, report, "Before", "me@example.com")
    fill(open_ledger(home), RULES[0], "paper", "2013-01-02", "SELL", 500.0)

    assert reports.render(reports.build(home), "html") != page
    assert reports.stored(home, number) == page
    assert reports.stored(home, number, "text").decode() == render_text(report)
    (row,) = reports.stored_reports(home)
    assert (row.report_id, row.name, row.date, row.type, row.recipients) == (
        number, "Before", LAST, "portfolio", "me@example.com",
    )  # fmt: skip


def test_a_stored_reports_sections_are_read_as_text(home: Home) -> None:
    number = reports.store(home, reports.build(home))
    ledger = open_ledger(home)
    sections = ledger.get_report_sections(number)
    assert list(sections["name"]) == ["Summary", "Strategies", "Open positions", "Notes", "Document"]
    items = ledger.get_report_items(int(sections["section_id"].iloc[0]))
    assert "Net PnL 3,139.96" in list(items["text"])


def test_a_report_that_a_client_wrote_is_rendered_too(home: Home) -> None:
    ledger = open_ledger(home)
    number = ledger.insert_report("Evening", "2012-12-31")
    section = ledger.insert_report_section(number, "Orders")
    ledger.insert_report_item(section, "AAPL sold")
    assert b"<h2>Orders</h2>" in reports.stored(home, number)
    assert "AAPL sold" in reports.stored(home, number, "text").decode()
    with pytest.raises(ReportError, match="cannot be made as 'xlsx'"):
        reports.stored(home, number, "xlsx")
    with pytest.raises(ReportError, match="no stored report has the id 99"):
        reports.stored(home, 99)


def test_a_report_that_cannot_be_written_leaves_the_old_file(home: Home, tmp_path: Path) -> None:
    report = reports.build(home)
    with pytest.raises(ReportError, match="cannot be made as 'doc'"):
        reports.write(report, tmp_path / "report.doc")
    with pytest.raises(ReportError, match="Make the folder first"):
        reports.write(report, tmp_path / "nowhere" / "report.html")
    written = reports.write(report, tmp_path / "report.xlsx")
    assert openpyxl.load_workbook(written).sheetnames[0] == "Summary"


def test_the_json_form_is_the_stored_document(home: Home) -> None:
    content = json.loads(reports.render(reports.build(home), "json"))
    assert content["mode"] == "paper"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", content["as_of"])


# Sending


def test_a_stored_report_is_sent_through_the_outbox_with_its_files(home: Home) -> None:
    ledger = open_ledger(home)
    ledger.set_email_account(
        "main", smtp_server="127.0.0.1", smtp_port=9, from_address="me@example.com", is_default=True
    )
    number = reports.store(home, reports.build(home), "Year end")
    with ledger.transaction():  # queued, as inside a client: no server is asked
        answer_ = report_mail.send(home, number, "you@example.com", forms=["html", "xlsx"])

    assert answer_
    ((subject, body),) = ledger.query("SELECT subject, body FROM outbox")[1]
    assert subject == "Year end, 2012-12-31"
    assert "3,139.96" in body
    files = ledger.query("SELECT filename, content_type, content FROM outbox_attachment ORDER BY filename")[1]
    assert [row[0] for row in files] == ["year-end-2012-12-31.html", "year-end-2012-12-31.xlsx"]
    assert files[0][2] == reports.stored(home, number)
    (row,) = reports.stored_reports(home)
    assert (row.status, row.recipients) == ("SENT", "you@example.com")


def test_a_report_that_cannot_be_sent_says_why_and_stays_as_it_was(home: Home) -> None:
    number = reports.store(home, reports.build(home))
    with pytest.raises(ReportError, match=f"report {number} was not sent"):
        report_mail.send(home, number, "you@example.com")
    assert reports.stored_reports(home)[0].status == "STORED"
    with pytest.raises(ReportError, match="no stored report has the id 99"):
        report_mail.send(home, 99)


def test_many_old_prices_are_told_together(home: Home) -> None:
    ledger = open_ledger(home)
    for symbol in ("A", "B", "C", "D", "E"):
        trade_one = Bought("swing", symbol, 1, 1, 1, None)
        fill(ledger, trade_one, "paper", "2012-06-01", "BUY", 10.0 + len(symbol))
    old = [note for note in reports.build(home).notes if "old" in note]
    assert len(old) == 4
    assert old[-1].startswith("4 further prices")
