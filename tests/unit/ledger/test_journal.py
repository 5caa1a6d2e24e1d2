"""The trade journal: fills by hand, positions taken over, corrections. Nothing is edited; views show the net truth."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument

Rows = Callable[..., list[dict[str, Any]]]
Everything = Callable[[], dict[str, list[tuple[Any, ...]]]]


def fill(ledger: Ledger, exec_id: str, side: str, quantity: float, price: float, day: str = "2024-03-06") -> None:
    ledger.insert_execution(
        exec_id, None, "trend", symbol="AAPL", side=side, quantity=quantity, price=price, exec_time=f"{day} 15:00:00",
        account="U1",
    )  # fmt: skip
    ledger.insert_commission(exec_id, 1.0, "USD")


def net(rows: Rows) -> dict[str, Any]:
    """What the strategy has made, holds, and in which trades."""
    return {
        "pnl": rows("SELECT realized_pnl, commission, net_pnl, fills FROM v_strategy_pnl"),
        "held": rows("SELECT strategy, position, avg_price, cost, realized_pnl, commission FROM v_positions"),
        "trades": rows(
            "SELECT side, quantity, max_quantity, ROUND(avg_entry, 9) AS entry, ROUND(avg_exit, 9) AS exit, gross_pnl, "
            "commission, net_pnl, fills, opened, closed FROM v_trades ORDER BY opened, trade_id"
        ),
    }


def test_a_trade_entered_by_hand_is_booked_and_reported_like_any_other(ledger: Ledger, rows: Rows) -> None:
    exec_id = ledger.insert_manual_trade(
        "trend", "AAPL", "BUY", 10, 100.0, exec_time="2024-03-06 15:00:00", commission=1.5, note="by phone"
    )

    (row,) = rows("SELECT exec_id, strategy, quantity, price, commission, trade_date FROM v_executions")
    assert row == {
        "exec_id": exec_id, "strategy": "trend", "quantity": 10.0, "price": 100.0, "commission": 1.5,
        "trade_date": "2024-03-06",
    }  # fmt: skip
    assert rows("SELECT order_type, metadata FROM execution") == [
        {"order_type": "MANUAL", "metadata": '{"note": "by phone"}'}
    ]
    assert rows("SELECT position FROM v_positions") == [{"position": 10.0}]


def test_a_trade_by_hand_under_a_known_id_is_refused(ledger: Ledger, everything: Everything) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    before = everything()

    with pytest.raises(InvalidRecord, match="already"):
        ledger.insert_manual_trade("trend", "AAPL", "BUY", 10, 100.0, exec_id="x1", commission=1.0)

    assert everything() == before


def test_a_position_is_taken_over_from_outside_at_a_price(ledger: Ledger, rows: Rows) -> None:
    with pytest.raises(InvalidRecord, match="price"):
        ledger.transfer_position("AAPL", -5, "trend")

    (entry,) = ledger.transfer_position("AAPL", -5, "trend", price=90.0, note="from the old system")

    assert rows("SELECT position, avg_price FROM v_positions") == [{"position": -5.0, "avg_price": 90.0}]
    assert rows("SELECT exec_id, order_type FROM execution") == [{"exec_id": entry, "order_type": "TRANSFER"}]


def test_a_position_moves_between_strategies_without_profit_or_loss(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)

    ledger.transfer_position("AAPL", 10, "carry", from_strategy="trend", account="U1")

    assert rows("SELECT strategy, position, avg_price FROM v_positions") == [
        {"strategy": "carry", "position": 10.0, "avg_price": 100.0}
    ]
    assert rows("SELECT strategy, realized_pnl FROM v_strategy_pnl ORDER BY strategy") == [
        {"strategy": "carry", "realized_pnl": 0.0},
        {"strategy": "trend", "realized_pnl": 0.0},
    ]


def test_a_deleted_fill_leaves_what_would_be_had_it_never_come(ledger: Ledger, rows: Rows, tmp_path: Any) -> None:
    wrong = [("x1", "BUY", 10, 90.0), ("wrong", "BUY", 10, 100.0), ("x2", "SELL", 10, 110.0), ("x3", "SELL", 4, 95.0)]
    for entry in wrong:
        fill(ledger, *entry)
    right = Ledger(tmp_path / "right.db", clock=ledger.store.clock)
    right.ensure()
    for entry in wrong:
        if entry[0] != "wrong":
            fill(right, *entry)

    done = ledger.correct_execution("wrong", "came twice", delete=True)

    def expected(sql: str) -> list[dict[str, Any]]:
        columns, found = right.query(sql)
        return [dict(zip(columns, row, strict=True)) for row in found]

    assert net(rows) == net(expected)
    assert done == ("wrong~reversed", None)
    right.close()


def test_the_right_fill_stands_where_the_wrong_one_stood(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    fill(ledger, "x2", "SELL", 10, 110.0, "2024-03-07")

    ledger.correct_execution("x1", "price was mistyped", price=101.0, commission=2.0)

    assert net(rows) == {
        "pnl": [{"realized_pnl": 90.0, "commission": 3.0, "net_pnl": 87.0, "fills": 2}],
        "held": [],
        "trades": [
            {
                "side": "LONG", "quantity": 10.0, "max_quantity": 10.0, "entry": 101.0, "exit": 110.0,
                "gross_pnl": 90.0, "commission": 3.0, "net_pnl": 87.0, "fills": 2,
                "opened": "2024-03-06 15:00:00.000000", "closed": "2024-03-07 15:00:00.000000",
            }
        ],
    }  # fmt: skip
    assert rows("SELECT exec_id, entry, corrects, replaces FROM v_executions") == [
        {"exec_id": "x1", "entry": "CORRECTED", "corrects": None, "replaces": None},
        {"exec_id": "x2", "entry": "FILL", "corrects": None, "replaces": None},
        {"exec_id": "x1~reversed", "entry": "CORRECTION", "corrects": "x1", "replaces": None},
        {"exec_id": "x1~replaced", "entry": "FILL", "corrects": None, "replaces": "x1"},
    ]


def test_nothing_that_was_written_is_changed_by_a_correction(ledger: Ledger, everything: Everything) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    fill(ledger, "x2", "SELL", 4, 110.0)
    before = everything()

    ledger.correct_execution("x1", "wrong size", quantity=12)

    after = everything()
    for table in ("execution", "commission", "position_event"):
        assert after[table][: len(before[table])] == before[table]


def test_correcting_twice_is_refused_and_changes_nothing(ledger: Ledger, everything: Everything) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    ledger.correct_execution("x1", "came twice", delete=True)
    before = everything()

    with pytest.raises(InvalidRecord, match="corrected already, by x1~reversed"):
        ledger.correct_execution("x1", "again", price=99.0)
    with pytest.raises(InvalidRecord, match="itself a correction"):
        ledger.correct_execution("x1~reversed", "back", delete=True)

    assert everything() == before


def test_a_correction_can_itself_be_replaced(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    fill(ledger, "x2", "SELL", 10, 110.0)
    first = ledger.correct_execution("x1", "mistyped", price=101.0)

    assert first.replacement is not None
    ledger.correct_execution(first.replacement, "mistyped again", price=102.0)

    assert rows("SELECT realized_pnl, commission, fills FROM v_strategy_pnl") == [
        {"realized_pnl": 80.0, "commission": 2.0, "fills": 2}
    ]
    assert rows("SELECT avg_entry, net_pnl FROM v_trades") == [{"avg_entry": 102.0, "net_pnl": 78.0}]


def test_a_fill_of_the_wrong_strategy_moves_with_its_fees(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)

    ledger.correct_execution("x1", "belongs to carry", strategy_id="carry")

    assert rows("SELECT strategy, commission, fills FROM v_strategy_pnl ORDER BY strategy") == [
        {"strategy": "carry", "commission": 1.0, "fills": 1},
        {"strategy": "trend", "commission": 0.0, "fills": 0},
    ]
    assert rows("SELECT strategy, position, commission FROM v_positions") == [
        {"strategy": "carry", "position": 10.0, "commission": 1.0}
    ]


def test_fills_after_a_correction_go_on_from_the_truth(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    fill(ledger, "wrong", "BUY", 10, 200.0)
    ledger.correct_execution("wrong", "came twice", delete=True)

    fill(ledger, "x2", "SELL", 10, 101.0)

    assert rows("SELECT gross_pnl, net_pnl, fills FROM v_trades") == [{"gross_pnl": 10.0, "net_pnl": 8.0, "fills": 2}]
    assert rows("SELECT * FROM v_positions") == []


@pytest.mark.parametrize("changes", [{}, {"delete": True, "price": 1.0}])
def test_a_correction_says_what_was_wrong(ledger: Ledger, everything: Everything, changes: dict[str, Any]) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    before = everything()

    with pytest.raises(InvalidRecord, match="either deletes the fill or says"):
        ledger.correct_execution("x1", "why not", **changes)
    with pytest.raises(InvalidRecord, match="reason"):
        ledger.correct_execution("x1", "", delete=True)
    with pytest.raises(UnknownRecord):
        ledger.correct_execution("nowhere", "gone", delete=True)

    assert everything() == before


def test_a_commission_is_corrected_by_its_difference(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)

    ledger.correct_commission("x1", 0.35, "tiered, not fixed")

    assert rows("SELECT amount, revision FROM v_commissions ORDER BY commission_id") == [
        {"amount": 1.0, "revision": 0},
        {"amount": -0.65, "revision": 1},
    ]
    assert rows("SELECT commission FROM v_strategy_pnl") == [{"commission": 0.35}]
    assert rows("SELECT commission FROM v_positions") == [{"commission": 0.35}]
    with pytest.raises(InvalidRecord, match="already"):
        ledger.correct_commission("x1", 0.35, "again")


@pytest.mark.parametrize("year", ["2031", "2099"])
def test_a_trade_in_the_future_is_refused_and_nothing_is_written(
    ledger: Ledger, everything: Everything, year: str
) -> None:
    before = everything()
    with pytest.raises(InvalidRecord, match=f"cannot lie in the future: {year}"):
        ledger.insert_manual_trade("trend", "AAPL", "BUY", 10, 100.0, exec_time=f"{year}-03-01 15:00:00")
    assert everything() == before


def test_a_trade_that_is_older_than_later_fills_is_booked_before_them(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 120.0, "2024-03-05")
    ledger.insert_manual_trade("trend", "AAPL", "SELL", 10, 130.0, exec_time="2024-03-06 15:00:00", account="U1")
    ledger.insert_manual_trade("trend", "AAPL", "BUY", 10, 100.0, exec_time="2024-03-04 15:00:00", account="U1")

    assert rows("SELECT position, avg_price FROM v_positions") == [{"position": 10.0, "avg_price": 110.0}]
    assert rows("SELECT SUM(realized_pnl) AS made FROM v_daily_pnl") == [{"made": 200.0}]


def test_a_position_is_given_away_as_it_was_held_at_the_time(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0, "2024-03-04")
    fill(ledger, "x2", "BUY", 10, 120.0, "2024-03-06")

    ledger.transfer_position("AAPL", 10, "carry", from_strategy="trend", account="U1", exec_time="2024-03-05 15:00:00")

    assert rows("SELECT strategy, position, avg_price FROM v_positions ORDER BY strategy") == [
        {"strategy": "carry", "position": 10.0, "avg_price": 100.0},
        {"strategy": "trend", "position": 10.0, "avg_price": 120.0},
    ]
    assert rows("SELECT SUM(realized_pnl) AS made FROM v_daily_pnl") == [{"made": 0.0}]


@pytest.mark.parametrize(
    ("units", "time", "told"),
    [
        (21, None, "trend holds 20 AAPL, so it cannot give 21"),
        (-10, None, "trend holds 20 AAPL, so it cannot give -10"),
        (15, "2024-03-05 15:00:00", "trend holds 10 AAPL at 2024-03-05 15:00:00 UTC, so it cannot give 15"),
        (5, "2024-03-01 15:00:00", "trend holds 0 AAPL at 2024-03-01 15:00:00 UTC, so it cannot give 5"),
    ],
)
@pytest.mark.parametrize("taker", ["carry", None])
def test_more_than_is_held_then_and_now_cannot_be_given_away(
    ledger: Ledger, everything: Everything, units: float, time: str | None, told: str, taker: str | None
) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0, "2024-03-04")
    fill(ledger, "x2", "BUY", 10, 120.0, "2024-03-06")
    before = everything()

    with pytest.raises(InvalidRecord, match=told):
        ledger.transfer_position("AAPL", units, taker, from_strategy="trend", account="U1", price=1.0, exec_time=time)

    assert everything() == before


def test_a_symbol_is_known_whatever_the_case_of_its_letters(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "x1", "BUY", 10, 100.0)
    ledger.insert_manual_trade("trend", "aapl", "BUY", 10, 110.0, account="U1")
    ledger.transfer_position("Aapl", 5, "carry", from_strategy="trend", account="U1")
    ledger.insert_manual_trade("trend", "IBM", "BUY", 1, 50.0, exec_id="x2")
    ledger.correct_execution("x2", "the wrong one", symbol="aapl")

    assert rows("SELECT DISTINCT symbol FROM v_positions") == [{"symbol": "AAPL"}]


def test_symbols_that_differ_in_case_alone_are_asked_for(ledger: Ledger, everything: Everything) -> None:
    for symbol in ("BRK.B", "BRK.b"):
        ledger.set_instrument(Instrument(symbol))
    ledger.insert_manual_trade("trend", "BRK.b", "BUY", 1, 50.0)
    before = everything()

    with pytest.raises(InvalidRecord, match=r"brk\.b may be any of BRK\.B, BRK\.b"):
        ledger.insert_manual_trade("trend", "brk.b", "BUY", 1, 50.0)

    assert everything() == before
