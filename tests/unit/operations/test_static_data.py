"""Brokers, strategies and instruments: added, changed, removed; refused with the reason."""

from typing import Any

import pytest

from quantstrip.errors import DataError, InvalidRecord, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import static_data
from quantstrip.operations.static_data import Kind


def test_each_kind_is_added_changed_and_removed(made_home: Home) -> None:
    added = static_data.add(made_home, "broker", " IBKR ", {"full_name": "Interactive Brokers"})
    assert (added.name, added.values["full_name"]) == ("IBKR", "Interactive Brokers")
    static_data.change(made_home, "broker", "IBKR", {"full_name": "other"}, to="IB")
    assert [(each.name, each.values["full_name"]) for each in static_data.rows(made_home, "broker")] == [
        ("IB", "other")
    ]
    static_data.add(made_home, "strategy", "cross", {"allocation": "5000", "currency": "eur"})
    static_data.change(made_home, "strategy", "cross", {"description": "slow", "allocation": ""})
    assert static_data.find(made_home, "strategy", "cross").values == {
        "description": "slow", "allocation": 5000.0, "currency": "EUR"
    }  # fmt: skip
    static_data.add(made_home, "instrument", "ES", {"multiplier": 50, "calendar": "CME", "tick_size": 0.25}, "ESZ6")
    static_data.change(made_home, "instrument", "ES", {"lot_size": "2"}, "ESZ6")
    found = static_data.find(made_home, "instrument", "ES", "ESZ6").values
    assert (found["multiplier"], found["lot_size"], found["tick_size"]) == (50.0, 2.0, 0.25)
    for kind, name, contract in (("broker", "IB", ""), ("strategy", "cross", ""), ("instrument", "ES", "ESZ6")):
        static_data.remove(made_home, kind, name, contract)  # type: ignore[arg-type]
        assert static_data.rows(made_home, kind) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "name", "values", "error", "said"),
    [
        ("broker", " ", {}, InvalidRecord, "the name"),
        ("broker", "IBKR", {}, InvalidRecord, "already"),
        ("broker", "x", {"multiplier": 1}, InvalidRecord, "a broker has no multiplier"),
        ("strategy", "x", {"allocation": "much"}, InvalidRecord, "allocation must be a number, got 'much'"),
        ("strategy", "x", {"allocation": "inf"}, InvalidRecord, "allocation"),
        ("strategy", "x", {"currency": "dollars!"}, InvalidRecord, "a currency is a code"),
        ("instrument", "x", {"multiplier": 0}, InvalidRecord, "multiplier"),
        ("instrument", "x", {"tick_size": -1}, InvalidRecord, "tick_size must be zero or above"),
        ("instrument", "x", {"calendar": "Nowhere"}, DataError, "NOWHERE"),
    ],
)
def test_a_wrong_value_is_refused_and_writes_nothing(
    made_home: Home, kind: Kind, name: str, values: dict[str, Any], error: type[Exception], said: str
) -> None:
    static_data.add(made_home, "broker", "IBKR", {})
    before = {each: static_data.rows(made_home, each) for each in static_data.KINDS}
    with pytest.raises(error, match=said):
        static_data.add(made_home, kind, name, values)
    assert {each: static_data.rows(made_home, each) for each in static_data.KINDS} == before


def test_what_rows_refer_to_stays_and_the_tables_are_told(made_home: Home, ledger: Ledger) -> None:
    static_data.add(made_home, "broker", "IBKR", {})
    static_data.add(made_home, "instrument", "AAPL", {})
    order = ledger.next_order_id()
    ledger.insert_order(order, "cross", "IBKR", symbol="AAPL", side="BUY", order_type="MKT", total_quantity=10)
    for kind, name in (("broker", "IBKR"), ("strategy", "cross"), ("instrument", "AAPL")):
        with pytest.raises(InvalidRecord, match=rf"{kind} '{name}' stays: rows refer to it \(.*1 of orders"):
            static_data.remove(made_home, kind, name)  # type: ignore[arg-type]
    with pytest.raises(UnknownRecord, match="there is no broker 'IB'; there are: IBKR"):
        static_data.remove(made_home, "broker", "IB")


def test_a_strategy_that_was_used_keeps_the_name_that_its_code_books_under(made_home: Home, ledger: Ledger) -> None:
    ledger.open_strategy_run("key", "client", "ran", "paper", "U1", "hash", {}, "feed", 1_000.0)
    order = ledger.next_order_id()
    ledger.insert_order(order, "ordered", symbol="AAPL", side="BUY", order_type="MKT", total_quantity=10)
    ledger.insert_manual_trade("held", "AAPL", "BUY", 10, 5.0, exec_time="2024-03-06 15:00:00")
    static_data.add(made_home, "strategy", "idle", {})
    for name, has in (("ran", "runs"), ("ordered", "orders"), ("held", "an open position")):
        with pytest.raises(InvalidRecord, match=f"'{name}' keeps its name: it has .*{has}.* would be split") as told:
            static_data.change(made_home, "strategy", name, {"description": "x", "allocation": 5}, to="other")
        assert "transfer the position" in told.value.hint
        assert static_data.find(made_home, "strategy", name).values["description"] is None, "nothing was written"
        static_data.change(made_home, "strategy", name, {"description": "x"}, to=name)
        assert static_data.find(made_home, "strategy", name).values["description"] == "x"
    static_data.change(made_home, "strategy", "idle", {}, to="other")
    assert [each.name for each in static_data.rows(made_home, "strategy")] == ["held", "ordered", "other", "ran"]


def test_a_broker_that_was_used_keeps_the_name_that_runs_book_under(made_home: Home, ledger: Ledger) -> None:
    for name in ("ordered", "filled", "idle"):
        static_data.add(made_home, "broker", name, {})
    order = ledger.insert_order(None, "cross", "ordered", symbol="KO", side="BUY", order_type="MKT", total_quantity=2)
    ledger.insert_execution("x1", order, "cross", "filled", symbol="KO", side="BUY", quantity=2, price=5.0)
    for name, has in (("ordered", "orders"), ("filled", "fills and an open position")):
        with pytest.raises(InvalidRecord, match=f"broker '{name}' keeps its name: it has {has}.* would be split"):
            static_data.change(made_home, "broker", name, {"full_name": "x"}, to="other")
        assert static_data.find(made_home, "broker", name).values["full_name"] is None, "nothing was written"
        static_data.change(made_home, "broker", name, {"full_name": "x"}, to=name)
        assert static_data.find(made_home, "broker", name).values["full_name"] == "x"
    static_data.change(made_home, "broker", "idle", {}, to="other")
    assert [each.name for each in static_data.rows(made_home, "broker")] == ["filled", "ordered", "other"]
