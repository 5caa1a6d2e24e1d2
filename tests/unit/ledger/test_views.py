"""What screens, SQL and Excel read: one row a thing, one mode at a time, to the cent."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import from_text
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.ledger.views import view_files
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType

Rows = Callable[..., list[dict[str, Any]]]
AAPL = Instrument("AAPL")
DAY_1, DAY_2 = from_text("2013-02-28 21:00:00"), from_text("2013-03-01 21:00:00")

OF_NO_MODE = {"v_rates", "v_alerts", "v_kill_switches", "v_messages"}
"""Views of what belongs to no mode: rates, and the machine."""


@pytest.mark.parametrize("view", [path.stem for path in view_files()])
def test_every_view_reads_an_empty_ledger(ledger: Ledger, view: str) -> None:
    columns, found = ledger.query(f"SELECT * FROM {view}")

    assert found == []
    assert "mode" in columns or view in OF_NO_MODE


def trade(ledger: Ledger, key: str, strategy: str, trades: list[tuple[int, OrderSide, float, float]]) -> None:
    run = ledger.open_strategy_run(key, "client", strategy, "replay", "", "code", {}, "sample", 100_000)
    recorder = LedgerRecorder(ledger, run, "SIM", [AAPL])
    for number, (ts, side, quantity, price) in enumerate(trades):
        reference = f"{key}-{number}"
        recorder.order(Order(reference, strategy, "AAPL", side, quantity, OrderType.MARKET, ts), AAPL)
        recorder.fill(Fill(f"x-{reference}", reference, strategy, "AAPL", side, quantity, price, ts, 1.0), AAPL)
    recorder.progress(DAY_1, 100_050.0)
    recorder.progress(DAY_2, 100_170.0)
    recorder.close()


def test_profit_of_a_run_is_counted_in_its_feeds_own_time(ledger: Ledger, rows: Rows) -> None:
    buy, sell = OrderSide.BUY, OrderSide.SELL
    trade(
        ledger, "k1", "trend", [(DAY_1 - 1, buy, 10, 100.0), (DAY_1 - 1, sell, 5, 110.0), (DAY_2 - 1, sell, 5, 120.0)]
    )

    (row,) = rows("SELECT * FROM v_strategy_pnl")
    assert (row["realized_pnl"], row["commission"], row["net_pnl"], row["fills"]) == (150.0, 3.0, 147.0, 3)
    assert row["feed_date"] == "2013-03-01"
    assert (row["today_realized_pnl"], row["today_commission"], row["today_pnl"]) == (100.0, 1.0, 99.0)
    assert (row["last_equity"], row["equity_pnl"], row["today_equity_change"]) == (100_170.0, 170.0, 120.0)
    assert (row["client"], row["code_hash"], row["current_run"]) == ("client", "code", 1)


def test_runs_of_one_strategy_never_mix(ledger: Ledger, rows: Rows) -> None:
    trade(ledger, "k1", "trend", [(DAY_1, OrderSide.BUY, 10, 100.0)])
    trade(ledger, "k2", "trend", [(DAY_1, OrderSide.BUY, 7, 100.0)])

    positions = rows("SELECT account, position, current_run FROM v_positions ORDER BY account")
    assert [tuple(row.values()) for row in positions] == [("replay-k1", 10.0, 0), ("replay-k2", 7.0, 1)]
    for view in ("v_orders", "v_executions", "v_strategy_pnl"):
        assert [row["current_run"] for row in rows(f"SELECT current_run FROM {view} ORDER BY account")] == [0, 1]


def test_a_run_without_fills_is_shown_too(ledger: Ledger, rows: Rows) -> None:
    ledger.open_strategy_run("k1", "client", "quiet", "replay", "", "code", {}, "sample", 100_000)

    assert rows("SELECT strategy, net_pnl, fills, last_equity FROM v_strategy_pnl") == [
        {"strategy": "quiet", "net_pnl": 0.0, "fills": 0, "last_equity": None}
    ]


def test_modes_and_currencies_are_rows_of_their_own(ledger: Ledger, rows: Rows) -> None:
    for number, (mode, currency) in enumerate((("live", "USD"), ("paper", "USD"), ("live", "EUR"))):
        ledger.insert_execution(
            str(number), None, "trend", symbol=f"S{currency}", side="BUY", quantity=1, price=10, mode=mode,
            currency=currency, trade_date="2024-03-06",
        )  # fmt: skip
        ledger.insert_commission(str(number), 1.0 + number, "USD")

    found = rows("SELECT mode, currency, commission, net_pnl FROM v_strategy_pnl ORDER BY mode, currency")
    assert [tuple(row.values()) for row in found] == [
        ("live", "EUR", 0.0, 0.0),
        ("live", "USD", 4.0, -4.0),
        ("paper", "USD", 2.0, -2.0),
    ]


def test_live_history_stays_current_when_new_code_runs(ledger: Ledger, rows: Rows) -> None:
    for key in ("k1", "k2"):
        run = ledger.open_strategy_run(key, "c", "trend", "live", "U1", key, {}, "live", 100_000)
        recorder = LedgerRecorder(ledger, run, "IBKR", [AAPL])
        recorder.order(Order(key, "trend", "AAPL", OrderSide.BUY, 5, OrderType.MARKET, DAY_1), AAPL)
        recorder.fill(Fill(f"x{key}", key, "trend", "AAPL", OrderSide.BUY, 5, 10.0, DAY_1), AAPL)

    assert rows("SELECT position, current_run FROM v_positions") == [{"position": 10.0, "current_run": 1}]
    assert [row["code_hash"] for row in rows("SELECT code_hash FROM v_executions ORDER BY seq_id")] == ["k1", "k2"]
    (profit,) = rows("SELECT fills, code_hash FROM v_strategy_pnl")
    assert profit == {"fills": 2, "code_hash": "k2"}


def test_an_order_shows_its_newest_status(ledger: Ledger, order: int, rows: Rows) -> None:
    assert rows("SELECT status, remaining_quantity FROM v_orders") == [
        {"status": "CREATED", "remaining_quantity": 100.0}
    ]

    ledger.insert_order_status(order, "Submitted", 0, 100, event_time="2024-03-06 17:00:01")
    ledger.insert_order_status(order, "Filled", 100, 0, 10.0, event_time="2024-03-06 17:00:02")
    ledger.insert_order_status(order, "PreSubmitted", 0, 100, event_time="2024-03-06 17:00:00")

    (row,) = rows("SELECT status, filled_quantity, remaining_quantity, avg_fill_price FROM v_orders")
    assert tuple(row.values()) == ("Filled", 100.0, 0.0, 10.0)


def test_the_last_fills_are_read_without_reading_all(ledger: Ledger) -> None:
    _, plan = ledger.query(
        "EXPLAIN QUERY PLAN SELECT * FROM v_executions WHERE mode = 'live' AND current_run = 1 "
        "ORDER BY seq_id DESC LIMIT 10"
    )

    steps = [row[-1] for row in plan]
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert [step for step in steps if step.startswith("SCAN") and not step.startswith("SCAN CONSTANT")] == [
        "SCAN x", *["SCAN column_type"] * steps.count("SCAN column_type")
    ], steps  # fmt: skip
