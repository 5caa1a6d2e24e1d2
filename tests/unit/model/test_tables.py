"""The table of order states as it is meant, and flips in money."""

import pytest

from quantstrip.model import (
    FLAT,
    Leg,
    OrderSide,
    OrderState,
    OrderType,
    Position,
    Signal,
    TimeInForce,
    apply,
)
from quantstrip.model.states import ALLOWED

MEANT = {
    "CREATED": "SUBMITTED ACCEPTED PARTIALLY_FILLED FILLED CANCELLED EXPIRED REJECTED",
    "SUBMITTED": "ACCEPTED PARTIALLY_FILLED FILLED CANCELLED EXPIRED REJECTED",
    "ACCEPTED": "PARTIALLY_FILLED FILLED CANCELLED EXPIRED REJECTED",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED FILLED CANCELLED EXPIRED",
    "CANCELLED": "PARTIALLY_FILLED FILLED",
    "EXPIRED": "PARTIALLY_FILLED FILLED",
    "FILLED": "",
    "REJECTED": "",
}


def test_what_may_follow_each_state_is_this() -> None:
    assert {str(state): set(map(str, after)) for state, after in ALLOWED.items()} == {
        state: set(after.split()) for state, after in MEANT.items()
    }
    assert set(MEANT) == set(map(str, OrderState))


@pytest.mark.parametrize(
    ("first", "turned", "gain"),
    [
        (OrderSide.BUY, Position(-5.0, 110.0, -27_500.0, 5_000.0), 5_000.0),
        (OrderSide.SELL, Position(5.0, 110.0, 27_500.0, -5_000.0), -5_000.0),
    ],
)
def test_a_flip_of_a_future_counts_its_multiplier_on_both_sides(
    first: OrderSide, turned: Position, gain: float
) -> None:
    """10 contracts of 50 at 100, then 15 the other way at 110: 10 x 10 x 50 are realised, 5 x 110 x 50 are opened."""
    opened = apply(FLAT, first, 10.0, 100.0, multiplier=50.0).position
    booking = apply(opened, OrderSide.SELL if first is OrderSide.BUY else OrderSide.BUY, 15.0, 110.0, multiplier=50.0)
    assert (booking.position, booking.realized_pnl) == (turned, gain)


@pytest.mark.parametrize("words", [{"leg": "NET"}, {"time_in_force": "GTC"}, {"order_type": "MARKET"}, {"side": "BUY"}])
def test_a_signal_written_with_words_holds_members(words: dict[str, str]) -> None:
    given = Signal("S", **({"side": OrderSide.BUY} | words))  # type: ignore[arg-type]
    assert [type(value) for value in (given.side, given.order_type, given.time_in_force, given.leg)] == [
        OrderSide, OrderType, TimeInForce, Leg
    ]  # fmt: skip
