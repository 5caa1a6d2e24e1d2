"""Every column of every view of trading says what it should: one small story, whose rows are worked out by hand.

A short position in a future priced in euro (25 euro a point) is opened with two points, added to at 110, and turned
round at 99; the dollar is the reporting currency, and a euro costs 1.25 of it, from the third day on 1.50.
"""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.ledger.views import read_view, view_files
from quantstrip.model import Instrument, OrderSide, Signal

Row = dict[str, Any]
Rows = Callable[..., list[Row]]

FIRST, SECOND, THIRD = "2024-03-04", "2024-03-05", "2024-03-06"
NOW: Final = f"{THIRD} 17:00:00.000000"
FDAX: Final = Instrument("FDAX", contract_id="77", multiplier=25.0, instrument_type="FUT", currency="EUR")
ORDERS: Final = (
    # day, side, quantity, intended, price, exec_id, commission, label
    (FIRST, "SELL", 2, -2, 100.0, "x1", 4.0, "entry"),
    (SECOND, "SELL", 2, -4, 110.0, "x2", 4.0, "add"),
    (THIRD, "BUY", 5, 1, 99.0, "x3", 10.0, "flip"),
)
OF: Final[Row] = {"mode": "live", "account": "U1", "strategy": "trend", "strategy_id": 1, "current_run": 1}
CONTRACT: Final[Row] = {"symbol": "FDAX", "contract_id": "77"}
PLACE: Final[Row] = OF | CONTRACT | {"broker": "IBKR", "broker_id": 1, "leg": "NET"}
NO_RUN: Final[Row] = {"strategy_run_id": None, "run_key": None}
CODE: Final[Row] = {"client": "dax", "code_hash": "code9"}
IN_DOLLARS: Final[Row] = {"reporting_currency": "USD", "missing_rate": None}


@pytest.fixture
def story(ledger: Ledger, clock: ManualClock) -> Ledger:
    ledger.insert_broker("IBKR", "Interactive Brokers")
    ledger.insert_strategy("trend", allocation=100_000.0, currency="EUR")
    ledger.set_instrument(FDAX)
    for day, rate in ((FIRST, 1.25), (THIRD, 1.5)):
        ledger.insert_mtm_price(day, "EURUSD", rate)
    for day, low, close, high in ((FIRST, 90.0, 95.0, 104.0), (SECOND, 88.0, 99.0, 120.0), (THIRD, 93.0, 98.0, 101.0)):
        ledger.insert_mtm_price(day, "FDAX", close, low=low, high=high, contract_id="77")
    run = ledger.start_client_run("dax", os.getpid(), "code9", "live")
    for number, (day, side, quantity, intended, price, exec_id, fee, label) in enumerate(ORDERS, start=1):
        ledger.insert_order(
            number, "trend", "IBKR", "U1", "FDAX", side, "LMT", quantity, price, price + 1.0, 2.0, "FUT", 9,
            f"ref-{exec_id}", f"perm-{exec_id}", contract_id="77", currency="EUR", event_time=f"{day} 15:00:00",
            time_in_force="GTC", decision_price=100.0,
        )  # fmt: skip
        ledger.insert_strategy_event(number, intended, side, event_time=f"{day} 15:00:00")
        ledger.insert_execution(
            exec_id, number, side=side, quantity=quantity, price=price, exec_time=f"{day} 15:00:02", group_label=label
        )
        ledger.insert_commission(exec_id, fee, "EUR", realized_pnl=7.5)
        ledger.insert_order_status(number, "Filled", quantity, 0, price, reason_held="-", event_time=f"{day} 15:00:03")
    ledger.insert_commission("x3", 2.0, "USD", "CLEARING")
    ledger.record_missed_job("dax", "rebalance", from_text(f"{THIRD} 14:00:00"), run)
    assert ledger.begin_job("dax", "check", clock.now(), run)
    ledger.interrupt_open_jobs("dax")
    begun = ledger.open_strategy_run("k", "bot", "swing", "paper", "P1", "code7", {}, "feed", 1000.0)
    recorder = LedgerRecorder(ledger, begun, "SIM", [Instrument("AAPL")])
    signal = Signal("AAPL", OrderSide.SELL, quantity=3.0, limit_price=12.5, stop_price=11.5)
    recorder.rejected(signal, from_text(f"{SECOND} 15:00:00"), "max_position", "too many")
    recorder.close()
    return ledger


def order_row(number: int) -> Row:
    day, side, quantity, _, price, exec_id, _, _ = ORDERS[number - 1]
    return PLACE | CODE | NO_RUN | {
        "seq_id": number, "order_id": number, "instrument_type": "FUT", "side": side, "order_type": "LMT",
        "total_quantity": quantity, "limit_price": price, "stop_price": price + 1.0, "trail_amount": 2.0,
        "time_in_force": "GTC", "decision_price": 100.0, "currency": "EUR", "status": "Filled",
        "filled_quantity": quantity, "remaining_quantity": 0.0, "avg_fill_price": price, "reason": "-",
        "status_time": f"{day} 15:00:03.000000", "event_time": f"{day} 15:00:00.000000", "create_time": NOW,
        "parent_order_id": 9, "client_reference": f"ref-{exec_id}", "external_order_id": f"perm-{exec_id}",
    }  # fmt: skip


def booked(number: int, held: float, average: float, realized: float, event: str) -> Row:
    """What the fill did to its position."""
    day, _, _, _, _, exec_id, _, label = ORDERS[number - 1]
    return PLACE | {
        "position": held, "avg_price": average, "realized_pnl": realized, "event_type": event, "group_label": label,
        "currency": "EUR", "exec_id": exec_id, "order_id": number, "trade_date": day, "strategy_run_id": None,
    }  # fmt: skip


BOOKED: Final = (
    booked(1, -2.0, 100.0, 0.0, "OPEN_SHORT"),
    booked(2, -4.0, 105.0, 0.0, "OPEN_SHORT"),
    booked(3, 1.0, 99.0, 600.0, "FLIP"),  # 4 x (105 - 99) x 25
)


def execution_row(number: int, amount: float, trade: int) -> Row:
    day, side, quantity, _, price, _, fee, _ = ORDERS[number - 1]
    return BOOKED[number - 1] | CODE | {
        "seq_id": number, "instrument_type": "FUT", "side": side, "quantity": quantity, "price": price,
        "amount": amount, "commission": fee, "net_amount": amount - fee,
        "net_pnl": BOOKED[number - 1]["realized_pnl"] - fee, "trade_id": trade,
        "exec_time": f"{day} 15:00:02.000000", "create_time": NOW, "entry": "FILL", "corrects": None,
        "replaces": None, "run_key": None,
    }  # fmt: skip


def history_row(number: int, signed: float, cost: float) -> Row:
    day, _, _, _, price, _, _, _ = ORDERS[number - 1]
    return BOOKED[number - 1] | {
        "execution_seq": number, "event_time": f"{day} 15:00:02.000000", "trade_quantity": signed,
        "trade_price": price, "cost": cost,
    }  # fmt: skip


def fee_row(number: int, exec_id: str, day: str, amount: float, rate: float, **other: Any) -> Row:
    return PLACE | IN_DOLLARS | {
        "commission_id": number, "exec_id": exec_id, "fee_type": "COMMISSION", "amount": amount, "currency": "EUR",
        "trade_date": day, "exec_time": f"{day} 15:00:02.000000", "revision": 0, "rate": rate,
        "reporting_amount": amount * rate, "broker_realized_pnl": 7.5,
    } | other  # fmt: skip


def slippage_row(number: int, points: float, money: float) -> Row:
    day, side, quantity, _, price, exec_id, _, _ = ORDERS[number - 1]
    return OF | CONTRACT | {
        "seq_id": number, "exec_id": exec_id, "order_id": number, "side": side, "order_type": "LMT",
        "quantity": quantity, "decision_price": 100.0, "price": price, "slippage": points,
        "slippage_bps": points * 100.0, "slippage_amount": money, "currency": "EUR",
        "decision_time": f"{day} 15:00:00.000000", "exec_time": f"{day} 15:00:02.000000", "delay_seconds": 2.0,
        "trade_date": day,
    }  # fmt: skip


def day_row(day: str, currency: str, fills: int, realized: float, change: float, fee: float, rate: float,
            turnover: float) -> Row:  # fmt: skip
    return OF | IN_DOLLARS | {
        "client": None, "currency": currency, "trade_date": day, "fills": fills, "realized_pnl": realized,
        "unrealized_change": change, "commission": fee, "net_pnl": realized - fee, "total_pnl": realized - fee + change,
        "turnover": turnover, "valued_by": "mark", "rate": rate, "reporting_realized_pnl": realized * rate,
        "reporting_unrealized_change": change * rate, "reporting_commission": fee * rate,
        "reporting_net_pnl": (realized - fee) * rate, "reporting_total_pnl": (realized - fee + change) * rate,
        "strategy_run_id": None,
    }  # fmt: skip


def equity_row(day: str, total: float, cumulative: float, rate: float) -> Row:
    return OF | IN_DOLLARS | {
        "client": None, "currency": "EUR", "trade_date": day, "total_pnl": total, "cumulative_pnl": cumulative,
        "capital": 100_000.0, "equity": 100_000.0 + cumulative,
        "daily_return": total / (100_000.0 + cumulative - total), "reporting_total_pnl": total * rate,
    }  # fmt: skip


def fall_row(day: str, cumulative: float, peak: float, peak_day: str, below: int) -> Row:
    return OF | {
        "client": None, "currency": "EUR", "trade_date": day, "cumulative_pnl": cumulative, "peak_pnl": peak,
        "drawdown": cumulative - peak, "equity": 100_000.0 + cumulative, "peak_equity": 100_000.0 + peak,
        "drawdown_pct": (cumulative - peak) / (100_000.0 + peak), "peak_date": peak_day, "days_below": below,
    }  # fmt: skip


EXPECTED: Final[dict[str, list[Row]]] = {
    "v_orders": [order_row(1), order_row(2), order_row(3)],
    "v_executions": [execution_row(1, 5_000.0, 1), execution_row(2, 5_500.0, 1), execution_row(3, -12_375.0, 3)],
    "v_position_history": [
        history_row(1, -2.0, -5_000.0),
        history_row(2, -2.0, -10_500.0),
        history_row(3, 5.0, 2_475.0),
    ],
    "v_commissions": [
        fee_row(1, "x1", FIRST, 4.0, 1.25),
        fee_row(2, "x2", SECOND, 4.0, 1.25),
        fee_row(3, "x3", THIRD, 10.0, 1.5),
        fee_row(4, "x3", THIRD, 2.0, 1.0, fee_type="CLEARING", currency="USD", broker_realized_pnl=None),
    ],
    "v_trades": [
        PLACE | NO_RUN | IN_DOLLARS | {
            "trade_id": 1, "side": "SHORT", "opened": f"{FIRST} 15:00:02.000000", "closed": f"{THIRD} 15:00:02.000000",
            "open_date": FIRST, "close_date": THIRD, "hold_seconds": 172_800.0, "hold_days": 2, "quantity": 4.0,
            "max_quantity": 4.0, "avg_entry": 105.0, "avg_exit": 99.0, "multiplier": 25.0, "fills": 3,
            "currency": "EUR", "gross_pnl": 600.0, "commission": 16.0, "other_fees": 1, "net_pnl": 584.0,
            "trade_return": 584.0 / 10_500.0, "mae": -1_500.0, "mfe": 1_700.0,  # at the high of 120, the low of 88
            "rate": 1.5, "reporting_net_pnl": 876.0, "client": None,
        }
    ],
    "v_positions": [
        PLACE | NO_RUN | IN_DOLLARS | {
            "position": 1.0, "avg_price": 99.0, "cost": 2_475.0, "currency": "EUR", "last_fill_price": 99.0,
            "last_fill_time": f"{THIRD} 15:00:02.000000", "last_fill_date": THIRD, "trade_id": 3,
            "opened": f"{THIRD} 15:00:02.000000", "multiplier": 25.0, "mark_price": 98.0, "mark_date": THIRD,
            "mark_source": "mtm", "market_value": 2_450.0, "unrealized_pnl": -25.0, "realized_pnl": 0.0,
            "commission": 2.0, "rate": 1.5, "reporting_market_value": 3_675.0, "reporting_unrealized_pnl": -37.5,
            "client": None,
        }
    ],
    "v_slippage": [slippage_row(1, 0.0, 0.0), slippage_row(2, -10.0, -500.0), slippage_row(3, -1.0, -125.0)],
    "v_intended_positions": [
        OF | CONTRACT | {
            "leg": "NET", "intended": 1.0, "realized": 1.0, "difference": 0.0, "status": "EXECUTED",
            "event_time": f"{THIRD} 15:00:00.000000", "order_id": 3,
        }
    ],
    "v_daily_pnl": [
        day_row(FIRST, "EUR", 1, 0.0, 250.0, 4.0, 1.25, 5_000.0),
        day_row(SECOND, "EUR", 1, 0.0, 350.0, 4.0, 1.25, 5_500.0),
        day_row(THIRD, "EUR", 1, 600.0, -625.0, 10.0, 1.5, 12_375.0),
        day_row(THIRD, "USD", 0, 0.0, 0.0, 2.0, 1.0, 0.0),
    ],
    "v_equity_daily": [
        equity_row(FIRST, 246.0, 246.0, 1.25),
        equity_row(SECOND, 346.0, 592.0, 1.25),
        equity_row(THIRD, -35.0, 557.0, 1.5),
    ],
    "v_drawdown": [
        fall_row(FIRST, 246.0, 246.0, FIRST, 0),
        fall_row(SECOND, 592.0, 592.0, SECOND, 0),
        fall_row(THIRD, 557.0, 592.0, SECOND, 1),
    ],
    "v_return_on_capital": [
        OF | {
            "client": None, "currency": "EUR", "first_date": FIRST, "last_date": THIRD, "sessions": 3,
            "capital": 100_000.0, "total_pnl": 557.0, "equity": 100_557.0, "return_on_capital": 0.00557,
        }
    ],
    "v_rejected_signals": [
        {
            "rejected_signal_id": 1, "mode": "paper", "account": "P1", "strategy": "swing", "client": "bot",
            "event_time": f"{SECOND} 15:00:00.000000", "symbol": "AAPL", "side": "SELL", "order_type": "MARKET",
            "quantity": 3.0, "limit_price": 12.5, "stop_price": 11.5, "rule": "max_position", "reason": "too many",
            "create_time": NOW, "strategy_id": 2, "strategy_run_id": 1, "current_run": 1,
        }
    ],
    "v_job_problems": [
        {
            "job_run_id": 1, "mode": "live", "client": "dax", "job": "rebalance", "due": f"{THIRD} 14:00:00.000000",
            "started": None, "finished": None, "outcome": "missed", "problem": "MISSED", "delay_seconds": None,
            "trace": "",
        },
        {
            "job_run_id": 2, "mode": "live", "client": "dax", "job": "check", "due": NOW, "started": NOW,
            "finished": NOW, "outcome": "interrupted", "problem": "INTERRUPTED", "delay_seconds": 0.0, "trace": "",
        },
    ],
    "v_portfolio_daily": [
        {
            "mode": "live", "trade_date": day, "reporting_currency": "USD", "strategies": 1, "fills": 1,
            "realized_pnl": realized, "unrealized_change": change, "commission": fee, "net_pnl": realized - fee,
            "total_pnl": realized - fee + change, "cumulative_pnl": cumulative, "missing_rate": None, "left_out": 0,
            "cumulative_left_out": 0,
        }
        for day, realized, change, fee, cumulative in (
            (FIRST, 0.0, 312.5, 5.0, 307.5),
            (SECOND, 0.0, 437.5, 5.0, 740.0),
            (THIRD, 900.0, -937.5, 17.0, 685.5),
        )
    ],
}  # fmt: skip
OF_TODAY: Final = {"mark_age_days"}
"""Depends on the machine's date; has a test of its own."""
WITH_CAPITAL: Final = {"v_equity_daily": "equity", "v_drawdown": "equity", "v_return_on_capital": "capital"}
"""The fee in dollars has rows of its own there, which no capital belongs to."""
KEYS: Final = ("seq_id", "execution_seq", "commission_id", "job_run_id", "trade_date", "currency")


@pytest.mark.parametrize("view", EXPECTED)
def test_each_column_of_a_view_is_what_the_story_gives(story: Ledger, rows: Rows, view: str) -> None:
    (path,) = (path for path in view_files() if path.stem == view)
    columns = {column.name for column in read_view(path).columns} - OF_TODAY
    expected = EXPECTED[view]
    assert columns <= set(expected[0]), "the story has a word for each column"

    order = ", ".join(name for name in KEYS if name in columns) or "mode"
    there = f"{WITH_CAPITAL[view]} IS NOT NULL" if view in WITH_CAPITAL else "1 = 1"
    found = rows(f"SELECT * FROM {view} WHERE mode = ? AND {there} ORDER BY {order}", expected[0]["mode"])

    assert [{name: row[name] for name in columns} for row in found] == [
        {name: near(row[name]) for name in columns} for row in expected
    ]


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
