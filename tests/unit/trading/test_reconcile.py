"""Reconciliation: every difference between us and the broker is found, nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from quantstrip.model import Fill, Order, OrderSide, OrderState, OrderType
from quantstrip.ports import BrokerPosition, OpenOrder, OrderUpdate
from quantstrip.trading import reconcile


def ours(reference: str, state: str = "ACCEPTED", filled: float = 0.0) -> OpenOrder:
    order = Order(reference, "x", "S", OrderSide.BUY, 10.0, OrderType.MARKET, 0)
    return OpenOrder(order, OrderState(state), filled)


def theirs(reference: str, state: str = "ACCEPTED", filled: float = 0.0) -> OrderUpdate:
    return OrderUpdate(reference, OrderState(state), filled, 10.0 - filled, 0.0, 0)


def fill(exec_id: str, reference: str = "r", price: float = 100.0, ts: int = 0) -> Fill:
    return Fill(exec_id, reference, "x", "S", OrderSide.BUY, 10.0, price, ts)


def test_agreement_is_clean() -> None:
    result = reconcile(
        [ours("a")], [fill("1")], {"S": 10.0}, [theirs("a")], [fill("1")], [BrokerPosition("A", "S", 10.0, 100.0)]
    )
    assert result.clean
    assert result.matched == ["order:a", "execution:1", "position:S"]


def test_an_order_the_broker_does_not_have() -> None:
    result = reconcile([ours("a")], [], {}, [], [], [])
    assert [(one.kind, one.key, one.ours, one.theirs) for one in result.missing_there] == [
        ("order", "a", "ACCEPTED, filled 0", "-")
    ]


def test_an_order_we_do_not_have() -> None:
    result = reconcile([], [], {}, [theirs("b")], [], [])
    assert [one.key for one in result.missing_here] == ["b"]


def test_an_order_that_stands_differently() -> None:
    result = reconcile([ours("a")], [], {}, [theirs("a", "PARTIALLY_FILLED", 4.0)], [], [])
    assert [(one.ours, one.theirs) for one in result.different] == [
        ("ACCEPTED, filled 0", "PARTIALLY_FILLED, filled 4")
    ]


def test_an_order_that_is_gone_because_it_filled_is_not_missing() -> None:
    result = reconcile([ours("a")], [], {}, [], [fill("1", "a")], [])
    assert result.missing_there == []
    assert [one.exec_id for one in result.unseen_fills] == ["1"]


def test_fills_are_compared_by_key_and_given_oldest_first() -> None:
    booked = [fill("1"), fill("2"), fill("3", price=99.0)]
    reported = [fill("5", ts=9), fill("4", ts=3), fill("1"), fill("3")]
    result = reconcile([], booked, {}, [], reported, [])
    assert [one.exec_id for one in result.unseen_fills] == ["4", "5"]
    assert [one.key for one in result.missing_there] == ["2"]
    assert [(one.ours, one.theirs) for one in result.different] == [("BUY 10 S at 99", "BUY 10 S at 100")]


def test_positions_of_all_accounts_are_added_up() -> None:
    held = [
        BrokerPosition("A", "S", 10.0, 1.0),
        BrokerPosition("B", "S", -4.0, 1.0),
        BrokerPosition("A", "T", 1.0, 1.0),
    ]
    result = reconcile([], [], {"S": 5.0, "U": 2.0}, [], [], held)
    assert [(one.key, one.ours, one.theirs) for one in result.different] == [("S", "5", "6")]
    assert [(one.key, one.theirs) for one in result.missing_here] == [("T", "1")]
    assert [(one.key, one.ours) for one in result.missing_there] == [("U", "2")]


names = st.sets(st.sampled_from("abcdef"))


@given(names, names, names, names)
def test_each_key_ends_in_exactly_one_place(
    our_orders: set[str], their_orders: set[str], our_fills: set[str], their_fills: set[str]
) -> None:
    result = reconcile(
        [ours(name) for name in our_orders],
        [fill(name) for name in our_fills],
        {},
        [theirs(name) for name in their_orders],
        [fill(name) for name in their_fills],
        [],
    )
    assert {one.key for one in result.missing_here if one.kind == "order"} == their_orders - our_orders
    assert {one.key for one in result.missing_there if one.kind == "order"} == our_orders - their_orders
    assert {one.exec_id for one in result.unseen_fills} == their_fills - our_fills
    places = len(result.matched) + len(result.missing_here) + len(result.missing_there) + len(result.different)
    assert places == len(our_orders | their_orders) + len(our_fills | their_fills)
    assert result.clean is (our_orders == their_orders and our_fills == their_fills)
