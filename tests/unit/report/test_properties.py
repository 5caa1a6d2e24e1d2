"""What holds for every history: finite or None, free of the unit of money, and drawdowns that fit together."""

import math
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.report import METRICS, Sample, Unit, deepest_drawdowns, drawdown_series, measure_all
from quantstrip.report.drawdowns import deepest
from quantstrip.report.trades import held_days

Floats = npt.NDArray[np.floating[Any]]
moves = st.lists(st.floats(-0.2, 0.25).map(lambda move: round(move, 4)), min_size=0, max_size=60)
amounts = st.floats(-1e9, 1e9).map(lambda amount: round(amount, 2))
results = st.lists(st.floats(-1e4, 1e4).map(lambda pnl: round(pnl, 2)), max_size=40)


def curve(of: list[float], capital: float = 1000.0) -> Floats:
    return capital * np.cumprod([1.0, *(1.0 + move for move in of)])


def sample(equity: Floats, pnl: list[float], scale: float = 1.0) -> Sample:
    days = max(len(equity) - 1, 0)
    benchmark = np.sin(np.arange(days, dtype=float)) / 50
    return Sample(
        equity * scale,
        252,
        np.array(pnl) * scale,
        np.arange(len(pnl)) * 60.0,
        np.arange(days) % 3 > 0,
        np.arange(days) * scale,
        benchmark,
    )


@given(st.lists(amounts, max_size=40), st.lists(amounts, max_size=40))
def test_every_metric_of_any_numbers_is_finite_or_none(equity: list[float], pnl: list[float]) -> None:
    figures = measure_all(sample(np.array(equity), pnl))
    assert [metric.name for metric in METRICS] == list(figures)
    for name, value in figures.items():
        assert value is None or math.isfinite(value), name


@given(moves, results, st.integers(-10, 10))
def test_only_amounts_change_with_the_unit_of_money(days: list[float], pnl: list[float], power: int) -> None:
    scale = 2.0**power  # exact in floating point, so that nothing is lost but the unit
    equity = curve(days)
    one, other = measure_all(sample(equity, pnl)), measure_all(sample(equity, pnl, scale))
    for metric in METRICS:
        before, after = one[metric.name], other[metric.name]
        if before is None or after is None:
            assert before is after, metric.name
        else:
            factor = scale if metric.unit is Unit.MONEY else 1.0
            assert after == pytest.approx(before * factor, rel=1e-9, abs=2e-8 * max(1.0, scale)), metric.name


@given(moves, st.randoms(use_true_random=False))
def test_the_order_of_days_matters_to_drawdowns_only(days: list[float], random: Random) -> None:
    mixed = list(days)
    random.shuffle(mixed)
    one, other = measure_all(sample(curve(days), [])), measure_all(sample(curve(mixed), []))
    for name in (
        "total_return", "annualised_return", "volatility", "sharpe", "sortino", "value_at_risk",
        "conditional_value_at_risk", "best_day", "worst_day", "winning_days",
    ):  # fmt: skip
        assert other[name] == (None if one[name] is None else pytest.approx(one[name], rel=1e-6, abs=1e-9)), name


@given(results, st.randoms(use_true_random=False))
def test_the_order_of_round_trips_does_not_matter(pnl: list[float], random: Random) -> None:
    mixed = list(pnl)
    random.shuffle(mixed)
    one, other = measure_all(sample(curve([]), pnl)), measure_all(sample(curve([]), mixed))
    for name in ("trade_count", "win_rate", "profit_factor", "payoff", "expectancy", "best_trade", "worst_trade"):
        assert other[name] == (None if one[name] is None else pytest.approx(one[name], rel=1e-9, abs=1e-9)), name


@given(results)
def test_expectancy_is_made_of_wins_and_losses(pnl: list[float]) -> None:
    figures = measure_all(sample(curve([]), pnl))
    if pnl:
        wins, losses = sum(one for one in pnl if one > 0), sum(one for one in pnl if one < 0)
        assert figures["expectancy"] == pytest.approx((wins + losses) / len(pnl), abs=1e-9)
    else:
        assert figures["expectancy"] is None


@given(moves)
def test_drawdowns_fit_together(days: list[float]) -> None:
    equity = curve(days)
    falls, fall, figures = drawdown_series(equity), deepest(equity), measure_all(sample(equity, []))
    found = deepest_drawdowns(equity, most=1000)
    assert sorted(one.depth for one in found) == [one.depth for one in found]
    assert sum(one.length - (one.end is not None) for one in found) == int((falls < 0.0).sum())
    assert figures["max_drawdown"] == falls.min() <= 0.0
    assert (figures["current_drawdown"] or 0.0) >= falls.min()
    if fall is None:
        assert not found
        assert figures["longest_drawdown"] is None
        return
    assert found[0].depth == fall.depth == falls[fall.trough]
    assert figures["longest_drawdown"] == max(one.length for one in found) >= fall.length
    for one in found:
        assert equity[one.trough] == equity[one.peak : (one.end or len(equity)) + 1].min()
        assert one.depth == pytest.approx(equity[one.trough] / equity[one.peak] - 1.0, abs=1e-12)
        assert one.end is None or equity[one.end] >= equity[one.peak]
        assert (one.recovery is None) == (one.end is None)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)), max_size=12))
def test_a_day_is_held_when_a_holding_spans_it(holdings: list[tuple[int, int]]) -> None:
    days = np.datetime64("2024-01-01") + np.arange(5, 35, 2)
    entered = np.array([np.datetime64("2024-01-01") + first for first, _ in holdings], dtype="datetime64[D]")
    left = np.array([np.datetime64("2024-01-01") + first + more for first, more in holdings], dtype="datetime64[D]")
    by_hand = [any(first <= day <= last for first, last in zip(entered, left, strict=True)) for day in days]
    assert held_days(days, entered, left).tolist() == by_hand
