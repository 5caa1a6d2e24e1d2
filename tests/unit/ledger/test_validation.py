"""Impossible values are refused with what to do, and leave the ledger as it was."""

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger, validate

NAN, INFINITY = math.nan, math.inf


Call = Callable[[Ledger], object]
Snapshot = Callable[[], object]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", 0), "total_quantity"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", -5), "total_quantity"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", NAN), "total_quantity"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", INFINITY), "total_quantity"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", "many"), "total_quantity"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "LMT", 5, NAN), "limit_price"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "HOLD", "MKT", 5), "side"),
        (lambda db: db.insert_order(1, "s", None, "", "", "BUY", "MKT", 5), "symbol"),
        (lambda db: db.insert_order(1, "", None, "", "AAPL", "BUY", "MKT", 5), "strategy_id"),
        (lambda db: db.insert_order(1.5, "s", None, "", "AAPL", "BUY", "MKT", 5), "order_id"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", 5, mode="real"), "mode"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", 5, leg="BOTH"), "leg"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", 5, event_time="soon"), "event_time"),
        (lambda db: db.insert_order(1, "s", None, "", "AAPL", "BUY", "MKT", 5, metadata=[1]), "metadata"),
        (lambda db: db.insert_order_status(1, ""), "status"),
        (lambda db: db.insert_order_status(1, "Filled", NAN), "filled_quantity"),
        (lambda db: db.insert_execution("", 1, "s", symbol="A", side="BUY", quantity=1, price=1), "exec_id"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=0, price=1), "quantity"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=NAN, price=1), "quantity"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=1, price=NAN), "price"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=1, price=None), "price"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="?", quantity=1, price=1), "side"),
        (lambda db: db.insert_execution("x", 1, "s", side="BUY", quantity=1, price=1), "symbol"),
        (lambda db: db.insert_execution("x", 1, side="BUY", quantity=1, price=1), "symbol"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=1e-12, price=1), "quantity"),
        (lambda db: db.insert_execution("x", 1, "s", symbol="A", side="BUY", quantity=1e30, price=1), "to the unit"),
        (lambda db: db.insert_manual_trade("s", "A", "BUY", 1, 1e300), "to the unit"),
        (
            lambda db: db.insert_execution("x", 1, "s", None, "A", side="BUY", quantity=1, price=1, exec_time=7),
            "exec_time",
        ),
        (lambda db: db.insert_commission("x", NAN, "USD"), "amount"),
        (lambda db: db.insert_commission("", 1, "USD"), "exec_id"),
        (lambda db: db.insert_position_event(strategy_id="s", symbol="A", position=NAN), "position"),
        (lambda db: db.insert_position_event(symbol="A", position=1), "strategy"),
        (lambda db: db.insert_strategy_event(strategy_id="s", event_type="BUY"), "symbol"),
        (lambda db: db.insert_strategy_event(strategy_id="s", symbol="A", status="DONE"), "status"),
        (lambda db: db.insert_position_external("U1", "c", NAN), "position"),
        (lambda db: db.insert_mtm_price("yesterday", "A", 1.0), "date"),
        (lambda db: db.open_strategy_run("k", "c", "s", "replay", "", "h", {}, "f", 0), "initial_cash"),
        (lambda db: db.end_client_run(1, "tired"), "outcome"),
        (lambda db: db.set_client("a", colour="red"), "colour"),
        (lambda db: db.set_client("a", desired_state="maybe"), "desired_state"),
    ],
)
def test_an_impossible_value_is_refused_and_nothing_is_written(
    ledger: Ledger, everything: Snapshot, call: Call, said: str
) -> None:
    before = everything()

    with pytest.raises(InvalidRecord) as refused:
        call(ledger)

    assert said in refused.value.message
    assert refused.value.hint or "fill needs" in refused.value.message
    assert everything() == before


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.insert_order(1, "s", "nobody", "", "AAPL", "BUY", "MKT", 5),
        lambda db: db.insert_order(1, 99, None, "", "AAPL", "BUY", "MKT", 5),
        lambda db: db.insert_execution("x", 1, "s", 99, "A", side="BUY", quantity=1, price=1),
        lambda db: db.insert_strategy_event(77, 100, "BUY"),
        lambda db: db.update_order_external_id(77, "X"),
        lambda db: db.update_strategy_event_status(77),
        lambda db: db.heartbeat(77),
        lambda db: db.end_client_run(77, "stopped"),
        lambda db: db.finish_job(77, "ok"),
        lambda db: db.insert_report_section(77, "PnL"),
        lambda db: db.insert_report_item(77, "text"),
        lambda db: db.update_strategy("nothing", "x"),
        lambda db: db.delete_strategy("nothing"),
        lambda db: db.record_equity("nothing", [(1, 1.0)]),
    ],
)
def test_what_is_not_in_the_ledger_is_named_and_nothing_is_written(
    ledger: Ledger, everything: Snapshot, call: Call
) -> None:
    before = everything()

    with pytest.raises(UnknownRecord) as refused:
        call(ledger)

    assert refused.value.hint
    assert everything() == before


def test_numbers_of_other_types_are_taken_as_they_are_meant() -> None:
    assert validate.finite("price", Decimal("1.25")) == 1.25
    assert validate.finite("price", np.float64(1.25)) == 1.25
    assert validate.finite("price", "1.25") == 1.25
    assert validate.whole("order_id", np.int64(7)) == 7
    assert validate.whole("order_id", "7") == 7
    with pytest.raises(InvalidRecord):
        validate.finite("price", True)


def test_the_brokers_word_for_no_price_is_no_price() -> None:
    assert validate.optional("limit_price", 1.7976931348623157e308) is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2024-03-06 17:00:00", "2024-03-06 17:00:00.000000"),
        ("2024-03-06T12:00:00-05:00", "2024-03-06 17:00:00.000000"),
        (dt.datetime(2024, 3, 6, 17), "2024-03-06 17:00:00.000000"),  # noqa: DTZ001
        (dt.datetime(2024, 3, 6, 18, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2024-03-06 17:00:00.000000"),
        (1_709_744_400_000_000, "2024-03-06 17:00:00.000000"),
        (None, "now"),
    ],
)
def test_a_moment_may_be_text_datetime_or_microseconds(given: Any, stored: str) -> None:
    assert validate.moment("event_time", given, "now") == stored


def test_seconds_since_the_epoch_are_not_mistaken_for_microseconds() -> None:
    with pytest.raises(InvalidRecord, match="event_time"):
        validate.moment("event_time", 1_709_744_400, "")


@pytest.mark.parametrize(
    ("word", "side"), [("buy", "BUY"), ("BOT", "BUY"), ("b", "BUY"), ("SLD", "SELL"), ("Sell", "SELL")]
)
def test_the_words_brokers_use_for_a_side_are_understood(word: str, side: str) -> None:
    assert validate.side(word) == side


def test_metadata_keeps_what_json_has_no_word_for_as_text() -> None:
    kept = validate.from_json(
        validate.to_json("metadata", {"at": dt.date(2024, 3, 6), "nan": NAN, "deep": [INFINITY, {"d": Decimal("1.5")}]})
    )
    assert kept == {"at": "2024-03-06", "nan": "nan", "deep": ["inf", {"d": "1.5"}]}
    assert validate.from_json(validate.to_json("metadata", '{"a": 1}')) == {"a": 1}
