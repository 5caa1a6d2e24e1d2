"""Files and mail of a narrowed report, made as the worker makes them; the whole is every form's, to the cent."""

import io

import openpyxl
import pytest

from quantstrip.errors import TaskRefused
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import reporting, reporting_export, reports, tasks
from quantstrip.operations.reporting_filters import Filters


def test_a_workbook_of_one_symbol_holds_its_trades_and_its_total_alone(home: Home) -> None:
    task = tasks.run_now(home, "report", {"form": "xlsx", "mode": "paper", "symbols": ["IBM"]})
    assert task.state == "done", task.error
    book = openpyxl.load_workbook(io.BytesIO(reporting_export.file_of(task)))
    rows = list(book["Trades"].iter_rows(values_only=True))
    head, found = rows[0], rows[1:]
    assert {row[head.index("symbol")] for row in found} == {"IBM"}
    ((whole,),) = open_ledger(home).query(
        "SELECT SUM(reporting_net_pnl) FROM v_trades WHERE symbol = 'IBM' AND mode = 'paper'"
    )[1]
    assert round(sum(row[head.index("net_pnl")] for row in found), 2) == round(whole, 2)
    assert open_ledger(home).query("SELECT COUNT(*) FROM report_metric")[1] == [(0,)], "SQL shows whole reports only"


def test_each_symbols_report_is_a_part_of_the_whole(home: Home) -> None:
    whole = reports.build(home, "paper").portfolio.figure("net_pnl")
    parts = [
        reporting.show(home, "paper", Filters(symbols=(name,))).report.portfolio.figure("net_pnl")
        for name in reporting.choices(home, "paper").symbols
    ]
    assert round(sum(float(part or 0.0) for part in parts), 6) == round(float(whole or 0.0), 6)


def test_a_report_is_sent_through_the_outbox_and_kept_as_it_was_sent(home: Home) -> None:
    ledger = open_ledger(home)
    ledger.set_email_account(
        "main", smtp_server="127.0.0.1", smtp_port=9, from_address="me@example.com", is_default=True
    )
    task = tasks.run_now(home, "send_report", {"to": "you@example.com", "mode": "paper", "strategies": ["swing"]})
    ((subject, body),) = ledger.query("SELECT subject, body FROM outbox")[1]
    assert subject.startswith("Portfolio report (paper)")
    assert "swing" in body
    assert "seldom" not in body
    assert [row[0] for row in ledger.query("SELECT recipients FROM report")[1]] == ["you@example.com"]
    assert task.state in ("done", "failed"), "no server listens: the outbox has it all the same"


def test_what_cannot_be_sent_is_kept_and_says_so(home: Home) -> None:
    task = tasks.run_now(home, "send_report", {"to": "you@example.com", "mode": "paper"})
    assert task.state == "failed"
    assert "not sent" in task.error
    assert [row.status for row in reports.stored_reports(home)] == ["NOT SENT"]


def test_arguments_that_do_not_fit_are_refused_before_anything_is_queued(home: Home) -> None:
    with pytest.raises(TaskRefused, match="as of now only"):
        tasks.run_now(home, "report", {"as_of": "2012-01-01", "symbols": ["IBM"]})
    with pytest.raises(TaskRefused, match="forms must be some of"):
        tasks.run_now(home, "send_report", {"forms": ["pdf"]})
    assert tasks.list_tasks(home) == []
