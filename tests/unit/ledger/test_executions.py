"""Executions are booked once; commissions are kept once; clients' own position events are adopted."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument

Rows = Callable[..., list[dict[str, Any]]]
Count = Callable[[str], int]


def fill(
    ledger: Ledger, exec_id: str, order_id: int | None, side: str, quantity: float, price: float, **more: Any
) -> int:
    more.setdefault("exec_time", "2024-03-06 15:00:00")
    return ledger.insert_execution(exec_id, order_id, side=side, quantity=quantity, price=price, **more)


def test_a_fill_books_position_cost_and_profit(ledger: Ledger, order: int, rows: Rows) -> None:
    fill(ledger, "1", order, "BUY", 100, 10.0)
    fill(ledger, "2", order, "SELL", 40, 12.5)
    fill(ledger, "3", order, "SELL", 100, 11.0)

    booked = rows("SELECT position, avg_price, cost, trade_quantity, realized_pnl, event_type FROM position_event")
    assert [tuple(row.values()) for row in booked] == [
        (100.0, 10.0, 1000.0, 100.0, 0.0, "OPEN_LONG"),
        (60.0, 10.0, 600.0, -40.0, 100.0, "PARTIAL_CLOSE"),
        (-40.0, 11.0, -440.0, -100.0, 60.0, "FLIP"),
    ]


def test_what_the_execution_does_not_say_comes_from_its_order(ledger: Ledger, order: int, rows: Rows) -> None:
    fill(ledger, "1", order, "BOT", 100, 10.0)

    (row,) = rows("SELECT * FROM execution")
    assert (row["symbol"], row["account"], row["mode"], row["leg"], row["side"]) == ("AAPL", "U1", "live", "NET", "BUY")
    assert (row["order_type"], row["currency"], row["amount"]) == ("MKT", "USD", -1000.0)
    assert row["strategy_id"] == ledger.get_strategy_id("trend")
    assert row["broker_id"] == ledger.get_broker_id("IBKR")


def test_the_same_exec_id_again_changes_nothing(ledger: Ledger, order: int, everything: Callable[[], object]) -> None:
    first = fill(ledger, "1", order, "BUY", 100, 10.0)
    before = everything()

    assert fill(ledger, "1", order, "BUY", 100, 10.0) == first
    assert everything() == before


def test_the_same_exec_id_with_other_figures_keeps_the_first_and_tells(
    ledger: Ledger, order: int, count: Count
) -> None:
    fill(ledger, "1", order, "BUY", 100, 10.0)
    fill(ledger, "1", order, "BUY", 90, 10.0)

    (alert,) = ledger.alerts()
    assert count("execution") == 1
    assert alert["kind"] == "execution_conflict"
    assert "Refused: BUY 90" in alert["body"]


def test_a_fill_of_an_unknown_order_is_kept_with_an_alert(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 4711, "BUY", 5, 10.0, symbol="SPY")

    (row,) = rows("SELECT strategy, symbol, position FROM v_executions")
    (alert,) = ledger.alerts()
    assert row == {"strategy": "unallocated", "symbol": "SPY", "position": 5.0}
    assert alert["kind"] == "order_unknown"
    assert "4711" in alert["body"]


def test_a_fill_of_an_unknown_order_with_a_strategy_needs_no_alert(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 4711, "BUY", 5, 10.0, symbol="SPY", strategy_id="trend")

    assert rows("SELECT strategy FROM v_executions") == [{"strategy": "trend"}]
    assert ledger.alerts() == []


@pytest.mark.parametrize(
    "other",
    [
        {"mode": "paper"},
        {"account": "U2"},
        {"leg": "LONG"},
        {"contract_id": "9"},
        {"strategy_id": "b"},
        {"broker_id": "X"},
        {"symbol": "MSFT"},
    ],
)
def test_positions_are_kept_apart(ledger: Ledger, count: Count, rows: Rows, other: dict[str, str]) -> None:
    ledger.insert_broker("X")
    base: dict[str, Any] = {"strategy_id": "a", "symbol": "SPY", "account": "U1", "mode": "live"}
    fill(ledger, "1", None, "BUY", 5, 10.0, **base)
    fill(ledger, "2", None, "BUY", 5, 10.0, **(base | other))

    assert count("v_positions") == 2
    assert [row["position"] for row in rows("SELECT position FROM position_event")] == [5.0, 5.0]


def test_the_multiplier_of_a_registered_instrument_counts(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("ES", multiplier=50.0, currency="USD", calendar="24/7", instrument_type="FUT"))
    fill(ledger, "1", None, "BUY", 2, 5000.0, symbol="ES", strategy_id="a", instrument_type="FUT")
    fill(ledger, "2", None, "SELL", 2, 5001.0, symbol="ES", strategy_id="a", instrument_type="FUT")

    assert [row["realized_pnl"] for row in rows("SELECT realized_pnl FROM position_event")] == [0.0, 100.0]
    assert ledger.alerts() == []


def test_an_unregistered_future_is_booked_and_told(ledger: Ledger) -> None:
    fill(ledger, "1", None, "BUY", 2, 5000.0, symbol="NQ", strategy_id="a", instrument_type="FUT")

    (alert,) = ledger.alerts()
    assert alert["kind"] == "instrument_unknown"


def test_amounts_are_rounded_to_the_currencys_minor_unit(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("7203", currency="JPY", calendar="24/7"))
    fill(ledger, "1", None, "BUY", 3, 100.333, symbol="7203", strategy_id="a")
    ledger.insert_commission("1", 1.5)
    fill(ledger, "2", None, "BUY", 3, 100.333, symbol="AAPL", strategy_id="a")
    ledger.insert_commission("2", 0.3512)

    assert [row["amount"] for row in rows("SELECT amount FROM execution")] == [-301.0, -301.0]
    booked = rows("SELECT amount, booked_amount, currency FROM commission")
    assert [tuple(row.values()) for row in booked] == [(1.5, 2.0, "JPY"), (0.3512, 0.35, "USD")]


@pytest.mark.parametrize(
    ("moment", "session"),
    [
        ("2024-03-06 15:00:00", "2024-03-06"),  # during the session in New York
        ("2024-03-06 22:30:00", "2024-03-07"),  # after the close
        ("2024-03-09 15:00:00", "2024-03-11"),  # a Saturday
        ("2024-11-29 18:30:00", "2024-12-02"),  # after the early close of a half-day
    ],
)
def test_the_trade_date_is_the_session_of_the_instruments_calendar(
    ledger: Ledger, rows: Rows, moment: str, session: str
) -> None:
    fill(ledger, "1", None, "BUY", 1, 10.0, symbol="AAPL", strategy_id="a", exec_time=moment)

    assert rows("SELECT e.trade_date a, p.trade_date b FROM execution e JOIN position_event p USING (exec_id)") == [
        {"a": session, "b": session}
    ]


def test_a_given_trade_date_stands(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", None, "BUY", 1, 10.0, symbol="AAPL", strategy_id="a", trade_date="2024-03-01")

    assert rows("SELECT trade_date FROM execution") == [{"trade_date": "2024-03-01"}]


def test_a_fill_outside_every_calendar_is_kept_under_its_utc_date(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("XX", calendar="NOWHERE"))
    fill(ledger, "1", None, "BUY", 1, 10.0, symbol="XX", strategy_id="a")

    assert rows("SELECT trade_date FROM execution") == [{"trade_date": "2024-03-06"}]
    assert ledger.alerts()[0]["kind"] == "calendar"


def test_executions_are_found_by_order_and_by_id(ledger: Ledger, order: int) -> None:
    for number in range(3):
        fill(ledger, f"x{number}", order, "BUY", 1, 10.0, metadata={"n": number})

    assert len(ledger.get_executions(order)) == 3
    assert ledger.get_executions(exec_id="x2")["metadata"].tolist() == [{"n": 2}]
    assert len(ledger.get_executions(order + 1)) == 0


def test_a_commission_is_kept_once_for_each_kind(ledger: Ledger, rows: Rows) -> None:
    for _ in range(2):
        ledger.insert_commission("x", 1.0, "USD")
        ledger.insert_commission("x", 0.2, "USD", "EXCHANGE")
    ledger.insert_commission("x", -0.5, "USD", revision=1, realized_pnl=12.0, metadata={"why": "rebate"})

    assert [(row["amount"], row["fee_type"]) for row in rows("SELECT * FROM commission")] == [
        (1.0, "COMMISSION"),
        (0.2, "EXCHANGE"),
        (-0.5, "COMMISSION"),
    ]


def test_a_commission_may_come_before_its_execution(ledger: Ledger, order: int, rows: Rows) -> None:
    ledger.insert_commission("1", 1.25, "USD")
    fill(ledger, "1", order, "BUY", 100, 10.0)

    assert rows("SELECT commission, net_amount FROM v_executions") == [{"commission": 1.25, "net_amount": -1001.25}]


def test_another_amount_under_the_same_key_is_told(ledger: Ledger) -> None:
    ledger.insert_commission("x", 1.0, "USD")
    ledger.insert_commission("x", 1.1, "USD")

    (alert,) = ledger.alerts()
    assert alert["kind"] == "commission_conflict"
    assert "revision=1" in alert["body"]


def test_a_clients_position_event_after_the_booking_changes_nothing(
    ledger: Ledger, order: int, everything: Callable[[], object]
) -> None:
    fill(ledger, "1", order, "BUY", 100, 10.0)
    before = everything()

    ledger.insert_position_event(None, "trend", "IBKR", "1", order, "AAPL", 100, 10.0, 100, 10.0, "OPEN")

    assert everything() == before


def test_a_clients_position_event_before_the_booking_is_adopted(ledger: Ledger, order: int, rows: Rows) -> None:
    own = ledger.insert_position_event(
        "2024-03-06 15:00:01", "trend", "IBKR", "1", order, "AAPL", 100, 10.0, 100, 10.0, "OPEN", "pair-7", {"k": 1}
    )
    fill(ledger, "1", order, "BUY", 100, 10.0)
    fill(ledger, "2", order, "SELL", 100, 11.0)

    first, second = rows("SELECT * FROM position_event ORDER BY position_event_id")
    assert first["position_event_id"] == own
    assert (first["event_type"], first["group_label"], first["metadata"]) == ("OPEN", "pair-7", '{"k": 1}')
    assert (first["cost"], first["realized_pnl"], first["execution_seq"]) == (1000.0, 0.0, 1)
    assert second["realized_pnl"] == 100.0
    assert ledger.alerts() == []


def test_an_adopted_event_that_differs_takes_the_bookings_figures_and_tells(
    ledger: Ledger, order: int, rows: Rows
) -> None:
    ledger.insert_position_event(None, "trend", None, "1", order, "AAPL", 70, 9.0, 70, 9.0)
    fill(ledger, "1", order, "BUY", 100, 10.0)

    (row,) = rows("SELECT position, avg_price, metadata FROM position_event")
    (alert,) = ledger.alerts()
    assert (row["position"], row["avg_price"]) == (100.0, 10.0)
    assert '"position": 70.0' in row["metadata"]
    assert alert["kind"] == "position_mismatch"


def test_fills_booked_while_a_clients_event_waits_are_counted_in_booking_order(
    ledger: Ledger, order: int, rows: Rows
) -> None:
    ledger.insert_position_event(None, "trend", None, "late", order, "AAPL", 30, 10.0, 30, 10.0)
    fill(ledger, "early", order, "BUY", 100, 10.0)
    fill(ledger, "late", order, "SELL", 30, 10.0)
    fill(ledger, "last", order, "SELL", 70, 10.0)

    positions = rows("SELECT exec_id, position FROM position_event ORDER BY execution_seq")
    assert [tuple(row.values()) for row in positions] == [("early", 100.0), ("late", 70.0), ("last", 0.0)]
    last = ledger.get_last_position_event("trend", "AAPL")
    assert last is not None
    assert last["exec_id"] == "last"


def test_a_clients_own_word_without_an_execution_is_kept_but_books_nothing(
    ledger: Ledger, order: int, count: Count
) -> None:
    ledger.insert_position_event(strategy_id="trend", symbol="AAPL", position=500, event_type="TAKEN_OVER")
    newest = ledger.get_last_position_event("trend", "AAPL")
    fill(ledger, "1", order, "BUY", 100, 10.0)
    booked = ledger.get_last_position_event("trend", "AAPL")

    assert newest is not None
    assert (newest["position"], newest["event_type"]) == (500.0, "TAKEN_OVER")
    assert booked is not None
    assert booked["position"] == 100.0
    assert count("position_event") == 2
    assert ledger.get_last_position_event("trend", "AAPL", mode="paper") is None


def test_the_fill_and_its_commission_can_be_one_transaction(ledger: Ledger, order: int, count: Count) -> None:
    def both() -> None:
        with ledger.transaction():
            fill(ledger, "1", order, "BUY", 100, 10.0)
            ledger.insert_commission("1", float("nan"))

    with pytest.raises(InvalidRecord):
        both()

    assert (count("execution"), count("position_event"), count("commission")) == (0, 0, 0)


@pytest.mark.parametrize("table", ["order_status", "execution", "commission", "position_event", "rejected_signal"])
def test_history_refuses_changes_from_any_connection(ledger: Ledger, order: int, count: Count, table: str) -> None:
    fill(ledger, "1", order, "BUY", 100, 10.0)
    ledger.insert_commission("1", 1.0)
    ledger.insert_order_status(order, "Filled", 100)
    with ledger.get_connection() as connection:
        connection.execute(
            "INSERT INTO rejected_signal VALUES "
            "(NULL, 1, NULL, 'live', '', '', 0, 'A', 'BUY', '', 1, 1, 1, 'r', '', '', '')"
        )
    key = {"order_status": "order_id", "rejected_signal": "symbol"}.get(table, "exec_id")

    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {key} = 0",
        f"UPDATE {table} SET metadata = '{{}}'",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(InvalidRecord, match="append-only"), ledger.get_connection() as connection:
            connection.execute(statement)

    assert count(table) == 1
