"""Orders, their statuses, and ids that never repeat."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger

Rows = Callable[..., list[dict[str, Any]]]
Count = Callable[[str], int]


def test_an_order_is_read_back_as_it_was_given(ledger: Ledger) -> None:
    ledger.insert_broker("IBKR")
    order_id = ledger.insert_order(
        4711, "trend", "IBKR", "U1", "AAPL", "buy", "LMT", 100, 180.5, None, 0.5, "STK", 12, "ref-1", "X9",
        {"why": "cross"}, contract_id=265598, mode="paper", leg="LONG", currency="USD",
    )  # fmt: skip

    row = ledger.get_order(order_id, "trend", "AAPL").iloc[0].to_dict()

    assert order_id == 4711
    assert (row["side"], row["total_quantity"], row["limit_price"], row["trail_amount"]) == ("BUY", 100.0, 180.5, 0.5)
    assert (row["parent_order_id"], row["client_reference"], row["external_order_id"]) == (12, "ref-1", "X9")
    assert (row["contract_id"], row["mode"], row["leg"], row["account"]) == ("265598", "paper", "LONG", "U1")
    assert row["metadata"] == {"why": "cross"}
    assert row["create_time"] == row["event_time"] == "2024-03-06 17:00:00.000000"


def test_orders_are_found_by_id_strategy_and_symbol(ledger: Ledger) -> None:
    for strategy, symbol in (("a", "AAPL"), ("a", "MSFT"), ("b", "AAPL")):
        ledger.insert_order(7, strategy, None, "", symbol, "BUY", "MKT", 1)

    assert len(ledger.get_order(7)) == 3
    assert len(ledger.get_order(7, "a")) == 2
    assert len(ledger.get_order(7, ledger.get_strategy_id("a"), "MSFT")) == 1
    assert len(ledger.get_order(7, "nobody")) == 0
    assert ledger.get_strategy_id("nobody") is None


def test_the_same_reference_again_is_the_same_order(ledger: Ledger, count: Count) -> None:
    first = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 100, client_reference="ref-1")
    again = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 100, client_reference="ref-1")

    assert again == first
    assert count("orders") == 1


def test_a_reference_belongs_to_one_mode_and_strategy(ledger: Ledger, count: Count) -> None:
    for mode, strategy in (("live", "a"), ("paper", "a"), ("live", "b")):
        ledger.insert_order(None, strategy, None, "", "AAPL", "BUY", "MKT", 1, client_reference="ref-1", mode=mode)

    assert count("orders") == 3


def test_without_a_reference_every_order_is_new(ledger: Ledger, count: Count) -> None:
    for _ in range(2):
        ledger.insert_order(5, "trend", None, "", "AAPL", "BUY", "MKT", 1)

    assert count("orders") == 2


def test_an_order_changes_only_in_the_brokers_id(ledger: Ledger, order: int, rows: Rows, clock: ManualClock) -> None:
    before = rows("SELECT * FROM orders")[0]
    clock.advance(5)

    ledger.update_order_external_id(order, "PERM-1")

    after = rows("SELECT * FROM orders")[0]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"external_order_id", "update_time"}
    assert after["external_order_id"] == "PERM-1"


def test_a_strategy_is_registered_on_first_use(ledger: Ledger) -> None:
    ledger.insert_order(1, "brand new", None, "", "AAPL", "BUY", "MKT", 1)

    assert ledger.get_strategy_id("brand new") == 1


def test_a_misspelt_broker_is_not_registered_but_named(ledger: Ledger) -> None:
    ledger.insert_broker("IBKR")

    with pytest.raises(UnknownRecord, match="registered: IBKR"):
        ledger.insert_order(1, "s", "IBRK", "", "AAPL", "BUY", "MKT", 1)


def test_statuses_are_kept_and_read_newest_first(ledger: Ledger, order: int) -> None:
    for second, status in enumerate(("PreSubmitted", "Submitted", "Filled")):
        ledger.insert_order_status(order, status, 100.0 * (second == 2), event_time=f"2024-03-06 17:00:0{second}")

    statuses = ledger.get_order_status(order)
    current = ledger.get_current_order_status(order)

    assert list(statuses["status"]) == ["Filled", "Submitted", "PreSubmitted"]
    assert current is not None
    assert current["status"] == "Filled"
    assert ledger.get_current_order_status(order + 1) is None


def test_the_same_report_again_changes_nothing(ledger: Ledger, order: int, count: Count) -> None:
    first = ledger.insert_order_status(order, "Submitted", 0, 100, event_time="2024-03-06 17:00:01")
    again = ledger.insert_order_status(order, "Submitted", 0, 100, event_time="2024-03-06 17:00:01")
    ledger.insert_order_status(order, "Submitted", 50, 50, event_time="2024-03-06 17:00:01")
    ledger.insert_order_status(order, "Submitted", event_time="2024-03-06 17:00:01")
    ledger.insert_order_status(order, "Submitted", event_time="2024-03-06 17:00:01")

    assert again == first
    assert count("order_status") == 3


def test_without_a_time_every_report_is_new(ledger: Ledger, order: int, count: Count) -> None:
    for _ in range(2):
        ledger.insert_order_status(order, "Submitted", 0, 100)

    assert count("order_status") == 2


def test_a_status_of_an_unknown_order_is_kept(ledger: Ledger, count: Count) -> None:
    ledger.insert_order_status(999, "Filled", 10)

    assert count("order_status") == 1


def test_order_ids_are_seconds_since_2020_and_always_rise(ledger: Ledger, clock: ManualClock) -> None:
    seconds = (clock.now() - from_text("2020-01-01")) // 1_000_000

    ids = [ledger.next_order_id() for _ in range(3)]
    clock.advance(-3600)
    ids.append(ledger.next_order_id())
    clock.advance(7200)
    ids.append(ledger.next_order_id())

    assert ids == [seconds, seconds + 1, seconds + 2, seconds + 3, seconds + 3600]


def test_order_ids_have_nine_digits_and_then_overflow_without_a_trace(
    ledger: Ledger, clock: ManualClock, rows: Rows
) -> None:
    clock.set(from_text("2020-01-01") + 999_999_998_000_000)
    assert [ledger.next_order_id(), ledger.next_order_id()] == [999_999_998, 999_999_999]

    for _ in range(2):
        with pytest.raises(OverflowError, match="9 digits"):
            ledger.next_order_id()

    assert rows("SELECT last_id FROM order_id_state") == [{"last_id": 999_999_999}]


def test_orders_cannot_be_deleted_nor_changed_behind_the_platforms_back(ledger: Ledger, order: int) -> None:
    for statement in ("DELETE FROM orders", "UPDATE orders SET total_quantity = 1", "UPDATE orders SET mode = 'paper'"):
        with pytest.raises(InvalidRecord), ledger.get_connection() as connection:
            connection.execute(statement)

    assert ledger.get_order(order)["total_quantity"].tolist() == [100.0]
