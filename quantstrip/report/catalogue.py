"""Every metric of a report: its name, unit and function. The function's docstring is its definition, written once."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from quantstrip.report import drawdowns, metrics, trades, versus

Floats = npt.NDArray[np.floating[Any]]
Value = float | int | None


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What the metrics of one strategy, or of all, over one stretch of days are computed from.

    Attributes:
        equity: money, one value a session, beginning with the capital before the first.
        periods: daily returns in a year.
        pnl: result of each round trip that ended on these days, money after costs.
        hold_seconds: time that each of them took.
        held: whether a position was held, for each session.
        traded: value bought plus value sold, money, for each session.
        benchmark: the benchmark's daily returns on the same sessions, NaN where unknown; empty without one.

    """

    equity: Floats
    periods: int = metrics.TRADING_DAYS
    pnl: Floats = field(default_factory=_none)
    hold_seconds: Floats = field(default_factory=_none)
    held: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    traded: Floats = field(default_factory=_none)
    benchmark: Floats = field(default_factory=_none)

    @property
    def returns(self) -> Floats:
        """Daily returns."""
        return metrics.daily_returns(self.equity)


class Unit(StrEnum):
    """What a metric's value counts, and so how it is shown."""

    MONEY = "money"
    FRACTION = "fraction"
    RATIO = "ratio"
    SESSIONS = "sessions"
    DAYS = "days"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: in tables, JSON and the database; never changed.
        label: for people.
        unit: of its values.
        define: the function whose docstring is the definition.
        compute: that function, given its parts of a sample.
        reference: what the tests compare it with to 1e-9, and where the two differ.

    """

    name: str
    label: str
    unit: Unit
    define: Callable[..., Value]
    compute: Callable[[Sample], Value]
    reference: str

    @property
    def definition(self) -> str:
        """The definition in one paragraph, with its edge cases and its source."""
        text = (inspect.getdoc(self.define) or "").partition("\nArgs:")[0]
        return " ".join(text.replace("``", "").split())


def _of_equity(define: Callable[..., Value]) -> tuple[Callable[..., Value], Callable[[Sample], Value]]:
    return define, lambda sample: define(sample.equity)


def _of_year(define: Callable[..., Value]) -> tuple[Callable[..., Value], Callable[[Sample], Value]]:
    return define, lambda sample: define(sample.equity, sample.periods)


def _of_trades(define: Callable[..., Value]) -> tuple[Callable[..., Value], Callable[[Sample], Value]]:
    return define, lambda sample: define(sample.pnl)


def _of_benchmark(define: Callable[..., Value]) -> tuple[Callable[..., Value], Callable[[Sample], Value]]:
    return define, lambda sample: define(sample.returns, sample.benchmark)


_EMPYRICAL, _QUANTSTATS = "empyrical-reloaded {}", "quantstats {}"
_MONEY, _FRACTION, _RATIO, _SESSIONS = Unit.MONEY, Unit.FRACTION, Unit.RATIO, Unit.SESSIONS

METRICS: Final[tuple[Metric, ...]] = (
    Metric("net_pnl", "Net PnL", _MONEY, *_of_equity(metrics.net_pnl), "the sum of the daily PnL"),
    Metric("total_return", "Total return", _FRACTION, *_of_equity(metrics.total_return),
           _EMPYRICAL.format("cum_returns_final")),
    Metric("annualised_return", "Annualised return", _FRACTION, *_of_year(metrics.annualised_return),
           _EMPYRICAL.format("annual_return")),
    Metric("volatility", "Volatility", _FRACTION, *_of_year(metrics.volatility),
           _EMPYRICAL.format("annual_volatility")),
    Metric("sharpe", "Sharpe ratio", _RATIO, *_of_year(metrics.sharpe), _EMPYRICAL.format("sharpe_ratio")),
    Metric("sortino", "Sortino ratio", _RATIO, *_of_year(metrics.sortino), _EMPYRICAL.format("sortino_ratio")),
    Metric("calmar", "Calmar ratio", _RATIO, *_of_year(drawdowns.calmar), _EMPYRICAL.format("calmar_ratio")),
    Metric("max_drawdown", "Max drawdown", _FRACTION, *_of_equity(drawdowns.max_drawdown),
           _EMPYRICAL.format("max_drawdown")),
    Metric("max_drawdown_amount", "Max drawdown, money", _MONEY, *_of_equity(drawdowns.max_drawdown_amount),
           "pandas cummax"),
    Metric("max_drawdown_length", "Max drawdown, length", _SESSIONS, *_of_equity(drawdowns.max_drawdown_length),
           _QUANTSTATS.format("drawdown_details, which counts the days below the peak: one fewer once it is over")),
    Metric("max_drawdown_recovery", "Max drawdown, recovery", _SESSIONS,
           *_of_equity(drawdowns.max_drawdown_recovery),
           _QUANTSTATS.format("drawdown_details, from valley to end, and the day that ends it")),
    Metric("longest_drawdown", "Longest drawdown", _SESSIONS, *_of_equity(drawdowns.longest_drawdown),
           _QUANTSTATS.format("drawdown_details, as above")),
    Metric("current_drawdown", "Current drawdown", _FRACTION, *_of_equity(drawdowns.current_drawdown),
           _QUANTSTATS.format("to_drawdown_series, its last value")),
    Metric("current_drawdown_length", "Current drawdown, length", _SESSIONS,
           *_of_equity(drawdowns.current_drawdown_length),
           _QUANTSTATS.format("to_drawdown_series, the days since its last zero")),
    Metric("ulcer_index", "Ulcer index", _FRACTION, *_of_equity(drawdowns.ulcer_index),
           _QUANTSTATS.format("ulcer_index, which divides by n - 1: ours divides by n, as its author does")),
    Metric("value_at_risk", "Value at risk, 5 % a day", _FRACTION, *_of_equity(metrics.value_at_risk),
           _EMPYRICAL.format("value_at_risk; quantstats takes a normal distribution instead")),
    Metric("conditional_value_at_risk", "Expected shortfall, 5 % a day", _FRACTION,
           *_of_equity(metrics.conditional_value_at_risk),
           _EMPYRICAL.format("conditional_value_at_risk; quantstats takes a normal distribution instead")),
    Metric("skewness", "Skewness", _RATIO, *_of_equity(metrics.skewness), _QUANTSTATS.format("skew")),
    Metric("excess_kurtosis", "Excess kurtosis", _RATIO, *_of_equity(metrics.excess_kurtosis),
           _QUANTSTATS.format("kurtosis")),
    Metric("best_day", "Best day", _FRACTION, *_of_equity(metrics.best_day), _QUANTSTATS.format("best")),
    Metric("worst_day", "Worst day", _FRACTION, *_of_equity(metrics.worst_day), _QUANTSTATS.format("worst")),
    Metric("winning_days", "Winning days", _FRACTION, *_of_equity(metrics.winning_days),
           _QUANTSTATS.format("win_rate")),
    Metric("alpha", "Alpha, a year", _FRACTION, versus.alpha,
           lambda sample: versus.alpha(sample.returns, sample.benchmark, sample.periods),
           _QUANTSTATS.format("greeks; empyrical compounds the daily alpha over the year")),
    Metric("beta", "Beta", _RATIO, *_of_benchmark(versus.beta), _EMPYRICAL.format("beta")),
    Metric("correlation", "Correlation to the benchmark", _RATIO, *_of_benchmark(versus.correlation),
           "pandas Series.corr"),
    Metric("trade_count", "Round trips", Unit.COUNT, *_of_trades(trades.trade_count), "the length of the list"),
    Metric("win_rate", "Win rate", _FRACTION, *_of_trades(trades.win_rate),
           _QUANTSTATS.format("win_rate, which leaves out results of exactly zero: ours counts them as not won")),
    Metric("profit_factor", "Profit factor", _RATIO, *_of_trades(trades.profit_factor),
           _QUANTSTATS.format("profit_factor, which is infinite without a loss: ours is None")),
    Metric("payoff", "Payoff", _RATIO, *_of_trades(trades.payoff), _QUANTSTATS.format("payoff_ratio")),
    Metric("expectancy", "Expectancy", _MONEY, *_of_trades(trades.expectancy), "pandas Series.mean"),
    Metric("average_win", "Average win", _MONEY, *_of_trades(trades.average_win), _QUANTSTATS.format("avg_win")),
    Metric("average_loss", "Average loss", _MONEY, *_of_trades(trades.average_loss), _QUANTSTATS.format("avg_loss")),
    Metric("best_trade", "Best round trip", _MONEY, *_of_trades(trades.best_trade), _QUANTSTATS.format("best")),
    Metric("worst_trade", "Worst round trip", _MONEY, *_of_trades(trades.worst_trade), _QUANTSTATS.format("worst")),
    Metric("average_hold", "Average hold", Unit.DAYS, trades.average_hold,
           lambda sample: trades.average_hold(sample.hold_seconds), "pandas Series.mean"),
    Metric("exposure", "Exposure", _FRACTION, trades.exposure, lambda sample: trades.exposure(sample.held),
           _QUANTSTATS.format("exposure, which rounds up to a whole percent: ours does not")),
    Metric("turnover", "Turnover, a year", _RATIO, trades.turnover,
           lambda sample: trades.turnover(sample.traded, sample.equity, sample.periods), "pandas sum / mean"),
)  # fmt: skip
"""Every metric, in the order in which reports show them."""

BY_NAME: Final = {metric.name: metric for metric in METRICS}


def measure_all(sample: Sample, wanted: Iterable[Metric] = METRICS) -> dict[str, Value]:
    """Every metric of ``sample`` by name; finite numbers, None where one does not exist."""
    return {metric.name: metric.compute(sample) for metric in wanted}


def definitions() -> str:
    """The metrics as a Markdown table: docs/metrics.md shows it, and a test compares the two."""
    lines = ["| name | label | unit | definition | checked against |", "|---|---|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.label} | {each.unit} | {each.definition} | {each.reference} |" for each in METRICS
    ]
    return "\n".join(lines) + "\n"
