"""What a strategy intended, from PENDING to what came of it."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import Ledger

Rows = Callable[..., list[dict[str, Any]]]


def status_of(ledger: Ledger, order_id: int) -> str:
    event = ledger.get_last_strategy_event_by_order(order_id)
    assert event is not None
    return str(event["status"])


def execute(ledger: Ledger, order_id: int, exec_id: str = "1") -> None:
    ledger.insert_execution(exec_id, order_id, side="BUY", quantity=1, price=10, trade_date="2024-03-06")


def test_the_published_form_takes_everything_from_the_order(ledger: Ledger, order: int) -> None:
    ledger.insert_strategy_event(order, 100, "OPEN", "pair-7", "PENDING", {"signal": 0.7})

    event = ledger.get_last_strategy_event("trend", "AAPL")
    assert event is not None
    assert (event["order_id"], event["position"], event["event_type"], event["group_label"]) == (
        order, 100.0, "OPEN", "pair-7",
    )  # fmt: skip
    assert (event["symbol"], event["account"], event["status"]) == ("AAPL", "U1", "PENDING")
    assert event["metadata"] == {"signal": 0.7}


def test_the_short_form_records_a_signal(ledger: Ledger) -> None:
    ledger.insert_strategy_event(strategy_id="my_strat", symbol="SPY", event_type="BUY")

    event = ledger.get_last_strategy_event("my_strat")
    assert event is not None
    assert (event["symbol"], event["event_type"], event["status"], event["order_id"]) == ("SPY", "BUY", "PENDING", None)
    assert ledger.get_last_strategy_event("my_strat", "QQQ") is None
    assert ledger.get_last_strategy_event(ledger.get_strategy_id("my_strat") or 0) == event


def test_asking_for_a_strategy_does_not_register_it(ledger: Ledger) -> None:
    assert ledger.get_last_strategy_event("never seen") is None
    assert ledger.get_strategy_id("never seen") is None


def test_the_first_fill_makes_it_executed_and_reconciliation_confirmed(ledger: Ledger, order: int) -> None:
    assert status_of(ledger, order) == "PENDING"
    execute(ledger, order)
    assert status_of(ledger, order) == "EXECUTED"
    ledger.update_strategy_event_status(order)
    assert status_of(ledger, order) == "CONFIRMED"
    execute(ledger, order, "2")
    assert status_of(ledger, order) == "CONFIRMED"


@pytest.mark.parametrize("word", ["Cancelled", "CANCELED", "ApiCancelled", "EXPIRED", "Rejected", "Inactive"])
def test_an_order_that_ends_without_a_fill_failed(ledger: Ledger, order: int, word: str) -> None:
    ledger.insert_order_status(order, word, 0, 100)

    assert status_of(ledger, order) == "FAILED"


def test_an_order_that_ends_after_a_fill_did_not_fail(ledger: Ledger, order: int) -> None:
    execute(ledger, order)
    ledger.insert_order_status(order, "Cancelled", 1, 99)

    assert status_of(ledger, order) == "EXECUTED"


def test_a_cancellation_that_knows_of_a_fill_waits_for_it(ledger: Ledger, order: int) -> None:
    ledger.insert_order_status(order, "Cancelled", 40, 60)

    assert status_of(ledger, order) == "PENDING"


def test_a_fill_that_outran_its_cancellation_counts(ledger: Ledger, order: int) -> None:
    ledger.insert_order_status(order, "Cancelled", 0, 100)
    execute(ledger, order)

    assert status_of(ledger, order) == "EXECUTED"


def test_an_intention_noted_after_its_fill_is_executed_at_once(ledger: Ledger, order: int) -> None:
    execute(ledger, order)
    ledger.insert_strategy_event(order, 100, "LATE")

    assert status_of(ledger, order) == "EXECUTED"


@pytest.mark.parametrize(
    ("before", "after"),
    [("CONFIRMED", "PENDING"), ("CONFIRMED", "FAILED"), ("FAILED", "CONFIRMED"), ("EXECUTED", "PENDING")],
)
def test_it_never_goes_backwards(ledger: Ledger, order: int, before: str, after: str) -> None:
    ledger.update_strategy_event_status(order, before)

    with pytest.raises(InvalidRecord, match=f"from {before} to {after}"):
        ledger.update_strategy_event_status(order, after)

    assert status_of(ledger, order) == before


def test_the_same_status_again_changes_nothing(ledger: Ledger, order: int, everything: Callable[[], object]) -> None:
    ledger.update_strategy_event_status(order, "confirmed")
    before = everything()
    ledger.update_strategy_event_status(order, "CONFIRMED")

    assert everything() == before


def test_only_its_status_can_change(ledger: Ledger, order: int, rows: Rows) -> None:
    for statement in ("DELETE FROM strategy_event", "UPDATE strategy_event SET position = 1"):
        with pytest.raises(InvalidRecord), ledger.get_connection() as connection:
            connection.execute(statement)

    assert rows("SELECT position FROM strategy_event") == [{"position": 100.0}]
    assert status_of(ledger, order) == "PENDING"
