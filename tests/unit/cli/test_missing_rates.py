"""One rule for a missing exchange rate, whoever is asked: left out of sums, named with pair, strategy and dates.

Three strategies made 5 dollars, 10 euros on each of two days (a rate is known on the second), and 7 francs.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from quantstrip.clock import from_text
from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import eod, excel, reports
from quantstrip.operations.portfolio import overview
from quantstrip.report.words import ABSENT
from tests.unit.cli.conftest import Run

KNOWN = 5.0 + 10.0 * 1.25
SAID = (
    "There is no rate EURUSD, so 1 session is left out of all amounts: euros on 2026-11-19.",
    "There is no rate CHFUSD, so 2 sessions are left out of all amounts: francs from 2026-11-19 to 2026-11-20.",
)
TRIPS = (
    ("dollars", "USD", "2026-11-19", 5.0),
    ("euros", "EUR", "2026-11-19", 10.0),
    ("euros", "EUR", "2026-11-20", 10.0),
    ("francs", "CHF", "2026-11-19", 3.0),
    ("francs", "CHF", "2026-11-20", 4.0),
)


@pytest.fixture
def traded(home: Home) -> Home:
    ledger = open_ledger(home)
    for strategy, currency, day, gain in TRIPS:
        ledger.insert_strategy(strategy, currency=currency, allocation=1000.0)
        for side, price in (("BUY", 100.0), ("SELL", 100.0 + gain)):
            ledger.insert_execution(
                f"{strategy}-{day}-{side}", None, strategy, symbol=f"S{currency}", side=side, quantity=1, price=price,
                exec_time=f"{day} 15:00:00", currency=currency, mode="live",
            )  # fmt: skip
    ledger.insert_mtm_price("2026-11-20", "EURUSD", 1.25)
    return home


def test_the_views_sum_what_is_known_and_count_what_is_not(traded: Home, quantstrip: Run) -> None:
    sql = "SELECT cumulative_pnl, cumulative_left_out FROM v_portfolio_daily ORDER BY trade_date DESC LIMIT 1"
    assert json.loads(quantstrip("db", "query", "--json", sql).stdout)["rows"] == [[KNOWN, 3]]
    sql = "SELECT strategy, missing_rate, sessions, first_date, last_date FROM v_missing_rates ORDER BY strategy"
    assert json.loads(quantstrip("db", "query", "--json", sql).stdout)["rows"] == [
        ["euros", "EURUSD", 1, "2026-11-19", "2026-11-19"],
        ["francs", "CHFUSD", 2, "2026-11-19", "2026-11-20"],
    ]


def test_the_shipped_query_says_it_in_its_columns(traded: Home, quantstrip: Run) -> None:
    sql = (asset("schema") / "queries/pnl.sql").read_text(encoding="utf-8")
    answer = json.loads(quantstrip("db", "query", "--json", "--", sql).stdout)
    rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
    names = ("strategy", "reporting_total_pnl", "left_out", "first_left_out", "last_left_out")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("dollars", 5.0, 0, None, None),
        ("euros", 12.5, 1, "2026-11-19", "2026-11-19"),
        ("francs", None, 2, "2026-11-19", "2026-11-20"),
    ]


def test_home_sums_what_is_known_and_leaves_the_rest_empty(traded: Home) -> None:
    view = overview(traded)
    assert (view.portfolio.total, tuple(map(str, view.missing))) == (KNOWN, SAID)
    assert {row.strategy: row.total for row in view.strategies} == {"dollars": 5.0, "euros": 12.5, "francs": None}


@pytest.mark.parametrize(("until", "today"), [("2026-11-19", (5.0, None, None)), ("2026-11-20", (0.0, 12.5, None))])
def test_the_mail_of_a_day_has_a_dash_only_where_nothing_is_known(
    traded: Home, until: str, today: tuple[float | None, ...]
) -> None:
    due = eod.due_now(traded, now=from_text("2026-11-20 22:00:00"), day=date.fromisoformat(until))
    page = eod.summarise(traded, due).page
    pnl = next(block for block in page.blocks if block.title.startswith("Profit"))
    cells = {item.name: item.cells[0].text for item in pnl.items}
    shown = [ABSENT if one is None else f"{one:.2f}" for one in today]
    assert cells == dict(zip(("dollars", "euros", "francs"), shown, strict=True))
    assert dict(page.tiles)["Day, USD"].text == f"{sum(one for one in today if one):.2f}"


def test_the_mail_names_what_its_sums_leave_out(traded: Home) -> None:
    page = eod.summarise(traded, eod.due_now(traded, now=from_text("2026-11-20 22:00:00"))).page
    assert dict(page.tiles)["Total, USD"].text == f"{KNOWN:.2f}"
    assert [line for line in page.lead if "no rate" in line] == list(SAID)


def _text(home: Home, _: Run) -> str:
    return reports.render(reports.build(home), "text").decode()


def _html(home: Home, _: Run) -> str:
    return reports.render(reports.build(home), "html").decode()


def _command(_: Home, quantstrip: Run) -> str:
    return quantstrip("report", "show").stdout


def _workbook(home: Home, _: Run) -> str:
    path = reports.write(reports.build(home), home.root / "report.xlsx")
    return "\n".join(str(cell.value) for sheet in openpyxl.load_workbook(path) for row in sheet for cell in row)


@pytest.mark.parametrize("way", [_text, _html, _command, _workbook])
def test_every_form_of_the_report_names_it(traded: Home, quantstrip: Run, way: Callable[[Home, Run], str]) -> None:
    said = way(traded, quantstrip)
    for sentence in SAID:
        assert sentence in said


def test_a_strategy_of_which_nothing_is_known_stands_in_the_report_without_figures(traded: Home) -> None:
    report = reports.build(traded)
    assert {scope.name: scope.figure("net_pnl") for scope in report.scopes} == {
        "Portfolio": KNOWN, "dollars": 5.0, "euros": 12.5, "francs": None,
    }  # fmt: skip
    assert not any("allocation" in note for note in report.notes)
    line = next(line for line in reports.render(report, "text").decode().splitlines() if line.startswith("francs"))
    assert set(line.removeprefix("francs").split()) == {ABSENT}


def test_the_workbook_of_the_views_counts_it_beside_the_newest_sum(traded: Home, tmp_path: Path) -> None:
    written = excel.write(traded, tmp_path / "ledger.xlsx", views=["portfolio_daily", "missing_rates"])
    assert written.sheets == {"v_portfolio_daily": 2, "v_missing_rates": 2}
    summary = openpyxl.load_workbook(written.path, data_only=True)["Summary"]
    facts = {row[0].value: row[1].value for row in summary.iter_rows(max_col=2)}
    assert (facts["cumulative_pnl"], facts["cumulative_left_out"]) == (KNOWN, 3)


def test_a_figure_is_empty_only_while_nothing_of_it_is_known(traded: Home) -> None:
    open_ledger(traded).insert_mtm_price("2026-11-20", "CHFUSD", 2.0)
    row = next(row for row in overview(traded).strategies if row.strategy == "francs")
    assert (row.total, overview(traded).portfolio.total) == (8.0, KNOWN + 8.0)
