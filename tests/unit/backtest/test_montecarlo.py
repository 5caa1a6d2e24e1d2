"""Shuffled trades: what follows from their order alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest.montecarlo import shuffle_trades
from quantstrip.errors import DataError

_PNL = st.lists(st.floats(-50, 50), min_size=2, max_size=30)


@given(_PNL)
def test_without_replacement_the_own_drawdown_lies_within_what_orders_can_give(pnl: list[float]) -> None:
    found = shuffle_trades(pnl, 10_000.0, tries=50)
    losses = -sum(value for value in pnl if value < 0.0)
    worst = losses / (10_000.0 + sum(value for value in pnl if value > 0.0))
    assert 0.0 <= found.drawdown <= losses / 10_000.0 + 1e-9
    assert list(found.drawdowns) == sorted(found.drawdowns)
    assert found.drawdowns[-1] <= losses / 10_000.0 + 1e-9
    assert found.drawdowns[0] >= 0.0
    assert worst >= 0.0
    assert found.finals == ()


def test_trades_that_are_all_alike_have_one_drawdown() -> None:
    found = shuffle_trades([-1.0] * 10, 100.0, tries=20)
    assert found.drawdowns == pytest.approx((0.1,) * 5)
    assert found.drawdown == pytest.approx(0.1)
    assert (found.worse, found.ruined) == (0.0, 0.0)


def test_with_replacement_the_end_differs_and_centres_on_the_sum() -> None:
    pnl = np.random.default_rng(2).normal(1.0, 5.0, 200).tolist()
    found = shuffle_trades(pnl, 1_000.0, tries=4_000, replace=True)
    assert found.finals[0] < found.finals[2] < found.finals[4]
    assert found.finals[2] == pytest.approx(1_000.0 + sum(pnl), abs=10.0)


def test_the_same_seed_gives_the_same_figures_and_portions_change_nothing() -> None:
    pnl = [5.0, -3.0, 2.0, -8.0, 4.0]
    assert shuffle_trades(pnl, 100.0, seed=7) == shuffle_trades(pnl, 100.0, seed=7)
    assert shuffle_trades(pnl, 100.0, seed=7) != shuffle_trades(pnl, 100.0, seed=8)


def test_ruin_is_counted() -> None:
    assert shuffle_trades([-60.0, -60.0, 120.0], 100.0, tries=300).ruined == pytest.approx(1 / 3, abs=0.1)


@pytest.mark.parametrize(("pnl", "cash"), [([], 100.0), ([1.0], 100.0), ([1.0, 2.0], 0.0)])
def test_what_cannot_be_shuffled_is_refused(pnl: list[float], cash: float) -> None:
    with pytest.raises(DataError):
        shuffle_trades(pnl, cash)
