"""The edges of order states, comparison and validity."""

from typing import Any

import pytest

from quantstrip.model import Fill, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import OrderUpdate
from quantstrip.trading import OrderBook, reconcile
from quantstrip.trading.orders import TrackedOrder
from quantstrip.trading.validity import problem


def order(quantity: float = 0.3) -> Order:
    return Order("r", "x", "S", OrderSide.BUY, quantity, OrderType.LIMIT, 0, limit_price=1.0)


def test_what_is_left_of_an_order_by_the_noise_of_floats_is_nothing() -> None:
    for filled, remaining in ((0.3 - 1e-16, 0.0), (0.1 * 3, 0.0), (0.2999, 0.0001)):
        tracked = TrackedOrder(order())
        tracked.filled = filled
        assert tracked.remaining == pytest.approx(remaining, abs=0.0, rel=1e-9)


def test_the_brokers_id_of_an_order_stays_when_a_later_report_lacks_it() -> None:
    orders = OrderBook()
    orders.add(order(10.0))
    orders.apply(OrderUpdate("r", OrderState.ACCEPTED, 0.0, 10.0, 0.0, 1, "", "PERM-1"))
    tracked = orders.apply(OrderUpdate("r", OrderState.PARTIALLY_FILLED, 4.0, 6.0, 1.0, 2))
    assert tracked is not None
    assert (tracked.external_id, tracked.filled) == ("PERM-1", 4.0)


def test_unseen_fills_come_by_their_time_and_only_then_by_their_id() -> None:
    fills = [Fill(name, "r", "x", "S", OrderSide.BUY, 1.0, 1.0, ts) for name, ts in (("a", 9), ("c", 3), ("b", 3))]
    assert [fill.exec_id for fill in reconcile([], [], {}, [], fills, []).unseen_fills] == ["b", "c", "a"]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("field", ["stop_loss", "take_profit"])
def test_protection_at_the_price_of_the_entry_is_refused(side: str, field: str) -> None:
    """It would end the position in the bar that opened it."""
    prices: dict[str, Any] = {field: 100.0}
    found = problem(Signal("S", side, **prices), 100.0)
    assert found is not None
    assert f"{field} of 100 must lie" in found
