"""Any sequence of fills, repeated and interleaved as it may be, leaves the same rows and the same money."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.ledger import Ledger
from quantstrip.model import FLAT, OrderSide, Position, apply
from tests.unit.ledger.copies import fresh

Trade = tuple[str, OrderSide, float, float, float]
quantities = st.integers(1, 500).map(float) | st.integers(1, 10_000).map(lambda n: n / 100)
prices = st.integers(1, 100_000).map(lambda n: n / 100)
fees = st.integers(0, 500).map(lambda n: n / 100)
trades = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(OrderSide), quantities, prices, fees), max_size=12
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def at_sim(template: Path) -> Iterator[Ledger]:
    with fresh(template) as ledger:
        ledger.insert_broker("SIM")
        yield ledger


def send(ledger: Ledger, number: int, trade: Trade) -> None:
    symbol, side, quantity, price, fee = trade
    exec_id = f"x{number}"
    ledger.insert_execution(
        exec_id, None, "trend", "SIM", symbol, side=side, quantity=quantity, price=price,
        exec_time="2024-03-06 15:00:00", trade_date="2024-03-06",
    )  # fmt: skip
    ledger.insert_commission(exec_id, fee, "USD")


def content(ledger: Ledger) -> dict[str, Any]:
    tables = ("execution", "commission", "position_event", "strategy", "alert")
    return {name: ledger.query(f"SELECT * FROM {name}")[1] for name in tables}


@quick
@given(trades=trades)
def test_positions_and_profit_are_what_folding_the_fills_gives(empty_database: Path, trades: list[Trade]) -> None:
    folded: dict[str, Position] = {}
    for symbol, side, quantity, price, _ in trades:
        folded[symbol] = apply(folded.get(symbol, FLAT), side, quantity, price).position

    with at_sim(empty_database) as ledger:
        for number, trade in enumerate(trades):
            send(ledger, number, trade)
        held = ledger.query("SELECT symbol, position, avg_price, cost FROM v_positions")[1]
        gained = dict(ledger.query("SELECT symbol, ROUND(SUM(realized_pnl), 2) FROM position_event GROUP BY symbol")[1])
        profit = ledger.query("SELECT realized_pnl, commission, net_pnl FROM v_strategy_pnl")[1]

    assert {row[0]: row[1:] for row in held} == {
        symbol: (p.quantity, p.avg_price, p.cost) for symbol, p in folded.items() if not p.is_flat
    }
    assert gained == {symbol: p.realized_pnl for symbol, p in folded.items()}
    if trades:
        total, paid = sum(p.realized_pnl for p in folded.values()), sum(trade[-1] for trade in trades)
        assert [tuple(round(value, 2) for value in row) for row in profit] == [
            (round(total, 2), round(paid, 2), round(total - paid, 2))
        ]


@quick
@given(data=st.data(), trades=trades.filter(bool))
def test_what_is_sent_again_changes_nothing_wherever_it_comes(
    empty_database: Path, data: st.DataObject, trades: list[Trade]
) -> None:
    # Each fill arrives in its turn; after it, any of those before come again, in any order and number.
    with at_sim(empty_database) as ledger:
        for number, trade in enumerate(trades):
            send(ledger, number, trade)
        once = content(ledger)
    with at_sim(empty_database) as ledger:
        for number, trade in enumerate(trades):
            send(ledger, number, trade)
            for again in data.draw(st.lists(st.integers(0, number), max_size=4)):
                send(ledger, again, trades[again])
        repeated = content(ledger)

    assert repeated == once


@quick
@given(data=st.data(), trades=trades.filter(bool))
def test_a_clients_own_position_events_never_double_a_fill(
    empty_database: Path, data: st.DataObject, trades: list[Trade]
) -> None:
    def own(ledger: Ledger, number: int) -> None:
        symbol, side, quantity, price, _ = trades[number]
        ledger.insert_position_event(
            None, "trend", "SIM", f"x{number}", None, symbol, quantity, price, quantity * side.sign, price, "OPEN"
        )

    def booked(ledger: Ledger) -> list[tuple[Any, ...]]:
        return ledger.query(
            "SELECT exec_id, symbol, position, avg_price, cost, trade_quantity, realized_pnl, execution_seq "
            "FROM position_event ORDER BY execution_seq"
        )[1]

    with at_sim(empty_database) as ledger:
        for number, trade in enumerate(trades):
            send(ledger, number, trade)
        alone = booked(ledger)
    with at_sim(empty_database) as ledger:
        numbers = range(len(trades))
        for number in data.draw(st.lists(st.sampled_from(numbers), max_size=6)):
            own(ledger, number)
        for number, trade in enumerate(trades):
            send(ledger, number, trade)
            own(ledger, data.draw(st.sampled_from(numbers)))
        for number in numbers:
            own(ledger, number)
        together = booked(ledger)

    assert together == alone
