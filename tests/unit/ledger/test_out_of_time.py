"""Fills that are heard of out of time: views stay one truth."""

import itertools

import pytest

from quantstrip.ledger import Ledger

FILLS = {
    "x1": ("BUY", 10, 100.0, "2024-03-01 15:00:00"),
    "x2": ("SELL", 4, 90.0, "2024-03-05 15:00:00"),
    "x3": ("BUY", 10, 110.0, "2024-03-06 15:00:00"),
}


@pytest.mark.parametrize("arrival", list(itertools.permutations(FILLS)))
def test_the_sum_of_the_days_is_the_strategys_total_whatever_came_first(
    ledger: Ledger, arrival: tuple[str, ...]
) -> None:
    for exec_id in arrival:
        side, quantity, price, moment = FILLS[exec_id]
        ledger.insert_execution(
            exec_id, strategy_id="trend", symbol="SPY", side=side, quantity=quantity, price=price, exec_time=moment
        )
    days = ledger.query("SELECT ROUND(SUM(total_pnl), 2) FROM v_daily_pnl")[1][0][0]
    total = ledger.query("SELECT total_pnl FROM v_strategy_pnl")[1][0][0]
    held = ledger.query("SELECT position, mark_price, last_fill_date FROM v_positions")[1]
    assert held == [(16.0, 110.0, "2024-03-06")]
    assert total == days == 20.0
    assert ledger.check_totals() == []
