"""Each metric against values worked out by hand, and its edge cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.report import (
    CALENDAR_DAYS,
    annualised_return,
    daily_returns,
    max_drawdown,
    measure,
    profit_factor,
    sharpe,
    total_return,
    trade_count,
    win_rate,
)

# 100 -> 110 (+10 %) -> 99 (-10 %) -> 108.9 (+10 %)
EQUITY = [100.0, 110.0, 99.0, 108.9]


def test_total_return() -> None:
    assert total_return(EQUITY) == pytest.approx(0.089)


def test_annualised_return_compounds_over_the_daily_returns() -> None:
    assert annualised_return(EQUITY) == pytest.approx(1.089 ** (252 / 3) - 1)
    assert annualised_return(EQUITY, CALENDAR_DAYS) == pytest.approx(1.089 ** (365 / 3) - 1)
    year = 100.0 * 1.0005 ** np.arange(253)
    assert annualised_return(year) == pytest.approx(1.0005**252 - 1)


def test_sharpe_uses_the_sample_deviation() -> None:
    # returns 0.1, -0.1, 0.1: mean 1/30, squared deviations (1/15)^2, (2/15)^2, (1/15)^2, sum 6/225, over 2: 3/225
    by_hand = (1 / 30) / math.sqrt(3 / 225) * math.sqrt(252)
    assert sharpe(EQUITY) == pytest.approx(by_hand)
    assert sharpe(EQUITY, CALENDAR_DAYS) == pytest.approx(by_hand * math.sqrt(365 / 252))


def test_max_drawdown_is_the_largest_fall_from_a_peak() -> None:
    assert max_drawdown(EQUITY) == pytest.approx(-0.1)
    assert max_drawdown([100, 120, 90, 130, 100]) == pytest.approx(-0.25)
    assert max_drawdown([1, 2, 3]) == 0.0
    assert max_drawdown([100, -50]) == pytest.approx(-1.5)


def test_win_rate_and_profit_factor_count_round_trips() -> None:
    pnl = [30.0, -10.0, 0.0, 15.0, -5.0]
    assert win_rate(pnl) == pytest.approx(2 / 5)
    assert profit_factor(pnl) == pytest.approx(45 / 15)
    assert trade_count(pnl) == 5
    assert profit_factor([-1.0]) == 0.0


def test_what_does_not_exist_is_none_never_infinity() -> None:
    assert measure([100.0], []) == (None, None, None, 0.0, None, None, 0)
    assert measure([], []) == (None, None, None, None, None, None, 0)
    assert measure([0.0, 10.0], []) == (None, None, None, None, None, None, 0)
    assert sharpe([100.0, 110.0]) is None  # one day
    assert sharpe([100.0, 100.0, 100.0, 100.0]) is None  # no trades
    assert sharpe((100.0 * 1.01 ** np.arange(50)).tolist()) is None  # no variance but the floats' own
    assert profit_factor([5.0, 7.0]) is None  # no losses
    assert profit_factor([0.0]) is None
    assert win_rate([]) is None


def test_a_ruined_account_has_lost_everything_once() -> None:
    assert annualised_return([100.0, 0.0]) == -1.0
    assert annualised_return([100.0, -20.0]) == -1.0
    assert daily_returns([100.0, 0.0, 0.0, 50.0]).tolist() == [-1.0]


@given(st.lists(st.floats(0.01, 1e9), max_size=40), st.lists(st.floats(-1e9, 1e9), max_size=40))
def test_every_metric_is_a_finite_number_or_none(equity: list[float], pnl: list[float]) -> None:
    figures = measure(equity, pnl)
    assert all(value is None or math.isfinite(value) for value in figures)
    assert figures.max_drawdown is None or figures.max_drawdown <= 0.0
    assert figures.win_rate is None or 0.0 <= figures.win_rate <= 1.0
