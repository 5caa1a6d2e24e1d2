"""Single trades, reports made of sections, narrowed reports on the command line: what the page does, without it."""

import json
from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from tests.integration.report.conftest import RULES, trade
from tests.unit.cli.conftest import Run

WEEKLY = {"name": "Weekly", "sections": [{"name": "Result", "kind": "figures"}, {"name": "Words", "text": "well"}]}


@pytest.fixture(autouse=True)
def _traded(home: Home) -> None:
    ledger = open_ledger(home)
    with ledger.transaction():
        trade(ledger, RULES[0])


def test_trades_are_listed_filtered_and_sorted_and_one_is_shown_whole(quantstrip: Run) -> None:
    done = quantstrip("report", "trades", "-n", "2", "--sort", "pnl", "--symbol", "AAPL")
    assert "2 of 33 round trips in mode paper" in done.stdout
    best = json.loads(quantstrip("report", "trades", "-n", "1", "--sort", "pnl", "--json").stdout)[0]
    shown = quantstrip("report", "trade", str(best["trade_id"])).stdout
    assert f"net PnL {best['net_pnl']:,.2f} USD" in shown
    assert "paper-swing-AAPL-" in shown
    missing = quantstrip("report", "trade", "999")
    assert (missing.returncode, "no round trip has the id 999" in missing.stderr) == (1, True)


def test_a_report_is_narrowed_by_the_same_filters_as_the_page(quantstrip: Run) -> None:
    assert "Only symbols: AAPL." in quantstrip("report", "show", "--symbol", "AAPL").stdout
    refused = quantstrip("report", "show", "--symbol", "AAPL", "--as-of", "2012-01-01")
    assert (refused.returncode, "as of now only" in refused.stderr) == (1, True)


def test_the_parts_of_a_breakdown_and_its_months_add_up_to_the_portfolio(quantstrip: Run) -> None:
    whole = json.loads(quantstrip("report", "breakdown", "--by", "symbol", "--json").stdout)
    parts = sum(part["net_pnl"] for part in whole["parts"].values())
    assert round(parts + whole["rest"], 2) == whole["portfolio"]["net_pnl"]
    for by in ("strategy", "broker", "tag"):
        shown = quantstrip("report", "breakdown", "--by", by).stdout
        assert f"{whole['portfolio']['net_pnl']:,.2f}" in shown.splitlines()[-1]
    one = quantstrip("report", "breakdown", "--symbol", "AAPL", "--horizon", "3M").stdout
    assert [line.split()[0] for line in one.splitlines()[2:]] == ["AAPL", "Portfolio"]
    years = json.loads(quantstrip("report", "months", "--json").stdout)
    assert years["unit"] in ("fraction", "USD")
    assert str(years["years"][0]["year"]) in quantstrip("report", "months").stdout


def test_a_report_of_sections_is_kept_changed_copied_rendered_and_deleted(quantstrip: Run, home: Home) -> None:
    file = Path(home.root.parent / "weekly.json")
    file.write_text(json.dumps(WEEKLY))
    assert "Kept as report 1" in quantstrip("report", "compose", str(file)).stdout
    assert quantstrip("report", "preview", str(file), "seen.html").returncode == 0
    assert "Weekly" in (home.root.parent / "seen.html").read_text()
    printed = json.loads(quantstrip("report", "sections", "1").stdout)
    assert [section["name"] for section in printed["sections"]] == ["Result", "Words"]
    printed["name"] = "Changed"
    file.write_text(json.dumps(printed))
    assert "Kept as report 1" in quantstrip("report", "compose", str(file), "--number", "1").stdout
    assert "Copied as report 2" in quantstrip("report", "copy", "1").stdout
    quantstrip("report", "render", "2", "page.html")
    assert "Changed (copy)" in (home.root.parent / "page.html").read_text()
    assert quantstrip("report", "delete", "1", "--yes").returncode == 0
    assert [row["name"] for row in json.loads(quantstrip("report", "list", "--json").stdout)] == ["Changed (copy)"]
    file.write_text("{")
    broken = quantstrip("report", "compose", str(file))
    assert (broken.returncode, "cannot be read" in broken.stderr) == (1, True)
