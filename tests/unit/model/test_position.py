"""Booking fills: what ``position.apply`` promises for every sequence of fills."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import InvalidRecord
from quantstrip.model import FLAT, Booking, OrderSide, Position, PositionEvent, apply, market_value
from quantstrip.model.position import rounded

BUY, SELL = OrderSide.BUY, OrderSide.SELL

lots = st.one_of(st.integers(1, 100_000).map(float), st.integers(1, 10_000_000).map(lambda n: n / 10_000))
prices = st.one_of(
    st.integers(1, 1_000_000).map(lambda n: n / 100),
    st.floats(1e-4, 1e4),
    st.integers(-5_000, 5_000).map(lambda n: n / 100),
)
fills = st.tuples(st.sampled_from([BUY, SELL]), lots, prices)
coin_fills = st.tuples(
    st.sampled_from([BUY, SELL]),
    st.integers(1, 10**10).map(lambda n: n / 10**8),
    st.integers(1, 10**6).map(lambda n: n / 100),
)
Fills = list[tuple[OrderSide, float, float]]


@st.composite
def trades(draw: st.DrawFn) -> tuple[Fills, float, int]:
    """Fills with the multiplier and the digits of their market: shares, futures, yen, coins.

    All amounts of a sequence together stay below 2**53 minor units, which is what a double holds exactly.
    """
    kind, multiplier, minor = draw(
        st.sampled_from([(fills, 1.0, 2), (fills, 50.0, 2), (fills, 1000.0, 2), (fills, 1.0, 0), (coin_fills, 1.0, 8)])
    )
    return draw(st.lists(kind, min_size=1, max_size=20)), multiplier, minor


def book(sequence: Fills, multiplier: float = 1.0, minor: int = 2) -> tuple[Position, list[Booking]]:
    position, bookings = FLAT, []
    for side, quantity, price in sequence:
        bookings.append(apply(position, side, quantity, price, multiplier, minor))
        position = bookings[-1].position
    return position, bookings


def minor_units(amount: float, minor: int) -> int:
    """The amount as a whole number of minor units: sums of these are exact."""
    return round(Decimal(repr(amount)).scaleb(minor))


def flatten(position: Position, price: float) -> Fills:
    if position.is_flat:
        return []
    return [(SELL if position.quantity > 0 else BUY, abs(position.quantity), price)]


@given(trades())
def test_realised_pnl_minus_book_cost_is_the_sum_of_the_cash_amounts_after_every_fill(
    market: tuple[Fills, float, int],
) -> None:
    sequence, multiplier, minor = market
    _, bookings = book(sequence, multiplier, minor)
    cash = 0
    for booking in bookings:
        cash += minor_units(booking.amount, minor)
        after = booking.position
        assert minor_units(after.realized_pnl, minor) - minor_units(after.cost, minor) == cash


@given(trades(), prices)
def test_from_flat_to_flat_the_realised_pnl_is_the_sum_of_the_cash_amounts(
    market: tuple[Fills, float, int], last_price: float
) -> None:
    sequence, multiplier, minor = market
    position, _ = book(sequence, multiplier, minor)
    final, bookings = book([*sequence, *flatten(position, last_price)], multiplier, minor)
    assert final == Position(0.0, 0.0, 0.0, final.realized_pnl)
    booked = sum(minor_units(b.realized_pnl, minor) for b in bookings)
    assert booked == sum(minor_units(b.amount, minor) for b in bookings) == minor_units(final.realized_pnl, minor)


@given(st.lists(fills, min_size=1, max_size=20))
def test_the_position_is_the_sum_of_the_signed_trades(sequence: Fills) -> None:
    position, bookings = book(sequence)
    exact = sum((Fraction(b.trade_quantity) for b in bookings), Fraction())
    # One grid step of slack for each fill that is itself finer than the grid.
    assert abs(Fraction(position.quantity) - exact) <= Fraction(len(bookings), 10**9)
    assert position.quantity == 0 or (position.quantity > 0) == (exact > 0)


@given(st.lists(fills, min_size=1, max_size=20))
def test_the_event_names_what_happened_to_the_position(sequence: Fills) -> None:
    before = 0.0
    for booking in book(sequence)[1]:
        after = booking.position.quantity
        if before * after < 0:
            expected = PositionEvent.FLIP
        elif after == 0:
            expected = PositionEvent.CLOSE if before > 0 else PositionEvent.COVER
        elif abs(after) < abs(before) or (abs(after) == abs(before) and booking.trade_quantity * before < 0):
            expected = PositionEvent.PARTIAL_CLOSE if before > 0 else PositionEvent.PARTIAL_COVER
        else:
            expected = PositionEvent.OPEN_LONG if after > 0 else PositionEvent.OPEN_SHORT
        assert booking.event == expected
        before = after


@given(st.lists(fills, min_size=1, max_size=20))
def test_only_a_fill_that_reduces_realises_anything(sequence: Fills) -> None:
    for booking in book(sequence)[1]:
        if booking.event in (PositionEvent.OPEN_LONG, PositionEvent.OPEN_SHORT):
            assert booking.realized_pnl == 0.0


@given(trades())
def test_the_mirrored_fills_lose_what_the_fills_win(market: tuple[Fills, float, int]) -> None:
    sequence, multiplier, _ = market
    mirrored = [(side.opposite, quantity, price) for side, quantity, price in sequence]
    one, other = book(sequence, multiplier)[0], book(mirrored, multiplier)[0]
    assert (one.quantity, one.cost, one.realized_pnl) == (-other.quantity, -other.cost, -other.realized_pnl)
    assert one.avg_price == other.avg_price


@given(st.integers(2, 60), st.integers(1, 1000), st.integers(1, 100_000).map(lambda n: n / 100), prices)
def test_splitting_a_fill_at_one_price_changes_the_result_by_rounding_alone(
    pieces: int, size: int, entry: float, leave: float
) -> None:
    whole = book([(BUY, float(pieces * size), entry), (SELL, float(pieces * size), leave)])[0]
    split = book([(BUY, float(size), entry)] * pieces + [(SELL, float(size), leave)] * pieces)[0]
    assert split.is_flat
    assert abs(split.realized_pnl - whole.realized_pnl) <= 0.005 * 2 * (pieces + 1)


@given(st.lists(st.tuples(lots, st.integers(1, 10**6).map(lambda n: n / 100)), min_size=1, max_size=20))
def test_the_average_price_of_buys_is_their_weighted_mean(buys: list[tuple[float, float]]) -> None:
    position, _ = book([(BUY, quantity, price) for quantity, price in buys])
    mean = math.fsum(q * p for q, p in buys) / math.fsum(q for q, _ in buys)
    assert position.avg_price == pytest.approx(mean, rel=1e-9)
    assert min(p for _, p in buys) * (1 - 1e-9) <= position.avg_price <= max(p for _, p in buys) * (1 + 1e-9)


@given(lots, prices, lots, prices)
def test_a_partial_close_keeps_the_average_price(held: float, entry: float, part: float, price: float) -> None:
    position = apply(FLAT, BUY, held + part, entry).position
    after = apply(position, SELL, part, price)
    if after.event is PositionEvent.PARTIAL_CLOSE:
        assert after.position.avg_price == position.avg_price


def test_a_long_trip_in_dollars() -> None:
    bought = apply(FLAT, BUY, 100, 10.0)
    assert bought == Booking(Position(100.0, 10.0, 1000.0, 0.0), PositionEvent.OPEN_LONG, 100, 0.0, -1000.0)
    half = apply(bought.position, SELL, 50, 12.0)
    assert half == Booking(Position(50.0, 10.0, 500.0, 100.0), PositionEvent.PARTIAL_CLOSE, -50, 100.0, 600.0)
    out = apply(half.position, SELL, 50, 9.0)
    assert out == Booking(Position(0.0, 0.0, 0.0, 50.0), PositionEvent.CLOSE, -50, -50.0, 450.0)


def test_a_short_trip_in_dollars() -> None:
    sold = apply(FLAT, SELL, 10, 100.0)
    assert sold.position == Position(-10.0, 100.0, -1000.0, 0.0)
    assert sold.event is PositionEvent.OPEN_SHORT
    part = apply(sold.position, BUY, 4, 90.0)
    assert (part.event, part.realized_pnl) == (PositionEvent.PARTIAL_COVER, 40.0)
    out = apply(part.position, BUY, 6, 110.0)
    assert (out.event, out.realized_pnl, out.position.realized_pnl) == (PositionEvent.COVER, -60.0, -20.0)


def test_a_flip_closes_at_the_old_cost_and_opens_at_the_fill_price() -> None:
    long = apply(FLAT, BUY, 10, 100.0).position
    turned = apply(long, SELL, 15, 110.0)
    assert turned == Booking(Position(-5.0, 110.0, -550.0, 100.0), PositionEvent.FLIP, -15, 100.0, 1650.0)


def test_a_future_counts_its_multiplier_and_a_yen_amount_has_no_decimals() -> None:
    future = apply(apply(FLAT, BUY, 2, 5000.25, 50.0).position, SELL, 2, 5001.5, 50.0)
    assert future.realized_pnl == 125.0
    yen = apply(apply(FLAT, BUY, 3, 1000.6, 1.0, 0).position, SELL, 3, 1001.7, 1.0, 0)
    assert yen.realized_pnl == 3005.0 - 3002.0


def test_a_negative_price_is_booked_like_any_other() -> None:
    bought = apply(FLAT, BUY, 1, -37.63, 1000.0)
    assert bought.amount == 37_630.0
    assert apply(bought.position, SELL, 1, 10.01, 1000.0).realized_pnl == 47_640.0


def test_many_small_lots_leave_no_ghost_position() -> None:
    position = FLAT
    for _ in range(20_000):
        position = apply(position, BUY, 0.1, 1.0).position
    assert position.quantity == 2000.0
    assert apply(position, SELL, 2000.0, 1.0).position == FLAT


def test_three_tenths_sold_at_once_close_three_buys_of_a_tenth() -> None:
    position, _ = book([(BUY, 0.1, 50.0)] * 3)
    assert apply(position, SELL, 0.3, 50.0).event is PositionEvent.CLOSE


@given(
    st.one_of(
        st.floats(allow_nan=False),
        st.integers(-(10**15), 10**15).map(lambda n: n / 200),  # halves of a cent, and what floats make of them
        st.tuples(st.integers(-(10**12), 10**12), st.floats(-1e-6, 1e-6)).map(lambda one: one[0] / 1000 + one[1]),
    ),
    st.integers(-2, 12),
)
def test_rounding_by_arithmetic_gives_what_round_gives(value: float, digits: int) -> None:
    assert rounded(value, digits) == round(value, digits)


@pytest.mark.parametrize("value", [2.675, 1.005, 0.125, 0.5, 1.5, 2.5, -0.005, 1e12 + 0.5, 9_999_999_999.995, math.inf])
@pytest.mark.parametrize("digits", [0, 2, 8])
def test_a_half_is_rounded_as_its_double_lies(value: float, digits: int) -> None:
    assert rounded(value, digits) == round(value, digits)
    assert rounded(-value, digits) == round(-value, digits)


def test_no_amount_is_minus_zero() -> None:
    booking = apply(apply(FLAT, BUY, 1, 0.001).position, SELL, 1, 0.001)
    assert math.copysign(1.0, booking.amount) == math.copysign(1.0, booking.realized_pnl) == 1.0


@pytest.mark.parametrize("quantity", [0.0, -1.0, math.nan, math.inf, -math.inf, 1e-10])
def test_an_impossible_quantity_is_refused(quantity: float) -> None:
    with pytest.raises(InvalidRecord, match="quantity"):
        apply(FLAT, BUY, quantity, 10.0)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_an_impossible_price_is_refused(price: float) -> None:
    with pytest.raises(InvalidRecord, match="finite price"):
        apply(FLAT, BUY, 1.0, price)


@pytest.mark.parametrize("multiplier", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_multiplier_is_refused(multiplier: float) -> None:
    with pytest.raises(InvalidRecord, match="multiplier"):
        apply(FLAT, BUY, 1.0, 10.0, multiplier)


@pytest.mark.parametrize(("quantity", "price"), [(1e300, 1e300), (1e30, 20.0), (1e30, 1e-20), (1.0, -1e300)])
def test_a_fill_that_would_swallow_the_next_one_is_refused(quantity: float, price: float) -> None:
    with pytest.raises(InvalidRecord, match="than a number can hold to the unit"):
        apply(FLAT, BUY, quantity, price)


def test_the_side_may_be_its_word_and_is_never_guessed() -> None:
    assert apply(FLAT, "BUY", 1.0, 10.0).position.quantity == 1.0  # type: ignore[arg-type]
    for wrong in ("buy", "B", "", None):
        with pytest.raises(InvalidRecord, match="BUY or a SELL"):
            apply(FLAT, wrong, 1.0, 10.0)  # type: ignore[arg-type]


def test_market_value_is_signed() -> None:
    assert market_value(apply(FLAT, SELL, 2, 100.0).position, 90.0, 50.0) == -9000.0
