"""States of an order: what may follow what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import InvalidRecord
from quantstrip.model import FINAL, OrderState, advance
from quantstrip.model.states import ALLOWED

S = OrderState
states = st.sampled_from(list(S))


def reachable(start: OrderState) -> set[OrderState]:
    found, new = {start}, {start}
    while new:
        new = {after for state in new for after in ALLOWED[state]} - found
        found |= new
    return found


@given(states, states)
def test_a_change_is_either_made_or_refused_with_the_allowed_ones_named(current: OrderState, new: OrderState) -> None:
    if new is current or new in ALLOWED[current]:
        assert advance(current, new) is new
    else:
        with pytest.raises(InvalidRecord, match=f"from {current} to {new}"):
            advance(current, new)


@given(states)
def test_a_repeated_report_changes_nothing(state: OrderState) -> None:
    assert advance(state, state) is state


@given(st.lists(states, max_size=30))
def test_whatever_is_reported_a_filled_or_rejected_order_stays_so(reports: list[OrderState]) -> None:
    for end in (S.FILLED, S.REJECTED):
        state = end
        for report in reports:
            try:
                state = advance(state, report)
            except InvalidRecord:
                assert report is not end
        assert state is end


@given(st.lists(states, max_size=30))
def test_no_sequence_of_reports_leads_back_to_a_waiting_order_once_shares_traded(reports: list[OrderState]) -> None:
    state = S.PARTIALLY_FILLED
    for report in reports:
        try:
            state = advance(state, report)
        except InvalidRecord:
            continue
        assert state in {S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED}


def test_every_state_is_in_the_table_and_reachable_from_a_new_order() -> None:
    assert set(ALLOWED) == set(S)
    assert reachable(S.CREATED) == set(S)


def test_every_order_can_still_end() -> None:
    for state in S:
        assert reachable(state) & FINAL


def test_a_fill_may_outrun_the_cancellation() -> None:
    assert advance(S.CANCELLED, S.FILLED) is S.FILLED
    assert advance(S.EXPIRED, S.PARTIALLY_FILLED) is S.PARTIALLY_FILLED


def test_no_order_becomes_new_again() -> None:
    assert all(S.CREATED not in after for after in ALLOWED.values())
