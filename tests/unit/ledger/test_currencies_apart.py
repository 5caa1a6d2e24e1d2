"""One symbol traded in two currencies is held as two positions: a price in euros never averages one in dollars."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument
from tests.unit.ledger.test_booking_properties import at_sim

Rows = Callable[..., list[dict[str, Any]]]


def fill(ledger: Ledger, exec_id: str, signed: float, price: float, currency: str | None = None, day: int = 4) -> None:
    ledger.insert_execution(
        exec_id, None, "trend", symbol="SAP", side="BUY" if signed > 0 else "SELL", quantity=abs(signed), price=price,
        exec_time=f"2024-03-{day:02d} 15:00:00", currency=currency,
    )  # fmt: skip


def test_a_fill_in_another_currency_is_a_position_of_its_own(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 10, 100.0, "USD")
    fill(ledger, "2", 10, 50.0, "EUR", day=5)
    assert rows("SELECT currency, position, avg_price FROM v_positions ORDER BY currency") == [
        {"currency": "EUR", "position": 10.0, "avg_price": 50.0},
        {"currency": "USD", "position": 10.0, "avg_price": 100.0},
    ]
    fill(ledger, "3", -10, 60.0, "EUR", day=6)
    assert rows("SELECT currency, gross_pnl FROM v_trades") == [{"currency": "EUR", "gross_pnl": 100.0}]
    assert not ledger.integrity_check()


def test_a_fill_without_a_currency_is_in_that_of_its_instrument(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("SAP", currency="EUR"))
    fill(ledger, "1", 10, 100.0)
    assert rows("SELECT currency, position FROM v_positions") == [{"currency": "EUR", "position": 10.0}]


def test_a_fill_without_a_currency_or_an_instrument_is_in_that_of_what_is_held(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 10, 100.0, "EUR")
    fill(ledger, "2", -10, 110.0, day=5)
    assert rows("SELECT currency, gross_pnl FROM v_trades") == [{"currency": "EUR", "gross_pnl": 100.0}]


def test_a_currency_unlike_the_instruments_is_booked_apart_and_told(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("SAP", currency="EUR"))
    fill(ledger, "1", 10, 100.0, "EUR")
    assert rows("SELECT kind FROM alert") == []
    fill(ledger, "2", 10, 120.0, "USD", day=5)
    (alert,) = rows("SELECT kind, subject, body FROM alert")
    assert alert["kind"] == "currency_unlike_instrument"
    assert alert["subject"] == "SAP was traded in USD, its instrument is in EUR"
    assert "contract_id" in alert["body"]
    assert len(rows("SELECT 1 FROM v_positions")) == 2


def test_a_currency_is_a_code_in_capitals(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 10, 100.0, "eur")
    ledger.insert_commission("1", 1.0, "eur")
    ledger.insert_commission("1", 2.0, "", "TAX")  # the fill's
    assert rows("SELECT DISTINCT currency FROM v_commissions") == [{"currency": "EUR"}]
    for wrong in ("dollars", "E1", "€"):
        with pytest.raises(InvalidRecord, match="a currency is a code such as EUR"):
            fill(ledger, "2", 10, 100.0, wrong)
        with pytest.raises(InvalidRecord, match="a currency is a code such as EUR"):
            ledger.insert_commission("1", 1.0, wrong)
    assert len(rows("SELECT 1 FROM execution")) == 1


def test_what_is_moved_keeps_its_currency(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 10, 100.0, "EUR")
    ledger.transfer_position("SAP", 4, "other", from_strategy="trend")
    assert rows("SELECT strategy, currency, position, avg_price FROM v_positions ORDER BY strategy") == [
        {"strategy": "other", "currency": "EUR", "position": 4.0, "avg_price": 100.0},
        {"strategy": "trend", "currency": "EUR", "position": 6.0, "avg_price": 100.0},
    ]
    fill(ledger, "2", 10, 90.0, "USD")
    with pytest.raises(InvalidRecord, match="holds SAP in EUR and USD"):
        ledger.transfer_position("SAP", 4, "other", from_strategy="trend")
    ledger.transfer_position("SAP", 10, "other", from_strategy="trend", currency="USD")
    assert rows("SELECT currency, position FROM v_positions WHERE strategy = 'trend'") == [
        {"currency": "EUR", "position": 6.0}
    ]


def test_a_correction_touches_the_position_of_its_currency_alone(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", 10, 100.0, "USD")
    fill(ledger, "2", 10, 50.0, "EUR", day=5)
    ledger.correct_execution("2", "a typing mistake", price=55.0)
    assert rows("SELECT currency, avg_price FROM v_positions ORDER BY currency") == [
        {"currency": "EUR", "avg_price": 55.0},
        {"currency": "USD", "avg_price": 100.0},
    ]
    assert not ledger.integrity_check()


ONE = st.tuples(st.sampled_from(["EUR", "USD"]), st.integers(-5, 5).filter(bool), st.integers(50, 150))


@settings(max_examples=15)
@given(fills=st.lists(ONE, min_size=1, max_size=8))
def test_two_currencies_of_one_symbol_are_booked_as_two_symbols_would_be(
    empty_database: Path, fills: list[tuple[str, int, int]]
) -> None:
    columns = "currency, trade_date, realized_pnl, unrealized_change, total_pnl"
    with at_sim(empty_database) as mixed, at_sim(empty_database) as apart:
        for number, (currency, signed, price) in enumerate(fills):
            fill(mixed, f"f{number}", signed, price, currency, day=4 + number)
            apart.insert_execution(
                f"f{number}", None, "trend", symbol=f"SAP{currency}", side="BUY" if signed > 0 else "SELL",
                quantity=abs(signed), price=price, exec_time=f"2024-03-{4 + number:02d} 15:00:00", currency=currency,
            )  # fmt: skip
        for sql in (
            "SELECT currency, position, avg_price, cost FROM v_positions ORDER BY 1",
            "SELECT currency, gross_pnl FROM v_trades ORDER BY opened, currency, closed",
            f"SELECT {columns} FROM v_daily_pnl ORDER BY 1, 2",
            "SELECT currency, total_pnl FROM v_strategy_pnl ORDER BY 1",
        ):
            assert mixed.query(sql)[1] == apart.query(sql)[1], sql
        assert not mixed.integrity_check()
