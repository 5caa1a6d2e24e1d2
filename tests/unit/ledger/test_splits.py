"""A trade in parts is the trade at once: what is held, exactly; money, but for the rounding of each part.

Brokers settle each fill in whole cents, and so does the ledger. Parts whose cash is no whole number of cents therefore
differ by up to half a cent each from the whole, never by more, however many fills, flips and currencies there are.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument, OrderSide

UNITS = {"A": ("USD", 0.01), "NK": ("JPY", 1.0), "ES": ("USD", 0.01), "KW": ("KWD", 0.001)}
MULTIPLIERS = {"ES": 50.0, "NK": 1000.0}


class Trade(NamedTuple):
    symbol: str
    side: OrderSide
    quantity: float
    price: float


trade = st.builds(
    Trade,
    st.sampled_from(list(UNITS)),
    st.sampled_from(OrderSide),
    st.integers(1, 5_000).map(lambda n: n / 1_000),
    st.integers(-5_000, 500_000).map(lambda n: n / 1_000),  # futures have traded below zero
)
parted = st.tuples(trade, st.lists(st.floats(0.05, 0.95), max_size=3))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=st.lists(parted, min_size=1, max_size=6))
def test_any_split_leaves_the_same_position_and_money_but_for_each_fills_rounding(
    empty_database: Path, trades: list[tuple[Trade, list[float]]]
) -> None:
    once = [one for one, _ in trades]
    split = [part for one, cuts in trades for part in parts_of(one, cuts)]

    held, cash, profit = booked(empty_database, once)
    held_in_parts, cash_in_parts, profit_in_parts = booked(empty_database, split)

    assert held_in_parts == pytest.approx(held, abs=1e-9)
    for symbol, (_, unit) in UNITS.items():
        fills = sum(one.symbol == symbol for one in [*once, *split])
        assert abs(cash.get(symbol, 0.0) - cash_in_parts.get(symbol, 0.0)) <= fills * unit / 2 + 1e-6, symbol
        # The cost of what a fill closes is rounded as well as its cash.
        assert abs(profit.get(symbol, 0.0) - profit_in_parts.get(symbol, 0.0)) <= fills * unit + 1e-6, symbol


def parts_of(one: Trade, cuts: list[float]) -> list[Trade]:
    """The trade in parts of whole thousandths, which add up to it."""
    left, parts = round(one.quantity * 1_000), []
    for cut in cuts:
        part = int(left * cut)
        if 0 < part < left:
            parts.append(one._replace(quantity=part / 1_000))
            left -= part
    return [*parts, one._replace(quantity=left / 1_000)]


def booked(template: Path, trades: list[Trade]) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """What is held, what came in less what went out, and realised profit, by symbol."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(shutil.copy(template, folder)), clock=ManualClock(from_text("2024-03-08 17:00:00")))
        with ledger.transaction():
            for symbol, (currency, _) in UNITS.items():
                multiplier = MULTIPLIERS.get(symbol, 1.0)
                ledger.set_instrument(Instrument(symbol, currency=currency, multiplier=multiplier))
            for number, one in enumerate(trades):
                ledger.insert_execution(
                    f"x{number}", None, "trend", symbol=one.symbol, side=one.side, quantity=one.quantity,
                    price=one.price, exec_time="2024-03-06 15:00:00", trade_date="2024-03-06",
                )  # fmt: skip
        held = query(ledger, "SELECT symbol, position FROM v_positions")
        cash = query(ledger, "SELECT symbol, SUM(amount) FROM v_executions GROUP BY symbol")
        profit = query(ledger, "SELECT symbol, SUM(realized_pnl) FROM v_executions GROUP BY symbol")
        assert ledger.check_totals() == []
        ledger.close()
    return dict(held), dict(cash), dict(profit)


def query(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in ledger.query(sql)[1]]
