"""Amounts of two currencies are never added: they convert at their day's rate, and a missing rate is named."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.errors import InvalidRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations.settings import set_setting

Rows = Callable[..., list[dict[str, Any]]]


def gain(ledger: Ledger, exec_id: str, amount: float, currency: str, day: str) -> None:
    """A round trip in one session that brings ``amount``."""
    for side, price in (("BUY", 100.0), ("SELL", 100.0 + amount)):
        ledger.insert_execution(
            f"{exec_id}-{side}", None, "trend", symbol=f"S{currency}", side=side, quantity=1, price=price,
            exec_time=f"{day} 15:00:00", currency=currency, trade_date=day,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("prices", "rate"),
    [
        ({"EURUSD": 1.25}, 1.25),
        ({"USDEUR": 0.8}, 1.25),
        ({"EURUSD": 1.25, "USDEUR": 2.0}, 1.25),
    ],
)
def test_a_rate_is_the_pair_or_its_inverse(ledger: Ledger, rows: Rows, prices: dict[str, float], rate: float) -> None:
    for symbol, price in prices.items():
        ledger.insert_mtm_price("2024-03-05", symbol, price)
    gain(ledger, "x", 10.0, "EUR", "2024-03-06")

    columns = "net_pnl, currency, rate, reporting_net_pnl, reporting_currency, missing_rate"
    (row,) = rows(f"SELECT {columns} FROM v_daily_pnl")
    assert row == {
        "net_pnl": 10.0, "currency": "EUR", "rate": rate, "reporting_net_pnl": 12.5, "reporting_currency": "USD",
        "missing_rate": None,
    }  # fmt: skip


def test_a_rate_that_no_pair_gives_goes_through_the_dollar(ledger: Ledger, rows: Rows) -> None:
    ledger.set_reporting_currency("EUR")
    ledger.insert_mtm_price("2024-03-05", "GBPUSD", 1.5)
    ledger.insert_mtm_price("2024-03-05", "EURUSD", 1.25)
    gain(ledger, "x", 10.0, "GBP", "2024-03-06")

    assert rows("SELECT rate, reporting_net_pnl, reporting_currency FROM v_daily_pnl") == [
        {"rate": pytest.approx(1.2), "reporting_net_pnl": 12.0, "reporting_currency": "EUR"}
    ]


def test_each_day_converts_at_the_rate_last_known_then(ledger: Ledger, rows: Rows) -> None:
    ledger.insert_mtm_price("2024-03-04", "EURUSD", 1.0)
    ledger.insert_mtm_price("2024-03-07", "EURUSD", 2.0)
    for number, day in enumerate(("2024-03-04", "2024-03-06", "2024-03-07", "2024-03-08")):
        gain(ledger, f"x{number}", 10.0, "EUR", day)

    assert [row["reporting_net_pnl"] for row in rows("SELECT * FROM v_daily_pnl ORDER BY trade_date")] == [
        10.0, 10.0, 20.0, 20.0,
    ]  # fmt: skip


def test_a_missing_rate_is_named_and_the_amount_is_left_out_of_sums_never_zero(ledger: Ledger, rows: Rows) -> None:
    gain(ledger, "x1", 10.0, "EUR", "2024-03-05")
    ledger.insert_mtm_price("2024-03-06", "EURUSD", 1.25)  # after the first day: not known then
    gain(ledger, "x2", 10.0, "EUR", "2024-03-06")
    gain(ledger, "x3", 5.0, "USD", "2024-03-05")

    daily = rows("SELECT trade_date, currency, reporting_net_pnl, missing_rate FROM v_daily_pnl ORDER BY 1, 2")
    assert [tuple(row.values()) for row in daily] == [
        ("2024-03-05", "EUR", None, "EURUSD"),
        ("2024-03-05", "USD", 5.0, None),
        ("2024-03-06", "EUR", 12.5, None),
    ]
    columns = "trade_date, total_pnl, cumulative_pnl, missing_rate, left_out, cumulative_left_out"
    together = rows(f"SELECT {columns} FROM v_portfolio_daily ORDER BY 1")
    assert [tuple(row.values()) for row in together] == [
        ("2024-03-05", 5.0, 5.0, "EURUSD", 1, 1),
        ("2024-03-06", 12.5, 17.5, None, 0, 1),
    ]
    columns = "currency, missing_rate, sessions, first_date, last_date, total_pnl"
    assert [tuple(row.values()) for row in rows(f"SELECT {columns} FROM v_missing_rates")] == [
        ("EUR", "EURUSD", 1, "2024-03-05", "2024-03-05", 10.0)
    ]
    assert [row["reporting_net_pnl"] for row in rows("SELECT * FROM v_trades ORDER BY trade_id")] == [None, 12.5, 5.0]


def test_what_is_not_known_at_all_is_empty_in_every_sum(ledger: Ledger, rows: Rows) -> None:
    gain(ledger, "x1", 10.0, "EUR", "2024-03-05")
    gain(ledger, "x2", 5.0, "USD", "2024-03-06")
    together = rows("SELECT total_pnl, commission, cumulative_pnl, left_out FROM v_portfolio_daily ORDER BY trade_date")
    assert [tuple(row.values()) for row in together] == [(None, None, None, 1), (5.0, 0.0, 5.0, 0)]


def test_a_fee_keeps_its_own_currency(ledger: Ledger, rows: Rows) -> None:
    ledger.insert_mtm_price("2024-03-05", "EURUSD", 1.25)
    gain(ledger, "x", 10.0, "USD", "2024-03-06")
    ledger.insert_commission("x-BUY", 2.0, "EUR")
    ledger.insert_commission("x-SELL", 1.0, "USD")

    assert rows("SELECT currency, net_pnl, reporting_net_pnl FROM v_daily_pnl ORDER BY currency") == [
        {"currency": "EUR", "net_pnl": -2.0, "reporting_net_pnl": -2.5},
        {"currency": "USD", "net_pnl": 9.0, "reporting_net_pnl": 9.0},
    ]
    assert rows("SELECT commission, other_fees, net_pnl FROM v_trades") == [
        {"commission": 1.0, "other_fees": 1, "net_pnl": 9.0}
    ]
    assert rows("SELECT total_pnl FROM v_portfolio_daily") == [{"total_pnl": 6.5}]


def test_amounts_are_rounded_to_the_unit_of_the_reporting_currency(ledger: Ledger, rows: Rows) -> None:
    ledger.set_reporting_currency("JPY")
    ledger.insert_mtm_price("2024-03-05", "USDJPY", 150.55)
    gain(ledger, "x", 1.0, "USD", "2024-03-06")

    assert rows("SELECT reporting_net_pnl FROM v_daily_pnl") == [{"reporting_net_pnl": 151.0}]


def test_the_reporting_currency_follows_the_setting(tmp_path: Any) -> None:
    home = Home(tmp_path / "home").create()
    ledger = open_ledger(home)
    assert ledger.reporting_currency() == "USD"

    set_setting(home, "platform.reporting_currency", "CHF")

    assert ledger.reporting_currency() == "CHF"
    with pytest.raises(InvalidRecord, match="code such as EUR"):
        ledger.set_reporting_currency("francs")
    ledger.close()


def test_a_price_is_the_last_one_known_at_the_day(ledger: Ledger) -> None:
    ledger.insert_mtm_price("2024-03-04", "AAPL", 10.0)
    ledger.insert_mtm_price("2024-03-06", "AAPL", 11.0, volume=5)
    ledger.insert_mtm_price("2024-03-06", "AAPL", 99.0, contract_id="7")

    assert (ledger.get_mtm_price("AAPL") or {})["close"] == 11.0
    assert (ledger.get_mtm_price("AAPL", "2024-03-05") or {})["date"] == "2024-03-04"
    assert (ledger.get_mtm_price("AAPL", contract_id="7") or {})["close"] == 99.0
    assert ledger.get_mtm_price("AAPL", "2024-03-01") is None
