"""An allocation is counted once, in whatever currencies its strategy trades."""

from pathlib import Path

import pytest

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.model import Instrument
from quantstrip.operations import reports

EUR_RATE = 1.25


@pytest.fixture
def fresh(tmp_path: Path) -> Home:
    home = Home(tmp_path / "fresh").create()
    ledger = open_ledger(home)
    ledger.set_instrument(Instrument("SAP", currency="EUR"))
    ledger.insert_mtm_price("2024-03-01", "EURUSD", EUR_RATE)
    return home


def round_trip(ledger: Ledger, strategy: str, symbol: str, gain: float, day: str) -> None:
    for side, price in (("BUY", 100.0), ("SELL", 100.0 + gain)):
        ledger.insert_execution(
            f"{strategy}-{symbol}-{side}", None, strategy, symbol=symbol, side=side, quantity=1, price=price,
            exec_time=f"{day} 15:00:00",
        )  # fmt: skip


def figures(home: Home) -> tuple[float | None, float | None, tuple[str, ...]]:
    report = reports.build(home)
    (strategy,) = report.strategies
    return strategy.figure("net_pnl"), strategy.figure("total_return"), report.notes


@pytest.mark.parametrize(("currency", "capital"), [("USD", 1_000.0), ("EUR", 1_250.0), (None, 1_250.0)])
def test_it_counts_once_for_a_strategy_that_trades_in_two_currencies(
    fresh: Home, currency: str | None, capital: float
) -> None:
    ledger = open_ledger(fresh)
    ledger.insert_strategy("both", allocation=1_000.0, currency=currency)
    round_trip(ledger, "both", "SAP", 10.0, "2024-03-04")
    round_trip(ledger, "both", "SPY", 20.0, "2024-03-05")

    net, total, notes = figures(fresh)

    assert net == 32.5
    assert total == pytest.approx(32.5 / capital)
    assert notes == ()
    rows = ledger.query("SELECT currency, capital FROM v_return_on_capital WHERE capital IS NOT NULL")[1]
    assert rows == [(currency or "EUR", 1_000.0)]


@pytest.mark.parametrize(("currency", "capital"), [("USD", 1_000.0), ("CHF", 1_100.0)])
def test_it_counts_for_a_strategy_that_trades_in_none_but_another_currency(
    fresh: Home, currency: str, capital: float
) -> None:
    ledger = open_ledger(fresh)
    ledger.insert_mtm_price("2024-03-01", "CHFUSD", 1.1)
    ledger.insert_strategy("abroad", allocation=1_000.0, currency=currency)
    round_trip(ledger, "abroad", "SAP", 10.0, "2024-03-04")

    net, total, notes = figures(fresh)

    assert net == 12.5
    assert total == pytest.approx(12.5 / capital)
    assert notes == ()


def test_without_a_rate_for_it_there_are_amounts_and_a_note_and_no_returns(fresh: Home) -> None:
    ledger = open_ledger(fresh)
    ledger.insert_strategy("abroad", allocation=1_000.0, currency="CHF")
    round_trip(ledger, "abroad", "SAP", 10.0, "2024-03-04")

    net, total, notes = figures(fresh)

    assert (net, total) == (12.5, None)
    assert len(notes) == 1
    assert "abroad" in notes[0]
    assert "CHFUSD" in notes[0]


def test_in_several_accounts_it_counts_in_each_and_the_report_says_so(fresh: Home) -> None:
    ledger = open_ledger(fresh)
    ledger.insert_strategy("trend", allocation=1_000.0, currency="USD")
    for number, account in enumerate(("U1", "")):
        for side, price in (("BUY", 100.0), ("SELL", 110.0)):
            ledger.insert_execution(
                f"{number}-{side}", None, "trend", symbol="SPY", side=side, quantity=1, price=price, account=account,
                exec_time="2024-03-04 15:00:00",
            )  # fmt: skip

    report = reports.build(fresh)

    assert [scope.figure("total_return") for scope in report.strategies] == [pytest.approx(0.01)] * 2
    assert report.portfolio.figure("total_return") == pytest.approx(20.0 / 2_000.0)
    assert report.notes == ("trend traded in 2 accounts (no account, U1): its allocation counts in each of them.",)
