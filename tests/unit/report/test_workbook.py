"""The workbook, read back: numbers are numbers, dates are dates, nothing is a formula."""

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from quantstrip.report import METRICS
from quantstrip.report.model import Report
from quantstrip.report.tables import daily_table
from quantstrip.report.workbook import render_xlsx
from tests.unit.report.conftest import history, report_of


@pytest.fixture(scope="module", name="content")
def _content(report: Report) -> bytes:
    return render_xlsx(report)


@pytest.fixture(scope="module", name="book")
def _book(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows(book: Any, sheet: str) -> list[tuple[Any, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


def test_the_sheets_are_those_that_were_promised(book: Any) -> None:
    assert book.sheetnames == ["Summary", "Daily PnL", "Equity", "Strategies", "Trades", "Positions", "Definitions"]


def test_days_are_dates_and_amounts_are_numbers_that_add_up(report: Report, book: Any) -> None:
    head, *found = rows(book, "Daily PnL")
    assert head == tuple(name for name, _ in daily_table(report).columns)
    assert len(found) == len(report.daily)
    assert all(isinstance(row[0], datetime) and isinstance(row[5], int | float) for row in found)
    assert round(sum(row[5] for row in found), 2) == report.portfolio.figure("net_pnl")
    assert found[0][0].date() == report.daily[0].day


def test_every_metric_of_every_strategy_is_there_unrounded(report: Report, book: Any) -> None:
    head, *found = rows(book, "Strategies")
    assert head == ("strategy", *(metric.name for metric in METRICS))
    assert [row[0] for row in found] == [*(scope.name for scope in report.strategies), "Portfolio"]
    for row, scope in zip(found, (*report.strategies, report.portfolio), strict=True):
        for value, metric in zip(row[1:], METRICS, strict=True):
            known = scope.figure(metric.name)
            assert value == (None if known is None else pytest.approx(known, rel=1e-12)), metric.name


def test_the_summary_has_the_portfolio_by_horizon(report: Report, book: Any) -> None:
    found = {row[0]: row[1:] for row in rows(book, "Summary") if row[0]}
    assert found["Portfolio by horizon"][:7] == ("3M", "6M", "1Y", "(2Y)", "(3Y)", "(5Y)", "ALL")
    assert found["Net PnL"][6] == report.portfolio.figure("net_pnl")
    assert found["Sharpe ratio"][2] == pytest.approx(report.portfolio.figure("sharpe", "1Y"))
    assert found["As of"][0].date() == report.as_of


def test_round_trips_and_positions_are_typed(report: Report, book: Any) -> None:
    _, first, *_ = rows(book, "Trades")
    assert first[4] == datetime.fromisoformat(report.trades[0].entry_time)
    assert [type(cell) for cell in first[:4]] == [str, str, str, int]
    _, position, bare = rows(book, "Positions")
    assert position[6].date() == date(2023, 12, 29)
    assert bare[5:8] == (None, None, None)


def test_text_that_looks_like_a_formula_stays_text(content: bytes, book: Any) -> None:
    assert book["Positions"]["B3"].value == '=HYPERLINK("x")'
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for name in file.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in file.read(name), name


def test_the_charts_are_excels_own_and_refer_to_the_cells_of_the_days(report: Report, content: bytes) -> None:
    last = len(report.portfolio.days) + 1
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 2
    pnl, fall = charts
    assert len(re.findall("<c:ser>", pnl)) == 1 + len(report.strategies)
    assert f"Equity!$A$2:$A${last}" in pnl
    assert f"Equity!$D$2:$D${last}" in fall


def test_definitions_come_along(book: Any) -> None:
    _, *found = rows(book, "Definitions")
    assert [row[0] for row in found] == [metric.name for metric in METRICS]
    assert all(row[3] for row in found)


def test_nothing_traded_and_no_capital_make_workbooks_too(empty_report: Report) -> None:
    assert openpyxl.load_workbook(io.BytesIO(render_xlsx(empty_report))).sheetnames[0] == "Summary"
    bare = openpyxl.load_workbook(io.BytesIO(render_xlsx(report_of([history("ten_lines", 3, capital=None)]))))
    found = {row[0]: row[1:] for row in rows(bare, "Summary") if row[0]}
    assert found["Sharpe ratio"][0] is None
