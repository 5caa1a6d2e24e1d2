"""Figures of a run beyond those that sweeps rank by, against values worked out by hand."""

import numpy as np
import pytest

from quantstrip.backtest import run_backtest
from quantstrip.matching import FREE
from quantstrip.risk import OFF

from .test_run import Scripted, days


def test_holding_time_exposure_worst_day_and_payoff() -> None:
    script: dict[int, tuple[str, float | None]] = {0: ("BUY", 10.0), 2: ("SELL", None), 5: ("BUY", 10.0)}
    result = run_backtest(
        Scripted(script=script), days("ABC", [100, 110, 120, 130, 90, 90, 90, 90]), costs=FREE, risk=OFF
    )
    # Held from day 1 to its sale at the open of day 3, two days later, and from day 6 to the end: 5 of 8 days.
    figures = result.figures
    assert figures["average_hold"] == 2.0
    assert figures["exposure"] == 5 / 8
    assert figures["payoff"] is None, "there is no loss"
    daily = np.append(100_000.0, result.equity.value)
    assert figures["worst_day"] == pytest.approx(float((daily[1:] / daily[:-1] - 1.0).min()))
    assert (figures["alpha"], figures["beta"]) == (None, None)
    assert result.to_dict()["metrics"] == figures


def test_alpha_and_beta_of_a_run_that_holds_its_benchmark() -> None:
    prices = [100.0, 104.0, 101.0, 107.0, 103.0, 109.0, 111.0, 108.0]
    bars, cash = days("ABC", prices), 104_000.0
    result = run_backtest(Scripted(script={0: ("BUY", 1000.0)}), bars, costs=FREE, risk=OFF, cash=cash, benchmark=bars)
    # Bought at 104 on day 1: from day 2 on it returns what the benchmark returns, on day 1 it gains 1 of 104 where the
    # benchmark gains 4 of 101; day 0 has no return of the benchmark.
    theirs = np.diff(bars.close) / bars.close[:-1]
    ours = np.append(1 / 104, theirs[1:])
    slope = np.cov(ours, theirs)[0, 1] / np.var(theirs, ddof=1)
    assert result.figures["beta"] == pytest.approx(slope, rel=1e-12)
    assert result.figures["alpha"] == pytest.approx((ours.mean() - slope * theirs.mean()) * 252, rel=1e-9)
    assert result.run["benchmark"] == "ABC"


def test_a_session_without_a_bar_of_the_benchmark_does_not_count() -> None:
    bars = days("ABC", [100.0, 104.0, 101.0, 107.0, 103.0, 109.0])
    holed = days("SPY", [10.0, 10.4, 10.1, 10.7, 10.3, 10.9])
    keep = np.array([0, 1, 2, 4, 5])
    columns = {name: getattr(holed, name)[keep] for name in ("ts_open", "open", "high", "low", "close", "volume")}
    part = type(holed).from_arrays("SPY", "1d", **columns)
    script: dict[int, tuple[str, float | None]] = {0: ("BUY", 100.0)}
    result = run_backtest(Scripted(script=script), bars, costs=FREE, risk=OFF, benchmark=part)
    daily = np.append(100_000.0, result.equity.value)
    ours = (daily[1:] / daily[:-1] - 1.0)[[1, 2, 5]]
    theirs = np.array([11.4 / 11.0, 11.1 / 11.4, 11.9 / 11.3]) - 1.0
    assert result.figures["beta"] == pytest.approx(np.cov(ours, theirs)[0, 1] / np.var(theirs, ddof=1), rel=1e-9)


def test_a_run_that_never_holds_anything_has_no_exposure_and_no_figures_of_trades() -> None:
    figures = run_backtest(Scripted(), days("ABC", [100] * 5)).figures
    assert (figures["exposure"], figures["average_hold"], figures["payoff"]) == (0.0, None, None)
