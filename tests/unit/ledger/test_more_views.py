"""Trades, marks, equity, drawdown, slippage, problems: what each view shows of a small story."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.ledger.outbox import NewMessage
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType
from quantstrip.model.halt import Halt

Rows = Callable[..., list[dict[str, Any]]]


def fill(ledger: Ledger, exec_id: str, side: str, quantity: float, price: float, moment: str, **more: Any) -> None:
    ledger.insert_execution(
        exec_id, None, "trend", symbol="ES", side=side, quantity=quantity, price=price, exec_time=moment, **more
    )
    ledger.insert_commission(exec_id, 3.0, "USD")


@pytest.fixture
def future(ledger: Ledger) -> Ledger:
    ledger.set_instrument(Instrument("ES", multiplier=50.0, instrument_type="FUT"))
    ledger.insert_strategy("trend", allocation=100_000.0, currency="USD")
    return ledger


def test_a_flip_closes_one_trade_and_opens_the_next_and_shares_its_commission(future: Ledger, rows: Rows) -> None:
    fill(future, "1", "BUY", 1, 100.0, "2024-03-04 15:00:00")
    fill(future, "2", "SELL", 3, 110.0, "2024-03-05 15:00:00")
    fill(future, "3", "BUY", 2, 105.0, "2024-03-07 15:00:00")

    found = rows(
        "SELECT trade_id, side, quantity, avg_entry, avg_exit, gross_pnl, commission, net_pnl, hold_days, "
        "hold_seconds, fills FROM v_trades ORDER BY trade_id"
    )
    assert [tuple(row.values()) for row in found] == [
        (1, "LONG", 1.0, 100.0, 110.0, 500.0, 4.0, 496.0, 1, 86400.0, 2),
        (2, "SHORT", 2.0, 110.0, 105.0, 500.0, 5.0, 495.0, 2, 172800.0, 2),
    ]
    assert [row["trade_id"] for row in rows("SELECT trade_id FROM v_executions ORDER BY seq_id")] == [1, 2, 2]


def test_the_worst_and_best_moment_of_a_trade_come_from_its_days_bars(future: Ledger, rows: Rows) -> None:
    for day, low, high in (("2024-03-04", 95.0, 104.0), ("2024-03-05", 90.0, 112.0), ("2024-03-06", 1.0, 999.0)):
        future.insert_mtm_price(day, "ES", 100.0, low=low, high=high)
    fill(future, "1", "BUY", 1, 100.0, "2024-03-04 15:00:00")
    fill(future, "2", "SELL", 1, 110.0, "2024-03-05 15:00:00")
    future.insert_execution("x", None, "trend", symbol="B", side="BUY", quantity=1, price=1.0)
    future.insert_execution("y", None, "trend", symbol="B", side="SELL", quantity=1, price=1.0)

    assert rows("SELECT symbol, mae, mfe FROM v_trades ORDER BY trade_id") == [
        {"symbol": "ES", "mae": -500.0, "mfe": 600.0},
        {"symbol": "B", "mae": None, "mfe": None},
    ]


def test_a_position_is_marked_at_the_newest_close_and_says_how_old_it_is(future: Ledger, rows: Rows) -> None:
    fill(future, "1", "BUY", 2, 100.0, "2024-03-04 15:00:00")
    columns = "mark_price, mark_source, mark_date, market_value, unrealized_pnl, commission"
    assert list(rows(f"SELECT {columns} FROM v_positions")[0].values()) == [
        100.0, "fill", "2024-03-04", 10_000.0, 0.0, 3.0,
    ]  # fmt: skip

    future.insert_mtm_price("2024-03-01", "ES", 1.0)  # older than the fill: no mark
    future.insert_mtm_price("2024-03-05", "ES", 103.0)

    assert list(rows(f"SELECT {columns} FROM v_positions")[0].values()) == [
        103.0, "mtm", "2024-03-05", 10_300.0, 300.0, 3.0,
    ]  # fmt: skip
    aged = "SELECT mark_age_days = julianday(CURRENT_DATE) - julianday('2024-03-05') FROM v_positions"
    assert future.query(aged)[1] == [(1,)]


def test_equity_and_drawdown_count_from_the_allocation(future: Ledger, rows: Rows) -> None:
    fill(future, "1", "BUY", 1, 100.0, "2024-03-04 15:00:00")
    for day, close in (("2024-03-04", 102.0), ("2024-03-05", 90.0), ("2024-03-06", 110.0)):
        future.insert_mtm_price(day, "ES", close)

    found = rows(
        "SELECT e.trade_date, e.total_pnl, e.cumulative_pnl, e.equity, d.drawdown, d.peak_equity, d.days_below "
        "FROM v_equity_daily e JOIN v_drawdown d ON d.trade_date = e.trade_date ORDER BY 1"
    )
    assert [tuple(row.values()) for row in found] == [
        ("2024-03-04", 97.0, 97.0, 100_097.0, 0.0, 100_097.0, 0),
        ("2024-03-05", -600.0, -503.0, 99_497.0, -600.0, 100_097.0, 1),
        ("2024-03-06", 1000.0, 497.0, 100_497.0, 0.0, 100_497.0, 0),
    ]
    (last,) = rows("SELECT daily_return FROM v_equity_daily WHERE trade_date = '2024-03-06'")
    assert last["daily_return"] == pytest.approx(1000.0 / 99_497.0)
    (whole,) = rows("SELECT capital, total_pnl, equity, return_on_capital, sessions FROM v_return_on_capital")
    assert tuple(whole.values()) == (100_000.0, 497.0, 100_497.0, pytest.approx(0.00497), 3)


def test_a_runs_days_say_what_its_equity_says(ledger: Ledger, rows: Rows) -> None:
    run = ledger.open_strategy_run("k", "c", "trend", "replay", "", "code", {}, "sample", 1000.0)
    points = (("2013-02-28 21:00:00", 1010.0), ("2013-03-01 15:00:00", 900.0), ("2013-03-01 21:00:00", 1030.0))
    for moment, equity in points:
        ledger.record_equity("k", [(from_text(moment), equity)])
    ledger.insert_execution(
        "1", None, "trend", symbol="A", side="BUY", quantity=1, price=5.0, mode="replay", account=run["account"],
        exec_time="2013-02-28 20:00:00",
    )  # fmt: skip

    found = rows("SELECT trade_date, total_pnl, fills, valued_by FROM v_daily_pnl ORDER BY trade_date")
    assert [tuple(row.values()) for row in found] == [
        ("2013-02-28", 10.0, 1, "equity"),
        ("2013-03-01", 20.0, 0, "equity"),
    ]
    assert rows("SELECT equity_pnl, unrealized_pnl, total_pnl FROM v_strategy_pnl") == [
        {"equity_pnl": 30.0, "unrealized_pnl": 30.0, "total_pnl": 30.0}
    ]


def test_a_fill_after_the_close_belongs_to_the_next_session(future: Ledger, rows: Rows) -> None:
    fill(future, "1", "BUY", 1, 100.0, "2024-03-05 22:30:00")

    assert [row["trade_date"] for row in rows("SELECT trade_date FROM v_daily_pnl")] == ["2024-03-06"]


def test_slippage_is_money_lost_against_the_deciding_price(ledger: Ledger, rows: Rows) -> None:
    future, decided = Instrument("ES", multiplier=50.0), from_text("2024-03-04 15:00:00")
    run = ledger.open_strategy_run("k", "c", "trend", "paper", "P1", "code", {}, "feed", 1000.0)
    recorder = LedgerRecorder(ledger, run, "SIM", [future])
    for side in OrderSide:
        order = Order(side, "trend", "ES", side, 2.0, OrderType.MARKET, decided, decision_price=100.0)
        recorder.order(order, future)
        recorder.fill(Fill(f"x{side}", side, "trend", "ES", side, 2.0, 100.5, decided + 1_500_000), future)

    found = rows("SELECT side, slippage, slippage_bps, slippage_amount, delay_seconds FROM v_slippage ORDER BY side")
    assert [tuple(row.values()) for row in found] == [("BUY", 0.5, 50.0, 50.0, 1.5), ("SELL", -0.5, -50.0, -50.0, 1.5)]


def test_what_a_strategy_wants_is_shown_beside_what_it_holds(ledger: Ledger, order: int, rows: Rows) -> None:
    ledger.insert_execution("1", order, side="BUY", quantity=60, price=10.0)

    (row,) = rows("SELECT symbol, intended, realized, difference, status FROM v_intended_positions")
    assert tuple(row.values()) == ("AAPL", 100.0, 60.0, 40.0, "EXECUTED")


def test_what_a_strategy_holds_without_having_wanted_it_is_shown_too(ledger: Ledger, order: int, rows: Rows) -> None:
    ledger.insert_execution("1", order, side="BUY", quantity=100, price=10.0)
    ledger.insert_execution(
        "2", None, "trend", "IBKR", symbol="NVDA", side="SELL", quantity=3, price=50.0, account="U1"
    )
    ledger.insert_execution("3", 987_654, None, "IBKR", symbol="TSLA", side="BUY", quantity=2, price=50.0)
    ledger.insert_execution("4", None, "trend", "IBKR", symbol="IBM", side="BUY", quantity=2, price=50.0)
    ledger.insert_execution("5", None, "trend", "IBKR", symbol="IBM", side="SELL", quantity=2, price=50.0)

    columns = "strategy, symbol, intended, realized, difference, status, event_time IS NULL AS never"
    assert [tuple(row.values()) for row in rows(f"SELECT {columns} FROM v_intended_positions ORDER BY symbol")] == [
        ("trend", "AAPL", 100.0, 100.0, 0.0, "EXECUTED", 0),
        ("trend", "NVDA", None, -3.0, None, None, 1),
        ("unallocated", "TSLA", None, 2.0, None, None, 1),
    ]


def test_an_intention_that_failed_gives_way_to_the_one_before(ledger: Ledger, order: int, rows: Rows) -> None:
    ledger.insert_execution("1", order, side="BUY", quantity=100, price=10.0)
    closing = ledger.insert_order(None, "trend", "IBKR", "U1", "AAPL", "SELL", "LMT", 100)
    ledger.insert_strategy_event(closing, 0, "CLOSE")
    assert rows("SELECT intended, difference, status FROM v_intended_positions") == [
        {"intended": 0.0, "difference": -100.0, "status": "PENDING"}
    ]

    ledger.insert_order_status(closing, "Cancelled", 0, 100, 0)

    assert rows("SELECT intended, difference, status FROM v_intended_positions") == [
        {"intended": 100.0, "difference": 0.0, "status": "EXECUTED"}
    ]


def test_jobs_that_did_not_run_as_they_should_are_problems(ledger: Ledger, clock: ManualClock, rows: Rows) -> None:
    run = ledger.start_client_run("c", 1, "code", "paper")
    due = clock.now()
    for job, outcome in (("fine", "ok"), ("broken", "failed"), ("long", "overrun")):
        started = ledger.begin_job("c", job, due, run)
        assert started is not None
        ledger.finish_job(started, outcome, "why")
    clock.set(due + 90_000_000)
    ledger.begin_job("c", "late", due, run)

    found = rows("SELECT job, problem, mode, delay_seconds FROM v_job_problems ORDER BY job")
    assert [tuple(row.values()) for row in found] == [
        ("broken", "FAILED", "paper", 0.0),
        ("late", "LATE", "paper", 90.0),
        ("long", "OVERRUN", "paper", 0.0),
    ]


def test_an_alert_that_repeats_is_one_row_that_counts(ledger: Ledger, clock: ManualClock, rows: Rows) -> None:
    ledger.alert("job_error", "check failed", "ValueError: no", client="dax", rate_key="job_error:dax:check")
    clock.set(clock.now() + 60_000_000)
    ledger.alert("job_error", "check failed", "ValueError: again", client="dax", rate_key="job_error:dax:check")

    (row,) = rows("SELECT * FROM v_alerts")
    assert row == {
        "alert_id": 1, "kind": "job_error", "client": "dax", "subject": "check failed", "body": "ValueError: again",
        "occurrences": 2, "first_time": "2024-03-06 17:00:00.000000", "last_time": "2024-03-06 17:01:00.000000",
        "seen": 0, "notified": None,
    }  # fmt: skip


def test_what_keeps_entries_off_is_a_halt_nobody_lifted_or_a_kill_switch(
    ledger: Ledger, clock: ManualClock, rows: Rows
) -> None:
    run = ledger.open_strategy_run("k", "dax_client", "dax", "paper", "P1", "code", {}, "feed", 1000.0)
    recorder, at = LedgerRecorder(ledger, run, "SIM"), from_text("2024-03-05 15:00:00")
    daily, drawdown = Halt("max_daily_loss", at, "lost 5 %", "XETR"), Halt("max_drawdown", at, "down 9 %")
    recorder.halts(at, [daily, drawdown])
    ledger.kill_entries("other", "holiday")

    halted, _ = rows("SELECT * FROM v_halts ORDER BY rule")
    assert halted == {
        "risk_halt_id": 1, "mode": "paper", "client": "dax_client", "strategy": "dax", "rule": "max_daily_loss",
        "reason": "lost 5 %", "event_time": "2024-03-05 15:00:00.000000", "create_time": "2024-03-06 17:00:00.000000",
        "calendar": "XETR", "strategy_run_id": run["strategy_run_id"],
    }  # fmt: skip
    assert rows("SELECT * FROM v_kill_switches") == [
        {"client": "other", "reason": "holiday", "create_time": "2024-03-06 17:00:00.000000", "risk_control_id": 1}
    ]

    clock.set(clock.now() + 1_000_000)
    recorder.halts(at + 1, [drawdown])  # the session is over
    assert [row["rule"] for row in rows("SELECT rule FROM v_halts")] == ["max_drawdown"]
    ledger.clear_halts("dax_client", "max_drawdown")
    ledger.revive_entries("other")
    assert rows("SELECT * FROM v_halts") == rows("SELECT * FROM v_kill_switches") == []


def test_a_message_is_a_row_that_says_whether_it_failed(ledger: Ledger, rows: Rows) -> None:
    ledger.queue_message(NewMessage("<1@home>", ["a@example.com", "b@example.com"], "closed", "text", client="dax"))
    (row,) = rows("SELECT * FROM v_messages")
    assert row == {
        "outbox_id": 1, "create_time": "2024-03-06 17:00:00.000000", "status": "queued", "failed": 0,
        "kind": "message", "client": "dax", "channel": "mail", "account": None,
        "recipients": "a@example.com, b@example.com", "subject": "closed", "attempts": 0,
        "next_attempt": "2024-03-06 17:00:00.000000",
        "sent": None, "last_error": None, "message_id": "<1@home>",
    }  # fmt: skip
    with ledger.get_connection() as connection:
        connection.execute("UPDATE outbox SET last_error = 'refused'")
    assert rows("SELECT failed FROM v_messages") == [{"failed": 1}]
