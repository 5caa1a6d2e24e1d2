"""Every metric against the one library or formula that its definition names, to 1e-9, on real and on random prices."""

import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from quantstrip.report import METRICS, Sample, daily_returns, drawdown_series, measure_all, rolling_sharpe
from quantstrip.report.trades import held_days

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what these libraries warn of while they load is theirs
    import empyrical as ep
    import quantstats as qs

DATA = Path(__file__).parents[3] / "examples/data"
stats: ModuleType = qs.stats


def prices(symbol: str) -> pd.Series:
    return pd.read_csv(DATA / f"{symbol}.csv", index_col=0, parse_dates=True)["close"]


def real() -> tuple[pd.Series, pd.Series]:
    """Three years of AAPL, beginning on a peak-free day, and IBM as the benchmark."""
    ours, theirs = prices("AAPL"), prices("IBM")
    days = ours.index.intersection(theirs.index)[:757]
    return ours[days], theirs[days]


def walk(seed: int, days: int = 600, periods: str = "B") -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    index = pd.date_range("2018-01-01", periods=days + 1, freq=periods)
    moves = random.normal(0.0004, 0.01, (2, days + 1))
    moves[:, 0] = 0.0
    return pd.Series(1e5 * np.cumprod(1 + moves[0]), index), pd.Series(50 * np.cumprod(1 + moves[1]), index)


def trips(seed: int, count: int = 240) -> pd.Series:
    random = np.random.default_rng(seed)
    pnl = np.round(random.standard_t(3, count) * 100 + 10, 2)
    pnl[::40] = 0.0
    return pd.Series(pnl, pd.date_range("2018-01-01", periods=count, freq="B"))


def plain(series: pd.Series) -> npt.NDArray[np.float64]:
    return np.asarray(series, dtype=np.float64)


class Case:
    """One history, as our sample and as the libraries want it."""

    def __init__(self, equity: pd.Series, benchmark: pd.Series, seed: int, year: int) -> None:
        random = np.random.default_rng(seed)
        self.year = year
        self.equity = equity
        self.returns = equity.pct_change().iloc[1:]
        self.benchmark = benchmark.pct_change().iloc[1:]
        self.pnl = trips(seed)
        self.won = self.pnl[self.pnl != 0.0]
        self.holds = pd.Series(random.uniform(60, 1e6, len(self.pnl)))
        self.held = random.random(len(self.returns)) < 0.63
        self.traded = pd.Series(random.uniform(0, 5e4, len(self.returns)), self.returns.index)
        self.sample = Sample(
            equity.to_numpy(), year, self.pnl.to_numpy(), self.holds.to_numpy(), self.held, self.traded.to_numpy(),
            self.benchmark.to_numpy(),
        )  # fmt: skip
        # These two count calendar days: on consecutive ones a session is a day.
        daily = pd.Series(self.equity.to_numpy(), pd.date_range("2000-01-01", periods=len(equity)))
        self.falls = daily / daily.cummax() - 1.0
        self.details = stats.drawdown_details(self.falls)

    def deepest(self) -> tuple[Any, bool]:
        """The deepest fall as quantstats describes it, and whether it is over."""
        row = self.details.loc[self.details["max drawdown"].idxmin()]
        return row, bool(self.falls[row["end"]] == 0.0 or pd.Timestamp(row["end"]) < self.falls.index[-1])

    def length(self, row: Any) -> int:
        """Its days below the peak, and the day that ends it when it is over."""
        return int(row["days"]) + int(pd.Timestamp(row["end"]) < self.falls.index[-1])

    def recovery(self) -> int | None:
        row, over = self.deepest()
        return (pd.Timestamp(row["end"]) - pd.Timestamp(row["valley"])).days + 1 if over else None


def alpha_of_quantstats(case: Case) -> float:
    return float(stats.greeks(case.returns, case.benchmark, case.year, prepare_returns=False)["alpha"])


REFERENCE: dict[str, Callable[[Case], float | None]] = {
    "net_pnl": lambda c: c.equity.diff().sum(),
    "total_return": lambda c: ep.cum_returns_final(c.returns),
    "annualised_return": lambda c: ep.annual_return(c.returns, annualization=c.year),
    "volatility": lambda c: ep.annual_volatility(c.returns, annualization=c.year),
    "sharpe": lambda c: ep.sharpe_ratio(c.returns, annualization=c.year),
    "sortino": lambda c: ep.sortino_ratio(c.returns, annualization=c.year),
    "calmar": lambda c: ep.calmar_ratio(c.returns, annualization=c.year),
    "max_drawdown": lambda c: ep.max_drawdown(c.returns),
    "max_drawdown_amount": lambda c: (c.equity - c.equity.cummax()).min(),
    "max_drawdown_length": lambda c: c.length(c.deepest()[0]),
    "max_drawdown_recovery": lambda c: c.recovery(),
    "longest_drawdown": lambda c: max(c.length(row) for _, row in c.details.iterrows()),
    "current_drawdown": lambda c: stats.to_drawdown_series(c.returns).iloc[-1],
    "current_drawdown_length": lambda c: len(c.falls) - 1 - np.flatnonzero(c.falls == 0.0)[-1],
    "ulcer_index": lambda c: stats.ulcer_index(c.returns) * np.sqrt((len(c.returns) - 1) / len(c.returns)),
    "value_at_risk": lambda c: ep.value_at_risk(c.returns),
    "conditional_value_at_risk": lambda c: ep.conditional_value_at_risk(c.returns),
    "skewness": lambda c: stats.skew(c.returns, prepare_returns=False),
    "excess_kurtosis": lambda c: stats.kurtosis(c.returns, prepare_returns=False),
    "best_day": lambda c: stats.best(c.returns, prepare_returns=False),
    "worst_day": lambda c: stats.worst(c.returns, prepare_returns=False),
    "winning_days": lambda c: stats.win_rate(c.returns, prepare_returns=False),
    "alpha": alpha_of_quantstats,
    "beta": lambda c: ep.beta(c.returns, c.benchmark),
    "correlation": lambda c: c.returns.corr(c.benchmark),
    "trade_count": lambda c: len(c.pnl),
    "win_rate": lambda c: stats.win_rate(c.pnl, prepare_returns=False) * len(c.won) / len(c.pnl),
    "profit_factor": lambda c: stats.profit_factor(c.pnl, prepare_returns=False),
    "payoff": lambda c: stats.payoff_ratio(c.pnl, prepare_returns=False),
    "expectancy": lambda c: c.pnl.mean(),
    "average_win": lambda c: stats.avg_win(c.pnl, prepare_returns=False),
    "average_loss": lambda c: stats.avg_loss(c.pnl, prepare_returns=False),
    "best_trade": lambda c: stats.best(c.pnl, prepare_returns=False),
    "worst_trade": lambda c: stats.worst(c.pnl, prepare_returns=False),
    "average_hold": lambda c: (c.holds / 86_400).mean(),
    "exposure": lambda c: pd.Series(c.held).mean(),
    "turnover": lambda c: c.traded.sum() / c.equity.iloc[:-1].mean() * c.year / len(c.returns),
}

CASES = {
    "AAPL against IBM": lambda: Case(*real(), 1, 252),
    "a walk": lambda: Case(*walk(2), 2, 252),
    "a walk round the clock": lambda: Case(*walk(3, 800, "D"), 3, 365),
    "a short walk": lambda: Case(*walk(4, 30), 4, 252),
}


@pytest.fixture(scope="module", params=CASES, name="case")
def _case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def test_every_metric_has_a_reference() -> None:
    assert set(REFERENCE) == {metric.name for metric in METRICS}


def test_every_metric_is_its_references_figure(case: Case) -> None:
    ours = measure_all(case.sample)
    for name, reference in REFERENCE.items():
        theirs = reference(case)
        if theirs is None:
            assert ours[name] is None, name
        else:
            assert ours[name] == pytest.approx(float(theirs), rel=1e-9, abs=1e-12), name


def test_exposure_is_quantstats_before_it_rounds_up(case: Case) -> None:
    moved = pd.Series(np.where(case.held, 0.01, 0.0))
    exposure = measure_all(case.sample)["exposure"]
    assert exposure is not None
    assert np.ceil(exposure * 100) / 100 == stats.exposure(moved, prepare_returns=False)


def test_the_drawdown_series_is_quantstats(case: Case) -> None:
    ours = drawdown_series(case.equity)[1:]
    np.testing.assert_allclose(ours, stats.to_drawdown_series(case.returns), rtol=1e-9, atol=1e-12)


def test_the_rolling_sharpe_is_quantstats(case: Case) -> None:
    theirs = stats.rolling_sharpe(case.returns, rolling_period=20, periods_per_year=case.year, prepare_returns=False)
    np.testing.assert_allclose(rolling_sharpe(case.equity, 20, case.year), theirs, rtol=1e-9, atol=1e-9)


def test_monthly_returns_are_quantstats(case: Case) -> None:
    from quantstrip.report.periods import yearly_table

    theirs = stats.monthly_returns(case.returns, eoy=True, prepare_returns=False)
    ours = yearly_table(case.returns.index.to_numpy().astype("datetime64[D]"), case.equity.to_numpy())
    assert [row.year for row in ours] == sorted((int(year) for year in theirs.index), reverse=True)
    for row in ours:
        known = theirs.loc[row.year if row.year in theirs.index else str(row.year)]
        assert row.total == pytest.approx(known["EOY"], rel=1e-9)
        for value, other in zip(row.months, known.drop("EOY"), strict=True):
            assert (value or 0.0) == pytest.approx(other, rel=1e-9, abs=1e-12)


def test_held_days_are_those_between_entry_and_exit() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="B")
    random = np.random.default_rng(5)
    entered = np.sort(random.integers(0, 60, 12))
    left = entered + random.integers(0, 6, 12)
    first = np.datetime64("2023-12-28") + entered
    last = np.datetime64("2023-12-28") + left
    ours = held_days(days.to_numpy(), first, last)
    theirs = [any(a <= day <= b for a, b in zip(first, last, strict=True)) for day in days.to_numpy()]
    assert ours.tolist() == theirs


def test_returns_are_pandas_changes(case: Case) -> None:
    np.testing.assert_allclose(daily_returns(case.equity), case.returns, rtol=1e-12, atol=1e-15)
