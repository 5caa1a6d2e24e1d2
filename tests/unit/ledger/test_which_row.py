"""Which of several rows a call means: the newest by the broker's time, the symbol's own, the client's later word."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import from_text
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderState, OrderType
from quantstrip.ports import OrderUpdate

Rows = Callable[..., list[dict[str, Any]]]
AAPL = Instrument("AAPL", contract_id="265598")
TS = from_text("2013-03-01 21:00:00")
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def test_the_current_status_is_the_newest_by_the_brokers_time_not_by_arrival(ledger: Ledger, order: int) -> None:
    for status, second in (("Submitted", 1), ("Filled", 3), ("PartiallyFilled", 2)):
        ledger.insert_order_status(order, status, event_time=f"2024-03-06 17:00:0{second}")

    assert ledger.get_order_status(order)["status"].tolist() == ["Filled", "PartiallyFilled", "Submitted"]
    current = ledger.get_current_order_status(order)
    assert current is not None
    assert current["status"] == "Filled"


def test_of_two_statuses_of_one_moment_the_later_arrival_is_the_newest(ledger: Ledger, order: int) -> None:
    for status in ("Submitted", "Filled"):
        ledger.insert_order_status(order, status, event_time="2024-03-06 17:00:01")

    assert ledger.get_order_status(order)["status"].tolist() == ["Filled", "Submitted"]


def test_an_execution_belongs_to_the_leg_of_its_symbol_where_orders_share_an_id(ledger: Ledger, rows: Rows) -> None:
    for symbol, contract in (("AAPL", 1), ("MSFT", 2)):
        ledger.insert_order(7, "pair", None, "U1", symbol, "BUY", "MKT", 1, contract_id=contract)
    named: tuple[str | None, ...] = ("AAPL", "MSFT", None)
    for number, symbol_or_none in enumerate(named):
        ledger.insert_execution(str(number), 7, symbol=symbol_or_none, side="BUY", quantity=1, price=10)

    assert [tuple(row.values()) for row in rows("SELECT symbol, contract_id FROM execution ORDER BY exec_id")] == [
        ("AAPL", "1"), ("MSFT", "2"), ("MSFT", "2"),
    ]  # fmt: skip


def test_a_clients_word_after_a_booking_is_the_newest_until_the_next_booking(ledger: Ledger) -> None:
    def newest() -> float:
        found = ledger.get_last_position_event("trend", "AAPL")
        assert found is not None
        return float(found["position"])

    ledger.insert_execution("1", None, "trend", symbol="AAPL", side="BUY", quantity=10, price=10)
    assert newest() == 10.0
    ledger.insert_position_event(strategy_id="trend", symbol="AAPL", position=500, event_type="TAKEN_OVER")
    assert newest() == 500.0
    ledger.insert_execution("2", None, "trend", symbol="AAPL", side="BUY", quantity=10, price=10)
    assert newest() == 20.0


def test_a_clients_position_event_takes_what_it_does_not_say_from_the_order(ledger: Ledger, rows: Rows) -> None:
    broker = ledger.insert_broker("IBKR")
    order = ledger.insert_order(
        None, "trend", "IBKR", "U1", "AAPL", "BUY", "MKT", 1, contract_id=1, mode="paper", leg="LONG"
    )
    ledger.insert_position_event(order_id=order, position=1)

    assert rows("SELECT broker_id, account, contract_id, mode, leg, symbol FROM position_event") == [
        {"broker_id": broker, "account": "U1", "contract_id": "1", "mode": "paper", "leg": "LONG", "symbol": "AAPL"}
    ]


@pytest.mark.parametrize(
    ("held", "side", "quantity", "reduce_only", "intended"),
    [
        (30.0, SELL, 30.0, True, 0.0),
        (30.0, SELL, 50.0, True, 0.0),  # a protective order that is larger than what is left closes, no more
        (30.0, SELL, 50.0, False, -20.0),
        (-30.0, BUY, 50.0, True, 0.0),
        (30.0, SELL, 10.0, True, 20.0),
        (0.0, BUY, 10.0, False, 10.0),
    ],
)
def test_the_intended_position_of_an_order_is_what_its_fill_would_leave(
    ledger: Ledger, held: float, side: OrderSide, quantity: float, reduce_only: bool, intended: float
) -> None:
    recorder = begin(ledger)
    if held:
        opened = Fill("x0", "lost", "trend", "AAPL", BUY if held > 0 else SELL, abs(held), 10.0, TS)
        recorder.fill(opened, AAPL)
    order = Order("out", "trend", "AAPL", side, quantity, OrderType.MARKET, TS, reduce_only=reduce_only)
    recorder.order(order, AAPL)

    event = ledger.get_last_strategy_event("trend", "AAPL", mode="paper")
    assert event is not None
    assert event["position"] == intended


def begin(ledger: Ledger) -> LedgerRecorder:
    run = ledger.open_strategy_run("k", "client", "trend", "paper", "P1", "code", {}, "sample", 100_000)
    return LedgerRecorder(ledger, run, "SIM", [AAPL])


def test_a_brokers_id_that_comes_with_a_known_state_is_noted(ledger: Ledger, rows: Rows) -> None:
    recorder = begin(ledger)
    recorder.order(Order("r", "trend", "AAPL", BUY, 1.0, OrderType.MARKET, TS), AAPL)
    for external in ("", "PERM-1"):
        recorder.update(OrderUpdate("r", OrderState.ACCEPTED, 0.0, 1.0, 0.0, TS, "", external))

    assert rows("SELECT external_order_id FROM orders") == [{"external_order_id": "PERM-1"}]
    assert rows("SELECT COUNT(*) AS n FROM order_status") == [{"n": 1}]
