"""``quantstrip report``: as a person and as a program use it."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.report.catalogue import definitions
from tests.integration.report.conftest import RULES, trade
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _traded(home: Home) -> None:
    ledger = open_ledger(home)
    with ledger.transaction():
        trade(ledger, RULES[0])


def test_show_prints_the_portfolio_and_its_strategies(quantstrip: Run) -> None:
    done = quantstrip("report", "show")
    assert done.returncode == 0
    assert "Net PnL" in done.stdout
    assert "swing" in done.stdout
    assert "Portfolio" in done.stdout
    assert "Alpha" not in done.stdout
    assert "Ulcer index" in quantstrip("report", "show", "--full").stdout


def test_show_as_json_is_the_document(quantstrip: Run) -> None:
    content = json.loads(quantstrip("report", "show", "--json").stdout)
    assert [scope["name"] for scope in content["scopes"]] == ["Portfolio", "swing"]


def test_files_are_written_where_they_are_wanted(quantstrip: Run, home: Home) -> None:
    folder = home.root.parent
    assert quantstrip("report", "html").stdout == f"Written: {folder / 'report.html'}\n"
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    quantstrip("report", "xlsx", "book.xlsx")
    assert openpyxl.load_workbook(folder / "book.xlsx")["Trades"].max_row == 34
    quantstrip("report", "csv", "trades.csv", "--table", "trades")
    assert len((folder / "trades.csv").read_text(encoding="utf-8-sig").splitlines()) == 34


def test_a_workbook_that_is_open_elsewhere_is_refused(quantstrip: Run, home: Home) -> None:
    book = home.root.parent / "book.xlsx"
    quantstrip("report", "xlsx", "book.xlsx")
    before = book.read_bytes()
    (home.root.parent / ".~lock.book.xlsx#").touch()

    for words in (("report", "xlsx", "book.xlsx"), ("report", "csv", "book.xlsx")):
        done = quantstrip(*words)
        assert (done.returncode, "open in another program" in done.stderr) == (1, True), words
    assert book.read_bytes() == before


def test_csv_without_a_file_goes_to_the_next_program(quantstrip: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(quantstrip("report", "csv").stdout)))
    assert {row["strategy"] for row in rows} == {"swing"}
    assert rows[0]["date"] == "2011-01-03"


def test_metrics_are_printed_and_kept_for_sql(quantstrip: Run, home: Home) -> None:
    figures = json.loads(quantstrip("report", "metrics", "--strategy", "swing", "--json").stdout)
    ((kept,),) = open_ledger(home).query(
        "SELECT value FROM v_metrics WHERE strategy = 'swing' AND horizon = '1Y' AND metric = 'sharpe'"
    )[1]
    assert figures["swing"]["1Y"]["sharpe"] == kept
    assert "Sharpe ratio" in quantstrip("report", "metrics").stdout


def test_an_older_report_does_not_replace_the_kept_figures(quantstrip: Run, home: Home) -> None:
    quantstrip("report", "show")
    quantstrip("report", "show", "--as-of", "2011-06-30")
    assert open_ledger(home).query("SELECT DISTINCT as_of FROM v_metrics")[1] == [("2012-12-31",)]


def test_a_stored_report_is_listed_and_rendered(quantstrip: Run, home: Home) -> None:
    assert "Stored as report 1" in quantstrip("report", "store", "--name", "Year end").stdout
    assert "Year end" in quantstrip("report", "list").stdout
    assert json.loads(quantstrip("report", "list", "--json").stdout)[0]["report_id"] == 1
    for name in ("page.html", "table.csv", "words.txt", "chart.png", "book.xlsx"):
        assert quantstrip("report", "render", "1", name).returncode == 0
        assert (home.root.parent / name).stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "--mode", "live"], "nothing is recorded in the mode 'live'"),
        (["show", "--benchmark", "SPY"], "no prices of the benchmark 'SPY'"),
        (["metrics", "--strategy", "nobody"], "no strategy is called 'nobody'"),
        (["html", "nowhere/report.html"], "Make the folder first"),
        (["render", "7", "page.html"], "no stored report has the id 7"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message(quantstrip: Run, arguments: list[str], message: str) -> None:
    done = quantstrip("report", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr


def test_wrong_usage_is_exit_code_two(quantstrip: Run, tmp_path: Path) -> None:
    assert quantstrip("report", "show", "--horizon", "7Y").returncode == 2
    assert quantstrip("report", "show", "--as-of", "yesterday").returncode == 2
    assert list(tmp_path.glob("*.html")) == []


def test_definitions_are_those_of_the_guide(quantstrip: Run) -> None:
    assert quantstrip("report", "definitions").stdout == definitions()


def test_a_ledger_in_which_nothing_was_traded_is_a_report_that_says_so(
    quantstrip: Run, empty_database: Path, tmp_path: Path
) -> None:
    empty = Home(tmp_path / "empty").create()
    empty.database.write_bytes(empty_database.read_bytes())
    done = quantstrip("--home", str(empty.root), "report", "show")
    assert done.returncode == 0, done.stderr
    assert "Nothing was traded" in done.stdout
    assert done.stdout.splitlines()[0].count(" · ") == 2, "title, date and currency, and no gap where a mode would be"
    assert quantstrip("--home", str(empty.root), "report", "store").returncode == 0
    assert "(nothing traded yet)" in quantstrip("--home", str(empty.root), "report", "list").stdout
