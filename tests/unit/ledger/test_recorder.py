"""The recorder keeps what an engine does: once, whatever is repeated, and whenever it is cut off."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import from_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Fill, Instrument, Leg, Order, OrderSide, OrderState, OrderType, Signal, TimeInForce
from quantstrip.ports import OrderUpdate, Recorder

Rows = Callable[..., list[dict[str, Any]]]
AAPL = Instrument("AAPL")
TS = from_text("2013-03-01 21:00:00")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
ENTRY = Order(
    "entry", "trend", "AAPL", BUY, 100.0, OrderType.MARKET, TS, decision_price=10.0, reason="cross", tag="pair"
)
STOP = Order(
    "stop", "trend", "AAPL", SELL, 100.0, OrderType.STOP, TS, stop_price=9.0, parent="entry", group="g",
    reduce_only=True, time_in_force=TimeInForce.DAY, trail_percent=0.03,
)  # fmt: skip


def begin(ledger: Ledger) -> LedgerRecorder:
    run = ledger.open_strategy_run("0123456789", "client", "trend", "replay", "", "code", {}, "sample", 100_000)
    return LedgerRecorder(ledger, run, "SIM", {"AAPL": AAPL})


def steps(recorder: LedgerRecorder) -> list[Callable[[], None]]:
    """A run: an entry that fills in two parts, a stop that is cancelled, two refusals, equity."""
    return [
        lambda: recorder.order(ENTRY, AAPL),
        lambda: recorder.order(STOP, AAPL),
        lambda: recorder.update(OrderUpdate("entry", OrderState.SUBMITTED, 0, 100, 0, TS)),
        lambda: recorder.rejected(Signal("AAPL", "BUY", quantity=float("nan")), TS, "quantity", "not a number"),
        lambda: recorder.rejected(Signal("AAPL", "BUY", quantity=float("nan")), TS, "quantity", "not a number"),
        lambda: recorder.fill(Fill("x1", "entry", "trend", "AAPL", BUY, 60.0, 10.0, TS + 1, 0.5), AAPL),
        lambda: recorder.update(OrderUpdate("entry", OrderState.PARTIALLY_FILLED, 60, 40, 10, TS + 1)),
        lambda: recorder.fill(Fill("x2", "entry", "trend", "AAPL", BUY, 40.0, 11.0, TS + 2, 0.5), AAPL),
        lambda: recorder.update(OrderUpdate("entry", OrderState.FILLED, 100, 0, 10.4, TS + 2, "", "EXT-1")),
        lambda: recorder.update(OrderUpdate("stop", OrderState.CANCELLED, 0, 100, 0, TS + 3, "day is over")),
        lambda: recorder.progress(TS + 3, 100_010.0),
        recorder.close,
    ]


def test_it_is_a_recorder(ledger: Ledger) -> None:
    recorder: Recorder = begin(ledger)

    assert recorder.open_orders() == []


def test_a_run_leaves_the_whole_life_cycle(ledger: Ledger, rows: Rows) -> None:
    for step in steps(begin(ledger)):
        step()

    orders = rows("SELECT client_reference, status, filled_quantity, external_order_id, account, client FROM v_orders")
    assert [tuple(row.values()) for row in orders] == [
        ("entry", "FILLED", 100.0, "EXT-1", "replay-01234567", "client"),
        ("stop", "CANCELLED", 0.0, None, "replay-01234567", "client"),
    ]
    fills = rows("SELECT exec_id, position, commission, code_hash FROM v_executions")
    assert [tuple(row.values()) for row in fills] == [("x1", 60.0, 0.5, "code"), ("x2", 100.0, 0.5, "code")]
    events = rows("SELECT position, event_type, group_label, status FROM strategy_event")
    assert [tuple(row.values()) for row in events] == [
        (100.0, "BUY", "pair", "EXECUTED"),
        (0.0, "SELL", None, "FAILED"),
    ]
    refused = rows("SELECT symbol, quantity, rule, reason FROM rejected_signal")
    assert [tuple(row.values()) for row in refused] == [("AAPL", None, "quantity", "not a number")] * 2
    assert rows("SELECT event_time, equity FROM v_equity") == [
        {"event_time": "2013-03-01 21:00:00.000003", "equity": 100_010.0}
    ]


@pytest.mark.parametrize("cut", range(13))
def test_a_run_cut_off_anywhere_and_repeated_leaves_the_same_rows(
    ledger: Ledger, cut: int, rows: Rows, everything: Callable[[], dict[str, list[Any]]]
) -> None:
    for step in steps(begin(ledger))[:cut]:
        step()
    for _ in range(2):
        for step in steps(begin(ledger)):
            step()

    counts = {name: len(found) for name, found in everything().items() if name not in ("version", "alembic_version")}
    assert {name: n for name, n in counts.items() if n} == {
        "broker": 1, "strategy": 1, "instrument": 1, "strategy_run": 1, "order_id_state": 1, "orders": 2,
        "order_status": 4, "strategy_event": 2, "execution": 2, "position_event": 2, "commission": 2,
        "rejected_signal": 2, "strategy_equity": 1, "equity_day": 1, "position_day": 1, "round_trip": 1,
        "trade_fill": 2, "reporting": 1,
    }  # fmt: skip
    assert rows("SELECT position, cost FROM v_positions") == [{"position": 100.0, "cost": 1040.0}]


def test_a_repeated_run_writes_nothing_at_all(ledger: Ledger) -> None:
    for step in steps(begin(ledger)):
        step()
    again = begin(ledger)
    with ledger.get_connection() as watch:
        before = watch.execute("PRAGMA data_version").fetchone()
        for step in steps(again):
            step()

        assert watch.execute("PRAGMA data_version").fetchone() == before


def test_orders_that_are_not_over_come_back_as_they_were(ledger: Ledger) -> None:
    first = begin(ledger)
    for step in steps(first)[:7]:
        step()

    entry, stop = begin(ledger).open_orders()

    assert entry.order == ENTRY
    assert (entry.state, entry.filled, entry.average_price, entry.exec_ids) == (
        OrderState.PARTIALLY_FILLED, 60.0, 10.0, ("x1",),
    )  # fmt: skip
    assert stop.order == STOP
    assert (stop.state, stop.filled, stop.exec_ids) == (OrderState.CREATED, 0.0, ())


def test_a_fill_of_an_order_it_never_saw_is_kept(ledger: Ledger, rows: Rows) -> None:
    begin(ledger).fill(Fill("x1", "lost", "trend", "AAPL", BUY, 60.0, 10.0, TS, 0.5), AAPL)

    assert rows("SELECT strategy, order_id, position FROM v_executions") == [
        {"strategy": "trend", "order_id": None, "position": 60.0}
    ]
    begin(ledger).fill(Fill("x1", "lost", "trend", "AAPL", BUY, 60.0, 10.0, TS, 0.5), AAPL)
    assert len(rows("SELECT * FROM execution")) == 1


def test_a_report_on_an_order_it_never_saw_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecord, match="lost"):
        begin(ledger).update(OrderUpdate("lost", OrderState.FILLED, 1, 0, 1, TS))


def test_legs_of_a_hedge_are_positions_of_their_own(ledger: Ledger, rows: Rows) -> None:
    recorder = begin(ledger)
    for leg, side in ((Leg.LONG, BUY), (Leg.SHORT, SELL)):
        recorder.order(Order(leg, "trend", "AAPL", side, 5.0, OrderType.MARKET, TS, leg=leg), AAPL)
        recorder.fill(Fill(f"x{leg}", leg, "trend", "AAPL", side, 5.0, 10.0, TS, leg=leg), AAPL)

    assert [tuple(row.values()) for row in rows("SELECT leg, position FROM v_positions ORDER BY leg")] == [
        ("LONG", 5.0),
        ("SHORT", -5.0),
    ]


def test_the_last_equity_point_is_written_while_the_feed_holds(ledger: Ledger) -> None:
    recorder = begin(ledger)
    for number in range(3):
        recorder.progress(TS + number, 100_000.0 + number)

    deadline = time.monotonic() + 10
    while ledger.strategy_runs()[0]["last_equity"] != 100_002.0 and time.monotonic() < deadline:
        time.sleep(0.02)

    assert ledger.strategy_runs()[0]["last_equity"] == 100_002.0
    assert ledger.strategy_runs()[0]["feed_date"] == "2013-03-04"  # at the very close the next session begins


def test_many_points_at_once_do_not_wait(ledger: Ledger, rows: Rows) -> None:
    recorder = begin(ledger)
    for number in range(500):
        recorder.progress(TS + number, 100_000.0)

    assert rows("SELECT COUNT(*) AS n FROM strategy_equity") == [{"n": 500}]
    recorder.close()


def test_impossible_orders_and_fills_are_refused(ledger: Ledger, rows: Rows) -> None:
    recorder = begin(ledger)
    with pytest.raises(InvalidRecord):
        recorder.order(ENTRY._replace(quantity=float("nan")), AAPL)
    with pytest.raises(InvalidRecord):
        recorder.fill(Fill("x", "entry", "trend", "AAPL", BUY, 1.0, float("nan"), TS), AAPL)

    assert rows("SELECT * FROM orders") == []
    assert rows("SELECT * FROM execution") == []
