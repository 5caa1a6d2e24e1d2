"""The pre-built queries: each one runs, and says what happened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import asset
from quantstrip.ledger import Ledger

Query = Callable[[str], list[dict[str, Any]]]
FILES = sorted((asset("schema") / "queries").glob("*.sql"))


@pytest.fixture
def query(ledger: Ledger) -> Query:
    """The rows of a pre-built query."""

    def run(name: str) -> list[dict[str, Any]]:
        (path,) = (one for one in FILES if one.stem == name)
        columns, rows = ledger.query(path.read_text(encoding="utf-8"))
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return run


@pytest.fixture
def traded(ledger: Ledger) -> Ledger:
    """A round trip with a profit of 100 less 3 in fees, and a position."""
    ledger.insert_broker("IBKR", "Interactive Brokers")
    fills = (("1", "AAPL", "BUY", 100.0), ("2", "AAPL", "SELL", 110.0), ("3", "IBM", "BUY", 5.0))
    for exec_id, symbol, side, price in fills:
        ledger.insert_execution(
            exec_id, None, "trend", "IBKR", symbol, side=side, quantity=10, price=price,
            exec_time=f"2024-03-06 15:0{exec_id}:00", account="U1",
        )  # fmt: skip
        ledger.insert_commission(exec_id, 1.0, "USD")
    return ledger


def test_the_pre_built_queries_of_the_published_surface_are_there() -> None:
    assert {path.stem for path in FILES} >= {
        "all_positions", "brokers", "commissions", "executions", "pnl", "pnl_by_trade", "pnl_of_all_trades",
        "realised_pnl",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_begins_with_what_it_shows_and_reads_an_empty_ledger(ledger: Ledger, path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.startswith("-- ")
    assert ledger.query(text)[1] == []


def test_positions_are_marked(traded: Ledger, query: Query) -> None:
    traded.insert_mtm_price("2024-03-06", "IBM", 7.0)

    (row,) = query("all_positions")
    assert (row["symbol"], row["position"], row["mark_price"], row["unrealized_pnl"]) == ("IBM", 10.0, 7.0, 20.0)


def test_executions_and_commissions_come_newest_first(traded: Ledger, query: Query) -> None:
    assert [row["exec_id"] for row in query("executions")] == ["3", "2", "1"]
    assert [(row["exec_id"], row["amount"]) for row in query("commissions")] == [("3", 1.0), ("2", 1.0), ("1", 1.0)]


def test_profit_is_the_same_by_strategy_by_session_and_by_trade(traded: Ledger, query: Query) -> None:
    (total,) = query("pnl")
    assert (total["realized_pnl"], total["commission"], total["total_pnl"], total["reporting_total_pnl"]) == (
        100.0, 3.0, 97.0, 97.0,
    )  # fmt: skip
    (session,) = query("realised_pnl")
    assert (session["trade_date"], session["net_pnl"]) == ("2024-03-06", 97.0)
    (trade,) = query("pnl_by_trade")
    assert (trade["symbol"], trade["gross_pnl"], trade["commission"], trade["net_pnl"]) == ("AAPL", 100.0, 2.0, 98.0)
    (trades,) = query("pnl_of_all_trades")
    assert (trades["trades"], trades["winners"], trades["net_pnl"]) == (1, 1, 98.0)


def test_brokers_are_listed(traded: Ledger, query: Query) -> None:
    (row,) = query("brokers")
    assert (row["name"], row["full_name"], row["trades"]) == ("IBKR", "Interactive Brokers", 2)
