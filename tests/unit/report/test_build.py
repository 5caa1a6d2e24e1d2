"""A report is the sum of its strategies, over the days that each of them had."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.report import METRICS, Unit
from quantstrip.report.build import Benchmark, History, Trips, build_report, together
from quantstrip.report.model import PORTFOLIO, Report
from quantstrip.report.periods import HORIZONS, horizon_start
from tests.unit.report.conftest import CREATED, NAMES, business_days, history, report_of

amounts = st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.integers(0, 20), amounts), min_size=1, max_size=4))
def test_the_portfolio_is_the_sum_of_its_strategies_to_the_cent(given_parts: list[tuple[int, list[int]]]) -> None:
    days = business_days(60)
    parts = [
        History(f"s{number}", 1000.0, days[first : first + len(cents)], np.array(cents) / 100, np.zeros(len(cents)))
        for number, (first, cents) in enumerate(given_parts)
    ]
    made = build_report(parts, mode="live", currency="USD", created=CREATED)
    total = sum(cents for _, part in given_parts for cents in part)
    assert round(float(made.portfolio.pnl.sum()) * 100) == total
    assert round(float(made.portfolio.figure("net_pnl") or 0.0) * 100) == total
    assert sum(round(float(scope.figure("net_pnl") or 0.0) * 100) for scope in made.strategies) == total
    assert made.portfolio.equity[-1] == pytest.approx(1000.0 * len(parts) + total / 100, abs=1e-6)
    assert set(made.portfolio.days.tolist()) == {day for part in parts for day in part.days.tolist()}


def test_every_scope_has_every_metric_over_every_horizon_it_reaches(report: Report) -> None:
    assert [scope.name for scope in report.scopes] == [PORTFOLIO, *sorted(NAMES)]
    for scope in report.scopes:
        assert [each.name for each in scope.horizons] == list(HORIZONS)
        assert [each.complete for each in scope.horizons] == [True, True, True, False, False, False, True]
        for each in scope.horizons:
            assert list(each.figures) == [metric.name for metric in METRICS]
    assert report.as_of == date(2023, 12, 29)
    assert report.portfolio.figure("trade_count") == report.trade_total == len(report.trades)


def test_a_horizon_is_what_its_own_days_alone_would_give(report: Report) -> None:
    whole = history("breakout", 0)
    after = np.datetime64(horizon_start(report.as_of, "3M"), "D")
    kept, ended = whole.days > after, whole.trips.left > after
    equity = 100_000.0 + whole.pnl[~kept].sum()
    trips = Trips(*(getattr(whole.trips, name)[ended] for name in ("pnl", "seconds", "entered", "left")))
    alone = report_of([History("breakout", equity, whole.days[kept], whole.pnl[kept], whole.traded[kept], trips)])
    scope = next(scope for scope in report.strategies if scope.name == "breakout")
    for metric in METRICS:
        if metric.name in {"alpha", "beta", "correlation"}:
            continue
        one, other = scope.figure(metric.name, "3M"), alone.strategies[0].figure(metric.name)
        assert one == (None if other is None else pytest.approx(other, rel=1e-9, abs=1e-9)), metric.name


def test_without_capital_there_are_amounts_but_no_returns() -> None:
    (scope,) = report_of([history("ten_lines", 3, capital=None)]).strategies
    for each in scope.horizons:
        for metric in METRICS:
            of_returns = metric.unit is Unit.FRACTION and metric.name not in {"win_rate", "exposure"}
            if of_returns or metric.name in {"sharpe", "sortino", "calmar", "turnover", "skewness", "beta"}:
                assert each.figures[metric.name] is None, (each.name, metric.name)
        for name in ("net_pnl", "max_drawdown_amount", "trade_count", "expectancy", "exposure"):
            assert each.figures[name] is not None, name
    assert {value for year in scope.years for value in (*year.months, year.total)} == {None}


def test_one_strategy_without_capital_leaves_the_portfolio_without_returns() -> None:
    made = report_of([history("rich", 1), history("ten_lines", 2, capital=None)])
    assert made.portfolio.capital is None
    assert made.portfolio.figure("sharpe") is None
    assert made.portfolio.figure("net_pnl") is not None
    assert made.strategies[0].figure("sharpe") is not None


def test_a_market_that_never_closes_has_365_days_and_gives_them_to_the_portfolio() -> None:
    made = report_of([history("stocks", 1), history("coins", 2, always_open=True)])
    assert {scope.name: scope.periods for scope in made.scopes} == {"Portfolio": 365, "coins": 365, "stocks": 252}


def test_an_open_position_counts_as_held_until_the_last_day() -> None:
    days = business_days(10)
    idle = History("holder", 1000.0, days, np.zeros(10), np.zeros(10), open_since=days[6:7])
    (scope,) = report_of([idle]).strategies
    assert scope.figure("exposure") == 0.4
    assert scope.figure("sharpe") is None
    assert scope.figure("max_drawdown") == 0.0


def test_drawdowns_carry_their_days() -> None:
    days = business_days(6)
    (scope,) = report_of(
        [History("s", 100.0, days, np.array([10.0, -22.0, 5.0, 7.0, -1.0, 0.0]), np.zeros(6))]
    ).strategies
    (deepest,) = scope.falls
    assert deepest.depth == pytest.approx(-0.2)
    assert (str(deepest.start), str(deepest.trough), str(deepest.end)) == (str(days[0]), str(days[1]), "None")
    assert (deepest.length, deepest.recovery) == (5, None)


def test_correlation_is_pandas_on_common_sessions() -> None:
    one, other = history("a", 1, 200), history("b", 2, 120)
    made = report_of([one, other])
    frame = pd.DataFrame(
        {scope.name: pd.Series(np.diff(scope.equity) / scope.equity[:-1], scope.days) for scope in made.strategies}
    )
    np.testing.assert_allclose(made.correlation, frame.corr().to_numpy(), rtol=1e-9)


def test_the_benchmark_counts_where_its_prices_are_known() -> None:
    days = business_days(30)
    market = Benchmark("SPY", days[5:20], np.linspace(100.0, 130.0, 15))
    returns = market.returns(days)
    assert np.isnan(returns[:6]).all()
    np.testing.assert_allclose(returns[6:20], market.closes[1:] / market.closes[:-1] - 1.0)
    assert (returns[20:24] == 0.0).all()  # the last price stands for a week
    assert np.isnan(returns[-1])
    assert Benchmark("none", days[:0], np.empty(0)).returns(days).shape == (30,)


def test_nothing_traded_is_a_report_too(empty_report: Report) -> None:
    assert empty_report.strategies == ()
    assert empty_report.portfolio.horizons == ()
    assert empty_report.portfolio.figure("sharpe") is None
    assert empty_report.as_of == date(2024, 1, 2)


def test_days_of_several_strategies_are_put_side_by_side() -> None:
    days = business_days(4)
    first = History("a", 10.0, days[:3], np.array([1.0, 2.0, 3.0]), np.zeros(3))
    second = History("b", 20.0, days[1:], np.array([10.0, 20.0, 30.0]), np.ones(3))
    total = together([first, second])
    assert total.pnl.tolist() == [1.0, 12.0, 23.0, 30.0]
    assert total.traded.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert total.capital == 30.0
