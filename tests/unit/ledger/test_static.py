"""Names, instruments, prices, the broker's own positions, stored reports and mail accounts."""

from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument

Rows = Callable[..., list[dict[str, Any]]]


def test_brokers_are_registered_renamed_and_deleted(ledger: Ledger) -> None:
    first = ledger.insert_broker("IBKR", "Interactive Brokers")
    assert ledger.insert_broker("IBKR", "again") == first
    second = ledger.insert_broker("ALP")

    ledger.update_broker(second, full_name="Alpaca")
    ledger.update_broker("ALP", name="ALPACA")

    assert ledger.get_brokers()[["name", "full_name"]].values.tolist() == [
        ["IBKR", "Interactive Brokers"],
        ["ALPACA", "Alpaca"],
    ]
    ledger.delete_broker("ALPACA")
    assert ledger.get_broker_id("ALPACA") is None
    assert ledger.get_broker_id("IBKR") == first
    with pytest.raises(InvalidRecord, match="nothing to change"):
        ledger.update_broker(first)


def test_strategies_are_registered_changed_and_deleted(ledger: Ledger) -> None:
    strategy = ledger.insert_strategy("trend", "follows", allocation=50_000, currency="USD")
    assert ledger.insert_strategy("trend") == strategy

    ledger.update_strategy("trend", description="follows the trend")

    (row,) = ledger.get_strategies().to_dict("records")
    assert (row["description"], row["allocation"], row["currency"]) == ("follows the trend", 50_000.0, "USD")
    ledger.delete_strategy(strategy)
    assert len(ledger.get_strategies()) == 0


def test_what_has_history_cannot_be_deleted(ledger: Ledger, order: int) -> None:
    for delete in (ledger.delete_strategy, ledger.delete_broker):
        with pytest.raises(InvalidRecord, match="refused a change"):
            delete(1)

    assert ledger.get_strategy_id("trend") == 1
    assert ledger.get_broker_id("IBKR") == 1


def test_instruments_are_registered_and_changed(ledger: Ledger) -> None:
    ledger.set_instrument(Instrument("ES", multiplier=50.0))
    ledger.set_instrument(Instrument("ES", multiplier=5.0, contract_id="1"))
    ledger.set_instrument(Instrument("ES", multiplier=50.0, tick_size=0.25))

    assert [(row["contract_id"], row["multiplier"], row["tick_size"]) for row in ledger.instruments()] == [
        ("", 50.0, 0.25),
        ("1", 5.0, 0.0),
    ]
    with pytest.raises(InvalidRecord, match="multiplier"):
        ledger.set_instrument(Instrument("ES", multiplier=0.0))


def test_a_days_price_is_replaced_by_a_later_word(ledger: Ledger, rows: Rows) -> None:
    for close in (10.0, 11.0):
        ledger.insert_mtm_price("2024-03-06", "AAPL", close, volume=5)

    assert rows("SELECT date, symbol, close, volume FROM mtm_price") == [
        {"date": "2024-03-06", "symbol": "AAPL", "close": 11.0, "volume": 5.0}
    ]


def test_the_brokers_newest_word_on_each_contract_is_read(ledger: Ledger) -> None:
    ledger.insert_position_external("U1", 265598, 100, 180.5, "AAPL", None, 3)
    ledger.insert_position_external("U1", 265598, 0)
    ledger.insert_position_external("U1", 8314, 5, 120.0)
    ledger.insert_position_external("U2", 265598, 7)

    mine = ledger.get_positions_external("U1")

    assert mine[["contract_id", "position"]].values.tolist() == [["265598", 0.0], ["8314", 5.0]]
    assert len(ledger.get_positions_external()) == 3


def test_a_report_has_sections_and_items(ledger: Ledger) -> None:
    report = ledger.insert_report("End of day", "2024-03-06", "DRAFT", "eod", "me@example.com")
    section = ledger.insert_report_section(report, "PnL", "table")
    item = ledger.insert_report_item(section, "AAPL 100.00")

    ledger.update_report(report, status="SENT")

    assert ledger.get_reports(report)[["name", "status", "type"]].values.tolist() == [["End of day", "SENT", "eod"]]
    assert ledger.get_report_sections(report)["section_id"].tolist() == [section]
    assert ledger.get_report_items(section)["item_id"].tolist() == [item]
    assert ledger.get_report_items(section)["text"].tolist() == ["AAPL 100.00"]
    assert len(ledger.get_reports()) == 1
    with pytest.raises(UnknownRecord):
        ledger.update_report(99, status="SENT")


def test_one_mail_account_is_the_default(ledger: Ledger) -> None:
    ledger.set_email_account("home", smtp_server="smtp.example.com", is_default=True)
    work = ledger.set_email_account(
        "work", smtp_server="smtp.example.org", smtp_port=465, password_path="mail.work.password", is_default=True
    )

    default = ledger.get_default_email_account()
    assert default is not None
    assert (default["name"], default["password"], default["email_account_id"]) == ("work", "mail.work.password", work)
    assert ledger.get_email_account_by_id(work) == ledger.get_email_account_by_name("work") == default
    assert ledger.get_all_email_accounts()["is_default"].tolist() == [0, 1]
    ledger.delete_email_account("work")
    assert ledger.get_default_email_account() is None
