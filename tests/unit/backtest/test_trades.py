"""Round trips from fills: adds, partial closes, flips, and nothing lost between them."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest.trades import round_trips
from quantstrip.model import Fill, Instrument, Leg, OrderSide

SHARE = {"ABC": Instrument("ABC"), "FUT": Instrument("FUT", multiplier=50.0)}


def fills(*rows: tuple[str, float, float], symbol: str = "ABC", fee: float = 1.0, leg: Leg = Leg.NET) -> list[Fill]:
    """Fills ``(side, quantity, price)`` one second apart, each with a commission of ``fee``."""
    return [
        Fill(f"{symbol}-{ts}", "", "s", symbol, OrderSide(side), quantity, price, ts, fee, leg=leg)
        for ts, (side, quantity, price) in enumerate(rows)
    ]


def test_a_purchase_and_a_sale_are_one_round_trip() -> None:
    (trip,), still_open = round_trips(fills(("BUY", 10, 100), ("SELL", 10, 110)), SHARE)
    assert tuple(trip) == ("ABC", "LONG", 10, 0, 100, 1, 110, 98.0, 2.0)
    assert still_open == []


def test_a_short_earns_when_the_price_falls() -> None:
    (trip,), _ = round_trips(fills(("SELL", 10, 100), ("BUY", 10, 90)), SHARE)
    assert (trip.side, trip.pnl) == ("SHORT", 98.0)


def test_adds_and_partial_closes_belong_to_the_trip_until_it_is_flat() -> None:
    rows = (("BUY", 10, 100.0), ("BUY", 30, 104.0), ("SELL", 15, 110.0), ("BUY", 5, 105.0), ("SELL", 30, 112.0))
    (trip,), _ = round_trips(fills(*rows), SHARE)
    assert (trip.entry_ts, trip.exit_ts) == (0, 4)
    assert trip.quantity == 45
    assert trip.entry_price == pytest.approx((1000 + 3120 + 525) / 45)
    assert trip.exit_price == pytest.approx((1650 + 3360) / 45)
    assert trip.pnl == pytest.approx(1650 + 3360 - 1000 - 3120 - 525 - 5)


def test_a_flip_ends_one_trip_and_begins_the_next_sharing_its_commission() -> None:
    (first, second), _ = round_trips(fills(("BUY", 10, 100), ("SELL", 40, 90), ("BUY", 30, 80), fee=4.0), SHARE)
    assert (first.side, first.quantity, first.exit_ts, first.commission) == ("LONG", 10, 1, 4 + 1)
    assert (second.side, second.quantity, second.entry_ts, second.commission) == ("SHORT", 30, 1, 3 + 4)
    assert (first.pnl, second.pnl) == (-100 - 5, 300 - 7)


def test_what_is_not_flat_yet_is_no_trade() -> None:
    done, (trip,) = round_trips(fills(("BUY", 10, 100), ("SELL", 4, 110)), SHARE)
    assert done == []
    assert (trip.symbol, trip.side, trip.position.quantity, trip.realized) == ("ABC", "LONG", 6, 40)


def test_symbols_and_legs_are_positions_of_their_own() -> None:
    mixed = (
        fills(("BUY", 1, 100), ("SELL", 1, 101), leg=Leg.LONG)
        + fills(("SELL", 1, 100), ("BUY", 1, 103), leg=Leg.SHORT)
        + fills(("BUY", 2, 100), ("SELL", 2, 101), symbol="FUT")
    )
    done, still_open = round_trips(sorted(mixed, key=lambda fill: fill.ts), SHARE)
    assert {(trip.symbol, trip.side): trip.pnl + trip.commission for trip in done} == {
        ("ABC", "LONG"): 1.0,
        ("ABC", "SHORT"): -3.0,
        ("FUT", "LONG"): 100.0,
    }
    assert still_open == []


def test_no_fills_no_trips() -> None:
    assert round_trips([], SHARE) == ([], [])


_FILLS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 50), st.integers(100, 20_000).map(lambda p: p / 100)),
    max_size=30,
)


@given(_FILLS)
def test_every_unit_and_every_cent_is_in_exactly_one_trip(rows: Sequence[tuple[str, int, float]]) -> None:
    every = fills(*rows)
    # What is left at the end is closed, so that all of it is in finished trips.
    rest = sum(quantity if side == "BUY" else -quantity for side, quantity, _price in rows)
    if rest:
        last = ("SELL" if rest > 0 else "BUY", abs(rest), 50.0)
        every = fills(*rows, last)

    done, still_open = round_trips(every, SHARE)

    assert still_open == []
    cash = sum(round(-fill.side.sign * fill.quantity * fill.price, 2) - fill.commission for fill in every)
    assert sum(trip.pnl for trip in done) == pytest.approx(cash, abs=1e-6)
    assert 2 * sum(trip.quantity for trip in done) == sum(fill.quantity for fill in every)
    assert sum(trip.commission for trip in done) == pytest.approx(sum(fill.commission for fill in every))
    assert all(earlier.exit_ts <= later.entry_ts for earlier, later in pairwise(done))


@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5), st.floats(0.001, 1e4))
def test_a_trip_of_one_price_each_way_has_these_prices_to_the_last_bit(entry: float, exit_: float, size: float) -> None:
    trips, _ = round_trips(fills(("BUY", size, entry), ("SELL", size, exit_)), SHARE)
    assert [(trip.entry_price, trip.exit_price) for trip in trips] == [(entry, exit_)]
