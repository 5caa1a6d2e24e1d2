"""A fill that was heard of late is booked where it belongs in time: what is held and made is as had it come at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import from_text
from quantstrip.ledger import Ledger
from quantstrip.model import OrderSide
from quantstrip.model.statement import Fee, StatementFill
from tests.unit.ledger.copies import fresh

DAYS = ("2024-03-04", "2024-03-05", "2024-03-06")
FEES = [(), (Fee("COMMISSION", "USD", 1.25),), (Fee("COMMISSION", "EUR", 0.75),)]


def a_fill(symbol: str, side: OrderSide, units: int, cents: int, fees: tuple[Fee, ...]) -> StatementFill:
    return StatementFill("", "U1", symbol, side, float(units), cents / 100, 0, fees=fees)


fills = st.lists(
    st.builds(
        a_fill,
        st.sampled_from(["AAPL", "IBM"]),
        st.sampled_from(OrderSide),
        st.integers(1, 10),
        st.integers(100, 20_000),
        st.sampled_from(FEES),
    ),
    min_size=1,
    max_size=9,
)
quick = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def dated(given: list[StatementFill]) -> list[StatementFill]:
    """The fills one after the other, over three sessions."""
    found = []
    for number, fill in enumerate(given):
        day = DAYS[number * len(DAYS) // len(given)]
        ts = from_text(f"{day} 15:00:{number:02d}")
        found.append(fill._replace(exec_id=f"x{number}", ts=ts, trade_date=day, currency="USD"))
    return found


@contextmanager
def at_ibkr(template: Path) -> Iterator[Ledger]:
    with fresh(template) as ledger:
        ledger.insert_broker("IBKR")
        yield ledger


def book(ledger: Ledger, fill: StatementFill) -> None:
    """As a client that heard of it at once."""
    ledger.insert_execution(
        fill.exec_id, None, "unallocated", "IBKR", fill.symbol, side=fill.side, quantity=fill.quantity,
        price=fill.price, exec_time=fill.ts, trade_date=fill.trade_date, account=fill.account, currency="USD",
    )  # fmt: skip
    for fee in fill.fees or ():
        ledger.insert_commission(fill.exec_id, fee.amount, fee.currency, fee.fee_type)


def truth(ledger: Ledger) -> dict[str, Any]:
    """What is held, what was made, by position, by trade and by day."""
    queries = {
        "held": "SELECT symbol, position, avg_price, cost, realized_pnl, commission FROM v_positions ORDER BY 1",
        "trades": "SELECT symbol, side, quantity, max_quantity, gross_pnl, commission, opened, closed, fills "
        "FROM v_trades ORDER BY 1, 7",
        "days": "SELECT currency, trade_date, fills, commission, turnover, ROUND(total_pnl, 4) FROM v_daily_pnl "
        "ORDER BY 1, 2",
        "sums": "SELECT currency, ROUND(realized_pnl, 2), ROUND(commission, 2), fills FROM v_strategy_pnl ORDER BY 1",
    }
    return {name: ledger.query(sql)[1] for name, sql in queries.items()}


@quick
@given(given_fills=fills, data=st.data())
def test_whatever_was_missed_and_in_whatever_order_it_is_found_nothing_differs(
    empty_database: Path, given_fills: list[StatementFill], data: st.DataObject
) -> None:
    everything = dated(given_fills)
    missed = data.draw(st.lists(st.sampled_from(everything), unique=True))
    with at_ibkr(empty_database) as ledger:
        with ledger.transaction():
            for fill in everything:
                book(ledger, fill)
        expected = truth(ledger)
    with at_ibkr(empty_database) as ledger:
        with ledger.transaction():
            for fill in everything:
                if fill not in missed:
                    book(ledger, fill)
            for fill in missed:
                assert ledger.take_over_fill(fill, "live", "IBKR") is not None
        assert truth(ledger) == expected
        assert ledger.check_totals() == []
        before = ledger.query("SELECT * FROM execution")[1]
        with ledger.transaction():
            for fill in missed:
                assert ledger.take_over_fill(fill, "live", "IBKR") is None
        assert ledger.query("SELECT * FROM execution")[1] == before


@quick
@given(given_fills=fills, data=st.data())
def test_a_late_fill_can_be_corrected_like_any_other(
    empty_database: Path, given_fills: list[StatementFill], data: st.DataObject
) -> None:
    everything = dated(given_fills)
    late, wrong = data.draw(st.sampled_from(everything)), data.draw(st.sampled_from(everything))
    with at_ibkr(empty_database) as ledger:
        with ledger.transaction():
            for fill in everything:
                book(ledger, fill if fill is not wrong else fill._replace(price=77.0))
        expected = truth(ledger)
    with at_ibkr(empty_database) as ledger:
        with ledger.transaction():
            for fill in everything:
                if fill is not late:
                    book(ledger, fill)
            ledger.take_over_fill(late, "live", "IBKR")
            if wrong.price != 77.0:
                ledger.correct_execution(wrong.exec_id, "mistyped", price=77.0)
        assert truth(ledger) == expected
        assert ledger.check_totals() == []


def by_hand(ledger: Ledger, fill: StatementFill) -> None:
    """As a person enters it, who knows no exec_id."""
    ledger.insert_manual_trade(
        "unallocated", fill.symbol, fill.side, fill.quantity, fill.price, exec_time=fill.ts, broker_id="IBKR",
        account=fill.account, currency="USD", commission=sum(fee.amount for fee in fill.fees or ()),
    )  # fmt: skip


@quick
@given(given_fills=fills, data=st.data())
def test_trades_entered_by_hand_make_the_same_in_whatever_order_they_are_entered(
    empty_database: Path, given_fills: list[StatementFill], data: st.DataObject
) -> None:
    everything = dated(given_fills)
    truths = []
    for order in (everything, data.draw(st.permutations(everything))):
        with at_ibkr(empty_database) as ledger:
            with ledger.transaction():
                for fill in order:
                    by_hand(ledger, fill)
            truths.append(truth(ledger))
            assert ledger.check_totals() == []
    assert truths[0] == truths[1]


def test_of_two_trades_by_hand_at_one_moment_the_one_entered_first_comes_first(ledger: Ledger) -> None:
    ledger.insert_manual_trade("trend", "AAPL", "BUY", 1, 50.0, exec_time="2024-03-06 16:00:00")
    for side, price in (("BUY", 10.0), ("SELL", 11.0), ("BUY", 12.0), ("SELL", 15.0)):
        ledger.insert_manual_trade("trend", "AAPL", side, 10, price, exec_time="2024-03-06 15:00:00")
    assert [row[0] for row in ledger.query("SELECT gross_pnl FROM v_trades ORDER BY trade_id")[1]] == [10.0, 30.0]


def test_the_row_says_before_which_fill_it_stands_and_nothing_written_is_changed(
    ledger: Ledger, everything: Any
) -> None:
    first, second, third = dated(
        [StatementFill("", "U1", "AAPL", OrderSide.BUY, 10.0, price, 0) for price in (10.0, 20.0, 30.0)]
    )
    ledger.insert_broker("IBKR")
    book(ledger, second)
    book(ledger, third._replace(side=OrderSide.SELL))
    before = everything()

    done = ledger.take_over_fill(first, "live", "IBKR")

    after = everything()
    assert done is not None
    assert done.late
    for table in ("execution", "position_event", "commission"):
        assert after[table][: len(before[table])] == before[table]
    assert ledger.query("SELECT exec_id, booked_before FROM execution ORDER BY seq_id")[1] == [
        ("x1", None), ("x2", None), ("x0", 1),
    ]  # fmt: skip
    # Sold at 30 what cost 15 on average, not 20: the difference is booked with the late row.
    assert ledger.query("SELECT exec_id, realized_pnl FROM v_executions ORDER BY seq_id")[1] == [
        ("x1", 0.0), ("x2", 100.0), ("x0", 50.0),
    ]  # fmt: skip
    assert ledger.query("SELECT position, avg_price FROM v_positions")[1] == [(10.0, 15.0)]
