"""What views say of a run, of corrections and of comparisons: a small replay whose rows are worked out by hand.

A second run of a strategy buys two at 100 and sells three at 102, corrected to 103; its equity ends at 1001.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import pytest

from quantstrip.clock import from_text
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.ledger.report_metrics import ReportFigure
from quantstrip.ledger.views import read_view, view_files
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
DAY, NOW = "2024-03-05", "2024-03-06 17:00:00.000000"
RUN: Final[Row] = {"strategy_run_id": 2, "run_key": "key", "client": "bot", "code_hash": "code7", "current_run": 1}


@pytest.fixture
def story(ledger: Ledger) -> Ledger:
    instrument, decided = Instrument("AAPL"), from_text(f"{DAY} 15:00:00")
    ledger.open_strategy_run("old", "bot", "swing", "replay", "", "code6", {}, "sample", 500.0)
    run = ledger.open_strategy_run("key", "bot", "swing", "replay", "", "code7", {}, "sample", 1000.0)
    recorder = LedgerRecorder(ledger, run, "SIM", [instrument])
    for number, (side, quantity, price) in enumerate(((OrderSide.BUY, 2.0, 100.0), (OrderSide.SELL, 3.0, 102.0))):
        name, moment = f"r{number}", decided + number * 60_000_000
        recorder.order(Order(name, "swing", "AAPL", side, quantity, OrderType.MARKET, moment), instrument)
        fill = Fill(f"x{number}", name, "swing", "AAPL", side, quantity, price, moment + 1_000_000, 1.0, "USD")
        recorder.fill(fill, instrument)
    recorder.progress(from_text(f"{DAY} 21:00:00"), 1001.0)
    recorder.close()
    ledger.correct_execution("x1", "mistyped", price=103.0)
    return ledger


@pytest.mark.parametrize(
    ("view", "count"),
    [
        ("v_orders", 2), ("v_executions", 4), ("v_position_history", 4), ("v_trades", 1), ("v_positions", 1),
        ("v_daily_pnl", 1), ("v_equity", 1), ("v_equity_daily", 1), ("v_drawdown", 1), ("v_return_on_capital", 1),
        ("v_commissions", 4), ("v_intended_positions", 1),
    ],
)  # fmt: skip
def test_each_row_says_which_run_it_is_of(story: Ledger, rows: Rows, view: str, count: int) -> None:
    (path,) = (path for path in view_files() if path.stem == view)
    known = {column.name for column in read_view(path).columns}
    columns = [name for name in ("mode", "account", "strategy", *RUN) if name in known]

    found = rows(f"SELECT {', '.join(columns)} FROM {view} WHERE current_run = 1")

    whole = RUN | {"mode": "replay", "account": "replay-key", "strategy": "swing"}
    assert found == [{name: whole[name] for name in columns}] * count


def test_a_correction_names_what_it_reverses_and_what_stands_there_now(story: Ledger, rows: Rows) -> None:
    columns = "exec_id, entry, corrects, replaces, quantity, price, realized_pnl, commission, net_pnl, trade_id"
    assert [tuple(row.values()) for row in rows(f"SELECT {columns} FROM v_executions ORDER BY seq_id")] == [
        ("x0", "FILL", None, None, 2.0, 100.0, 0.0, 1.0, -1.0, 1),
        ("x1", "CORRECTED", None, None, 3.0, 102.0, 4.0, 1.0, 3.0, None),
        ("x1~reversed", "CORRECTION", "x1", None, 3.0, 102.0, -4.0, -1.0, -3.0, None),
        ("x1~replaced", "FILL", None, "x1", 3.0, 103.0, 6.0, 1.0, 5.0, 4),
    ]


def test_a_strategys_profit_is_its_runs_and_today_is_where_the_feed_has_come(story: Ledger, rows: Rows) -> None:
    assert rows("SELECT * FROM v_strategy_pnl WHERE current_run = 1") == [
        RUN | {
            "mode": "replay", "account": "replay-key", "strategy": "swing", "currency": "USD", "realized_pnl": 6.0,
            "commission": 2.0, "net_pnl": 4.0, "fills": 2, "feed_date": DAY, "today_realized_pnl": 6.0,
            "today_commission": 2.0, "today_pnl": 4.0, "today_fills": 2, "initial_cash": 1000.0, "last_equity": 1001.0,
            "equity_pnl": 1.0, "today_equity_change": 1.0, "feed": "sample", "feed_time": f"{DAY} 21:00:00.000000",
            "started": NOW, "strategy_id": 1, "unrealized_pnl": -3.0, "total_pnl": 1.0,
        }
    ]  # fmt: skip
    assert rows("SELECT run_key, initial_cash, fills, code_hash FROM v_strategy_pnl WHERE current_run = 0") == [
        {"run_key": "old", "initial_cash": 500.0, "fills": 0, "code_hash": "code6"}
    ]
    assert rows("SELECT event_time, equity, pnl, initial_cash FROM v_equity") == [
        {"event_time": f"{DAY} 21:00:00.000000", "equity": 1001.0, "pnl": 1.0, "initial_cash": 1000.0}
    ]


def test_a_comparison_shows_its_counts_and_what_is_left(ledger: Ledger, rows: Rows) -> None:
    ledger.insert_broker("IBKR")
    counts = {
        "executions_matched": 11, "positions_matched": 12, "missing_here": 13, "missing_there": 14, "different": 15,
        "not_trades": 16, "taken_over": 2, "confirmed": 18,
    }  # fmt: skip
    run = counts | {
        "source": "Flex", "mode": "live", "accounts": "U1,U2", "broker_id": 1, "first_date": "2024-03-04",
        "last_date": DAY, "notes": "a note",
    }  # fmt: skip
    one = {
        "outcome": "DIFFERENT", "kind": "EXECUTION", "account": "U1", "symbol": "AAPL", "contract_id": "77",
        "reference": "x1", "what": "price", "ours": "102", "theirs": "103", "strategy": "swing", "order_id": 5,
        "taken_over": 0,
    }  # fmt: skip
    ledger.record_reconciliation(run, [one])

    (shown,) = rows("SELECT * FROM v_reconciliations")
    (difference,) = rows("SELECT * FROM v_reconciliation_differences")

    assert shown == {name: value for name, value in run.items() if name != "broker_id"} | {
        "reconciliation_id": 1, "create_time": NOW, "broker": "IBKR", "open_differences": 13 + 14 + 15 - 2,
    }  # fmt: skip
    assert {name: difference[name] for name in one} == one
    assert (difference["reconciliation_id"], difference["newest"]) == (1, 1)


def test_a_kept_figure_says_of_what_and_when_it_is(ledger: Ledger, rows: Rows) -> None:
    figure = ReportFigure("strategy", "swing", "1Y", "sharpe", 1.5, date(2023, 3, 7), date(2024, 3, 5), complete=False)
    ledger.replace_report_metrics("paper", "EUR", date(2024, 3, 6), [figure])

    assert rows("SELECT * FROM v_metrics") == [
        {
            "mode": "paper", "scope": "strategy", "strategy": "swing", "horizon": "1Y", "metric": "sharpe",
            "value": 1.5, "currency": "EUR", "as_of": "2024-03-06", "first_date": "2023-03-07",
            "last_date": "2024-03-05", "complete": 0, "created": NOW,
        }
    ]  # fmt: skip
