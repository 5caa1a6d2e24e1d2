"""Profit is gross minus commission, in cents that every reader adds up to the same sum."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.ledger import Ledger
from quantstrip.model import Instrument

Rows = Callable[..., list[dict[str, Any]]]


def fill(
    ledger: Ledger, exec_id: str, side: str, quantity: float, price: float, day: str | dt.date = "2024-03-06"
) -> None:
    ledger.insert_execution(
        exec_id,
        None,
        "trend",
        symbol="AAPL",
        side=side,
        quantity=quantity,
        price=price,
        trade_date=str(day),
    )


def test_a_brokers_own_figure_of_the_profit_is_information_and_never_added(ledger: Ledger, rows: Rows) -> None:
    for exec_id, side, price in (("1", "BUY", 10.0), ("2", "SELL", 12.0)):
        fill(ledger, exec_id, side, 10, price)
        ledger.insert_commission(exec_id, 1.0, "USD", realized_pnl=999.0)

    assert rows("SELECT realized_pnl, commission, net_pnl FROM v_strategy_pnl") == [
        {"realized_pnl": 20.0, "commission": 2.0, "net_pnl": 18.0}
    ]
    assert [row["realized_pnl"] for row in rows("SELECT realized_pnl FROM commission")] == [999.0, 999.0]


def test_a_correction_of_a_commission_is_a_row_of_its_own(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", "BUY", 10, 10.0)
    ledger.insert_commission("1", 1.0, "USD")
    ledger.insert_commission("1", -0.25, "USD", revision=1)
    ledger.insert_commission("1", -0.25, "USD", revision=1)

    assert [row["commission"] for row in rows("SELECT commission FROM v_strategy_pnl")] == [0.75]


@pytest.mark.parametrize(
    ("currency", "amounts"), [("USD", [-3.34, -3.33]), ("JPY", [-3.0, -3.0]), ("KWD", [-3.335, -3.334])]
)
def test_each_fill_is_rounded_to_its_currency_before_it_is_added(
    ledger: Ledger, rows: Rows, currency: str, amounts: list[float]
) -> None:
    ledger.set_instrument(Instrument("AAPL", currency=currency))
    fill(ledger, "1", "BUY", 1, 3.3351)
    fill(ledger, "2", "BUY", 1, 3.3341)

    assert [row["amount"] for row in rows("SELECT amount FROM execution ORDER BY seq_id")] == amounts
    (event,) = rows("SELECT cost FROM position_event ORDER BY execution_seq DESC LIMIT 1")
    assert event["cost"] == pytest.approx(-sum(amounts), abs=1e-9)


def test_a_commission_that_comes_first_without_a_currency_is_kept_in_dollars_and_told(
    ledger: Ledger, rows: Rows
) -> None:
    for exec_id in ("1", "2"):
        ledger.insert_commission(exec_id, 2.0)

    assert [tuple(row.values()) for row in rows("SELECT exec_id, amount, currency FROM commission")] == [
        ("1", 2.0, "USD"),
        ("2", 2.0, "USD"),
    ]
    (alert,) = ledger.alerts()
    assert (alert["kind"], alert["occurrences"]) == ("commission_currency", 2)
    assert "Give currency with commissions that come first" in alert["body"]


def test_a_commission_without_a_currency_has_that_of_its_execution(ledger: Ledger, rows: Rows) -> None:
    ledger.set_instrument(Instrument("AAPL", currency="EUR"))
    fill(ledger, "1", "BUY", 10, 10.0)
    ledger.insert_commission("1", 2.0)

    assert rows("SELECT currency FROM commission") == [{"currency": "EUR"}]
    assert ledger.alerts() == []


def test_a_commission_that_came_first_counts_in_every_sum_when_its_execution_arrives(
    ledger: Ledger, rows: Rows
) -> None:
    ledger.insert_commission("1", 1.5, "USD")
    fill(ledger, "1", "BUY", 10, 10.0)
    fill(ledger, "2", "SELL", 10, 12.0)
    ledger.insert_commission("2", 0.5, "USD")

    assert rows("SELECT commission, net_pnl FROM v_strategy_pnl") == [{"commission": 2.0, "net_pnl": 18.0}]
    assert rows("SELECT commission, net_pnl FROM v_trades") == [{"commission": 2.0, "net_pnl": 18.0}]


def test_what_is_traded_at_the_weekend_is_todays_in_the_session_it_counts_for(ledger: Ledger, rows: Rows) -> None:
    last, coming = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days) for days in (-1, 2))
    fill(ledger, "1", "BUY", 10, 10.0, last)
    fill(ledger, "2", "SELL", 10, 12.0, coming)
    ledger.insert_commission("2", 1.0, "USD")

    assert rows("SELECT feed_date, today_pnl, today_fills, net_pnl FROM v_strategy_pnl") == [
        {"feed_date": str(coming), "today_pnl": 19.0, "today_fills": 1, "net_pnl": 19.0}
    ]


def test_a_day_without_a_fill_made_nothing(ledger: Ledger, rows: Rows) -> None:
    fill(ledger, "1", "BUY", 10, 10.0)
    fill(ledger, "2", "SELL", 10, 12.0)

    (row,) = rows("SELECT feed_date, today_pnl, today_fills, net_pnl FROM v_strategy_pnl")
    assert dt.date.fromisoformat(row["feed_date"]) - dt.datetime.now(dt.UTC).date() <= dt.timedelta(0)
    assert (row["today_pnl"], row["today_fills"], row["net_pnl"]) == (0.0, 0, 20.0)
