"""Two lists of deals side by side: what is the same, and the cause of what is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest.parity import Deal, compare_deals

_MOMENTS = {"S": np.arange(0, 1_000, 10, dtype=np.int64)}
_ANY = st.builds(
    Deal, st.sampled_from(range(0, 200, 10)), st.just("S"), st.sampled_from(["BUY", "SELL"]), st.just(1.0), st.just(5.0)
)
_DEALS = st.lists(_ANY, max_size=15)


def _one(ts: int, side: str = "BUY", quantity: float = 10.0, price: float = 5.0) -> Deal:
    return Deal(ts, "S", side, quantity, price)


@given(_DEALS)
def test_a_list_is_like_itself_in_any_order(deals: list[Deal]) -> None:
    found = compare_deals(deals, list(reversed(deals)), _MOMENTS)
    assert found.matched == len(deals)
    assert found.mismatches == ()
    assert found.percent == (100.0 if deals else None)


@given(_DEALS, _DEALS)
def test_every_deal_is_counted_once(ours: list[Deal], theirs: list[Deal]) -> None:
    found = compare_deals(ours, theirs, _MOMENTS)
    here = sum(1 for each in found.mismatches if each.ours is not None)
    there = sum(1 for each in found.mismatches if each.theirs is not None)
    assert found.matched + here == found.ours == len(ours)
    assert found.matched + there == found.theirs == len(theirs)


@given(_DEALS, _DEALS)
def test_whoever_is_asked_first_the_share_is_the_same(ours: list[Deal], theirs: list[Deal]) -> None:
    assert compare_deals(ours, theirs, _MOMENTS).percent == compare_deals(theirs, ours, _MOMENTS).percent


@pytest.mark.parametrize(
    ("theirs", "kind", "cause"),
    [
        ([], "missing", "not traded there"),
        ([_one(120)], "time", "2 bars later there"),
        ([_one(90)], "time", "1 bar earlier there"),
        ([_one(100, "SELL")], "side", "the other side at the same bar"),
        ([_one(100, price=5.01)], "price", "another price: costs, ticks or the fill rule differ"),
        ([_one(100, quantity=9.0)], "quantity", "another quantity: sizing, equity or lot differ"),
    ],
)
def test_a_difference_has_its_kind_and_cause(theirs: list[Deal], kind: str, cause: str) -> None:
    (found,) = compare_deals([_one(100)], theirs, _MOMENTS).mismatches
    assert (found.kind, found.cause) == (kind, cause)


def test_what_is_too_far_away_is_two_differences() -> None:
    found = compare_deals([_one(100)], [_one(300)], _MOMENTS)
    assert [each.kind for each in found.mismatches] == ["missing", "extra"]
    assert found.causes() == {"not traded here": 1, "not traded there": 1}
