"""One truth: whoever is asked for the demo's total PnL answers with the same amount, to the cent.

The demo's two strategies trade through the real service. Then each way to a figure is taken as a user takes it: the
command line, ODBC, files, mail and the browser. The total of each is compared with one number, read from one view.
"""

import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pyodbc
import pytest
from playwright.sync_api import expect

from quantstrip.home import asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import eod, odbc, report_mail, reports, research
from quantstrip.operations.demo import DEMO_CLIENTS
from quantstrip.operations.odbc_ini import IniSources
from quantstrip.report.model import Report
from tests.browser.conftest import Running, Visitor, until
from tests.integration.notify.conftest import Mailbox

pytestmark = pytest.mark.browser
AMOUNT = re.compile(r"[+-]?[\d,]+\.\d\d")


def cents(amount: float | str) -> Decimal:
    """An amount as it is shown or read, in money with cents."""
    return round(Decimal(amount.replace(",", "") if isinstance(amount, str) else repr(amount)), 2)


def amount_after(label: str, text: str) -> Decimal:
    """The first amount that stands behind ``label``."""
    found = AMOUNT.search(text, text.index(label) + len(label))
    assert found, f"no amount behind {label!r}"
    return cents(found[0])


class Words(HTMLParser):
    """Collects what is between the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def text_of(page: str) -> str:
    """What a person reads of an HTML page, in one line."""
    reader = Words()
    reader.feed(re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL))
    return " ".join(" ".join(reader.found).split())


def query(demo: Running, sql: str) -> list[dict[str, Any]]:
    """Rows that ``quantstrip db query`` prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUANTSTRIP")}
    words = demo.command("db", "query", "--json", "--", sql)  # a shipped query begins with a comment, not an option
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=kept, cwd=demo.home.root, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


@pytest.fixture(scope="session")
def total(demo: Running) -> Decimal:
    """The one number: the last row of the portfolio's view."""
    rows = open_ledger(demo.home).query("SELECT cumulative_pnl FROM v_portfolio_daily ORDER BY trade_date")[1]
    assert len(rows) > 3000, "thirteen years were replayed"
    assert abs(rows[-1][0]) > 1000, "and something came of it"
    return cents(rows[-1][0])


@pytest.fixture(scope="session")
def report(demo: Running) -> Report:
    return reports.build(demo.home)


@pytest.fixture(scope="session")
def source(demo: Running, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The connection string of the data source that ``quantstrip odbc install`` sets up."""
    kept = IniSources(tmp_path_factory.mktemp("odbc") / "odbc.ini")
    made = odbc.install(demo.home, sources=kept)
    return ";".join(f"{name}={value}" for name, value in made.values.items() if name != "Description")


@pytest.fixture(scope="session")
def receive(demo: Running, mailbox: Mailbox) -> Callable[[Callable[[], object]], EmailMessage]:
    """Do something that sends a mail; the mail, as the server took it."""

    def received(send: Callable[[], object]) -> EmailMessage:
        before = len(mailbox.mails)
        send()
        until("the mail has arrived", lambda: len(mailbox.mails) > before)
        return mailbox.mails[before]

    return received


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None, f"the mail has no {kind} part"
    return str(part.get_content())


# What computes


def test_a_backtest_of_the_same_strategies(demo: Running, total: Decimal) -> None:
    runs = [research.backtest(demo.home, demo.home.clients / f"{name}.py") for name in DEMO_CLIENTS]
    assert sum(cents(run.equity_final - float(run.run["cash"])) for run in runs) == total


def test_the_reporting_api(report: Report, total: Decimal) -> None:
    assert cents(report.portfolio.figure("net_pnl") or 0.0) == total
    assert sum(cents(scope.figure("net_pnl") or 0.0) for scope in report.strategies) == total


# What asks in SQL


def test_the_shipped_query_on_the_command_line(demo: Running, total: Decimal) -> None:
    sql = (asset("schema") / "queries/pnl.sql").read_text(encoding="utf-8")
    rows = query(demo, sql)
    assert [row["strategy"] for row in rows] == sorted(DEMO_CLIENTS)
    assert sum(cents(row["total_pnl"]) for row in rows) == total
    assert sum(cents(row["reporting_total_pnl"]) for row in rows) == total


@pytest.mark.parametrize("view", ["v_strategy_pnl", "v_daily_pnl", "v_equity_daily", "v_return_on_capital"])
def test_a_sum_over_a_view_on_the_command_line(demo: Running, total: Decimal, view: str) -> None:
    sql = f"SELECT ROUND(SUM(total_pnl), 2) AS total FROM {view} WHERE mode = 'replay' AND current_run = 1"
    assert [cents(row["total"]) for row in query(demo, sql)] == [total]


def test_a_program_that_reads_through_odbc(source: str, total: Decimal) -> None:
    with closing(pyodbc.connect(source, autocommit=True)) as connection:
        days = connection.execute("SELECT total_pnl FROM v_portfolio_daily WHERE mode = 'replay'").fetchall()
        last = connection.execute("SELECT cumulative_pnl FROM v_portfolio_daily ORDER BY trade_date DESC").fetchone()
        with pytest.raises(pyodbc.Error):
            connection.execute("UPDATE strategy_run SET last_equity = 0")
    assert all(isinstance(row[0], float) for row in days)
    assert cents(sum(row[0] for row in days)) == total
    assert cents(last[0]) == total


def test_open_positions_come_to_the_unrealised_profit_although_nobody_writes_closes(demo: Running) -> None:
    held = query(demo, "SELECT strategy, unrealized_pnl, mark_source, mark_age_days FROM v_positions")
    assert held, "the demo ends with something in hand"
    assert {(row["mark_source"], row["mark_age_days"]) for row in held} == {("run", 0)}
    for row in query(demo, "SELECT strategy, unrealized_pnl FROM v_strategy_pnl WHERE mode = 'replay'"):
        own = [cents(one["unrealized_pnl"]) for one in held if one["strategy"] == row["strategy"]]
        assert sum(own) == cents(row["unrealized_pnl"])


# What is written to files


def test_the_workbook(demo: Running, total: Decimal, tmp_path: Path) -> None:
    demo.run("report", "xlsx", str(tmp_path / "report.xlsx"))
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "report.xlsx").read_bytes()))
    for sheet in book.worksheets:
        kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds, f"{sheet.title} holds a number, not a formula that might say something else"
    heads, *days = book["Daily PnL"].iter_rows(values_only=True)
    assert cents(sum(float(str(row[heads.index("net_pnl")])) for row in days)) == total
    heads, *strategies = book["Strategies"].iter_rows(values_only=True)
    figures = {str(row[0]): cents(float(str(row[heads.index("net_pnl")]))) for row in strategies}
    assert figures.pop("Portfolio") == total
    assert sum(figures.values()) == total


def test_the_html_report(demo: Running, total: Decimal, tmp_path: Path) -> None:
    demo.run("report", "html", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert amount_after("Net PnL", text_of(page)) == total


# What arrives by mail


def test_a_report_that_is_sent(
    demo: Running, report: Report, total: Decimal, receive: Callable[[Callable[[], object]], EmailMessage]
) -> None:
    number = reports.store(demo.home, report)
    mail = receive(lambda: report_mail.send(demo.home, number, forms=("html", "xlsx")))
    assert amount_after("Net PnL", body(mail, "plain")) == total
    page, workbook = [bytes(part.get_payload(decode=True)) for part in mail.iter_attachments()]
    assert amount_after("Net PnL", text_of(page.decode())) == total
    heads, *rows = openpyxl.load_workbook(io.BytesIO(workbook))["Strategies"].iter_rows(values_only=True)
    assert cents(float(str(rows[-1][heads.index("net_pnl")]))) == total


def test_the_end_of_day_mail(
    demo: Running, total: Decimal, receive: Callable[[Callable[[], object]], EmailMessage]
) -> None:
    mail = receive(lambda: eod.deliver(demo.home, eod.summarise(demo.home, eod.due_now(demo.home)), again=True))
    assert amount_after("Total, USD", body(mail, "plain")) == total
    assert amount_after("Total, USD", text_of(body(mail, "html"))) == total


# What a person looks at


def test_home_in_a_browser(visitor: Visitor, total: Decimal) -> None:
    page = visitor.window()
    tile = page.locator(".qs-tile").filter(has=page.get_by_text("Total PnL", exact=True))
    expect(tile).to_contain_text(f"{total:+,.2f} USD")
    table = page.get_by_role("table", name="Strategies")
    expect(table.locator("th").filter(has_text="Total PnL")).to_be_visible()  # the tiles come first, the table below
    place = table.locator("th").all_inner_texts().index("Total PnL")
    *strategies, portfolio = [
        cents(row.locator("td").nth(place).inner_text()) for row in table.locator("tbody tr").all()
    ]
    assert sum(strategies) == portfolio == total


def test_reporting_in_a_browser(visitor: Visitor, total: Decimal) -> None:
    page = visitor.window("/reporting")
    tile = page.locator(".qs-tile").filter(has=page.get_by_text("Total PnL", exact=True))
    expect(tile).to_contain_text(f"{total:+,.2f} USD")
    rows = page.get_by_role("table", name="By strategy").locator("tbody tr").all()
    *strategies, portfolio = [cents(row.locator("td").nth(1).inner_text()) for row in rows]
    assert sum(strategies) == portfolio == total
